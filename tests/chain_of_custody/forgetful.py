"""A disk that forgets what was not flushed: a file system in memory (FUSE) whose power can be cut.

Bytes of a file are safe after fsync(2) of the file, everything after syncfs(2). A rename is atomic. For the rest it is
one of two kinds. The strict one keeps to what POSIX promises and no more: a name in a folder is safe after fsync(2) of
that folder, and whatever is not safe is lost. The other keeps a journal, as ext4 and XFS do: flushing a folder, or a
file that has a new name, makes that and every earlier change of names safe, and of what was not flushed some survives:
names in the order of their changes, single pages of files.

A kernel sends no syncfs to a FUSE server of this kind. So whoever calls it tells the disk by `flush_all` afterwards.
"""

import ctypes
import errno
import os
import pickle
import random
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fuse

PAGE = 4096
ROOT = 1
CAPACITY = 1 << 30
ENDLESS = 1 << 60
FLUSHED = "user.forgetful.flushed"
SECONDS = 10.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h
Change = tuple[int, str, int | None]  # folder, name, and what the name now stands for


@dataclass
class Inode:
    """A file or folder: as programs see it, and as it lies on the medium (`safe_...`)."""

    mode: int
    data: bytearray = field(default_factory=bytearray)
    safe_data: bytes = b""
    names: dict[str, int] = field(default_factory=dict)
    safe_names: dict[str, int] = field(default_factory=dict)


