"""The index kept in step with the record sets, and searched."""

import hashlib
import json
import os
import shutil
import string
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import INDEX, Case
from chain_of_custody.errors import CannotWrite, UsageError
from chain_of_custody.progress import Progress
from forensic.index import build, query
from forensic.index.build import Line
from forensic.workflows import belonging, finds, recordset, views

TEXTS = {
    "message": ("title", "sender", "sender_name", "text", "attachment", "conversation"),
    "payment": (
        "type",
        "counterparty",
        "counterparty_account",
        "item",
        "method",
        "status",
        "order",
        "merchant_order",
        "note",
    ),
    "contact": ("identifier", "name", "remark", "phones", "emails"),
    "call": ("peer", "name"),
    "file": ("name", "path"),
}
PLACES = {"message": "conversation", "payment": "counterparty", "contact": "identifier", "call": "peer", "file": "path"}


@contextmanager
def current(case: Case, progress: Progress) -> Iterator[Path]:
    """The index as it must be now, made anew where it is not. Where the case cannot be written, a temporary one."""
    expected = fingerprint(case)
    path = case.folder / INDEX
    if build.fingerprint_of(path) == expected:
        yield path
        return
    if os.access(case.folder, os.W_OK) and _rebuilt(case, progress):
        yield path
        return
    scratch = Path(tempfile.mkdtemp(prefix="forensic-index-"))
    try:
        build.build(scratch / INDEX, expected, lines(case, progress))
        yield scratch / INDEX
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _rebuilt(case: Case, progress: Progress) -> bool:
    try:
        rebuild(case, progress)
    except CannotWrite:  # a full disk: there may be room elsewhere
        return False
    return True


def rebuild(case: Case, progress: Progress) -> int:
    """Makes the index in the case folder anew. Returns how many lines it has. Raises `CannotWrite`."""
    return build.build(case.folder / INDEX, fingerprint(case), lines(case, progress))


def fingerprint(case: Case) -> str:
    """What the index is built from: the sets that count now and where they belong."""
    parts = [[artifact.seq, artifact.main.sha256, _exhibit(case, artifact)] for artifact in _sets(case)]
    changes = [[change.seq, change.target, change.new] for change in case.register.changes]
    parts.append([len(changes), json.dumps(changes), ""])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def lines(case: Case, progress: Progress) -> Iterator[Line]:
    sets = _sets(case)
    progress.start("phase-index", sum(artifact.main.size for artifact in sets))
    for artifact in views.record_sets(case):
        exhibit = _exhibit(case, artifact)
        for offset, line in recordset.placed(case, artifact):
            if line["kind"] in TEXTS:
                yield _line(artifact, exhibit, offset, line)
        progress.advance(artifact.main.size)
    for find in finds.finds(case):
        yield _line(find.list, find.exhibit, find.offset, find.line)


def search(
    case: Case, words: str, progress: Progress, exhibit: str | None = None
) -> Iterator[tuple[Artifact, dict[str, Any]]]:
    """The records and files in which `words` stand, each read from the set it stands in."""
    if not words.strip():
        raise UsageError("search-nothing")
    if exhibit:
        case.register.exhibit(exhibit)
    with current(case, progress) as path:
        sets = {artifact.seq: artifact for artifact in _sets(case)}
        for hit in dict.fromkeys(query.search(path, words, exhibit)):
            artifact = sets.get(hit.set)
            line = _said(case, artifact, hit.offset, words) if artifact else None
            if artifact and line and exhibit in (None, _belongs(case, artifact, line)):
                yield artifact, line


def _said(case: Case, artifact: Artifact, offset: int, words: str) -> dict[str, Any] | None:
    """The line of a set that a hit leads to, if the words stand in it: the index is no evidence and may be wrong."""
    try:
        line = recordset.at(case, artifact, offset)
        found = _folded(words) in _folded(_text(line))
    except (ValueError, KeyError, TypeError, AttributeError, OSError):  # the middle of a line, or no offset at all
        return None
    return line if found and line.get("seq") not in case.register.excluded else None


def _folded(text: str) -> str:
    """As SQLite's lower(): ASCII letters alone."""
    return text.translate(_LOWER)


_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def _sets(case: Case) -> list[Artifact]:
    return sorted([*views.record_sets(case), *finds.lists(case)], key=lambda artifact: artifact.seq)


def _belongs(case: Case, artifact: Artifact, line: dict[str, Any]) -> str:
    """The exhibit of a record, or of a found file, which may have been reassigned by itself."""
    return case.register.reassigned.get(line.get("seq", -1), _exhibit(case, artifact))


def _exhibit(case: Case, artifact: Artifact) -> str:
    return belonging.exhibit_of(case, artifact) or ""


def _text(line: dict[str, Any]) -> str:
    """What is searched of a record or file."""
    texts = [line.get(name) for name in TEXTS[line["kind"]]]
    flat = [" ".join(text) if isinstance(text, list) else text for text in texts]
    return "\n".join(part for part in flat if part)


def _line(artifact: Artifact, exhibit: str, offset: int, line: dict[str, Any]) -> Line:
    kind = line["kind"]
    when = line.get("time") or {}
    state = line.get("state") or line.get("status") or ""
    place = str(line.get(PLACES[kind]) or "")
    return Line(
        artifact.seq,
        offset,
        exhibit,
        kind,
        str(line.get("app") or line.get("format") or ""),
        when.get("utc"),
        place,
        state,
        _text(line),
    )
