"""WhatsApp messages on Android, in the tables of today and in the one table of before 2022."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from chain_of_custody.finding import Finding, Severity
from parsers.parser import Needs, Rows, SqliteParser, belonging, by_number, extras, grouped, has_all, row_place, whole
from parsers.records import Direction, Message, Record
from parsers.source import Found
from parsers.sqlite.rows import Row
from parsers.times import Instant, from_unix

_STATUS = "status@broadcast"
_NOBODY = "-1"
_CONTENT = {
    0: "text",
    1: "image",
    2: "audio",
    3: "video",
    4: "contact",
    5: "location",
    7: "system",
    8: "call",
    9: "file",
    10: "call",
    13: "gif",
    15: "revoked",
    16: "location",
    20: "sticker",
    64: "revoked",
}
_TODAY: Needs = {
    "message": ("chat_row_id", "from_me", "key_id", "timestamp", "message_type", "text_data"),
    "chat": ("_id", "jid_row_id"),
    "jid": ("_id", "raw_string"),
}
_BEFORE: Needs = {"messages": ("key_remote_jid", "key_from_me", "key_id", "timestamp", "data")}
_LEGACY_SYSTEM = 6  # `status` of system messages in the old table


class WhatsAppAndroid(SqliteParser):
    """Rows of `message` (with `chat`, `jid`, `message_media`) and of the older `messages`; times in milliseconds.

    Databases of the years between have both tables. A row that stands in both is read once, from `message`.
    Rows without a message of their own (the first row that WhatsApp makes, status rows without text and time)
    have the content `placeholder`.
    """

    name: ClassVar[str] = "whatsapp-android"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "parsers-whatsapp-android-title"
    app: ClassVar[str] = "whatsapp"
    globs: ClassVar[tuple[str, ...]] = ("msgstore.db", "msgstore-*.db", "msgstore*.db.crypt*")
    needs: ClassVar[tuple[Needs, ...]] = (_TODAY, _BEFORE)
    limitations: ClassVar[tuple[str, ...]] = (
        "parsers-whatsapp-android-unread-tables",
        "parsers-whatsapp-android-owner",
        "parsers-whatsapp-android-crypt",
    )
    tested_on: ClassVar[tuple[str, ...]] = ("ElDavoo/wa-crypt-tools msgstore.db (2022, both tables)", "made databases")
    references: ClassVar[tuple[str, ...]] = (
        "https://github.com/KnugiHK/WhatsApp-Chat-Exporter",
        "https://github.com/ElDavoo/wa-crypt-tools",
    )

    def records(self, database: Rows, found: Found) -> Iterator[Record | Finding]:
        read: set[tuple[int | None, str | None]] = set()
        if has_all(database, _TODAY):
            chats = _Chats(database)
            media = grouped(database, "message_media", "message_row_id")
            places = grouped(database, "message_location", "message_row_id")
            for row in database.rows("message"):
                number = whole(row, "_id")
                read.add((number, row.text("key_id")))
                attached = belonging(media.get(number or 0, ()), row)
                place = belonging(places.get(number or 0, ()), row)
                yield self._message(row, found, chats, attached[0] if attached else None, place[0] if place else None)
        if has_all(database, _BEFORE):
            both = 0
            subjects = _subjects(database)
            for row in database.rows("messages"):
                if row.text("key_id") != _NOBODY and (whole(row, "_id"), row.text("key_id")) in read:
                    both += 1
                else:
                    yield self._legacy(row, found, subjects)
            if both:
                yield Finding(
                    "parsers-whatsapp-both-tables",
                    Severity.NOTE,
                    facts={"parser": self.name, "rows": both},
                    where={"artifact": found.sha256},
                )

    def _message(self, row: Row, found: Found, chats: "_Chats", media: Row | None, place: Row | None) -> Message:
        kind = whole(row, "message_type")
        number = whole(row, "chat_row_id")
        conversation = chats.address(number) or row.text("chat_row_id") or ""
        text = row.text("text_data")
        time = from_unix(row["timestamp"], "unix-ms")
        content = "unknown" if kind is None else _CONTENT.get(kind, f"type-{kind}")
        out = whole(row, "from_me") == 1
        sender = chats.jid(whole(row, "sender_jid_row_id")) or _peer(conversation)
        reason = _placeholder(row.text("key_id"), row.text("chat_row_id"), conversation, kind, text, time)
        return Message(
            where=row_place(found, row),
            state=row.state,
            app=self.app,
            time=time,
            conversation=conversation,
            title=chats.subject(number),
            sender=None if out else sender,
            direction=_direction(row, "from_me", content, reason),
            content="placeholder" if reason else content,
            text=text,
            attachment=_file(media, "file_path", "media_name", "direct_path") if media is not None else None,
            extra={
                **extras(row, "key_id", "message_type", "status", "received_timestamp", "receipt_server_timestamp"),
                **(extras(media, "mime_type", "file_size", "file_hash", "media_name") if media is not None else {}),
                **(extras(place, "latitude", "longitude", "place_name", "place_address") if place is not None else {}),
                **({"placeholder": reason} if reason else {}),
            },
        )

    def _legacy(self, row: Row, found: Found, subjects: Mapping[str, str]) -> Message:
        kind = whole(row, "media_wa_type")
        conversation = row.text("key_remote_jid") or ""
        text = row.text("data") or row.text("media_caption")
        time = from_unix(row["timestamp"], "unix-ms")
        content = _CONTENT.get(kind or 0, f"type-{kind}")
        if whole(row, "status") == _LEGACY_SYSTEM and content == "text":
            content = "system"
        out = whole(row, "key_from_me") == 1
        reason = _placeholder(row.text("key_id"), conversation, conversation, kind, text, time)
        return Message(
            where=row_place(found, row),
            state=row.state,
            app=self.app,
            time=time,
            conversation=conversation,
            title=subjects.get(conversation),
            sender=None if out else row.text("remote_resource") or _peer(conversation),
            direction=_direction(row, "key_from_me", content, reason),
            content="placeholder" if reason else content,
            text=text or None,
            attachment=_file(row, "media_name", "media_url"),
            extra={
                **extras(row, "key_id", "media_wa_type", "status", "received_timestamp", "media_mime_type"),
                **extras(row, "media_url", "media_size", "media_hash", "payment_transaction_id"),
                **({"placeholder": reason} if reason else {}),
            },
        )


class _Chats:
    """Chat numbers to addresses and subjects."""

    def __init__(self, database: Rows) -> None:
        self._jids = by_number(database.rows("jid"), "_id")
        self._chats = by_number(database.rows("chat"), "_id")

    def jid(self, number: int | None) -> str | None:
        row = self._jids.get(number or 0)
        return row.text("raw_string") if row is not None else None

    def address(self, chat: int | None) -> str | None:
        row = self._chats.get(chat or 0)
        return self.jid(whole(row, "jid_row_id")) if row is not None else None

    def subject(self, chat: int | None) -> str | None:
        row = self._chats.get(chat or 0)
        return row.text("subject") or None if row is not None else None


def _subjects(database: Rows) -> dict[str, str]:
    """Subjects of groups by their address, from `chat_list` beside the old table."""
    if not database.has("chat_list", "key_remote_jid", "subject"):
        return {}
    rows = database.rows("chat_list")
    return {row.text("key_remote_jid") or "": subject for row in rows if (subject := row.text("subject"))}


def _placeholder(
    key: str | None, chat: str | None, conversation: str, kind: int | None, text: str | None, time: Instant
) -> str | None:
    """Why a row is no message; None if it is one."""
    if key == _NOBODY or chat == _NOBODY or kind == int(_NOBODY):
        return "row made by the app"
    if conversation == _STATUS and not text and time.utc is None:
        return "status without text and time"
    return None


def _direction(row: Row, column: str, content: str, placeholder: str | None) -> Direction:
    own = whole(row, column)
    if placeholder or content == "system" or own not in (0, 1):
        return Direction.UNKNOWN
    return Direction.OUT if own else Direction.IN


def _peer(conversation: str) -> str | None:
    """The other side of a conversation between two; of a group nobody can be named without a sender."""
    return conversation if conversation.endswith(("@s.whatsapp.net", "@lid")) else None


def _file(row: Row, *columns: str) -> str | None:
    return next((text for column in columns if (text := row.text(column))), None)
