"""Found and held files handed out as files of their own: into a folder of the examiner's, or opened one by one.

Their names are ours, with the ledger number; what they were called in the evidence stands in the list beside them.
"""

import csv
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from chain_of_custody.artifact import Artifact, Located, located
from chain_of_custody.case import Case
from chain_of_custody.errors import CannotWrite, IntegrityError, UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress
from forensic.sources.filesystem import RunsMedium
from forensic.sources.medium import Medium, blocks
from forensic.sources.runs import Run
from forensic.workflows import finds, media, new_file
from forensic.workflows.work import Outcome
from reports.visible import visible

LIST = "files.csv"
HEAD = ("file", "seq", "path in evidence", "status", "size", "sha256")


def export(case: Case, exhibit: str, folder: Path, progress: Progress) -> Outcome:
    """Writes every recovered and carved file that has bytes into a new or empty folder outside the case."""
    case.register.exhibit(exhibit)
    refuse_inside(case, folder)
    refuse_occupied(folder)
    found = [(list_, line) for list_, line in finds.files(case, exhibit) if line["seq"] is not None]
    wanted = [line for list_, line in found if finds.has_bytes(case, list_, line)]
    gone = len(found) - len(wanted)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        progress.start("phase-export", sum(line["size"] for line in wanted))
        written = [_write(case, line, folder, progress) for line in wanted]
        with (folder / LIST).open("x", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(HEAD)
            for name, line in zip(written, wanted, strict=True):
                path = visible(line["path"])
                cells = (name, line["seq"], path, line["status"], line["size"], line["sha256"])
                rows.writerow([inert(str(cell)) for cell in cells])
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error
    files = [{**_described(line), "file": name} for name, line in zip(written, wanted, strict=True)]
    findings = [Finding("export-disposed", Severity.WARNING, {"files": gone})] if gone else []
    return Outcome({"folder": str(folder), "files": files}, findings, head=case.head())


def refuse_inside(case: Case, path: Path) -> None:
    """What is handed out lies outside the case: `UsageError`."""
    if path.resolve().is_relative_to(case.folder.resolve()):
        raise UsageError("export-inside-case", path=str(path))


def refuse_occupied(folder: Path) -> None:
    """A folder that holds something already is nobody's to fill: `UsageError`."""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError("export-not-empty", path=str(folder))
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error


def inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _described(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("seq", "path", "status", "size", "sha256")}


def _write(case: Case, line: dict[str, Any], folder: Path, progress: Progress) -> str:
    name = f"{line['seq']:08d}.{line['suffix']}"
    with (folder / name).open("xb") as file:
        for block in content(case, line["seq"]):
            file.write(block)
            progress.advance(len(block))
    return name


def content(case: Case, seq: int) -> Iterator[bytes]:
    """The bytes of an artifact, its hash compared at the end: a difference raises `IntegrityError`."""
    artifact = case.register.artifacts.get(seq)
    place = None if artifact else _located(case, seq)
    expected = artifact.main.sha256 if artifact else place.sha256 if place else ""
    digest = hashlib.sha256()
    with _medium(case, artifact, place) as medium:
        for block in blocks(medium):
            digest.update(block)
            yield block
    if digest.hexdigest() != expected:
        raise IntegrityError("export-hash-differs", seq=seq)


def save(case: Case, seq: int, path: Path) -> None:
    """Writes an artifact's bytes to a new file outside the case."""
    new_file.refuse(case, path)
    pieces = content(case, seq)
    first = next(pieces, b"")  # what cannot be read makes no file
    with new_file.created(path) as file:
        for block in chain((first,), pieces):
            file.write(block)


def suffix(case: Case, seq: int) -> str:
    artifact = case.register.artifacts.get(seq)
    return Path(artifact.main.path).suffix[1:] if artifact else _located(case, seq).suffix


def _located(case: Case, seq: int) -> Located:
    entry = case.ledger.entry(seq)
    if entry.kind != "artifact.located":
        raise UsageError("not-an-artifact", seq=seq, kind=entry.kind)
    return located(entry)


@contextmanager
def _medium(case: Case, artifact: Artifact | None, place: Located | None) -> Iterator[Medium]:
    if place:
        with media.opened(case, case.register.artifacts[place.image]) as image:
            yield RunsMedium(image, tuple(Run(*piece) for piece in place.runs))
        return
    assert artifact is not None
    path = case.path_of(artifact)
    with path.open("rb") as file:
        yield _File(path.stat().st_size, file.fileno())


class _File:
    """A held file as a medium; it may be empty."""

    def __init__(self, size: int, descriptor: int) -> None:
        self.size = size
        self._descriptor = descriptor

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, offset)
