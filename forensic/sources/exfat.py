"""exFAT: every name of the directory tree, live and deleted, and what is left of the deleted.

After Microsoft, "exFAT file system specification" (2019). Integers are little-endian. Deleting clears the top bit of
each entry's type and leaves the rest: name, size, first cluster and whether the clusters were one stretch.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress, silent
from forensic.sources.allocation import Allocation
from forensic.sources.entries import Entry, Stamp, component_utf16, moment
from forensic.sources.fat_table import Geometry as FatGeometry
from forensic.sources.fat_table import Table, cluster_runs
from forensic.sources.filesystem import Basis, FileSystem, Remains
from forensic.sources.medium import Medium
from forensic.sources.runs import SPARSE, Run, merged, trimmed

_FILE, _STREAM, _NAME, _BITMAP = 0x05, 0x40, 0x41, 0x81
_LIVE = 0x80
_DIRECTORY = 0x10
_ONE_STRETCH = 0x02
_MOST_FOLDER = 256 << 20  # the specification's limit of a directory
_MOST_DEPTH = 256
_UTC_KNOWN = 0x80
_FIRST_INODE = 3
_SECOND = 1_000_000_000


class Place(NamedTuple):
    """Where the clusters of an object are, as its entry says. `stored` is how many bytes were ever written."""

    cluster: int
    one_stretch: bool
    stored: int
    length: int


class _Folder(NamedTuple):
    path: str
    place: Place
    live: bool
    depth: int


class ExfatFileSystem(FileSystem):
    """`inode` counts 32-byte slots as The Sleuth Kit does."""

    kind = "exfat"

    def __init__(self, medium: Medium, start: int, size: int, geometry: FatGeometry) -> None:
        super().__init__(medium, start, size)
        self.block_size = geometry.cluster_size
        self._geometry = geometry
        self._table = Table(medium, start, geometry)
        self._allocation: Allocation | None = None
        self._root = _Folder(
            "", Place(geometry.root_cluster, one_stretch=False, stored=0, length=0), live=True, depth=0
        )

    def entries(self, progress: Progress = silent) -> Iterator[Entry]:
        seen = {self._root.place.cluster}
        folders = [self._root]
        while folders:
            folder = folders.pop()
            clusters, data = self._listing(folder)
            below: list[_Folder] = []
            listed = 0
            for at, live, name, raw in _sets(data):
                listed += 1
                entry = self._entry(folder, clusters, at, name, raw, live=live and folder.live)
                yield entry
                place = entry.place
                assert isinstance(place, Place)
                if entry.kind != "dir" or not (entry.allocated or self._still_there(place)):
                    continue
                if place.cluster in seen or folder.depth >= _MOST_DEPTH:
                    self._remark("sources-folder-twice", entry)
                    continue
                seen.add(place.cluster)
                below.append(_Folder(entry.path, place, entry.allocated, folder.depth + 1))
            progress.advance(listed)
            folders.extend(reversed(below))

    def _still_there(self, place: Place) -> bool:
        """Whether the clusters of a deleted folder are free and known to be one stretch, or it has just one."""
        runs = self._stretch(place)
        allocation = self.allocation()
        if runs is None or allocation is None:
            return False
        return all(not in_use for run in runs for _piece, in_use in allocation.pieces(run))

    def _listing(self, folder: _Folder) -> tuple[list[int], bytes]:
        place, size = folder.place, self.block_size
        length = min(place.length or _MOST_FOLDER, _MOST_FOLDER)
        if place.one_stretch or not folder.live:
            most = min(-(-length // size), self._table.top - place.cluster + 1)
            clusters = list(range(place.cluster, place.cluster + most))
        else:
            clusters = list(self._table.chain(place.cluster, -(-length // size)))
            if len(set(clusters)) < len(clusters):
                facts = {"path": folder.path or "/"}
                self.note(Finding("sources-fat-cycle", Severity.ERROR, facts, {"cluster": place.cluster}))
                clusters = list(dict.fromkeys(clusters))
        runs = cluster_runs(iter(clusters), self._geometry, self.start)
        return clusters, b"".join(self.medium.read(run.offset, run.length) for run in runs)

    def _entry(self, folder: _Folder, clusters: list[int], at: int, name: str, raw: bytes, *, live: bool) -> Entry:
        cluster = clusters[at // self.block_size]
        inode = ((cluster - 2) * self.block_size + at % self.block_size) // 32 + _FIRST_INODE
        path = f"{folder.path}/{name}" if folder.path else name
        attributes = struct.unpack_from("<H", raw, 4)[0]
        flags = raw[33]
        stored, first, length = struct.unpack_from("<Q4xIQ", raw, 40)
        place = Place(first, bool(flags & _ONE_STRETCH), min(stored, length), length)
        is_folder = bool(attributes & _DIRECTORY)
        return Entry(
            path,
            inode,
            0 if is_folder else length,
            "dir" if is_folder else "file",
            live,
            live,
            _stamps(raw),
            (),
            "",
            place,
        )

    def _stretch(self, place: Place) -> tuple[Run, ...] | None:
        """The clusters of an object that is one stretch, or None where its entry does not say so or is impossible."""
        count = -(-place.length // self.block_size)
        if not (place.one_stretch or count == 1) or not 2 <= place.cluster <= self._table.top:
            return None
        if count < 1 or place.cluster + count - 1 > self._table.top:
            return None
        offset = self.start + self._geometry.data + (place.cluster - 2) * self.block_size
        return (Run(offset, count * self.block_size),)

    def runs(self, entry: Entry) -> tuple[Run, ...]:
        place = entry.place
        assert isinstance(place, Place)
        if not entry.allocated or not place.length:
            return ()
        if place.one_stretch:
            runs = self._stretch(place)
            if runs is None:
                self.note(Finding("sources-runs-outside", Severity.ERROR, {"path": entry.path}))
                return ()
        else:
            most = -(-place.length // self.block_size)
            clusters = list(dict.fromkeys(self._table.chain(place.cluster, most)))
            if len(clusters) < most:
                self._remark("sources-fat-short-chain", entry)
            runs = cluster_runs(iter(clusters), self._geometry, self.start)
        if entry.kind == "dir":
            return trimmed(runs, place.length)
        return merged((*trimmed(runs, place.stored), Run(SPARSE, place.length - place.stored)))

    def remains(self, entry: Entry) -> Remains:
        place = entry.place
        assert isinstance(place, Place)
        if not place.length:
            return Remains(Basis.EMPTY if entry.kind == "file" else Basis.NOTHING, words=())
        runs = self._stretch(place)
        if runs is not None:
            return Remains(Basis.RUNS, runs, ("one-stretch",), stored=place.stored)
        if not 2 <= place.cluster <= self._table.top:
            return Remains(Basis.NOTHING, words=("no-start-cluster",))
        return Remains(Basis.START, cluster_runs(iter((place.cluster,)), self._geometry, self.start))

    def allocation(self) -> Allocation | None:
        """The allocation bitmap that the root directory names; block 0 is cluster 2."""
        if self._allocation is None:
            _clusters, data = self._listing(self._root)
            for at in range(0, len(data) - 31, 32):
                if data[at] == _BITMAP and not data[at + 1] & 1:
                    first, length = struct.unpack_from("<IQ", data, at + 20)
                    runs = self._bitmap_runs(first, length)
                    bits = b"".join(self.medium.read(run.offset, run.length) for run in runs)
                    base = self.start + self._geometry.data
                    blocks = min(self._geometry.clusters, self.blocks_from(base))
                    self._allocation = Allocation(bits, blocks, self.block_size, base)
                    break
        return self._allocation

    def _bitmap_runs(self, first: int, length: int) -> tuple[Run, ...]:
        most = -(-min(length, (self._geometry.clusters + 7) // 8) // self.block_size)
        return trimmed(cluster_runs(self._table.chain(first, most), self._geometry, self.start), length)

    def _remark(self, code: str, entry: Entry) -> None:
        self.note(Finding(code, facts={"path": entry.path, "inode": entry.inode}))


def _sets(data: bytes) -> Iterator[tuple[int, bool, str, bytes]]:
    """(offset, live, name, the set's bytes) of each file's set of entries up to the end mark. A set that is not
    whole and in order, or a deleted one that fails its checksum, is left out: its slots were partly used again."""
    at = 0
    while at + 32 <= len(data) and data[at]:
        if data[at] & ~_LIVE != _FILE:
            at += 32
            continue
        count = data[at + 1] + 1
        raw = data[at : at + 32 * count]
        live = bool(data[at] & _LIVE)
        if not 3 <= count <= 19 or len(raw) < 32 * count or not _whole(raw, live=live):
            at += 32
            continue
        units = b"".join(raw[i + 2 : i + 32] for i in range(64, len(raw), 32))
        yield at, live, component_utf16(units[: 2 * raw[35]]), raw
        at += 32 * count


def _whole(raw: bytes, *, live: bool) -> bool:
    kinds = [kind & ~_LIVE for kind in raw[32::32]]
    if kinds[0] != _STREAM or any(kind != _NAME for kind in kinds[1:]) or not raw[35]:
        return False
    if any(bool(kind & _LIVE) != live for kind in raw[0::32]) or raw[35] > 15 * (len(kinds) - 1):
        return False
    if live:
        return True
    total = 0
    for index, byte in enumerate(raw):
        if index in (2, 3):
            continue
        if index % 32 == 0:
            byte |= _LIVE  # the checksum was taken while the set was live
        total = ((total & 1) << 15) + (total >> 1) + byte & 0xFFFF
    return total == int(struct.unpack_from("<H", raw, 2)[0])


def _stamps(raw: bytes) -> tuple[Stamp, Stamp, Stamp, Stamp]:
    created, modified, accessed = struct.unpack_from("<III", raw, 8)
    return (
        _stamp(modified, raw[21], raw[23]),
        _stamp(accessed, 0, raw[24]),
        None,
        _stamp(created, raw[20], raw[22]),
    )


def _stamp(value: int, hundredths: int, offset: int) -> Stamp:
    if not value:
        return None
    local: Stamp = (value >> 16, value & 0xFFFF, hundredths)
    if not offset & _UTC_KNOWN:
        return local
    quarters = (offset & 0x7F) - (0x80 if offset & 0x40 else 0)
    nanoseconds = moment(local)
    return None if nanoseconds is None else nanoseconds - quarters * 900 * _SECOND


def open_exfat(medium: Medium, start: int, size: int) -> ExfatFileSystem | None:
    """The file system at `start`, or None where there is no exFAT."""
    boot = medium.read(start, 512)
    if len(boot) < 512 or boot[3:11] != b"EXFAT   " or boot[510:512] != b"\x55\xaa":
        return None
    total, fat, fat_length, heap, clusters, root = struct.unpack_from("<QIIIII", boot, 72)
    sector_shift, cluster_shift = boot[108], boot[109]
    if not 9 <= sector_shift <= 12 or sector_shift + cluster_shift > 25 or not clusters:
        return None
    sector = 1 << sector_shift
    clusters = min(clusters, fat_length * sector // 4, size // (sector << cluster_shift) + 1)
    geometry = FatGeometry(
        "exfat",
        sector,
        sector << cluster_shift,
        fat * sector,
        fat_length * sector,
        0,
        0,
        root,
        heap * sector,
        clusters,
        total * sector,
    )
    return ExfatFileSystem(medium, start, size, geometry)
