"""NTFS: every name of the master file table, live and deleted, data streams too, and what is left of the deleted."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress, silent
from forensic.sources import ntfs_records as ntfs
from forensic.sources.allocation import Allocation
from forensic.sources.entries import Entry, Kind, Stamp
from forensic.sources.filesystem import Basis, FileSystem, Remains, RunsMedium
from forensic.sources.medium import Medium, Memory
from forensic.sources.ntfs_records import Attribute, Name, Record
from forensic.sources.runs import SPARSE, Run, merged, trimmed
from forensic.sources.tsk_filesystem import open_tsk

_ROOT, _BITMAP = 5, 6
_SYSTEM_RECORDS = 24  # made with the volume, never given to another file
_BATCH = 256
_MOST_DEPTH = 256
_ORPHANS = "$OrphanFiles"


class Geometry(NamedTuple):
    """Sizes in bytes; `table` is the first cluster of the master file table."""

    sector: int
    cluster: int
    record: int
    table: int
    clusters: int

    @classmethod
    def read(cls, boot: bytes) -> "Geometry | None":
        if len(boot) < 512 or boot[3:11] != b"NTFS    ":
            return None
        sector, per_cluster = struct.unpack_from("<HB", boot, 11)
        total, table = struct.unpack_from("<QQ", boot, 40)
        cluster = sector * (per_cluster if per_cluster <= 0x80 else 1 << min(256 - per_cluster, 31))
        stored = struct.unpack_from("<b", boot, 64)[0]
        record = stored * cluster if stored > 0 else 1 << min(-stored, 31)
        sane = sector in (512, 1024, 2048, 4096) and 0 < cluster <= 2 << 20 and 512 <= record <= 65536
        return cls(sector, cluster, record, table, total * sector // cluster) if sane and record % sector == 0 else None


class _Folder(NamedTuple):
    sequence: int
    live: bool
    names: tuple[Name, ...]


class NtfsFileSystem(FileSystem):
    """`inode` is the number of the record; `place` of an entry is its sequence number. An object whose folder is
    gone stands under $OrphanFiles."""

    kind = "ntfs"
    names_in_record = True

    def __init__(self, medium: Medium, start: int, size: int, geometry: Geometry, table: RunsMedium) -> None:
        super().__init__(medium, start, size)
        self.block_size = geometry.cluster
        self._geometry = geometry
        self._table = table
        self._folders: dict[int, _Folder] = {}
        self._extensions: dict[int, list[int]] = {}
        self._paths: dict[int, str | None] = {}
        self._surveyed = False
        self._allocation: Allocation | None = None

    def record(self, number: int) -> Record | None:
        size = self._geometry.record
        return ntfs.record(self._table.read(number * size, size), self._geometry.sector)

    def _stored(self) -> Iterator[tuple[int, bytes]]:
        """The number and stored bytes of each record that was ever used."""
        size = self._geometry.record
        for batch in range(0, self._table.size // size, _BATCH):
            data = self._table.read(batch * size, _BATCH * size)
            for at in range(0, len(data) - size + 1, size):
                if data[at : at + 4] in (b"FILE", b"BAAD"):
                    yield batch + at // size, data[at : at + size]

    def _survey(self) -> None:
        """One pass for what paths need: folders, and which records extend which."""
        if self._surveyed:
            return
        self._surveyed = True
        for number, raw in self._stored():
            base, is_folder = ntfs.role(raw)
            if base:
                self._extensions.setdefault(base, []).append(number)
            elif is_folder:
                found = ntfs.record(raw, self._geometry.sector)
                if found is None:
                    continue
                names = tuple(self._names(found))
                self._folders[number] = _Folder(found.sequence, bool(found.flags & ntfs.IN_USE), names)

    @staticmethod
    def _names(found: Record) -> Iterator[Name]:
        for attribute in ntfs.attributes(found, (ntfs.NAME,)):
            name = ntfs.file_name(attribute.value)
            if name is not None:
                yield name

    def _path_of(self, number: int) -> str | None:
        """The path of a folder, "" for the root; None where its own folder is gone."""
        chain: list[int] = []
        at = number
        while at not in self._paths:
            if at == _ROOT:
                self._paths[at] = ""
                break
            folder = self._folders.get(at)
            above = self._parent(folder.names[0]) if folder and folder.names else None
            if above is None or at in chain or len(chain) > _MOST_DEPTH:
                self._paths[at] = None
                break
            chain.append(at)
            at = above
        for below in reversed(chain):
            above_path = self._paths[at]
            name = self._folders[below].names[0].text
            self._paths[below] = _joined(f"{_ORPHANS}" if above_path is None else above_path, name)
            at = below
        return self._paths[number]

    def _parent(self, name: Name) -> int | None:
        """The record of the folder a name stood in, if that is still the folder it was."""
        folder = self._folders.get(name.parent)
        if folder is None:
            return None
        # Deleting a record raises its sequence number by one.
        own = (folder.sequence,) if folder.live else (folder.sequence, folder.sequence - 1)
        return name.parent if name.parent_sequence in own else None

    def entries(self, progress: Progress = silent) -> Iterator[Entry]:
        self._survey()
        wanted = (ntfs.STANDARD, ntfs.NAME, ntfs.DATA)
        sector = self._geometry.sector
        for number, raw in self._stored():
            found = ntfs.record(raw, sector)
            if found is None:
                self.note(Finding("sources-ntfs-record", facts={"record": number}))
                continue
            if found.base:
                continue
            parts = [found, *self._extended(number, found)] if number in self._extensions else [found]
            names: list[Name] = []
            streams: dict[str, tuple[int, tuple[str, ...]]] = {}
            stamps: tuple[Stamp, Stamp, Stamp, Stamp] = (None, None, None, None)
            for part in parts:
                for attribute in ntfs.attributes(part, wanted):
                    if attribute.kind == ntfs.NAME:
                        name = ntfs.file_name(attribute.value)
                        if name is not None:
                            names.append(name)
                    elif attribute.kind == ntfs.DATA:
                        size = len(attribute.value) if attribute.resident else _size(part, attribute)
                        if size is not None:
                            streams.setdefault(attribute.name, (size, _marks(attribute)))
                    elif len(attribute.value) >= 32:
                        stamps = ntfs.times(attribute.value)
            if names or (streams and number >= _SYSTEM_RECORDS):
                yield from self._listed(number, found, names, streams, stamps)
            progress.advance(1)

    def _listed(
        self,
        number: int,
        found: Record,
        names: list[Name],
        streams: dict[str, tuple[int, tuple[str, ...]]],
        stamps: tuple[Stamp, Stamp, Stamp, Stamp],
    ) -> Iterator[Entry]:
        live, folder = bool(found.flags & ntfs.IN_USE), bool(found.flags & ntfs.DIRECTORY)
        common = ("first-use",) if number < _SYSTEM_RECORDS or found.sequence <= (1 if live else 2) else ()
        paths: list[str] = []
        for name in names:
            above = self._parent(name)
            path = None if above is None else self._path_of(above)
            if number != _ROOT:
                paths.append(_joined(_ORPHANS if path is None else path, name.text))
        if not names:
            paths.append(f"{_ORPHANS}/#{number}")
            common = (*common, "no-name")
        size, marks = streams.get("", (0, ()))
        kind: Kind = "dir" if folder else "file"
        for path in paths:
            yield Entry(
                path, number, 0 if folder else size, kind, live, live, stamps, common + marks, "", found.sequence
            )
        if len(streams) > ("" in streams) and paths:
            for stream, (size, marks) in streams.items():
                if stream:
                    path = f"{paths[0]}:{stream}"
                    yield Entry(path, number, size, "file", live, live, stamps, common + marks, stream, found.sequence)

    def _extended(self, number: int, found: Record) -> Iterator[Record]:
        """The records that extend this one, as it was when they were written."""
        own = (found.sequence,) if found.flags & ntfs.IN_USE else (found.sequence, found.sequence - 1)
        for other in self._extensions.get(number, ()):
            part = self.record(other)
            if part is not None and part.base == number and part.base_sequence in own:
                yield part

    def _stream(self, entry: Entry) -> tuple[bytes | None, tuple[ntfs.Extent, ...], Attribute | None]:
        """(resident content, stored parts in order, first attribute) of the data stream of an entry."""
        self._survey()
        found = self.record(entry.inode)
        first: Attribute | None = None
        parts: list[ntfs.Extent] = []
        for part in [found, *self._extended(entry.inode, found)] if found else []:
            for attribute in ntfs.attributes(part, (ntfs.DATA,)):
                if attribute.name != entry.stream:
                    continue
                first = first or attribute
                if attribute.resident:
                    return attribute.value, (), first
                extent = ntfs.extent(part, attribute)
                if extent is not None:
                    parts.append(extent)
        parts.sort(key=lambda extent: extent.first_vcn)
        return None, tuple(parts), first

    def block_runs(self, parts: tuple[ntfs.Extent, ...]) -> tuple[Run, ...] | None:
        """The clusters of a stream as runs, or None where a part is missing or lies outside the volume."""
        runs: list[Run] = []
        vcn, size = 0, self.block_size
        for part in parts:
            if part.first_vcn != vcn:
                return None
            for cluster, count in part.runs:
                if cluster != SPARSE and cluster + count > self._geometry.clusters:
                    return None
                runs.append(Run(SPARSE if cluster == SPARSE else self.start + cluster * size, count * size))
                vcn += count
        return merged(runs)

    def runs(self, entry: Entry) -> tuple[Run, ...]:
        if entry.kind == "dir":
            return ()
        held, parts, first = self._stream(entry)
        if held is not None or not parts or first is None or first.flags & ntfs.COMPRESSED:
            return ()
        runs = self.block_runs(parts)
        if runs is None:
            self.note(Finding("sources-runs-outside", Severity.ERROR, {"path": entry.path}))
            return ()
        stored = min(parts[0].initialised, entry.size)
        return merged((*trimmed(runs, stored), Run(SPARSE, entry.size - stored)))

    def content(self, entry: Entry) -> Medium:
        held, _parts, first = self._stream(entry)
        if held is not None:
            return Memory(held)
        if first is not None and first.flags & ntfs.COMPRESSED:
            return self._compressed(entry, first)
        return super().content(entry)

    def _compressed(self, entry: Entry, first: Attribute) -> Medium:
        other, reason = open_tsk(self.medium, self.start, self.size)
        if other is None:
            raise EvidenceError("sources-inode-unreadable", inode=entry.inode, reason=reason)
        found = self.record(entry.inode)
        identity = struct.unpack_from("<H", found.data, first.at + 14)[0] if found else 0
        return other.attribute(entry, ntfs.DATA, identity)

    def remains(self, entry: Entry) -> Remains:
        if entry.kind == "dir":
            return Remains(Basis.NOTHING, words=("folder",))
        words = tuple(flag for flag in entry.flags if flag == "encrypted")
        held, parts, first = self._stream(entry)
        if held is not None:
            return Remains(Basis.EMPTY if not held else Basis.HELD, words=words)
        if not entry.size:
            return Remains(Basis.EMPTY, words=words)
        runs = self.block_runs(parts)
        if not parts or first is None or not runs:
            return Remains(Basis.NOTHING, words=("no-runs", *words))
        basis = Basis.CODED if first.flags & ntfs.COMPRESSED else Basis.RUNS
        return Remains(basis, runs, ("run-list", *words), stored=min(parts[0].initialised, entry.size))

    def allocation(self) -> Allocation | None:
        """The bitmap of clusters, record 6."""
        if self._allocation is None:
            bitmap = Entry("$Bitmap", _BITMAP, 0, "file", allocated=True, inode_allocated=True, stamps=(None,) * 4)
            _held, parts, _first = self._stream(bitmap)
            runs = self.block_runs(parts)
            if not runs:
                return None
            clusters = min(self._geometry.clusters, self.blocks_from(self.start))
            bits = RunsMedium(self.medium, runs).read(0, (clusters + 7) // 8)
            self._allocation = Allocation(bits, clusters, self.block_size, self.start)
        return self._allocation


def _size(part: Record, attribute: Attribute) -> int | None:
    """The size of a stream from its first part; None from a later part."""
    if attribute.at + 64 > part.used or struct.unpack_from("<Q", part.data, attribute.at + 16)[0]:
        return None
    return int(struct.unpack_from("<Q", part.data, attribute.at + 48)[0])


def _marks(attribute: Attribute) -> tuple[str, ...]:
    if not attribute.flags:
        return ("resident",) if attribute.resident else ()
    marks = ["resident"] if attribute.resident else []
    for flag, word in ((ntfs.COMPRESSED, "compressed"), (ntfs.ENCRYPTED, "encrypted"), (ntfs.SPARSE_FLAG, "sparse")):
        if attribute.flags & flag:
            marks.append(word)
    return tuple(marks)


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def open_ntfs(medium: Medium, start: int, size: int) -> NtfsFileSystem | None:
    """The file system at `start`, or None where there is no NTFS or its master file table cannot be found."""
    geometry = Geometry.read(medium.read(start, 512))
    if geometry is None:
        return None
    first = ntfs.record(medium.read(start + geometry.table * geometry.cluster, geometry.record), geometry.sector)
    if first is None:
        return None
    parts = _data_parts(first)
    filesystem = _with_table(medium, start, size, geometry, parts)
    listed = [a.value for a in ntfs.attributes(first, (ntfs.LIST,)) if a.resident]
    for number in ntfs.listed_records(listed[0], ntfs.DATA) if listed and filesystem else ():
        # Each part of the table is described by a record that lies in the parts before it.
        more = filesystem.record(number) if number and filesystem else None
        if more is not None:
            parts = sorted((*parts, *_data_parts(more)), key=lambda extent: extent.first_vcn)
            filesystem = _with_table(medium, start, size, geometry, parts) or filesystem
    return filesystem


def _data_parts(found: Record) -> list[ntfs.Extent]:
    plain = (a for a in ntfs.attributes(found, (ntfs.DATA,)) if not a.resident and not a.name)
    return [extent for extent in (ntfs.extent(found, attribute) for attribute in plain) if extent is not None]


def _with_table(
    medium: Medium, start: int, size: int, geometry: Geometry, parts: list[ntfs.Extent]
) -> NtfsFileSystem | None:
    bare = NtfsFileSystem(medium, start, size, geometry, RunsMedium(medium, ()))
    runs = bare.block_runs(tuple(parts))
    if not runs:
        return None
    filesystem = NtfsFileSystem(medium, start, size, geometry, RunsMedium(medium, trimmed(runs, parts[0].size)))
    if sum(run.length for run in runs) < parts[0].size:
        filesystem.note(Finding("sources-ntfs-table-cut", Severity.ERROR, {"start": start}))
    return filesystem
