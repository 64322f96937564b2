"""Everything a report prints, as pure data that a workflow fills.

Times are ISO 8601 in UTC with Z (`2026-01-02T03:04:05Z`), as the ledger and `Instant.utc` hold them, or None where
none is known; the papers show them in the case's zone. Hashes are lower-case hexadecimal, `seq` is a ledger entry.
Free text is given in the language of the report. What can be long is a `Rows`: a callable that starts a new iterator
at each call, so that a hundred thousand rows never stand in memory; a report may call it more than once.

Words with a fixed set of values (`kind`, `status`, `verdict`, `state`, `direction`, ...) are the English codes of the
room that made them; the report translates those it knows and prints the others as they are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from chain_of_custody.finding import Finding
from parsers.money import Money
from parsers.records import Direction, State

T = TypeVar("T")
Rows = Callable[[], Iterator[T]]
Time = str | None
Counts = tuple[tuple[str, int], ...]


def nothing() -> Iterator[T]:
    """The rows of what has none."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    unit: str = ""
    certificate: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """`origin` is the ledger's; `zone` an IANA name; `document` the paper's own number; `draft` marks every page."""

    number: str
    title: str
    agency: str
    origin: str
    examiners: tuple[Person, ...]
    zone: str = "Asia/Shanghai"
    document: str = ""
    training: bool = False
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, by whom and on what ground, and the answer in short."""

    client: str = ""
    received: Time = None
    basis: str = ""
    approvals: tuple[str, ...] = ()
    question: str = ""
    answer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Photo:
    """`image` reads the JPEG or PNG; `sha256` and `seq` are those of the artifact it reads."""

    caption: str
    image: Callable[[], bytes]
    sha256: str
    seq: int
    taken: Time = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Who gave the exhibit to whom, or did what `act` to it (then `taker` is ''), and its seals. `found` is the state
    of the seal as found; `late` when it was entered, if that was long after."""

    at: Time
    giver: str
    taker: str
    purpose: str = ""
    seal: str = ""
    seq: int | None = None
    act: str = "handover"
    found: str = ""
    late: Time = None


@dataclass(frozen=True, slots=True)
class Exhibit:
    """`id` is ours (`EX-001`), `number` the examiner's label number, `part_of` another exhibit's id."""

    id: str
    number: str
    kind: str
    label: str
    model: str = ""
    serial: str = ""
    imei: str = ""
    capacity: str = ""
    seal: str = ""
    seized_at: Time = None
    seized_from: str = ""
    seized_by: str = ""
    place: str = ""
    as_found: str = ""
    part_of: str | None = None
    seq: int | None = None
    photos: tuple[Photo, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    custody: str = ""
    seals_now: str = ""


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


@dataclass(frozen=True, slots=True)
class Change:
    """An entry that mends, removes or adds to what was entered before. `kind`: correction, exclusion, reassignment,
    disposal, note, approval, issue, closing, reopening, adoption. `subject` is the entry it is about, None where it is
    about none."""

    kind: str
    seq: int
    subject: int | None
    field: str
    old: str
    new: str
    reason: str
    persons: tuple[str, ...]
    at: Time


@dataclass(frozen=True, slots=True)
class Alone:
    """An act that one person recorded alone."""

    act: str
    seq: int
    at: Time
    person: str


@dataclass(frozen=True, slots=True)
class Limitation:
    """`subject` is what it limits: a parser and version, an exhibit, a method."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Software:
    name: str
    version: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """How to verify something: the purpose in words and the command to type."""

    purpose: str
    command: str


@dataclass(frozen=True, slots=True)
class Outside:
    """A head that left the laboratory, and how: printed, witnessed, time-stamped."""

    at: Time
    size: int
    root: str
    how: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A time told by an outside clock, in entry `seq`. `kind`: rfc3161, cosignature; `by` is whose clock it is;
    `checked` whether its signature was verified when it was entered."""

    at: str
    kind: str
    by: str
    seq: int
    checked: bool


@dataclass(frozen=True, slots=True)
class Bracket:
    """Entries `first` to `last` were made after one outside time and before another, None where there is none;
    `claimed` are the workstation's own times of the two entries."""

    first: int
    last: int
    after: Clock | None
    before: Clock | None
    claimed: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Head:
    """The ledger head the report was made from. `note` is the whole signed text, `root` hexadecimal, `public_key` the
    verifier key, `at` the time of the head: it becomes the date of the paper."""

    size: int
    root: str
    note: str
    public_key: str
    at: str
    outside: tuple[Outside, ...] = ()
    brackets: tuple[Bracket, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """One report."""

    case: Case
    head: Head
    request: Request = Request()
    exhibits: tuple[Exhibit, ...] = ()
    acquisitions: tuple[Acquisition, ...] = ()
    recovered: Files = Files()
    carved: Files = Files()
    conversations: Rows[Conversation] = nothing
    payments: tuple[PaymentSource, ...] = ()
    findings: Rows[Finding] = nothing
    changes: Rows[Change] = nothing
    alone: Rows[Alone] = nothing
    limitations: tuple[Limitation, ...] = ()
    software: tuple[Software, ...] = ()
    checks: tuple[Check, ...] = ()
