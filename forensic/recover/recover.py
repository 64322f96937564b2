"""Deleted files, from what the file system still remembers of them.

One rule governs: bytes are called an object's own only where its record says where they stood, the blocks are free
now, no other deleted object claims them, and nothing on the volume was written since that could have used the
blocks and then lost its own record to a third. File systems reuse records as silently as blocks; where that cannot
be excluded the bytes are candidates and the object is `uncertain`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from chain_of_custody.finding import Finding
from chain_of_custody.progress import Progress, silent
from forensic.recover.claims import Claims
from forensic.recover.recovered import Recovered, Status
from forensic.sources.allocation import Allocation
from forensic.sources.entries import Entry
from forensic.sources.filesystem import Basis, FileSystem, Remains
from forensic.sources.runs import SPARSE, Run, merged, trimmed

_MOST_CANDIDATES = 4096
_UNKNOWN = 1 << 100  # later than any moment


class _Writer(NamedTuple):
    moment: int
    path: str
    inode: int


class _Latest:
    """The two objects that wrote last: for any one object, the last moment at which another wrote."""

    def __init__(self) -> None:
        self._first = self._second = _Writer(-_UNKNOWN, "", -1)

    def add(self, writer: _Writer) -> None:
        if (writer.path, writer.inode) == (self._first.path, self._first.inode):
            self._first = max(self._first, writer)
        elif writer > self._first:
            self._first, self._second = writer, self._first
        elif writer > self._second:
            self._second = writer

    def besides(self, entry: Entry) -> int:
        own = (self._first.path, self._first.inode) == (entry.path, entry.inode)
        return self._second.moment if own else self._first.moment


@dataclass(slots=True)
class _Object:
    entry: Entry
    remains: Remains
    guess: tuple[Run, ...] = ()


def recover(filesystem: FileSystem, progress: Progress = silent) -> Iterator[Recovered | Finding]:
    """Every deleted object that the file system still lists, folders too, each with its status; then the findings
    that arose on the way."""
    known = len(filesystem.findings)
    latest = _Latest()
    objects: list[_Object] = []
    named: set[tuple[int, str]] = set()
    for entry in chain(filesystem.entries(progress), filesystem.orphans(progress)):
        if "first-use" not in entry.flags:
            written = filesystem.last_written(entry)
            latest.add(_Writer(_UNKNOWN if written is None else written, entry.path, entry.inode))
        if not entry.allocated:
            same = (entry.inode, entry.stream)
            # Elsewhere two names of one inode may be of two objects, one after the other: both then claim the blocks.
            second = filesystem.names_in_record and same in named
            named.add(same)
            remains = Remains(Basis.NOTHING, words=("second-name",)) if second else filesystem.remains(entry)
            objects.append(_Object(entry, remains))
    allocation = filesystem.allocation()
    contested = _contested(objects, allocation)
    for number, deleted in enumerate(objects):
        later = _written_later(filesystem, latest, deleted.entry)
        yield _judged(deleted, allocation, contested=number in contested, later=later)
    yield from filesystem.findings[known:]


def _contested(objects: list[_Object], allocation: Allocation | None) -> set[int]:
    claims = Claims()
    for number, deleted in enumerate(objects):
        remains = deleted.remains
        if remains.basis is Basis.START and allocation is not None:
            deleted.guess = _contiguous(deleted, allocation)
        claims.add(number, merged(sorted((*remains.runs, *remains.support, *remains.possible, *deleted.guess))))
    return claims.contested()


def _contiguous(deleted: _Object, allocation: Allocation) -> tuple[Run, ...]:
    """The blocks from the first one on that are free now, as many as the size needs: one guess of several."""
    start = deleted.remains.runs[0]
    block = (start.offset - allocation.base) // allocation.block_size
    left = -(-deleted.entry.size // allocation.block_size) if deleted.entry.kind == "file" else 1
    if allocation.in_use(block):
        return ()
    runs: list[Run] = []
    for first, count in allocation.free_from(block):
        take = min(count, left)
        runs.append(Run(allocation.base + first * allocation.block_size, take * allocation.block_size))
        left -= take
        if not left or len(runs) == _MOST_CANDIDATES:
            break
    return tuple(runs)


def _written_later(filesystem: FileSystem, latest: _Latest, entry: Entry) -> bool:
    alive = filesystem.last_alive(entry)
    return latest.besides(entry) >= (-_UNKNOWN + 1 if alive is None else alive)


def _judged(deleted: _Object, allocation: Allocation | None, *, contested: bool, later: bool) -> Recovered:
    entry, remains = deleted.entry, deleted.remains
    words = remains.words
    if remains.basis is Basis.EMPTY:
        return Recovered(entry, Status.INTACT, ("size-zero", *words))
    if remains.basis is Basis.HELD:
        return Recovered(entry, Status.INTACT, ("content-in-record", *words), held=True)
    if remains.basis is Basis.NOTHING:
        return Recovered(entry, Status.UNCERTAIN, words)
    if allocation is None:
        return Recovered(entry, Status.UNCERTAIN, ("no-allocation-map", *words))
    if contested:
        words = ("claimed-twice", *words)
    if remains.basis is Basis.START:
        return _from_start(deleted, allocation, words, contested=contested, later=later)
    return _from_runs(deleted, allocation, words, contested=contested, later=later)


def _from_start(
    deleted: _Object, allocation: Allocation, words: tuple[str, ...], *, contested: bool, later: bool
) -> Recovered:
    entry = deleted.entry
    start = deleted.remains.runs[0]
    if _outside(deleted.remains.runs, allocation):
        return Recovered(entry, Status.UNCERTAIN, ("outside-medium", *words))
    in_use = allocation.in_use((start.offset - allocation.base) // allocation.block_size)
    if deleted.remains.unsure:
        return Recovered(entry, Status.UNCERTAIN, words, candidates=trimmed(deleted.guess, entry.size))
    if in_use:
        return Recovered(entry, Status.OVERWRITTEN, ("first-block-in-use", *words), gaps=(start,))
    if entry.kind == "dir":
        own = "names-itself" in words
        return Recovered(entry, Status.UNCERTAIN, words, candidates=(start,) if own else ())
    candidates = trimmed(deleted.guess, entry.size)
    if entry.size > allocation.block_size:
        words = ("chain-lost", "contiguous-guess", *words)
        return Recovered(entry, Status.UNCERTAIN, words, candidates=candidates)
    if contested or later:
        words = ("later-writes-possible", *words) if later else words
        return Recovered(entry, Status.UNCERTAIN, words, candidates=candidates)
    return Recovered(entry, Status.INTACT, ("single-block", "free-and-unclaimed", *words), runs=candidates)


def _from_runs(
    deleted: _Object, allocation: Allocation, words: tuple[str, ...], *, contested: bool, later: bool
) -> Recovered:
    entry, remains = deleted.entry, deleted.remains
    held = remains.basis is Basis.CODED
    if _outside(remains.runs, allocation):
        return Recovered(entry, Status.UNCERTAIN, ("outside-medium", *words))
    free: list[Run] = []
    used: list[Run] = []
    for run in remains.runs:
        if run.offset == SPARSE:
            free.append(run)
            continue
        for piece, in_use in allocation.pieces(run):
            (used if in_use else free).append(piece)
    whole = remains.runs if held else _cut(remains.runs, entry.size, remains.stored)
    stored_free = any(run.offset != SPARSE for run in free)
    if used and not stored_free:
        return Recovered(entry, Status.OVERWRITTEN, ("blocks-in-use", *words), gaps=merged(used))
    covered = sum(run.length for run in whole)
    support_used = any(in_use for run in remains.support for _piece, in_use in allocation.pieces(run))
    if contested or support_used or (not held and covered < entry.size):
        if support_used:
            words = ("pointer-blocks-in-use", *words)
        if not held and covered < entry.size:
            words = ("runs-too-short", *words)
        kept = merged(run for run in free if run.offset != SPARSE) if used else whole
        return Recovered(entry, Status.UNCERTAIN, words, gaps=merged(used), candidates=kept)
    if used:
        if held:
            return Recovered(entry, Status.UNCERTAIN, ("compressed-with-gaps", *words), gaps=merged(used))
        words = ("later-writes-possible", *words) if later else words
        return _partial(entry, allocation, whole, ("some-blocks-in-use", *words))
    if later:
        return Recovered(entry, Status.UNCERTAIN, ("later-writes-possible", *words), candidates=whole)
    words = ("free-and-unclaimed", *words)
    return Recovered(entry, Status.INTACT, words, runs=() if held else whole, held=held)


def _outside(runs: tuple[Run, ...], allocation: Allocation) -> bool:
    """Whether a run reaches past the blocks that the map speaks of: the medium may have been cut short."""
    end = allocation.base + allocation.blocks * allocation.block_size
    return any(run.offset != SPARSE and not allocation.base <= run.offset <= end - run.length for run in runs)


def _partial(entry: Entry, allocation: Allocation, whole: tuple[Run, ...], words: tuple[str, ...]) -> Recovered:
    kept: list[Run] = []
    gaps: list[Run] = []
    for run in whole:
        if run.offset == SPARSE:
            kept.append(run)
            continue
        for piece, in_use in allocation.pieces(run):
            (gaps if in_use else kept).append(piece)
    return Recovered(entry, Status.PARTIAL, words, runs=merged(kept), gaps=merged(gaps))


def _cut(runs: tuple[Run, ...], size: int, stored: int | None) -> tuple[Run, ...]:
    """The runs cut to the size; past what was ever written the content reads as zeros, whatever the blocks hold."""
    if stored is None or stored >= size:
        return trimmed(runs, size)
    return merged((*trimmed(runs, stored), Run(SPARSE, size - stored)))
