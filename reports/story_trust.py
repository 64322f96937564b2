"""What a report rests on: the ledger and its head, who signed, what was changed, what limits it."""

from dataclasses import dataclass

from reports.rows import Time


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A key enrolled for a person by entry `seq`. `mark` is the hash in its verifier key, eight hexadecimal digits;
    `signer` what holds the key: file, ssh, pkcs11, command. `end` is the entry that revoked it or put another in its
    place, with that entry's time; `replaced` says which."""

    person: str
    mark: str
    algorithm: str
    signer: str
    seq: int
    at: Time
    end: int | None = None
    ended: Time = None
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Signed:
    """Who stands for an act. `by` pairs each person who signed with the mark of the key; `keyless` acted and had no
    key then; `missing` had one and did not sign. `holds`: whether the signatures are right, None where no program here
    can tell."""

    by: tuple[tuple[str, str], ...] = ()
    keyless: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    holds: bool | None = True


UNSIGNED = Signed()


@dataclass(frozen=True, slots=True)
class Act:
    """An act of persons: one that whoever has a key signs. `kind` is the entry's, with a hyphen for its dot;
    `subject` an exhibit or a person, `target` an entry that it is about."""

    kind: str
    seq: int
    at: Time
    signed: Signed
    subject: str = ""
    target: int | None = None


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
    signed: Signed = UNSIGNED


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
    """A head that left the laboratory, and how. `standing`: proven by an outside clock or hand, recorded by the
    laboratory itself, or claimed, which binds nothing."""

    at: Time
    size: int
    root: str
    how: str
    standing: str = "recorded"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time told by an outside clock, in entry `seq`, its signature verified when it was entered. `kind`: rfc3161,
    cosignature; `by` is whose clock it is."""

    at: str
    kind: str
    by: str
    seq: int


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
    ledger's first verifier key, `adopted` the entries and verifier keys of workstations that took it over since; `at`
    is the time of the head: it becomes the date of the paper."""

    size: int
    root: str
    note: str
    public_key: str
    at: str
    outside: tuple[Outside, ...] = ()
    brackets: tuple[Bracket, ...] = ()
    adopted: tuple[tuple[int, str], ...] = ()
