"""The exhibits and what happened to them, as a report tells it."""

from collections.abc import Callable
from dataclasses import dataclass

from reports.rows import Time


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
    of the seal as found; `late` when it was entered, if that was long after or nothing says when it happened."""

    at: Time
    giver: str
    taker: str
    purpose: tuple[str, ...] = ()
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
class Reveal:
    """One time a secret was read."""

    seq: int
    at: Time
    persons: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a passcode or another secret came from, without its value. `part` is what of the exhibit it opens, '' for
    the exhibit itself; `voluntary` and `notice` are None where nothing was stated; `lacking` are the codes of what a
    hearing asks for and the entry does not say; `readers` are those it is encrypted to."""

    exhibit: str
    part: str
    kind: str
    seq: int
    at: Time
    persons: tuple[str, ...]
    given_by: str
    how: str
    authority: str = ""
    voluntary: bool | None = None
    notice: bool | None = None
    lacking: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    reveals: tuple[Reveal, ...] = ()
