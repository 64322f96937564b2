"""What lies in the folders of a workstation: files by families, and what is no file or cannot be opened.

A database and what SQLite keeps beside it (`-wal`, `-journal`, `-shm`; sqlite.org/tempfiles.html) are one family: read
without them, a database tells an older state.
"""

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chain_of_custody.errors import EvidenceError, UsageError
from chain_of_custody.finding import Finding, Severity

COMPANIONS = {"-wal": "wal", "-journal": "journal", "-shm": "shm"}


@dataclass(frozen=True, slots=True)
class Loose:
    """A file, the name it goes by, and the files that belong to it by role. `named` if the examiner named it himself,
    not a folder above it."""

    path: Path
    name: str
    named: bool
    members: dict[str, Path] = field(default_factory=dict)

    def name_of(self, role: str) -> str:
        """The name of a member, or its own for the role of the main file."""
        return self.name + next((ending for ending, known in COMPANIONS.items() if known == role), "")

    def size(self) -> int:
        """In bytes, members included; what cannot be told counts for nothing."""
        total = 0
        for path in (self.path, *self.members.values()):
            try:
                total += path.stat().st_size
            except OSError:
                continue
        return total


def found(paths: Sequence[Path], skipped: list[Finding]) -> list[Loose]:
    """Every file named or below a folder named, each once; what is passed over below a folder goes into `skipped`.

    A link that the examiner named himself is followed, others are not.
    """
    files: dict[Path, Loose] = {}
    for path in paths:
        if kind_of(path) != stat.S_IFDIR:
            files.setdefault(path, Loose(path, shown(path.name), named=True))
            continue
        for file in _below(path, skipped):
            name = (Path(path.name) / file.relative_to(path)).as_posix()
            files.setdefault(file, Loose(file, shown(name), named=False))
    return _families(files)


def _families(files: dict[Path, Loose]) -> list[Loose]:
    """Companions go with their main file, also where only that was named. The shorter name is the main one."""
    claimed: set[Path] = set()
    for path in sorted(files, key=lambda path: len(path.name)):
        if path not in claimed:
            for ending, role in COMPANIONS.items():
                beside = path.with_name(path.name + ending)
                if beside in files or (files[path].named and stat.S_ISREG(_mode(beside))):
                    files[path].members[role] = beside
                    claimed.add(beside)
    return [file for path, file in files.items() if path not in claimed]


def kind_of(path: Path) -> int:
    """The file type bits of what the examiner named. Raises `UsageError` for nothing, `EvidenceError` where it cannot
    be told."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except FileNotFoundError as error:
        raise UsageError("file-none", path=str(path)) from error
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> EvidenceError:
    return EvidenceError("file-unreadable", path=str(path), reason=error.strerror or str(error))


def _mode(path: Path) -> int:
    """What it is; 0 where that cannot be told."""
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _below(top: Path, skipped: list[Finding]) -> Iterator[Path]:
    """Files in the order of their names, those of a folder before those of the folders in it."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            inside = sorted(folder.iterdir())
        except OSError as error:
            if folder == top:
                raise unreadable(top, error) from error
            skipped.append(passed_over(_name(top, folder), "take-skipped-unreadable", error.strerror or str(error)))
            continue
        folders = []
        for path in inside:
            mode = _mode(path)
            if stat.S_ISDIR(mode):
                folders.append(path)
            elif stat.S_ISREG(mode):
                yield path
            elif stat.S_ISLNK(mode):
                skipped.append(passed_over(_name(top, path), "take-skipped-link", shown(_target(path))))
            else:
                skipped.append(passed_over(_name(top, path), "take-skipped-special", stat.filemode(mode)[0]))
        waiting += reversed(folders)


def _name(top: Path, path: Path) -> str:
    return shown((Path(top.name) / path.relative_to(top)).as_posix())


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return "?"


def passed_over(name: str, code: str, reason: str) -> Finding:
    """A file or folder below one that was taken, not taken itself."""
    return Finding(code, Severity.WARNING, {"path": name, "reason": reason})


def shown(name: str) -> str:
    """A name whose bytes are not UTF-8, with those bytes shown: such a name can be kept, and read back by eye."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
