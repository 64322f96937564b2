"""What every file system on a medium can be asked, whoever reads it."""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress, silent
from forensic.sources.allocation import Allocation
from forensic.sources.entries import Entry, moment
from forensic.sources.medium import Medium
from forensic.sources.runs import SPARSE, Run

_MOST_FINDINGS = 10_000


class Basis(StrEnum):
    """What the record of a deleted object still says of where its bytes stood."""

    RUNS = "runs"  # every block, as the file system stored them
    START = "start"  # the first block and the size, no more
    HELD = "held"  # the bytes themselves stand in the record
    CODED = "coded"  # runs that hold the content compressed
    EMPTY = "empty"  # size zero
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Remains:
    """`runs` are byte runs of the whole medium, in whole blocks, not cut to the size; for START they are the
    first block. `support` are runs that the runs themselves were read from; `possible` are blocks that may have been
    the object's where the record does not say which. `words` say what was noticed. `stored` is how many bytes were
    ever written, where that is less than the size: the rest reads as zeros. `unsure` says that the first block
    itself may be another."""

    basis: Basis
    runs: tuple[Run, ...] = ()
    words: tuple[str, ...] = ()
    content: bytes | None = None
    support: tuple[Run, ...] = ()
    possible: tuple[Run, ...] = ()
    stored: int | None = None
    unsure: bool = False


class FileSystem(ABC):
    """`start` and `size` are bytes of the whole medium; `block_size` in bytes; `findings` fills as it is read."""

    kind: str
    block_size: int
    names_in_record = False  # whether an object's names stand in its own record, so that all of them are its own

    def __init__(self, medium: Medium, start: int, size: int) -> None:
        self.medium = medium
        self.start = start
        self.size = size
        self.findings: list[Finding] = []
        self._noted: set[tuple[object, ...]] = set()

    def note(self, finding: Finding) -> None:
        """Adds a finding once, however often the same place is read; past a limit only that there were more."""
        key = (finding.code, *finding.facts.items(), *finding.where.items())
        if key in self._noted or len(self._noted) > _MOST_FINDINGS:
            return
        self._noted.add(key)
        if len(self._noted) > _MOST_FINDINGS:
            finding = Finding("sources-too-many-findings", Severity.ERROR, {"most": _MOST_FINDINGS})
        self.findings.append(finding)

    @abstractmethod
    def entries(self, progress: Progress = silent) -> Iterator[Entry]:
        """Every name the file system lists, live and deleted, folders too, parents before their children, NTFS in order
        of its records. `progress` advances by about one a name."""

    def orphans(self, progress: Progress = silent) -> Iterator[Entry]:
        """Deleted entries that no folder leads to, where finding them takes a search of the free space. To be asked
        after `entries`, which lists all others. `progress` does not advance, it is only asked whether to stop."""
        yield from ()

    @abstractmethod
    def runs(self, entry: Entry) -> tuple[Run, ...]:
        """The bytes of a live object on the whole medium, cut to its size. Empty where they are no plain runs."""

    @abstractmethod
    def remains(self, entry: Entry) -> Remains:
        """What is left of a deleted object."""

    @abstractmethod
    def allocation(self) -> Allocation | None:
        """The map of blocks in use, or None where the file system keeps none that is read here."""

    def content(self, entry: Entry) -> Medium:
        """The bytes of a live object, readable at any offset."""
        return RunsMedium(self.medium, self.runs(entry))

    def unallocated(self, progress: Progress = silent) -> Iterator[Run]:
        """Byte runs of the whole medium that belong to no live object, in order."""
        allocation = self.allocation()
        if allocation is None:
            self.note(Finding("sources-no-allocation-map", facts={"kind": self.kind, "start": self.start}))
            return
        for run in allocation.free_runs():
            progress.advance(run.length)
            yield run

    def blocks_from(self, base: int) -> int:
        """How many whole blocks there are from byte `base` of the medium to the end of the volume, or to where
        the medium breaks off."""
        return max(0, min(self.start + self.size, self.medium.size) - base) // self.block_size

    def last_alive(self, entry: Entry) -> int | None:
        """The last moment at which a deleted object is known to have held its blocks, never later than the truth.
        Nanoseconds, comparable with `last_written` of the same file system; None where nothing says so."""
        return max((m for m in self._moments(entry) if m is not None), default=None)

    def last_written(self, entry: Entry) -> int | None:
        """The last moment at which an object, live or deleted, may have taken blocks or the record of another,
        never earlier than the truth; None where that is not known."""
        return max((m for m in self._moments(entry) if m is not None), default=None)

    def _moments(self, entry: Entry) -> tuple[int | None, ...]:
        modified, _accessed, changed, created = entry.stamps
        return moment(modified), moment(changed), moment(created)


class RunsMedium:
    """Runs of a medium as one sequence of bytes."""

    def __init__(self, medium: Medium, runs: tuple[Run, ...]) -> None:
        self._medium = medium
        self._runs = runs
        self._ends: list[int] = []
        total = 0
        for run in runs:
            total += run.length
            self._ends.append(total)

    @property
    def size(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, offset: int, length: int) -> bytes:
        if offset < 0 or length <= 0 or offset >= self.size:
            return b""
        length = min(length, self.size - offset)
        parts: list[bytes] = []
        index = bisect_right(self._ends, offset)
        while length > 0:
            run = self._runs[index]
            skip = offset - (self._ends[index] - run.length)
            want = min(length, run.length - skip)
            data = bytes(want) if run.offset == SPARSE else self._medium.read(run.offset + skip, want)
            parts.append(data)
            if len(data) < want:
                break
            offset += want
            length -= want
            index += 1
        return b"".join(parts)
