"""Text and multimedia messages of Android's own message store."""

from collections.abc import Iterator
from typing import ClassVar

from chain_of_custody.finding import Finding
from parsers.parser import Needs, Rows, SqliteParser, belonging, by_number, extras, grouped, row_place, whole
from parsers.records import Direction, Message, Record
from parsers.source import Found
from parsers.sqlite.rows import Row
from parsers.times import from_unix

# Telephony.TextBasedSmsColumns and Telephony.BaseMmsColumns, Android Open Source Project
_SMS_BOXES = {1: "inbox", 2: "sent", 3: "draft", 4: "outbox", 5: "failed", 6: "queued"}
_MMS_BOXES = {1: "inbox", 2: "sent", 3: "draft", 4: "outbox", 5: "failed"}
_DIRECTIONS = {"inbox": Direction.IN, "sent": Direction.OUT, "outbox": Direction.OUT, "failed": Direction.OUT}

# com.google.android.mms.pdu.PduHeaders, after OMA-TS-MMS_ENC
_FROM = 0x89
_NOTIFICATION, _RETRIEVED, _SENT = 0x82, 0x84, 0x80
_UTF8 = 106  # IANA MIBenum
_MEDIA = ("image", "video", "audio")


class AndroidSms(SqliteParser):
    """`sms` rows (time in milliseconds) and `pdu` rows (time in seconds) with their addresses and parts."""

    name: ClassVar[str] = "android-sms"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "parsers-android-sms-title"
    app: ClassVar[str] = "sms"
    globs: ClassVar[tuple[str, ...]] = ("mmssms.db",)
    needs: ClassVar[tuple[Needs, ...]] = ({"sms": ("address", "date", "type", "body")},)
    limitations: ClassVar[tuple[str, ...]] = ("parsers-android-sms-draft", "parsers-android-sms-vendor")
    tested_on: ClassVar[tuple[str, ...]] = ("log2timeline/plaso test_data mmssms.db (Android 4)",)
    references: ClassVar[tuple[str, ...]] = (
        "https://developer.android.com/reference/android/provider/Telephony.TextBasedSmsColumns",
        "https://developer.android.com/reference/android/provider/Telephony.BaseMmsColumns",
    )

    def records(self, database: Rows, found: Found) -> Iterator[Record | Finding]:
        titles = _titles(database)
        for row in database.rows("sms"):
            yield self._sms(row, found, titles)
        if database.has("pdu", "date", "msg_box"):
            parts = grouped(database, "part", "mid")
            addresses = grouped(database, "addr", "msg_id")
            for row in database.rows("pdu"):
                number = whole(row, "_id")
                yield self._mms(
                    row,
                    found,
                    titles,
                    belonging(parts.get(number or 0, ()), row),
                    belonging(addresses.get(number or 0, ()), row),
                )

    def _sms(self, row: Row, found: Found, titles: dict[int, str]) -> Message:
        address = row.text("address") or ""
        thread = whole(row, "thread_id")
        box = _SMS_BOXES.get(whole(row, "type") or 0, f"type-{row.text('type')}")
        direction = Direction.OUT if box == "queued" else _DIRECTIONS.get(box, Direction.UNKNOWN)
        return Message(
            where=row_place(found, row),
            state=row.state,
            app=self.app,
            time=from_unix(row["date"], "unix-ms"),
            conversation=address if thread is None else str(thread),
            title=titles.get(thread or 0) or address or None,
            sender=address if direction is Direction.IN else None,
            direction=direction,
            text=row.text("body"),
            extra={
                "box": box,
                "address": address,
                **extras(row, "subject", "date_sent", "service_center", "error_code", "sim_id", "sub_id", "deleted"),
            },
        )

    def _mms(self, row: Row, found: Found, titles: dict[int, str], parts: list[Row], addresses: list[Row]) -> Message:
        thread = whole(row, "thread_id")
        box = _MMS_BOXES.get(whole(row, "msg_box") or 0, f"box-{row.text('msg_box')}")
        direction = _DIRECTIONS.get(box, Direction.UNKNOWN)
        sender = next((each.text("address") for each in addresses if whole(each, "type") == _FROM), None)
        others = sorted({each.text("address") or "" for each in addresses if whole(each, "type") != _FROM})
        parts = sorted(parts, key=lambda part: whole(part, "seq") or 0)
        texts = [part.text("text") or "" for part in parts if part.text("ct") == "text/plain"]
        files = [part for part in parts if part.text("ct") not in ("text/plain", "application/smil", None)]
        subject = _subject(row)
        return Message(
            where=row_place(found, row),
            state=row.state,
            app="mms",
            time=from_unix(row["date"], "unix-s"),
            conversation=row.text("_id") or "" if thread is None else str(thread),
            title=titles.get(thread or 0),
            sender=sender if direction is Direction.IN else None,
            direction=direction,
            content=_content(row, files),
            text="\n".join(texts) if texts else None,
            attachment="; ".join(_file_name(part) for part in files) or None,
            extra={
                "box": box,
                "address": "; ".join(filter(None, others)) if direction is Direction.OUT else sender or "",
                **({"subject": subject} if subject else {}),
                **extras(row, "date_sent", "m_id", "tr_id", "sim_id", "sub_id"),
            },
        )


def _titles(database: Rows) -> dict[int, str]:
    """Thread number to the addresses in it, as the thread list shows them."""
    if not (database.has("threads", "recipient_ids") and database.has("canonical_addresses", "address")):
        return {}
    names = by_number(database.rows("canonical_addresses"), "_id")
    titles: dict[int, str] = {}
    for number, row in by_number(database.rows("threads"), "_id").items():
        wanted = (row.text("recipient_ids") or "").split()[:100]
        known = [names[int(each)].text("address") for each in wanted if each.isdecimal() and int(each) in names]
        titles[number] = ", ".join(filter(None, known))
    return titles


def _content(row: Row, files: list[Row]) -> str:
    kind = whole(row, "m_type")
    if kind == _NOTIFICATION:
        return "notification"  # announced by the network, never fetched
    if kind not in (None, _RETRIEVED, _SENT):
        return "system"  # delivery and read reports
    family = (files[0].text("ct") or "").split("/")[0] if files else "text"
    return family if family in (*_MEDIA, "text") else "file"


def _file_name(part: Row) -> str:
    names = (part.text(column) for column in ("cl", "name", "fn", "_data"))
    return next(filter(None, names), part.text("ct") or "")


def _subject(row: Row) -> str | None:
    """The subject: Android keeps its bytes one to a character (ISO 8859-1) beside the number of their charset."""
    stored = row.text("sub")
    if stored and whole(row, "sub_cs") == _UTF8:
        try:
            return stored.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return stored
    return stored
