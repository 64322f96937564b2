"""FAT12, FAT16 and FAT32: every name of the directory tree, live and deleted, and what is left of the deleted."""

from collections.abc import Iterator
from typing import NamedTuple

from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress, silent
from forensic.sources.allocation import Allocation
from forensic.sources.entries import Entry, Stamp
from forensic.sources.fat_names import Slot, are_slots, slots
from forensic.sources.fat_table import Geometry, Table, cluster_runs
from forensic.sources.filesystem import Basis, FileSystem, Remains
from forensic.sources.medium import BLOCK, Medium
from forensic.sources.runs import Run, trimmed

_LABEL, _DIRECTORY = 0x08, 0x10
_FIRST_INODE = 3
_ROOT_INODE = 2
_MOST_SLOTS = 65536  # a directory holds at most 2 MiB
_MOST_DEPTH = 256
_ORPHANS = "$OrphanFiles"
_WRITE_STEP = 1_999_999_999  # FAT counts the time of writing in steps of two seconds


class Place(NamedTuple):
    """First cluster and, for a folder, the first cluster of its parent (0 for the root)."""

    cluster: int
    parent: int


class _Folder(NamedTuple):
    path: str
    cluster: int
    parent: int
    live: bool
    depth: int


class FatFileSystem(FileSystem):
    """Times of FAT are wall-clock times without a zone. Inodes count slots as The Sleuth Kit does."""

    def __init__(self, medium: Medium, start: int, size: int, geometry: Geometry) -> None:
        super().__init__(medium, start, size)
        self.kind = geometry.kind
        self.block_size = geometry.cluster_size
        self._geometry = geometry
        self._table = Table(medium, start, geometry)
        self._allocation: Allocation | None = None
        self._seen: set[int] = set()  # first clusters of the folders that were listed
        # Inodes count from the root directory of FAT12 and FAT16, from cluster 2 of FAT32.
        self._inode_zero = geometry.root if geometry.root_size else geometry.data

    def entries(self, progress: Progress = silent) -> Iterator[Entry]:
        geometry = self._geometry
        seen = self._seen = {geometry.root_cluster} if geometry.root_cluster else set()
        folders = [_Folder("", geometry.root_cluster, parent=0, live=True, depth=0)]
        while folders:
            folder = folders.pop()
            data, starts = self._listing(folder)
            below: list[_Folder] = []
            listed = 0
            for slot in slots(data):
                listed += 1
                if slot.attributes & _LABEL:
                    if not slot.attributes & _DIRECTORY and folder.depth == 0:
                        yield self._entry(folder, slot, starts)
                    continue
                entry = self._entry(folder, slot, starts)
                yield entry
                if entry.kind == "dir":
                    self._descend(folder, slot, entry, seen, below)
            progress.advance(listed)
            folders.extend(reversed(below))

    def _descend(self, folder: _Folder, slot: Slot, entry: Entry, seen: set[int], below: list[_Folder]) -> None:
        cluster = slot.cluster
        live = entry.allocated
        # Live folders are walked first by virtue of their own chains; a deleted one only where its cluster is free
        # and still names itself and this parent.
        if not live and not (self._table.free(cluster) and self.names_itself(cluster, folder.cluster)):
            return
        if not 2 <= cluster <= self._table.top:
            if live:
                self._remark("sources-fat-folder-start", entry)
            return
        if cluster in seen or folder.depth >= _MOST_DEPTH:
            self._remark("sources-fat-folder-twice", entry)
            return
        seen.add(cluster)
        below.append(_Folder(entry.path, cluster, folder.cluster, live, folder.depth + 1))

    def names_itself(self, cluster: int, parent: int) -> bool:
        """Whether the cluster begins with the `.` and `..` of a folder that stood there, below `parent`."""
        head = self.medium.read(self._offset(cluster), 64)
        if len(head) < 64 or head[:11] != b".          " or head[32:43] != b"..         ":
            return False
        root = self._geometry.root_cluster
        above = _cluster_of(head, 32)
        return _cluster_of(head, 0) == cluster and (above == parent or (above == 0 and parent == root))

    def _listing(self, folder: _Folder) -> tuple[bytes, list[int]]:
        """The bytes of a directory and the offset within the volume of each of its clusters."""
        geometry = self._geometry
        if folder.depth == 0 and geometry.root_size:
            return self.medium.read(self.start + geometry.root, geometry.root_size), [geometry.root]
        if not folder.live:
            start = self._offset(folder.cluster)
            return self.medium.read(start, geometry.cluster_size), [start - self.start]
        most = max(1, _MOST_SLOTS * 32 // geometry.cluster_size)
        clusters = list(self._table.chain(folder.cluster, most))
        if len(set(clusters)) < len(clusters):
            self.note(
                Finding("sources-fat-cycle", Severity.ERROR, {"path": folder.path or "/"}, {"cluster": folder.cluster})
            )
            clusters = list(dict.fromkeys(clusters))
        data = b"".join(
            self.medium.read(run.offset, run.length) for run in cluster_runs(iter(clusters), geometry, self.start)
        )
        return data, [self._offset(cluster) - self.start for cluster in clusters]

    def orphans(self, progress: Progress = silent) -> Iterator[Entry]:
        """Entries in free clusters that hold directory slots and belong to no folder of the tree: further clusters
        of a deleted folder, whose chain is lost, or a folder whose own entry is gone. Reads all free space."""
        size, top = self._geometry.cluster_size, self._table.top
        step = max(1, BLOCK // size)
        for first, count in self.allocation().free():
            for block in range(first, first + count, step):
                data = self.medium.read(self._offset(block + 2), min(step, first + count - block) * size)
                for index in range(len(data) // size):
                    cluster = block + index + 2
                    # A slot in use begins with its name and has its two high attribute bits clear.
                    if not data[index * size] or data[index * size + 11] & 0xC0 or cluster in self._seen:
                        continue
                    part = data[index * size : (index + 1) * size]
                    if are_slots(part, top):
                        yield from self._orphaned(cluster, part)
                progress.advance(0)

    def _orphaned(self, cluster: int, data: bytes) -> Iterator[Entry]:
        folder = _Folder(_ORPHANS, cluster, parent=0, live=False, depth=1)
        for slot in slots(data):
            if not slot.attributes & _LABEL:
                entry = self._entry(folder, slot, [self._offset(cluster) - self.start])
                yield entry._replace(flags=(*entry.flags, "folder-lost"))

    def _offset(self, cluster: int) -> int:
        return self.start + self._geometry.data + (cluster - 2) * self._geometry.cluster_size

    def _entry(self, folder: _Folder, slot: Slot, starts: list[int]) -> Entry:
        geometry = self._geometry
        at = slot.position * 32
        if len(starts) == 1:
            at += starts[0]
        else:
            at = starts[at // geometry.cluster_size] + at % geometry.cluster_size
        inode = (at - self._inode_zero) // 32 + _FIRST_INODE
        live = folder.live and not slot.deleted
        flags = slot.flags
        path = f"{folder.path}/{slot.name}" if folder.path else slot.name
        cluster = slot.cluster if self.kind == "fat32" else slot.cluster & 0xFFFF
        stamps: tuple[Stamp, Stamp, Stamp, Stamp] = (
            slot.written if slot.written[0] else None,
            (slot.accessed, -1, 0) if slot.accessed else None,
            None,
            slot.created if slot.created[0] else None,
        )
        if slot.attributes & _LABEL:
            return Entry(path, inode, 0, "other", live, live, stamps, ("volume-label", *flags), "", Place(0, 0))
        if slot.attributes & _DIRECTORY:
            place = Place(cluster, folder.cluster)
            return Entry(path, inode, 0, "dir", live, live, stamps, flags, "", place)
        return Entry(path, inode, slot.size, "file", live, live, stamps, flags, "", Place(cluster, 0))

    def runs(self, entry: Entry) -> tuple[Run, ...]:
        place = entry.place
        assert isinstance(place, Place)
        geometry = self._geometry
        if entry.kind == "dir":
            most = max(1, _MOST_SLOTS * 32 // geometry.cluster_size)
        else:
            most = -(-entry.size // geometry.cluster_size)
        clusters = list(self._table.chain(place.cluster, most)) if entry.allocated else []
        if len(set(clusters)) < len(clusters):
            self._remark("sources-fat-cycle", entry)
            clusters = list(dict.fromkeys(clusters))
        if entry.kind == "file" and entry.allocated and len(clusters) < most:
            self._remark("sources-fat-short-chain", entry)
        runs = cluster_runs(iter(clusters), geometry, self.start)
        return runs if entry.kind == "dir" else trimmed(runs, entry.size)

    def remains(self, entry: Entry) -> Remains:
        place = entry.place
        assert isinstance(place, Place)
        words = entry.flags
        lost = "folder-lost" in words
        if entry.kind == "file" and entry.size == 0:
            return Remains(Basis.NOTHING if lost else Basis.EMPTY, words=words)
        if not 2 <= place.cluster <= self._table.top:
            return Remains(Basis.NOTHING, words=(*words, "no-start-cluster"))
        if self.kind == "fat32" and place.cluster <= 0xFFFF < self._table.top:
            # Windows clears the high word of the start cluster when it deletes.
            words = (*words, "start-high-word-may-be-lost")
            runs = cluster_runs(iter((place.cluster,)), self._geometry, self.start)
            return Remains(Basis.START, runs, words, possible=self._every_start(place.cluster), unsure=True)
        if entry.kind == "dir":
            word = "names-itself" if self.names_itself(place.cluster, place.parent) else "holds-something-else"
            words = (*words, word)
        # Slots found outside the tree may be those of another volume, whose clusters count differently.
        runs = cluster_runs(iter((place.cluster,)), self._geometry, self.start)
        return Remains(Basis.START, runs, words, unsure=lost)

    def last_written(self, entry: Entry) -> int | None:
        latest = super().last_written(entry)
        return None if latest is None else latest + _WRITE_STEP

    def _every_start(self, low: int) -> tuple[Run, ...]:
        clusters = iter(cluster for cluster in range(low, self._table.top + 1, 0x10000) if cluster >= 2)
        return cluster_runs(clusters, self._geometry, self.start)

    def allocation(self) -> Allocation:
        if self._allocation is None:
            base = self.start + self._geometry.data
            self._allocation = self._table.allocation(base, self.blocks_from(base))
        return self._allocation

    def unallocated(self, progress: Progress = silent) -> Iterator[Run]:
        yield from super().unallocated(progress)
        end = self._geometry.data + self._geometry.clusters * self._geometry.cluster_size
        behind = min(self.size, self.medium.size - self.start) - end
        if behind > 0:
            yield Run(self.start + end, behind)

    def _remark(self, code: str, entry: Entry) -> None:
        self.note(Finding(code, facts={"path": entry.path, "inode": entry.inode}))


def _cluster_of(data: bytes, at: int) -> int:
    return int.from_bytes(data[at + 20 : at + 22], "little") << 16 | int.from_bytes(data[at + 26 : at + 28], "little")


def open_fat(medium: Medium, start: int, size: int) -> FatFileSystem | None:
    geometry = Geometry.read(medium.read(start, 512))
    return FatFileSystem(medium, start, size, geometry) if geometry else None
