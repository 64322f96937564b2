"""Lists of found files: what a run of recovery or carving found, one line a file, in the run's own record set.

Each file is a located artifact (an entry of its own, runs in a held image) or, where its bytes are no plain run, a held
one; the list joins that entry's number with the name, times and evidence, which stand in no entry.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chain_of_custody.artifact import Artifact, located
from chain_of_custody.case import Case
from forensic.workflows import belonging, recordset

FILE = "file"
LISTS = {"recover": "recovered-list", "carve": "carved-list"}


def lists(case: Case, step: str | None = None) -> list[Artifact]:
    """The lists of the newest completed runs over images that count, newest run first."""
    found = []
    for name, what in LISTS.items():
        if step in (None, name):
            for run in case.register.latest_runs(name):
                artifact = case.register.artifacts[int(run.end["list"])] if run.end else None
                if artifact and artifact.what == what and belonging.counts(case, artifact):
                    found.append(artifact)
    return sorted(found, key=lambda artifact: artifact.seq, reverse=True)


@dataclass(frozen=True, slots=True)
class Find:
    """A found file: the list it stands in, the byte where its line begins, and the exhibit it belongs to now."""

    list: Artifact
    offset: int
    exhibit: str
    line: dict[str, Any]


def finds(case: Case, exhibit: str | None = None, step: str | None = None) -> Iterator[Find]:
    """Every found file once, however many runs found it, those excluded one by one left out."""
    if exhibit:
        case.register.exhibit(exhibit)
    seen: set[int] = set()
    changed = _changed(case)
    for artifact in lists(case, step):
        owner = belonging.exhibit_of(case, artifact) or ""
        medium = _medium(case, int(artifact.facts["image"]))
        for offset, line in recordset.placed(case, artifact):
            if line["kind"] != FILE or line["seq"] in case.register.excluded:
                continue
            change = changed.get(_bytes(medium, line["runs"], line["sha256"])) if line["seq"] is not None else None
            if change == EXCLUDED:
                continue
            belongs = change or case.register.reassigned.get(line["seq"], owner)
            identity = hash((medium, artifact.what, line["path"], repr(line["runs"]), line["sha256"]))
            if exhibit in (None, belongs) and identity not in seen:
                seen.add(identity)
                yield Find(artifact, offset, belongs, line)


def has_bytes(case: Case, list_: Artifact, line: dict[str, Any]) -> bool:
    """Whether a found file of a list has bytes that are still held: its own, or those of its image."""
    seq = line["seq"]
    held = seq if seq in case.register.artifacts else int(list_.facts["image"])
    return seq is not None and held not in case.register.disposed


EXCLUDED = ""


def _changed(case: Case) -> dict[int, str]:
    """What was said of located bytes holds for them however often they are found: the exhibit they were given to, or
    `EXCLUDED`."""
    changed: dict[int, str] = {}
    for seq in (*case.register.reassigned, *case.register.excluded):
        entry = case.ledger.entry(seq)
        if entry.kind == "artifact.located":
            place = located(entry)
            identity = _bytes(_medium(case, place.image), [list(run) for run in place.runs], place.sha256)
            changed[identity] = EXCLUDED if seq in case.register.excluded else case.register.reassigned[seq]
    return changed


def _bytes(medium: str, runs: list[list[int]], sha256: str | None) -> int:
    return hash((medium, repr(runs), sha256))


def _medium(case: Case, image: int) -> str:
    """The hash of an image's medium: two copies of one medium are the same medium."""
    return str(case.register.artifacts[image].facts["media"]["sha256"])


def files(case: Case, exhibit: str | None = None, step: str | None = None) -> Iterator[tuple[Artifact, dict[str, Any]]]:
    """Every found file once, with the list it stands in."""
    for find in finds(case, exhibit, step):
        yield find.list, find.line
