"""RIFF: a tree of sized chunks in one form (Microsoft and IBM, Multimedia Programming Interface, 1991)."""

import struct
from dataclasses import dataclass

from forensic.sources.medium import Medium

MOST = 1 << 16  # top-level chunks; real files have a few dozen


@dataclass(frozen=True, slots=True)
class Riff:
    """One RIFF form as far as its top-level chunks could be walked.

    `kinds` are the chunk ids in order, a LIST by its type; `whole` when they end where the form says it ends (many
    writers leave out the pad byte of the last one);
    `proven` is the end of the last chunk that is followed by another; `claimed` the length the header gives.
    """

    kinds: tuple[bytes, ...]
    whole: bool
    proven: int
    claimed: int
    cut: bool


def walk(medium: Medium, form: bytes, offset: int = 0) -> Riff | None:
    """The form that starts at `offset`; lengths count from there. None where no such form stands."""
    head = medium.read(offset, 12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != form:
        return None
    claimed = 8 + int.from_bytes(head[4:8], "little")
    kinds: list[bytes] = []
    at = proven = 12
    while at < claimed and len(kinds) < MOST:
        chunk = medium.read(offset + at, 12)
        if len(chunk) < 8 or not _printable(chunk[:4]):
            break
        proven = at
        kind, size = struct.unpack_from("<4sI", chunk)
        kinds.append(chunk[8:12] if kind == b"LIST" and len(chunk) == 12 else kind)
        at += 8 + size + (size & 1)
    cut = offset + claimed > medium.size
    whole = at in (claimed, claimed + 1) and not cut
    return Riff(tuple(kinds), whole, claimed if whole else proven, claimed, cut)


def _printable(kind: bytes) -> bool:
    return all(0x20 <= c < 0x7F for c in kind)
