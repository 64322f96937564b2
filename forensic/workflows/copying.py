"""`case copy`: the whole case once more in another place, every file read back and compared with what was entered.

The ledger goes last, under a name of its own until all is there: a copy that was stopped is no case. Files of further
volumes stand beside the copy, in folders named after it and them.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from chain_of_custody import volumes as places
from chain_of_custody.artifact import Artifact, HeldFile
from chain_of_custody.case import LEDGER, Case, beside_of
from chain_of_custody.errors import CannotWrite, CustodyRefusal, IntegrityError, UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.hashing import Digests
from chain_of_custody.ledger import Ledger
from chain_of_custody.parcel import INTAKE
from chain_of_custody.progress import Progress
from chain_of_custody.register import Register
from chain_of_custody.session import Session
from chain_of_custody.volumes import CASE
from forensic.workflows.work import Outcome

BLOCK = 1 << 20
WHAT = "copy"
DRAFT = f"{LEDGER}.copying"


@dataclass(slots=True)
class _Copy:
    """What has been copied. `made` are the folders that did not exist before, or were empty."""

    case: Case
    folder: Path
    made: list[Path] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    files: int = 0
    bytes: int = 0

    def root(self, volume: str) -> Path:
        return self.folder if volume == CASE else beside_of(self.folder, volume)


def copy(session: Session, folder: Path, progress: Progress) -> Outcome:
    """Copies the case into a new or empty folder outside it. A volume that is not connected makes the copy partial."""
    case = session.case
    copied = _Copy(case, folder)
    connected = [volume.id for volume in case.volumes().values() if volume.is_connected(case.ledger.origin)]
    for volume in connected:
        _refuse(case, copied.root(volume))
    try:
        for volume in connected:
            _begin(copied, volume)
        sizes = (file.size for artifact in _wanted(case.register, copied, connected) for file in artifact.files)
        progress.start("phase-copy-files", sum(sizes))
        _copy_files(copied, case.register, connected, progress)
        facts = {"dest": str(folder.absolute()), "files": copied.files, "bytes": copied.bytes}
        apart = sorted(case.volumes().keys() - connected)
        seq = session.enter("export", what=WHAT, **facts, without=apart or None)
        case.ledger.copy_to(folder / DRAFT, progress)
        _follow(copied, connected, progress)
        _flush(folder / DRAFT)
        (folder / DRAFT).rename(folder / LEDGER)
        _flush(folder)
    except OSError as error:
        _remove(copied)
        path = str(error.filename or folder)
        raise CannotWrite("no-space", path=path, reason=error.strerror or str(error)) from error
    except BaseException:
        _remove(copied)
        raise
    findings = [_not_copied(case, volume) for volume in apart]
    told = {"folder": str(folder), "files": copied.files, "bytes": copied.bytes, "without": apart}
    beside = {volume: str(copied.root(volume)) for volume in connected if volume != CASE}
    return Outcome({"seq": seq, **told, "volumes": beside}, findings)


def _refuse(case: Case, folder: Path) -> None:
    whole = folder.resolve()
    for volume in case.volumes().values():
        if whole.is_relative_to(volume.path.resolve()):
            raise UsageError("export-inside-case", path=str(folder))
    try:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError("export-not-empty", path=str(folder))
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error
    around = next((above for above in whole.parents if (above / LEDGER).exists()), None)
    if around:
        raise CustodyRefusal("case-inside-case", path=str(folder), around=str(around))


def _begin(copied: _Copy, volume: str) -> None:
    root = copied.root(volume)
    root.mkdir(parents=True, exist_ok=True)
    copied.made.append(root)
    if volume != CASE:
        places.mark(root, copied.case.ledger.origin, volume)


def _wanted(register: Register, copied: _Copy, connected: list[str]) -> Iterator[Artifact]:
    """Held artifacts of connected volumes that still have their bytes and are not copied yet."""
    for artifact in list(register.artifacts.values()):
        at_hand = artifact.volume in connected and artifact.seq not in register.disposed
        if at_hand and artifact.seq not in copied.done:
            yield artifact


def _copy_files(copied: _Copy, register: Register, connected: list[str], progress: Progress) -> None:
    for artifact in _wanted(register, copied, connected):
        for file in artifact.files:
            source = _source(copied.case, artifact, file)
            _copy_file(source, copied.root(artifact.volume) / file.path, artifact, file, progress)
            copied.files += 1
            copied.bytes += file.size
        copied.done.add(artifact.seq)


def _source(case: Case, artifact: Artifact, file: HeldFile) -> Path:
    """Where the file lies: in its place, or still in the intake of a command that is just placing it."""
    waiting = case.root_of(artifact.volume) / INTAKE / file.parcelled
    return waiting if file.parcelled and waiting.is_file() else case.path_of(artifact, file)


def _copy_file(source: Path, target: Path, artifact: Artifact, file: HeldFile, progress: Progress) -> None:
    """Raises `IntegrityError` if the file is not what was entered, `CannotWrite` if its copy is not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    passed = Digests()
    with source.open("rb") as original, target.open("xb") as written:
        while block := original.read(BLOCK):
            passed.update(block)
            written.write(block)
            progress.advance(len(block))
        written.flush()
        os.fsync(written.fileno())
        os.posix_fadvise(written.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # so that the medium is read, not the cache
    if passed.hexdigests()["sha256"] != file.sha256:
        raise IntegrityError("verify-hash", seq=artifact.seq, path=str(source))
    with target.open("rb") as copy_:
        if hashlib.file_digest(copy_, "sha256").hexdigest() != file.sha256:
            raise CannotWrite("copy-differs", seq=artifact.seq, path=str(target))
    target.chmod(0o444)


def _follow(copied: _Copy, connected: list[str], progress: Progress) -> None:
    """Copies what other commands entered before the ledger was copied: the copy's ledger is replayed to say what."""
    register = Register()
    with Ledger.open(copied.folder / DRAFT) as ledger:
        register.update(ledger)
    _copy_files(copied, register, connected, progress)


def _not_copied(case: Case, volume: str) -> Finding:
    path = str(case.volumes()[volume].path)
    return Finding("copy-without-volume", Severity.WARNING, {"volume": volume, "path": path})


def _remove(copied: _Copy) -> None:
    """Takes away what there is of a copy that was not finished; the folders themselves stay, empty."""
    for root in copied.made:
        with suppress(OSError):
            for path in root.iterdir():
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
