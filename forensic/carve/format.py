"""What a file format declares so that files of it are found and measured without a file system."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from forensic.sources.medium import Medium

# Why a file is not valid: message ids.
CUT = "carve-cut"
BROKEN = "carve-broken"
CHECKSUM = "carve-checksum"
CONTRADICTION = "carve-contradiction"
OPEN_END = "carve-open-end"
OUTPUT_LIMIT = "carve-output-limit"
ENCRYPTED = "carve-encrypted-structure"


class Status(StrEnum):
    """How sure the end of a file is."""

    VALID = "valid"  # the structure was read to its end and every check that was made holds
    CORRUPT = "corrupt"  # the structure was read to its end, but a check of the content fails
    TRUNCATED = "truncated"  # starts right, but the end was not reached or cannot be proven


@dataclass(frozen=True, slots=True)
class Signature:
    """Bytes that announce a file.

    `pattern` is a regular expression over bytes in which a dot is any byte; every match has the same width, at
    most 64 bytes. The file starts `offset` bytes before the match.
    """

    pattern: bytes
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a file reaches. Lengths in bytes, from the file's first byte.

    length   where a valid or corrupt file ends; of a truncated one the last byte that the structure proves
    suffix   file name suffix without the dot, by content
    checked  what was checked, in stable words ("chunk-crc", "xref"); nothing else was
    reason   message id of why the file is not valid
    claimed  the whole length that a file which is not valid declares for itself, where its format says one
    parts    where parts of it begin that look like a file of the same format (members, frames), the first included
    """

    length: int
    suffix: str
    status: Status = Status.VALID
    checked: tuple[str, ...] = ()
    reason: str | None = None
    claimed: int | None = None
    parts: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Format:
    """One file format.

    `measure` is given a medium whose zero is the first byte of the candidate and whose size is where its region
    ends. It gives None for bytes that only look like a file; it never raises for anything the bytes say.
    `blind`: it holds no other files, and nothing in it tells its own content from another file's that lies over it;
    so a find inside it is kept.
    """

    name: str
    suffixes: tuple[str, ...]
    signatures: tuple[Signature, ...]
    measure: Callable[[Medium], Extent | None]
    specification: str
    blind: bool = False


def truncated(
    length: int,
    suffix: str,
    checked: tuple[str, ...] = (),
    *,
    reason: str = BROKEN,
    claimed: int | None = None,
    parts: Iterable[int] = (),
) -> Extent:
    return Extent(length, suffix, Status.TRUNCATED, checked, reason, claimed, frozenset(parts))


def corrupt(
    length: int, suffix: str, checked: tuple[str, ...], *, reason: str = CHECKSUM, parts: Iterable[int] = ()
) -> Extent:
    return Extent(length, suffix, Status.CORRUPT, checked, reason, length, frozenset(parts))
