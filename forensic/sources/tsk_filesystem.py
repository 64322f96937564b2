"""File systems that The Sleuth Kit reads for us: ext2 to ext4, HFS+, ISO 9660, UFS and YAFFS2."""

from collections.abc import Iterator

import pytsk3

from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress, silent
from forensic.sources.allocation import Allocation
from forensic.sources.entries import Entry, Kind, component
from forensic.sources.ext_layout import ExtLayout
from forensic.sources.filesystem import Basis, FileSystem, Remains
from forensic.sources.medium import Medium, Memory, Window
from forensic.sources.runs import SPARSE, Run, merged, trimmed
from forensic.sources.tsk import TskImage, reason, translated

_KINDS = {
    pytsk3.TSK_FS_TYPE_EXT2: "ext2",
    pytsk3.TSK_FS_TYPE_EXT3: "ext3",
    pytsk3.TSK_FS_TYPE_EXT4: "ext4",
    pytsk3.TSK_FS_TYPE_HFS: "hfs",
    pytsk3.TSK_FS_TYPE_ISO9660: "iso9660",
    pytsk3.TSK_FS_TYPE_FFS1: "ufs1",
    pytsk3.TSK_FS_TYPE_FFS1B: "ufs1",
    pytsk3.TSK_FS_TYPE_FFS2: "ufs2",
    pytsk3.TSK_FS_TYPE_YAFFS2: "yaffs2",
    pytsk3.TSK_FS_TYPE_NTFS: "ntfs",
}
_META_KINDS: dict[int, Kind] = {
    int(pytsk3.TSK_FS_META_TYPE_REG): "file",
    int(pytsk3.TSK_FS_META_TYPE_DIR): "dir",
    int(pytsk3.TSK_FS_META_TYPE_LNK): "link",
}
_NAME_KINDS: dict[int, Kind] = {
    int(pytsk3.TSK_FS_NAME_TYPE_REG): "file",
    int(pytsk3.TSK_FS_NAME_TYPE_DIR): "dir",
    int(pytsk3.TSK_FS_NAME_TYPE_LNK): "link",
}
_VIRTUAL = frozenset((int(pytsk3.TSK_FS_META_TYPE_VIRT), int(pytsk3.TSK_FS_META_TYPE_VIRT_DIR)))
# Plain integers, because they are asked for once a name.
_NAME_ALLOCATED = int(pytsk3.TSK_FS_NAME_FLAG_ALLOC)
_META_ALLOCATED = int(pytsk3.TSK_FS_META_FLAG_ALLOC)
_NOT_PLAIN = int(pytsk3.TSK_FS_ATTR_RES) | int(pytsk3.TSK_FS_ATTR_COMP)
_NOT_STORED = int(pytsk3.TSK_FS_ATTR_RUN_FLAG_SPARSE) | int(pytsk3.TSK_FS_ATTR_RUN_FLAG_FILLER)
_FOLDER = int(pytsk3.TSK_FS_META_TYPE_DIR)
_ORPHANS = b"$OrphanFiles"
_MOST_DEPTH = 512
_DEAD = False
_NO_STAMPS = (None, None, None, None)
_HFS_ALLOCATION = 6
_SECOND = 1_000_000_000
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_DATA = frozenset(
    int(kind)
    for kind in (
        pytsk3.TSK_FS_ATTR_TYPE_DEFAULT,
        pytsk3.TSK_FS_ATTR_TYPE_HFS_DEFAULT,
        pytsk3.TSK_FS_ATTR_TYPE_HFS_DATA,
        pytsk3.TSK_FS_ATTR_TYPE_NTFS_DATA,
    )
)
_SUPPORT = frozenset(int(kind) for kind in (pytsk3.TSK_FS_ATTR_TYPE_UNIX_INDIR, pytsk3.TSK_FS_ATTR_TYPE_UNIX_EXTENT))