class Disk(fuse.Operations):
    """The file system. Its power fails after `life` changes and flushes: from then on each of them is an error."""

    use_ns = True
    flag_nullpath_ok = True  # a file that was removed while it is open is told by its number alone

    def __init__(self, chance: random.Random | None = None) -> None:
        self.chance = chance  # decides what a journal and its pages keep; without one the disk is strict
        self.inodes = {ROOT: Inode(stat.S_IFDIR | 0o755)}
        self.pending: list[tuple[Change, ...]] = []
        self.life = ENDLESS
        self.calls = 0

    # -- power

    def after_cut(self) -> "Disk":
        """The disk when the power is back."""
        if self.chance:
            self._make_safe(self.pending[: self.chance.randint(0, len(self.pending))])
        found = Disk(self.chance)
        found.inodes = {}
        waiting = [ROOT]
        while waiting:
            number = waiting.pop()
            old = self.inodes[number]
            data = _some_pages(old, self.chance) if self.chance else old.safe_data
            found.inodes[number] = Inode(old.mode, bytearray(data), data, dict(old.safe_names), dict(old.safe_names))
            waiting += old.safe_names.values()
        return found

    def _spend(self) -> None:
        self.calls += 1
        if self.calls > self.life:
            raise fuse.FuseOSError(errno.EIO)

    # -- names

    def _find(self, path: str) -> Inode:
        return self.inodes[self._number(path)]

    def _number(self, path: str) -> int:
        number = ROOT
        for name in filter(None, path.split("/")):
            if name not in self.inodes[number].names:
                raise fuse.FuseOSError(errno.ENOENT)
            number = self.inodes[number].names[name]
        return number

    def _place(self, path: str) -> tuple[int, str]:
        folder, _, name = path.rpartition("/")
        return self._number(folder), name

    def _change(self, *changes: Change) -> None:
        self._spend()
        for folder, name, number in changes:
            _set(self.inodes[folder].names, name, number)
        self.pending.append(changes)

    def _make_safe(self, operations: list[tuple[Change, ...]]) -> None:
        for changes in operations:
            for folder, name, number in changes:
                _set(self.inodes[folder].safe_names, name, number)

    def _new(self, path: str, mode: int) -> int:
        number = max(self.inodes) + 1
        self._change((*self._place(path), number))
        self.inodes[number] = Inode(mode)
        return number

    # -- what the kernel asks for

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        number = fh or self._number(path)
        inode = self.inodes[number]
        owner = {"st_uid": os.getuid(), "st_gid": os.getgid(), "st_nlink": 1}
        return {**owner, "st_ino": number, "st_mode": inode.mode, "st_size": len(inode.data)}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *self._find(path).names]

    def statfs(self, path: str) -> dict[str, int]:
        free = CAPACITY // PAGE
        return {"f_bsize": PAGE, "f_frsize": PAGE, "f_blocks": free, "f_bfree": free, "f_bavail": free}

    def open(self, path: str, flags: int) -> int:
        return self._number(path)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return self._new(path, stat.S_IFREG | stat.S_IMODE(mode))

    def mkdir(self, path: str, mode: int) -> None:
        self._new(path, stat.S_IFDIR | stat.S_IMODE(mode))

    def unlink(self, path: str) -> None:
        self._change((*self._place(path), None))

    def rmdir(self, path: str) -> None:
        if self._find(path).names:
            raise fuse.FuseOSError(errno.ENOTEMPTY)
        self._change((*self._place(path), None))

    def rename(self, old: str, new: str) -> None:
        self._change((*self._place(old), None), (*self._place(new), self._number(old)))

    def chmod(self, path: str, mode: int) -> None:
        self._spend()
        inode = self._find(path)
        inode.mode = stat.S_IFMT(inode.mode) | stat.S_IMODE(mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        self._spend()

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> None:
        self._spend()

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self.inodes[fh].data[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        self._spend()
        held = self.inodes[fh].data
        held.extend(bytes(max(0, offset - len(held))))
        held[offset : offset + len(data)] = data
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        self._spend()
        held = self.inodes[fh or self._number(path)].data
        del held[length:]
        held.extend(bytes(length - len(held)))

    def fsync(self, path: str, datasync: int, fh: int) -> None:
        self._spend()
        self.inodes[fh].safe_data = bytes(self.inodes[fh].data)
        naming = [at for at, changes in enumerate(self.pending) if fh in {number for _, _, number in changes}]
        if self.chance and naming:
            self._make_safe(self.pending[: naming[-1] + 1])
            self.pending = self.pending[naming[-1] + 1 :]

    def fsyncdir(self, path: str, datasync: int, fh: int) -> None:
        self._spend()
        number, changed, self.pending = self._number(path), self.pending, []
        for changes in changed:
            if self.chance or number in {folder for folder, _, _ in changes}:
                self._make_safe([changes])
            else:
                self.pending.append(changes)

    def setxattr(self, path: str, name: str, value: bytes, options: int, position: int = 0) -> None:
        if name != FLUSHED:
            raise fuse.FuseOSError(errno.ENOTSUP)
        self._spend()
        self._make_safe(self.pending)
        self.pending = []
        for inode in self.inodes.values():
            inode.safe_data = bytes(inode.data)


def _set(names: dict[str, int], name: str, number: int | None) -> None:
    if number is None:
        names.pop(name, None)
    else:
        names[name] = number


def _some_pages(inode: Inode, chance: random.Random) -> bytes:
    size = chance.choice((len(inode.data), len(inode.safe_data)))
    data = bytearray(inode.safe_data[:size].ljust(size, b"\0"))
    for start in range(0, size, PAGE):
        if chance.random() < 0.5:
            page = inode.data[start : min(start + PAGE, size)]
            data[start : start + len(page)] = page
    return bytes(data)


def flush_all(folder: Path) -> None:
    """What syncfs means to the disk that holds `folder`."""
    os.setxattr(folder, FLUSHED, b"1")


@dataclass
class Bay:
    """Where the disk is connected, and where its contents are kept while it is not."""

    place: Path
    kept: Path
    has_journal: bool
    server: int = 0

    def prepare(self, chance: random.Random) -> None:
        """A new disk; `chance` decides what a journal keeps."""
        self.kept.write_bytes(pickle.dumps(Disk(chance if self.has_journal else None)))

    def connect(self, life: int = ENDLESS) -> None:
        """Mounts the disk; its power will fail after `life` changes and flushes. Raises `OSError` where it cannot."""
        disk = pickle.loads(self.kept.read_bytes())
        disk.life = life
        self.server = os.fork()
        if self.server == 0:
            os._exit(self._serve(disk))
        _wait(lambda: os.path.ismount(self.place) or self._is_gone())
        if not self.server:
            raise OSError("the disk could not be mounted")

    def disconnect(self) -> None:
        """Cuts the power, if it has not failed yet: what is not safe is lost."""
        try:
            _wait(lambda: not self.server or self._unmounted("-u"))
            _wait(self._is_gone)
        finally:
            if self.server:
                self._unmounted("-uz")
                os.kill(self.server, signal.SIGKILL)
                os.waitpid(self.server, 0)
                self.server = 0

    def _unmounted(self, way: str) -> bool:
        return subprocess.run(["fusermount", way, str(self.place)], capture_output=True, check=False).returncode == 0

    def _serve(self, disk: Disk) -> int:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # so that no mount outlives the test
        try:
            options = {"foreground": True, "nothreads": True, "big_writes": True, "hard_remove": True}
            fuse.FUSE(disk, str(self.place), fsname="forgetful", **options)
            self.kept.write_bytes(pickle.dumps(disk.after_cut()))
        except BaseException:
            return 1
        return 0

    def _is_gone(self) -> bool:
        if self.server and os.waitpid(self.server, os.WNOHANG)[0]:
            self.server = 0
        return not self.server


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < end, "the disk does not answer"
        time.sleep(0.002)
