"""Loose files taken in: a bank's workbook, a bill sent by mail, a camera's video, a signed scan."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from chain_of_custody.artifact import Artifact, Room
from chain_of_custody.errors import EvidenceError, UsageError
from chain_of_custody.intake import Delivery
from chain_of_custody.parcel import Incoming
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from forensic.workflows import names
from forensic.workflows.filetype import suffix_of

KINDS = ("bill", "av", "paper", "photo", "other")
GROUP = 500
TAKEN = "taken"
BLOCK = 1 << 20


def copy_in(delivery: Delivery, source: Path, suffix: str, progress: Progress | None = None) -> Incoming:
    """One file through the door. A file that cannot be read raises `EvidenceError`."""
    descriptor = _open(source)
    with os.fdopen(descriptor, "rb") as file, delivery.receive(suffix, algorithms=("md5", "sha256")) as incoming:
        while True:
            try:
                block = file.read(BLOCK)
            except OSError as error:
                raise EvidenceError("file-unreadable", path=str(source), reason=error.strerror or str(error)) from error
            if not block:
                return incoming
            incoming.write(block)
            if progress:
                progress.advance(len(block))


def _open(source: Path) -> int:
    """Only a plain file is opened: a pipe would hang, a device is for imaging."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise EvidenceError("file-unreadable", path=str(source), reason=error.strerror or str(error)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise EvidenceError("file-not-plain", path=str(source))
    return descriptor


def walk(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """(file, the name it goes by) of every file named or below a folder named; symbolic links are not followed."""
    for path in paths:
        if not path.exists():
            raise UsageError("file-none", path=str(path))
        if not path.is_dir():
            yield path, path.name
            continue
        for folder, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(files):
                file = Path(folder) / name
                if file.is_file() and not file.is_symlink():
                    yield file, (Path(path.name) / file.relative_to(path)).as_posix()


def take(
    session: Session,
    paths: Sequence[Path],
    exhibit: str,
    kind: str,
    given_by: str,
    received_at: str,
    progress: Progress,
) -> list[Artifact]:
    """Enters the files under `exhibit`. The names they came under are kept with them in a list of their own."""
    session.case.register.exhibit(exhibit)
    if kind not in KINDS:
        raise UsageError("take-kind-unknown", kind=kind, known=", ".join(KINDS))
    files = list(walk(paths))
    if not files:
        raise UsageError("take-nothing")
    progress.start("phase-take", sum(file.stat().st_size for file, _ in files))
    facts = {"kind_of": kind, "from": given_by, "received_at": received_at}
    room = Room.PHOTOS if kind == "photo" else Room.FILES
    taken: list[Artifact] = []
    for group in batched(files, GROUP):
        with session.delivery() as delivery:
            for file, _ in group:
                incoming = copy_in(delivery, file, suffix_of(file), progress)
                delivery.add(TAKEN, room, exhibit, [incoming], facts)
            names.add_list(delivery, exhibit, [{"name": visible_bytes(name)} for _, name in group])
            taken += delivery.commit()[:-1]
    return taken


def batched(items: Sequence[tuple[Path, str]], size: int) -> Iterator[Sequence[tuple[Path, str]]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def visible_bytes(name: str) -> str:
    """A name whose bytes are not UTF-8, with those bytes shown: such a name can be kept, and read back by eye."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
