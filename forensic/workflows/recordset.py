"""Record sets: what one run read, as JSON Lines held and hashed like any other artifact.

The first line says what was read and by what; then one line a record or finding; the last line counts them, so that a
set cut short is never taken for a whole one.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from chain_of_custody.artifact import Artifact, Room
from chain_of_custody.case import Case
from chain_of_custody.errors import IntegrityError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.intake import Delivery

SCHEMA = 1
HEADER, FINDING, END = "header", "finding", "end"


def write(
    delivery: Delivery,
    what: str,
    exhibit: str,
    header: Mapping[str, Any],
    lines: Iterable[Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> dict[str, int]:
    """Adds a set to a delivery, line by line. Returns how many lines of each kind it has."""
    counts: dict[str, int] = {}
    with delivery.receive("jsonl") as incoming:
        incoming.write(_line({"kind": HEADER, "schema": SCHEMA, **header}))
        for line in lines:
            kind = str(line["kind"])
            counts[kind] = counts.get(kind, 0) + 1
            incoming.write(_line(line))
        incoming.write(_line({"kind": END, "counts": counts}))
    delivery.add(what, Room.RECORDS, exhibit, [incoming], {**facts, "counts": counts})
    return counts


def finding_line(finding: Finding) -> dict[str, Any]:
    return {"kind": FINDING, **finding.as_json()}


def finding_of(line: Mapping[str, Any]) -> Finding:
    return Finding(line["code"], Severity(line["severity"]), line["facts"], line["where"])


def header(case: Case, artifact: Artifact) -> dict[str, Any]:
    """What the set says of itself."""
    return next(_lines(checked(case, artifact)))


def read(case: Case, artifact: Artifact) -> Iterator[dict[str, Any]]:
    """The records and findings of a set whose bytes still have the hash that was entered; else `IntegrityError`."""
    for line in _lines(checked(case, artifact)):
        if line["kind"] not in (HEADER, END):
            yield line


def placed(case: Case, artifact: Artifact) -> Iterator[tuple[int, dict[str, Any]]]:
    """As `read`, each line with the byte offset it begins at."""
    offset = 0
    with checked(case, artifact).open("rb") as file:
        for raw in file:
            line = json.loads(raw)
            if line["kind"] not in (HEADER, END):
                yield offset, line
            offset += len(raw)


def at(case: Case, artifact: Artifact, offset: int) -> dict[str, Any]:
    """The line that begins at a byte offset."""
    with checked(case, artifact).open("rb") as file:
        file.seek(offset)
        line: dict[str, Any] = json.loads(file.readline())
        return line


def checked(case: Case, artifact: Artifact) -> Path:
    """The set's file, its hash compared once a process."""
    path = case.path_of(artifact)
    _compare(path, artifact.main.sha256, artifact.seq)
    return path


@lru_cache(maxsize=4096)
def _compare(path: Path, sha256: str, seq: int) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise IntegrityError("verify-missing", seq=seq, path=str(path)) from error
    if found != sha256:
        raise IntegrityError("verify-hash", seq=seq, path=str(path))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for raw in file:
            yield json.loads(raw)


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
