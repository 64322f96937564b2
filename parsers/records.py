"""What a parser reads, in the words that every report understands.

A record's `id` derives from the artifact's hash, the table or line, the row and its state, so that the
same row has the same id in every run.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import ClassVar

from parsers.money import Money
from parsers.times import Instant


class State(StrEnum):
    """Whether the row is what the app shows now."""

    LIVE = "live"
    DELETED = "deleted"
    EARLIER = "earlier"  # an older version of a row that is still live
    UNKNOWN = "unknown"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    NEUTRAL = "neutral"  # neither income nor expense: own accounts, top-ups, withdrawals
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Where:
    """Which bytes a record was read from.

    `artifact` is the SHA-256 of the file; `table` a database table, a sheet, or "" for a text file; `row` a
    rowid or a 1-based line; `offset` the byte offset in `file` (main, wal, journal), None where a format has none.
    `basis` is how sure a row that is not live is: cell (a page points, or pointed, at it), whole (complete in free
    bytes), headless (its first bytes were overwritten and worked out again); "" for live rows.
    """

    artifact: str
    table: str
    row: int | str
    offset: int | None = None
    file: str = "main"
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What all kinds share. `extra` keeps stored values that have no field of their own, as text."""

    kind: ClassVar[str] = ""
    where: Where
    state: State
    app: str
    account: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        place = self.where
        parts: list[object] = [self.kind, place.artifact, place.table, place.row, place.file, self.state]
        if self.state is not State.LIVE:
            parts.append(place.offset)
        return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]

    def as_json(self) -> dict[str, object]:
        """Plain values for one line of a record set; `kind` and `id` first."""
        return {"kind": self.kind, "id": self.id, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Record):
    """One message. `content` is what it carries (text, image, voice, call, system, placeholder, ...); `text` is
    None where there is none, which is not the same as an empty one."""

    kind: ClassVar[str] = "message"
    time: Instant
    conversation: str
    title: str | None = None
    sender: str | None = None
    sender_name: str | None = None
    direction: Direction = Direction.UNKNOWN
    content: str = "text"
    text: str | None = None
    attachment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Record):
    """One row of a bill or one payment message. `amount` is None where it is not known, never zero for unknown.

    `type` and `status` are the issuer's words; `channel` is ours: red-packet, transfer, qr-code, merchant,
    refund, top-up, withdrawal, other. `settled` is what the issuer's status says of the money: True it moved,
    False it did not or came back whole (closed, returned, expired, refunded in full: the refund row says the same, so
    the pair cancels), None the words do not tell.
    """

    kind: ClassVar[str] = "payment"
    time: Instant
    direction: Direction
    amount: Money | None
    channel: str = "other"
    type: str = ""
    counterparty: str = ""
    counterparty_account: str = ""
    item: str = ""
    method: str = ""
    status: str = ""
    settled: bool | None = None
    order: str = ""
    merchant_order: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Record):
    """A person or group as the owner's address book or app knows it."""

    kind: ClassVar[str] = "contact"
    identifier: str
    name: str | None = None
    remark: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Record):
    """One call. `outcome`: answered, missed, rejected, blocked, elsewhere, voicemail, unknown; `duration` in s."""

    kind: ClassVar[str] = "call"
    time: Instant
    peer: str
    name: str | None = None
    direction: Direction = Direction.UNKNOWN
    outcome: str = "unknown"
    duration: int | None = None


KINDS: dict[str, type[Record]] = {cls.kind: cls for cls in (Message, Payment, Contact, Call)}