class TskFileSystem(FileSystem):
    """`inode` of an entry is The Sleuth Kit's address. Orphans, objects without a name, stand under $OrphanFiles."""

    def __init__(self, medium: Medium, start: int, size: int, image: TskImage, handle: pytsk3.FS_Info) -> None:
        super().__init__(medium, start, size)
        self.kind = _KINDS.get(handle.info.ftype, "other")
        self.block_size = int(handle.info.block_size)
        self._image = image
        self._handle = handle
        self._root = int(handle.info.root_inum)
        self._ext = ExtLayout.read(medium, start) if self.kind.startswith("ext") else None
        self._allocation: Allocation | None = None
        self._allocation_read = False

    def entries(self, progress: Progress = silent) -> Iterator[Entry]:
        seen = {self._root}
        folders: list[tuple[str, int, int]] = [("", self._root, 0)]
        while folders:
            path, inode, depth = folders.pop()
            below: list[tuple[str, int, int]] = []
            try:
                with translated(self._image, "sources-folder-unreadable", path=path or "/"):
                    listing = self._handle.open_dir(inode=inode)
                    yield from self._folder(listing, path, depth, seen, below)
                    progress.advance(listing.size)
            except EvidenceError as fault:
                if fault.message_id != "sources-folder-unreadable":
                    raise
                facts = {"path": path or "/", "reason": str(fault.facts["reason"])}
                self.note(Finding(fault.message_id, Severity.ERROR, facts, {"inode": inode}))
            folders.extend(reversed(below))

    def _folder(
        self, listing: pytsk3.Directory, path: str, depth: int, seen: set[int], below: list[tuple[str, int, int]]
    ) -> Iterator[Entry]:
        prefix, make = f"{path}/" if path else "", self._entry
        for file in listing:
            info = file.info
            name = info.name
            raw = name.name
            if raw in (b".", b"..") or raw is None:
                continue
            meta = info.meta
            kind = meta.type if meta is not None else 0
            if kind in _VIRTUAL:
                if raw == _ORPHANS and depth == 0:
                    below.append((raw.decode(), meta.addr, 1))
                continue
            entry = make(prefix + component(raw), name, meta, kind)
            yield entry
            if kind != _FOLDER or not entry.inode_allocated or not entry.allocated:
                continue
            if entry.inode in seen or depth >= _MOST_DEPTH:
                if entry.inode != self._root:
                    self.note(Finding("sources-folder-twice", facts={"path": entry.path, "inode": entry.inode}))
                continue
            seen.add(entry.inode)
            below.append((entry.path, entry.inode, depth + 1))

    @staticmethod
    def _entry(path: str, name: pytsk3.TSK_FS_NAME, meta: pytsk3.TSK_FS_META | None, kind: int) -> Entry:
        # Asked once a name: each attribute of the library costs a call, so none is read twice or in vain.
        allocated = name.flags & _NAME_ALLOCATED != 0
        if meta is None:
            named = _NAME_KINDS.get(name.type, "other")
            return Entry(path, name.meta_addr, 0, named, allocated, _DEAD, _NO_STAMPS, ("no-inode",))
        live = meta.flags & _META_ALLOCATED != 0
        if live and not allocated:
            # The inode serves another name now: nothing in it speaks of this one.
            named = _NAME_KINDS.get(name.type, "other")
            return Entry(path, meta.addr, 0, named, allocated, live, _NO_STAMPS, ("inode-reused",))
        modified, accessed, changed, created = meta.mtime, meta.atime, meta.ctime, meta.crtime
        stamps = (
            modified * _SECOND + meta.mtime_nano if modified else None,
            accessed * _SECOND + meta.atime_nano if accessed else None,
            changed * _SECOND + meta.ctime_nano if changed else None,
            created * _SECOND + meta.crtime_nano if created else None,
        )
        own = _META_KINDS.get(kind) or ("other" if kind else _NAME_KINDS.get(name.type, "other"))
        return Entry(path, meta.addr, meta.size, own, allocated, live, stamps)

    def runs(self, entry: Entry) -> tuple[Run, ...]:
        data, _support, plain = self._attribute_runs(entry)
        if entry.kind == "link" and any(run.offset == SPARSE for run in data):
            return ()  # the target stands in the inode
        return trimmed(data, entry.size) if plain else ()

    def _attribute_runs(self, entry: Entry) -> tuple[tuple[Run, ...], tuple[Run, ...], bool]:
        """(data runs, runs of indirect blocks, whether the data are plain runs), in whole blocks."""
        data: list[Run] = []
        support: list[Run] = []
        plain, found = True, False
        with translated(self._image, "sources-inode-unreadable", inode=entry.inode):
            for attribute in self._handle.open_meta(inode=entry.inode):
                info = attribute.info
                kind, flags = int(info.type), int(info.flags)
                if kind in _SUPPORT:
                    support.extend(self._run(run) for run in attribute)
                elif kind in _DATA and not found:
                    found = True
                    plain = not flags & _NOT_PLAIN
                    data.extend(self._run(run) for run in attribute if plain)
        return self._inside(merged(data), entry), self._inside(merged(support), entry), plain

    def _run(self, run: pytsk3.TSK_FS_ATTR_RUN) -> Run:
        length = int(run.len) * self.block_size
        if int(run.flags) & _NOT_STORED:
            return Run(SPARSE, length)
        return Run(self.start + int(run.addr) * self.block_size, length)

    def _inside(self, runs: tuple[Run, ...], entry: Entry) -> tuple[Run, ...]:
        if all(run.offset == SPARSE or run.offset + run.length <= self.medium.size for run in runs):
            return runs
        self.note(Finding("sources-runs-outside", Severity.ERROR, {"path": entry.path}))
        return ()

    def content(self, entry: Entry) -> Medium:
        if entry.kind == "link":
            with translated(self._image, "sources-inode-unreadable", inode=entry.inode):
                return Memory(self._handle.open_meta(inode=entry.inode).info.meta.link or b"")
        _data, _support, plain = self._attribute_runs(entry)
        return super().content(entry) if plain else _TskContent(self._image, self._handle, entry)

    def attribute(self, entry: Entry, kind: int, identity: int) -> Medium:
        """One attribute of an object, by its type and number, decompressed."""
        return _TskContent(self._image, self._handle, entry, kind, identity)

    def remains(self, entry: Entry) -> Remains:
        if entry.flags:
            return Remains(Basis.NOTHING, words=entry.flags)
        if entry.inode_allocated:
            return Remains(Basis.NOTHING, words=("inode-reused",))
        try:
            data, support, plain = self._attribute_runs(entry)
        except EvidenceError as fault:
            if fault.message_id != "sources-inode-unreadable":
                raise
            return Remains(Basis.NOTHING, words=("inode-unreadable",))
        if not plain:
            return Remains(Basis.NOTHING, words=("not-plain-runs",))
        if not data or not entry.size:
            return Remains(Basis.NOTHING, words=("no-runs",))
        return Remains(Basis.RUNS, data, ("block-pointers",), support=support)

    def allocation(self) -> Allocation | None:
        if not self._allocation_read:
            self._allocation_read = True
            if self._ext is not None:
                base = self.start + self._ext.first * self.block_size
                self._allocation = self._ext.allocation(self.blocks_from(base))
            elif self.kind == "hfs":
                self._allocation = self._hfs_allocation()
        return self._allocation

    def _hfs_allocation(self) -> Allocation | None:
        """The allocation file of HFS+ (Apple TN1150), most significant bit first; None inside an HFS wrapper."""
        head = self.medium.read(self.start + 1024, 48)
        if head[:2] not in (b"H+", b"HX"):
            return None
        blocks = min(int.from_bytes(head[44:48], "big"), self.blocks_from(self.start))
        with translated(self._image, "sources-inode-unreadable", inode=_HFS_ALLOCATION):
            bits = self._handle.open_meta(inode=_HFS_ALLOCATION).read_random(0, (blocks + 7) // 8)
        return Allocation(bits.translate(_REVERSED), blocks, self.block_size, self.start)

    def last_alive(self, entry: Entry) -> int | None:
        return self._deleted_at(entry) or super().last_alive(entry)

    def last_written(self, entry: Entry) -> int | None:
        latest = super().last_written(entry)
        if latest is None:
            return None
        if entry.kind == "dir" and entry.allocated:
            # A folder changes when a name in it is deleted: that second itself is no sign of anything later.
            return latest // _SECOND * _SECOND - 1
        return max(latest, self._deleted_at(entry) or 0) if not entry.allocated else latest

    def _deleted_at(self, entry: Entry) -> int | None:
        seconds = self._ext.deleted_at(entry.inode) if self._ext else None
        return seconds * _SECOND if seconds else None


class _TskContent:
    """Bytes that are no plain runs (compressed, or kept in the record), as The Sleuth Kit reads them."""

    def __init__(
        self, image: TskImage, handle: pytsk3.FS_Info, entry: Entry, kind: int | None = None, identity: int = 0
    ) -> None:
        self._image = image
        self._attribute = () if kind is None else (kind, identity)
        self._inode = entry.inode
        self.size = entry.size
        with translated(image, "sources-inode-unreadable", inode=entry.inode):
            self._file = handle.open_meta(inode=entry.inode)

    def read(self, offset: int, length: int) -> bytes:
        length = min(length, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        with translated(self._image, "sources-inode-unreadable", inode=self._inode):
            return bytes(self._file.read_random(offset, length, *self._attribute))


def open_tsk(medium: Medium, start: int, size: int) -> tuple[TskFileSystem | None, str]:
    """The file system at `start`, or None and the library's reason."""
    image = TskImage(Window(medium, start, size))
    try:
        handle = pytsk3.FS_Info(image)
    except OSError as fault:
        if image.fault is not None:
            raise image.fault from fault
        return None, reason(fault)
    return TskFileSystem(medium, start, size, image, handle), ""
