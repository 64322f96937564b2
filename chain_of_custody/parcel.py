"""A parcel: files on their way into a case, still without a number.

It is a folder below `intake/`, locked by the process that fills it. The kernel drops the lock when that process ends,
however it ends, so a parcel that can be locked has no living owner.
"""

import ctypes
import fcntl
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from chain_of_custody.errors import CannotWrite
from chain_of_custody.hashing import Digests

INTAKE = "intake"
LOCK = "lock"
ABOUT = "about.json"
_MANY = 4  # beyond this, one flush of the file system costs less than one of each file


class Incoming:
    """One file of a parcel, hashed as its bytes pass; nobody else may write it, from its making on. A context manager:
    leaving it closes the file."""

    def __init__(self, path: Path, suffix: str, role: str, algorithms: Iterable[str]) -> None:
        self.path = path
        self.suffix = suffix
        self.role = role
        self.size = 0
        self.hashes: dict[str, str] = {}
        self._digests = Digests(algorithms)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
            self.file = os.fdopen(descriptor, "wb", buffering=0)
        except OSError as error:
            raise cannot_write(path, error) from error

    def write(self, block: bytes | bytearray | memoryview) -> int:
        view = memoryview(block)
        try:
            while view:
                view = view[self.file.write(view) :]
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self._digests.update(block)
        return len(block)

    def hashed_elsewhere(self, size: int, hashes: Mapping[str, str]) -> None:
        """For a writer that put the bytes into `file` itself and hashed them on the way."""
        self.size, self.hashes = size, dict(hashes)

    def close(self) -> None:
        if not self.file.closed:
            if not self.hashes:
                self.size, self.hashes = self._digests.size, self._digests.hexdigests()
            self.file.close()

    def __enter__(self) -> "Incoming":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class Parcelled(Protocol):
    """A file in a parcel whose bytes are complete and hashed."""

    @property
    def path(self) -> Path: ...
    @property
    def suffix(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def hashes(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file found in a parcel whose process is gone."""

    path: Path
    size: int
    hashes: Mapping[str, str]
    suffix: str = "bin"
    role: str = "main"

    @classmethod
    def of(cls, path: Path) -> "Leftover":
        digests = Digests()
        try:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digests.update(block)
        except OSError as error:
            raise cannot_write(path, error) from error
        return cls(path, digests.size, digests.hexdigests())


class Parcel:
    """An open parcel of this process."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self._lock = lock
        self.incoming: list[Incoming] = []

    @property
    def id(self) -> str:
        return self.folder.name

    @classmethod
    def open(cls, root: Path, about: Mapping[str, object] | None = None) -> "Parcel":
        """A new parcel in the intake of a volume; `about` says what it will be if it is found half-made."""
        folder = root / INTAKE / secrets.token_hex(8)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with _door(folder.parent):
                folder.mkdir()
                lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(lock, fcntl.LOCK_EX)
            if about:
                (folder / ABOUT).write_text(json.dumps(about), "utf-8")
        except OSError as error:
            raise cannot_write(folder, error) from error
        return cls(folder, lock)

    @classmethod
    def adopt(cls, folder: Path) -> "Parcel | None":
        """The parcel of a process that is gone; None while its process lives, and for what is no parcel of ours."""
        if not is_parcel(folder):
            return None
        try:
            with _door(folder.parent):
                lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        return cls(folder, lock)

    def about(self) -> dict[str, object]:
        try:
            about = json.loads((self.folder / ABOUT).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return about if isinstance(about, dict) else {}

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.name not in (LOCK, ABOUT))

    def receive(self, suffix: str, role: str = "main", algorithms: Iterable[str] = ("sha256",)) -> Incoming:
        incoming = Incoming(self.folder / f"{len(self.incoming):06d}", suffix, role, algorithms)
        self.incoming.append(incoming)
        return incoming

    def make_durable(self) -> None:
        """Every file closed and on the medium together with the folders that name it."""
        try:
            for incoming in self.incoming:
                incoming.close()
            if len(self.incoming) > _MANY:
                flush_file_system(self.folder)
                return
            for path in [*(i.path for i in self.incoming), self.folder, *self.folder.parents[:2]]:
                _flush(path)
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def close(self) -> None:
        """Gives up the lock and removes the folder with whatever was not placed."""
        with suppress(OSError), _door(self.folder.parent):  # a volume that went away took its parcel with it
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)

    def leave(self) -> None:
        """Gives up the lock and leaves the folder lying, to be taken up again."""
        os.close(self._lock)


@contextmanager
def _door(intake: Path) -> Iterator[None]:
    """Held while a parcel appears, is adopted or goes, so that nobody meets one that is not locked yet or half gone."""
    descriptor = os.open(intake, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_parcel(folder: Path) -> bool:
    """Whether this is a parcel as we make them: a folder, no link, with plain files in it and nothing else."""
    if not re.fullmatch(r"[0-9a-f]{16}", folder.name) or not _is(folder, stat.S_ISDIR):
        return False
    return all(_is(path, stat.S_ISREG) for path in folder.iterdir())


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    try:
        return kind(path.lstat().st_mode)
    except OSError:
        return False


def is_alive(folder: Path) -> bool:
    """Whether a process is filling this parcel now. Looks without changing anything."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def make_durable(leftover: Path) -> None:
    """What `Parcel.make_durable` does, for one file that another process wrote."""
    try:
        leftover.chmod(0o444)
        for path in (leftover, *leftover.parents[:3]):
            _flush(path)
    except OSError as error:
        raise cannot_write(leftover, error) from error


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_names(paths: Iterable[Path], root: Path) -> None:
    """Puts the names of files, and of the folders between them and the volume's `root`, onto the medium: a rename is
    only as durable as the folder it went to."""
    holding = {path.parent for path in paths}
    folders = {folder for held in holding for folder in (held, *held.parents) if folder.is_relative_to(root)}
    try:
        for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
            _flush(folder)
    except OSError as error:
        raise cannot_write(root, error) from error


def flush_file_system(folder: Path) -> None:
    """Puts everything written to the file system that holds `folder` onto the medium (Linux syncfs)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), "syncfs")
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> CannotWrite:
    return CannotWrite("no-space", path=str(path), reason=error.strerror or str(error))
