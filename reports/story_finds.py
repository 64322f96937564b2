"""What was read off the exhibits and found in it, as a report tells it."""

from dataclasses import dataclass

from parsers.money import Money
from parsers.records import Direction, State
from reports.rows import Rows, Time, nothing

Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Run:
    """`length` bytes at `offset` of the image."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class StoredHash:
    """A hash that the image or the device carried, beside the one computed."""

    algorithm: str
    stored: str
    computed: str
    matches: bool


@dataclass(frozen=True, slots=True)
class Acquisition:
    """`verdict`: complete, holes, incomplete; `read_back`: matches, differs, not-done."""

    exhibit: str
    seq: int
    method: str
    format: str
    tool: str
    device: str
    size: int
    hashes: tuple[tuple[str, str], ...]
    started: Time
    finished: Time
    persons: tuple[str, ...]
    verdict: str
    read_back: str
    write_protection: str = ""
    place: str = ""
    clock_offset: str = ""
    unreadable_bytes: int = 0
    unreadable: Rows[Run] = nothing
    stored_hashes: tuple[StoredHash, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRow:
    """One recovered or carved file. `name` is its path in the evidence; `times` pairs a code (modified, accessed,
    created, changed) with a time; `image` is the entry of the image that `runs` count in."""

    seq: int
    exhibit: str
    name: str
    size: int
    status: str
    evidence: str
    sha256: str
    times: tuple[tuple[str, Time], ...] = ()
    image: int | None = None
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class Files:
    by_status: Counts = ()
    by_format: Counts = ()
    rows: Rows[FileRow] = nothing
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageRow:
    """`stored` is the time's value as found, shown where `time` is None; `where` says which bytes were read."""

    time: Time
    sender: str
    direction: Direction
    content: str
    text: str | None
    where: str
    state: State
    stored: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation of one app and account. `other` counts rows that are neither live nor deleted."""

    app: str
    account: str
    title: str
    participants: tuple[str, ...]
    live: int
    deleted: int
    first: Time
    last: Time
    other: int = 0
    rows: Rows[MessageRow] = nothing


@dataclass(frozen=True, slots=True)
class Sum:
    """How many payments, and their amount in each currency; those of unknown amount are not among them."""

    count: int = 0
    amounts: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """One line of a totals table; each payment is counted in one of its columns.

    `unsettled` are failed, pending or returned ones; `unclear` those whose direction or status the source does not
    tell; `unknown` those of unknown amount, whatever their direction.
    """

    label: str
    inward: Sum = Sum()
    outward: Sum = Sum()
    neutral: Sum = Sum()
    unsettled: Sum = Sum()
    unclear: Sum = Sum()
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """`seq` is the artifact that was read, `where` the line, row or byte offset in it."""

    time: Time
    direction: Direction
    amount: Money | None
    channel: str
    type: str
    counterparty: str
    item: str
    status: str
    order: str
    seq: int
    where: str
    state: State
    stored: str = ""


@dataclass(frozen=True, slots=True)
class PaymentSource:
    """One bill or database. The same payment may stand in several sources, so that nothing is summed across them.

    `rules` says in words what was counted and what was left out; `overall` is the sum of this source alone.
    """

    name: str
    account: str
    seq: int
    rules: tuple[str, ...]
    overall: Total
    by_year: tuple[Total, ...]
    by_channel: tuple[Total, ...]
    by_counterparty: Rows[Total]
    rows: Rows[PaymentRow] = nothing
