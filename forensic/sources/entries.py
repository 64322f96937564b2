"""One name that a file system lists, and how names and times of evidence are written down."""

from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

Kind = Literal["file", "dir", "link", "other"]

# Nanoseconds since 1970 UTC, or the fields of a clock that names no zone.
Stamp = int | tuple[int, int, int] | None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Times(NamedTuple):
    """ISO 8601 text or None. Text without `Z` is wall-clock time in a zone that the file system does not record,
    and `zone` is then "local"."""

    modified: str | None
    accessed: str | None
    changed: str | None
    created: str | None
    zone: Literal["utc", "local"]


class Entry(NamedTuple):
    """A name, live or deleted. `allocated` speaks of the name, `inode_allocated` of the object it points to.

    `inode` counts as The Sleuth Kit does; `size` is in bytes; `stamps` are modified, accessed, changed, created
    as stored; `place` is what the file system needs to find the object again; `stream` names an alternate data stream.
    """

    path: str
    inode: int
    size: int
    kind: Kind
    allocated: bool
    inode_allocated: bool
    stamps: tuple[Stamp, Stamp, Stamp, Stamp]
    flags: tuple[str, ...] = ()
    stream: str = ""
    place: object = None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def times(self) -> Times:
        zone: Literal["utc", "local"] = "local" if any(isinstance(stamp, tuple) for stamp in self.stamps) else "utc"
        modified, accessed, changed, created = map(_iso, self.stamps)
        return Times(modified, accessed, changed, created, zone)


def component(raw: bytes) -> str:
    """One name of a path as text. What is not UTF-8 reads `\\xNN`, a backslash `\\\\`, a slash `\\x2f`: the bytes
    can be had back."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
        return text.replace("/", "\\x2f")
    return text.replace("\\", "\\\\").replace("/", "\\x2f") if "\\" in text or "/" in text else text


def component_utf16(raw: bytes) -> str:
    """One name stored as UTF-16 little-endian; an unpaired surrogate reads `\\uNNNN`."""
    text = raw.decode("utf-16-le", "surrogatepass")
    if "\\" in text or "/" in text:
        text = text.replace("\\", "\\\\").replace("/", "\\x2f")
    if text.isascii():
        return text
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)


def moment(stamp: Stamp) -> int | None:
    """A stamp on one line of nanoseconds, for comparing stamps of the same file system; None where it says nothing."""
    if not isinstance(stamp, tuple):
        return stamp
    local = _local(stamp)
    return None if local is None else (local - _EPOCH) // timedelta(microseconds=1) * 1000


def _iso(stamp: Stamp) -> str | None:
    if stamp is None:
        return None
    if isinstance(stamp, tuple):
        local = _local(stamp)
        if local is None:
            return None
        if stamp[1] < 0:
            return local.date().isoformat()
        return local.replace(tzinfo=None).isoformat(timespec="milliseconds" if local.microsecond else "seconds")
    try:
        utc = _EPOCH + timedelta(microseconds=stamp // 1000)
    except OverflowError:
        return None
    return utc.isoformat(timespec="microseconds" if utc.microsecond else "seconds").replace("+00:00", "Z")


def _local(stamp: tuple[int, int, int]) -> datetime | None:
    """FAT date and time words and hundredths of a second; a time of -1 stands for "date only"."""
    date, time, hundredths = stamp
    clock = max(time, 0)
    try:
        whole = datetime(
            1980 + (date >> 9), date >> 5 & 15, date & 31, clock >> 11, clock >> 5 & 63, (clock & 31) * 2, tzinfo=UTC
        )
    except ValueError:
        return None
    return whole + timedelta(milliseconds=10 * hundredths) if hundredths < 200 else whole
