"""The thing being imaged, opened for reading only, one read at a time."""

import errno
import fcntl
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from chain_of_custody.errors import CustodyRefusal, EvidenceError, Unavailable

SECTOR = 512
_BLKSSZGET = 0x1268  # <linux/fs.h>: the logical sector size of a block device
_SCRATCH = 1 << 20


class ReadAt(Protocol):
    """`size` and `sector` in bytes, as they were at the opening.

    `read_into` fills the front of the buffer from `offset` and returns the count, which may be short; 0 means
    there is nothing at that offset. It raises `OSError`. With `past_cache` the medium itself is asked.
    `size_now` measures again.
    """

    @property
    def size(self) -> int: ...

    @property
    def sector(self) -> int: ...

    def read_into(self, offset: int, into: memoryview, *, past_cache: bool = False) -> int: ...

    def size_now(self) -> int: ...


class Descriptor:
    """A block device or regular file behind an open file descriptor, which stays the caller's.

    `direct`, where there is one, is the same device opened with O_DIRECT. Through the cache the kernel reads
    whole pages, so that one bad sector of 512 bytes would take its seven neighbours with it.
    """

    def __init__(self, fd: int, direct: int | None = None) -> None:
        self._fd = fd
        self._direct = direct
        self._scratch = mmap.mmap(-1, _SCRATCH) if direct is not None else None  # page-aligned, as O_DIRECT asks
        self._sector = _sector_size(fd)
        self._size = self.size_now()

    @property
    def size(self) -> int:
        return self._size

    @property
    def sector(self) -> int:
        return self._sector

    def size_now(self) -> int:
        return os.lseek(self._fd, 0, os.SEEK_END)

    def read_into(self, offset: int, into: memoryview, *, past_cache: bool = False) -> int:
        if past_cache and self._direct is not None and self._scratch is not None:
            try:
                return self._read_direct(self._direct, memoryview(self._scratch), offset, into)
            except OSError as error:
                if error.errno != errno.EINVAL:  # a driver that wants another alignment is no fault of the medium
                    raise
        if past_cache:
            os.posix_fadvise(self._fd, offset, len(into), os.POSIX_FADV_DONTNEED)
        return os.preadv(self._fd, [into], offset)

    def _read_direct(self, direct: int, scratch: memoryview, offset: int, into: memoryview) -> int:
        """Reads the whole sectors around the bytes wanted; offset, length and memory must all be aligned."""
        lead = offset % self._sector
        wanted = min(len(into), _SCRATCH - self._sector - lead)
        aligned = -(-(lead + wanted) // self._sector) * self._sector
        got = os.preadv(direct, [scratch[:aligned]], offset - lead)
        usable = max(0, min(got - lead, wanted))
        into[:usable] = scratch[lead : lead + usable]
        return usable


@contextmanager
def opened(path: Path) -> Iterator[Descriptor]:
    """Opens a block device or regular file, read-only and never otherwise.

    A device is claimed (O_EXCL), so that it cannot be mounted while it is read, and is refused with
    `CustodyRefusal` while something holds it; pages cached before are dropped, so that its medium is read. The
    access time of a file is left alone where the system allows it. Raises `EvidenceError` for any other kind of
    path and `Unavailable` where it cannot be opened.
    """
    with ExitStack() as closing:
        try:
            origin = _open(path, closing)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise Unavailable("acquire-source-unreadable", path=str(path), reason=reason) from error
        yield origin


def _open(path: Path, closing: ExitStack) -> Descriptor:
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        fd = _open_file(path)
        closing.callback(os.close, fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        return Descriptor(fd)
    if not stat.S_ISBLK(mode):
        raise EvidenceError("acquire-source-not-a-medium", path=str(path))
    fd = _open_device(path)
    closing.callback(os.close, fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    direct = _open_direct(path)
    if direct is not None:
        closing.callback(os.close, direct)
    return Descriptor(fd, direct)


def _open_device(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_EXCL)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise CustodyRefusal("acquire-source-busy", path=str(path), hint="acquire-source-busy-hint") from error
        raise


def _open_direct(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECT)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise


def _open_file(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOATIME)
    except PermissionError:  # only the owner may leave the access time alone
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _sector_size(fd: int) -> int:
    if not stat.S_ISBLK(os.fstat(fd).st_mode):
        return SECTOR
    return int.from_bytes(fcntl.ioctl(fd, _BLKSSZGET, bytes(4)), "little") or SECTOR
