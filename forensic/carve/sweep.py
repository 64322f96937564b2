"""One pass over regions of a medium that finds the files lying in them.

Regions are taken in order of their offset; those that touch are one. A file must start in a region and may go on
only to where that region ends. Finds come out in order of their offset, one at an offset, the same in every run.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress
from forensic.carve.format import Extent, Format, Status
from forensic.carve.reading import Cached
from forensic.carve.signatures import REACH, Signatures
from forensic.sources.medium import Medium, Window
from forensic.sources.runs import Run, merged

CHUNK = 1 << 22
SECTOR = 512
BEST = (Status.VALID, Status.CORRUPT, Status.TRUNCATED)


@dataclass(frozen=True, slots=True)
class Find:
    """A file at bytes [offset, offset+length) of the medium.

    `suffix`, `status`, `checked`, `reason` and `claimed` are those of its `Extent`. `parent` is the offset of the
    innermost find that holds it whole.
    """

    offset: int
    length: int
    format: str
    suffix: str
    status: Status
    checked: tuple[str, ...]
    reason: str | None = None
    claimed: int | None = None
    parent: int | None = None

    @property
    def end(self) -> int:
        return self.offset + self.length


def regions_in_order(regions: Iterable[Run], size: int) -> tuple[Run, ...]:
    """The regions by offset, cut to the medium, those that touch or overlap joined; sparse runs have no bytes."""
    apart: list[Run] = []
    reached = 0
    for offset, length in sorted(regions):
        start, end = max(offset, reached), min(offset + length, size)
        if offset >= 0 and start < end:
            apart.append(Run(start, end - start))
            reached = end
    return merged(apart)


def sweep(
    medium: Medium,
    regions: Iterable[Run],
    formats: Sequence[Format],
    progress: Progress,
    *,
    nested: bool = False,
    fault: Callable[[Finding], object] | None = None,
) -> Iterator[Find]:
    """The files of these formats in these regions.

    A file inside a valid find (the picture in a document, the preview in a photograph) is left out unless `nested`
    is asked for. `fault` is told of bytes that cannot be read, which count as zeros; without it the first of
    them raises `EvidenceError`.
    """
    if not formats:
        return
    todo = regions_in_order(regions, medium.size)
    progress.start("carve-sweep", sum(run.length for run in todo))
    signatures = Signatures(formats)
    source = Cached(_Forgiving(medium, fault) if fault else medium)
    for region in todo:
        yield from _Region(source, region, signatures, formats, nested=nested).finds(progress)


class _Region:
    """The sweep of one region, with the finds that the present offset still lies in."""

    def __init__(
        self, source: Cached, region: Run, signatures: Signatures, formats: Sequence[Format], *, nested: bool
    ) -> None:
        self._source = source
        self._start = region.offset
        self._end = region.offset + region.length
        self._signatures = signatures
        self._blind = frozenset(f.name for f in formats if f.blind)
        self._nested = nested
        self._around: list[Find] = []
        self._parts: dict[str, set[int]] = {}

    def finds(self, progress: Progress) -> Iterator[Find]:
        at = self._start
        while at < self._end:
            size = min(CHUNK, self._end - at)
            data = self._source.read(at, min(CHUNK + REACH, self._end - at))
            self._source.hold(at, data)
            yield from self._in_chunk(at, data, size)
            after = at + size
            if not self._nested:
                after = max([after, *(f.end for f in self._around if self._closed(f))])
            progress.advance(after - at)
            at = after

    def _in_chunk(self, at: int, data: bytes, size: int) -> Iterator[Find]:
        for start, formats in self._signatures.starts(data, size):
            offset = at + start
            self._around = [f for f in self._around if f.end > offset]
            if not self._around:
                self._parts.clear()
            measured = ((f.name, self._measured(offset, f)) for f in formats)
            sure = [(BEST.index(e.status), -e.length, name, e) for name, e in measured if e is not None]
            if sure:
                *_, name, extent = min(sure, key=lambda s: s[:3])
                find = self._find(offset, name, extent)
                self._around.append(find)
                self._parts.setdefault(name, set()).update(offset + part for part in extent.parts)
                yield find

    def _measured(self, offset: int, format_: Format) -> Extent | None:
        """What the format says of this offset; None for what is only a part of a find that it lies in.

        Inside a find of the same format only a valid one counts: half a file there is more likely the outer one's.
        """
        closed = [f for f in self._around if self._closed(f)]
        if (closed and not self._nested) or offset in self._parts.get(format_.name, ()):
            return None
        end = min([self._end, *(f.end for f in closed)])
        extent = format_.measure(Window(self._source, offset, end - offset))
        inside_same = any(f.format == format_.name for f in self._around)
        return extent if extent and (extent.status is Status.VALID or not inside_same) else None

    def _closed(self, find: Find) -> bool:
        """Whether all that lies in the find is surely its own."""
        return find.status is Status.VALID and find.format not in self._blind

    def _find(self, offset: int, name: str, extent: Extent) -> Find:
        holders = [f for f in self._around if f.end >= offset + extent.length]
        return Find(
            offset=offset,
            length=extent.length,
            format=name,
            suffix=extent.suffix,
            status=extent.status,
            checked=extent.checked,
            reason=extent.reason,
            claimed=extent.claimed,
            parent=holders[-1].offset if holders else None,
        )


class _Forgiving:
    """A medium whose unreadable sectors read as zeros, each stretch of them told once."""

    def __init__(self, medium: Medium, fault: Callable[[Finding], object]) -> None:
        self._medium = medium
        self._fault = fault
        self._told: set[int] = set()

    @property
    def size(self) -> int:
        return self._medium.size

    def read(self, offset: int, length: int) -> bytes:
        try:
            return self._medium.read(offset, length)
        except EvidenceError:
            length = min(length, self.size - offset)
            return self._halved(offset, length) if length > SECTOR else self._zeros(offset, length)

    def _halved(self, offset: int, length: int) -> bytes:
        half = length // 2
        return self.read(offset, half) + self.read(offset + half, length - half)

    def _zeros(self, offset: int, length: int) -> bytes:
        sector = offset // SECTOR
        if sector not in self._told:
            self._told.add(sector)
            self._fault(Finding("carve-unreadable", Severity.ERROR, {"offset": offset, "length": length}))
        return bytes(length)
