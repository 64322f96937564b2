"""What is on a medium: its volumes, the file systems that are read, and the findings on all that is not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress, silent
from forensic.sources.exfat import open_exfat
from forensic.sources.extent import filesystem_size
from forensic.sources.fat import open_fat
from forensic.sources.filesystem import FileSystem
from forensic.sources.medium import Medium, Window
from forensic.sources.ntfs import open_ntfs
from forensic.sources.runs import Run
from forensic.sources.tsk_filesystem import open_tsk
from forensic.sources.volumes import Volume, gaps, volumes

# (offset, magic, name): what is recognised and needs a key first.
_ENCRYPTED = (
    (3, b"-FVE-FS-", "BitLocker"),
    (0, b"LUKS\xba\xbe", "LUKS"),
)
# What is recognised and not read. Offsets after each file system's own documentation of its super block.
_UNREAD = (
    (32, b"NXSB", "APFS"),
    (1024, b"\x10\x20\xf5\xf2", "F2FS"),
    (1024, b"\xe2\xe1\xf5\xe0", "EROFS"),
    (0x10040, b"_BHRfS_M", "Btrfs"),
    (0, b"XFSB", "XFS"),
    (3, b"ReFS\0\0\0\0", "ReFS"),
    (536, b"LVM2 001", "LVM2"),
    (512, b"LABELONE", "LVM2"),
    (4086, b"SWAPSPACE2", "Linux swap"),
    (4096, b"\xfc\x4e\x2b\xa9", "Linux RAID"),
    (0, b"hsqs", "SquashFS"),
    (0, b"UBI#", "UBI"),
    (88, b"CS", "CoreStorage"),
)
_HEAD = 0x10048
_OPENERS: tuple[Callable[[Medium, int, int], FileSystem | None], ...] = (open_exfat, open_ntfs, open_fat)


@dataclass(frozen=True, slots=True)
class Survey:
    """`filesystems` pairs each volume that could be read with its file system; `unread` are the other volumes."""

    medium: Medium
    volumes: tuple[Volume, ...]
    filesystems: tuple[tuple[Volume, FileSystem], ...]
    unread: tuple[Volume, ...]
    findings: tuple[Finding, ...]

    def unallocated(self, progress: Progress = silent) -> Iterator[Run]:
        """Byte runs of the medium that no live file holds: gaps between volumes, free blocks, and the whole of
        each volume whose file system is not read. In order of volumes, gaps first."""
        for gap in gaps(self.volumes, self.medium.size):
            progress.advance(gap.length)
            yield gap
        for _volume, filesystem in self.filesystems:
            yield from filesystem.unallocated(progress)
        for volume in self.unread:
            progress.advance(volume.size)
            yield Run(volume.start, volume.size)


def survey(medium: Medium) -> Survey:
    """Walks the volumes and opens each file system that is read. Findings name all the others."""
    found, findings = volumes(medium)
    remarks = list(findings)
    opened: list[tuple[Volume, FileSystem]] = []
    unread: list[Volume] = []
    for volume in found:
        filesystem, finding = open_filesystem(medium, volume.start, volume.size)
        if filesystem is not None:
            opened.append((volume, filesystem))
        else:
            unread.append(volume)
        if finding is not None:
            remarks.append(finding)
    return Survey(medium, found, tuple(opened), tuple(unread), tuple(remarks))


def open_filesystem(
    medium: Medium, start: int = 0, size: int | None = None
) -> tuple[FileSystem | None, Finding | None]:
    """The file system in bytes [start, start+size) of the medium, and what must be said of it. Where none is
    opened there is always a finding."""
    size = medium.size - start if size is None else size
    head = medium.read(start, min(_HEAD, size))
    for offset, magic, name in _ENCRYPTED:
        if head.startswith(magic, offset):
            return None, _finding("sources-encrypted-volume", Severity.ERROR, start, kind=name)
    for offset, magic, name in _UNREAD:
        if head.startswith(magic, offset) and not (name == "CoreStorage" and head[510:512] == b"\x55\xaa"):
            return None, _finding("sources-filesystem-unread", Severity.ERROR, start, kind=name)
    for opener in _OPENERS:
        found = opener(medium, start, size)
        if found is not None:
            return found, _too_long(medium, start, size)
    other, reason = open_tsk(medium, start, size)
    if other is not None:
        return other, _too_long(medium, start, size)
    if not any(head):
        return None, _finding("sources-blank-volume", Severity.NOTE, start, length=len(head))
    return None, _finding("sources-unknown-filesystem", Severity.WARNING, start, reason=reason)


def _too_long(medium: Medium, start: int, size: int) -> Finding | None:
    claimed = filesystem_size(Window(medium, start, size))
    if claimed <= size:
        return None
    return _finding("sources-filesystem-cut", Severity.WARNING, start, claimed=claimed, size=size)


def _finding(code: str, severity: Severity, start: int, **facts: str | int) -> Finding:
    return Finding(code, severity, {"start": start, **facts}, {"offset": start})
