"""Lists of found files: what a run of recovery or carving found, one line a file, in the run's own record set.

Each file is a located artifact (an entry of its own, runs in a held image) or, where its bytes are no plain run, a held
one; the list joins that entry's number with the name, times and evidence, which stand in no entry.
"""

from collections.abc import Iterator
from typing import Any

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from forensic.workflows import belonging, recordset

FILE = "file"
LISTS = {"recover": "recovered-list", "carve": "carved-list"}


def lists(case: Case, exhibit: str | None = None, step: str | None = None) -> list[Artifact]:
    """The lists of the newest completed run of each step over each image."""
    found = []
    for name, what in LISTS.items():
        if step in (None, name):
            for run in case.register.latest_runs(name):
                artifact = case.register.artifacts[int(run.end["list"])] if run.end else None
                if artifact and artifact.what == what and _counts(case, artifact, exhibit):
                    found.append(artifact)
    return sorted(found, key=lambda artifact: artifact.seq)


def _counts(case: Case, artifact: Artifact, exhibit: str | None) -> bool:
    return belonging.counts(case, artifact) and exhibit in (None, belonging.exhibit_of(case, artifact))


def files(case: Case, exhibit: str | None = None, step: str | None = None) -> Iterator[tuple[Artifact, dict[str, Any]]]:
    """Every found file with the list it stands in, those excluded one by one left out."""
    for artifact in lists(case, exhibit, step):
        for line in recordset.read(case, artifact):
            if line["kind"] == FILE and line["seq"] not in case.register.excluded:
                yield artifact, line
