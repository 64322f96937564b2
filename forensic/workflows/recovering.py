"""`recover`: deleted files entered with what is known of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress
from chain_of_custody.register import Run
from chain_of_custody.session import Session
from forensic.recover.recover import recover
from forensic.recover.recovered import Recovered, Status, content
from forensic.sources import runs as byte_runs
from forensic.sources.examined import survey
from forensic.sources.filesystem import FileSystem, RunsMedium
from forensic.sources.images import Image
from forensic.sources.runs import SPARSE
from forensic.workflows import finds, located, media, recordset, runs
from forensic.workflows.filetype import suffix_for
from forensic.workflows.listing import of_image
from forensic.workflows.located import Find
from forensic.workflows.proof import EVIDENCE, proves_itself
from forensic.workflows.work import Outcome, described

STEP, WHAT, LIST = "recover", "recovered", "recovered-list"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Options:
    """`hold`: every recovered file is copied into the case, not only those whose bytes are no plain run."""

    hold: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"hold": self.hold}


def run(session: Session, exhibit: str, options: Options, progress: Progress) -> Outcome:
    """Recovers from each image of the exhibit. An image done before is not done again: its list is read back."""
    outcome = Outcome({"runs": []})
    for artifact in media.images(session.case, exhibit):
        begun = runs.begin(session, STEP, exhibit, artifact.seq, VERSION, options.as_json())
        number = begun.seq if isinstance(begun, Run) else begun
        if not isinstance(begun, Run):
            _recover(session, artifact, exhibit, number, options, progress)
        add_list(session.case, outcome, number, done=isinstance(begun, Run))
    return outcome


def _recover(
    session: Session, artifact: Artifact, exhibit: str, number: int, options: Options, progress: Progress
) -> None:
    findings: list[Finding] = []
    with media.opened(session.case, artifact) as image:
        progress.start("phase-recover", None, "entries")
        found = _finds(image, findings, progress, hold=options.hold)
        lines = located.enter(session, found, exhibit, artifact.seq, number, WHAT, hold=options.hold)
        store_list(session, exhibit, number, artifact.seq, LIST, lines, findings, {"step": STEP, "version": VERSION})


def _finds(image: Image, findings: list[Finding], progress: Progress, *, hold: bool) -> Iterator[Find]:
    found = survey(image)
    findings += found.findings
    for _, filesystem in found.filesystems:
        for item in recover(filesystem, progress):
            if isinstance(item, Finding):
                findings.append(item)
            elif item.kind == "file" or item.kind == "dir":
                yield _find(image, filesystem, item, findings, hold=hold)
                progress.advance(1)


def _find(image: Image, filesystem: FileSystem, item: Recovered, findings: list[Finding], *, hold: bool) -> Find:
    item = _inferred(image, item)
    line = {
        "name": item.name,
        "path": item.path,
        "inode": item.inode,
        "type": item.kind,
        "stream": item.entry.stream,
        "times": item.times._asdict(),
        "evidence": list(item.evidence),
        "gaps": [list(piece) for piece in item.gaps],
        "candidates": [list(piece) for piece in item.candidates],
        "volume": filesystem.start,
    }
    pieces = item.runs or _only_candidate(item)
    plain = pieces if not item.held and all(piece.offset != SPARSE for piece in pieces) else None
    try:
        body = content(filesystem, item) if item.held else RunsMedium(image, pieces)
        has_bytes = item.kind == "file" and (item.held or bool(pieces))
        if not has_bytes:
            return Find(line, str(item.status), "bin", item.size, None, None)
        suffix = suffix_for(body.read(0, 4096), item.name)
        if plain is None or hold:
            return Find(line, str(item.status), suffix, item.size, plain, None, body)
        digest = byte_runs.sha256(image, plain)
    except EvidenceError as error:
        where = {"inode": item.inode, "volume": filesystem.start}
        findings.append(Finding("files-content-unreadable", Severity.ERROR, {"path": item.path}, where))
        return Find({**line, "unreadable": str(error)}, str(item.status), "bin", item.size, None, None)
    return Find(line, str(item.status), suffix, item.size, plain, digest)


def _inferred(image: Image, item: Recovered) -> Recovered:
    """The same object, `inferred` where its candidate bytes prove themselves."""
    if item.status is not Status.UNCERTAIN or item.kind != "file" or item.gaps or not item.candidates:
        return item
    if not proves_itself(RunsMedium(image, item.candidates), item.size):
        return item
    evidence = (EVIDENCE, *item.evidence)
    return replace(item, status=Status.INFERRED, runs=item.candidates, candidates=(), evidence=evidence)


def _only_candidate(item: Recovered) -> tuple[byte_runs.Run, ...]:
    """The candidate bytes of an uncertain file, where they are free, as many as the file had, and nobody else's claim:
    they are entered to be looked at, under the status that says so."""
    whole = sum(piece.length for piece in item.candidates) == item.size
    return item.candidates if whole and "claimed-twice" not in item.evidence and not item.gaps else ()


def store_list(
    session: Session,
    exhibit: str,
    number: int,
    image: int,
    what: str,
    lines: Iterable[dict[str, Any]],
    findings: list[Finding],
    header: dict[str, Any],
) -> None:
    """Holds the run's list, the findings last, and ends the run. `findings` may grow while the lines are made."""

    def everything() -> Iterator[dict[str, Any]]:
        yield from lines
        findings[:] = of_image(image, findings)
        for finding in findings:
            yield recordset.finding_line(finding)

    facts = {"run": number, "image": image}
    with session.delivery() as delivery:
        counts = recordset.write(delivery, what, exhibit, {**header, **facts}, everything(), facts)
        (stored,) = delivery.commit()
    runs.end(session, number, findings, list=stored.seq, counts=counts)


def add_list(case: Case, outcome: Outcome, number: int, *, done: bool) -> None:
    """Adds what a completed run found to an outcome."""
    completed = case.register.runs[number]
    assert completed.end is not None
    stored = case.register.artifacts[int(completed.end["list"])]
    lines = (line for line in recordset.read(case, stored) if line["kind"] == recordset.FINDING)
    outcome.findings += (recordset.finding_of(line) for line in lines)
    outcome.artifacts.append(described(stored))
    outcome.data["runs"].append({"run": number, "list": stored.seq, "done_before": done})
    before = outcome.files or (lambda: iter(()))
    outcome.files = lambda: chain(before(), _files(case, stored))


def _files(case: Case, stored: Artifact) -> Iterator[dict[str, Any]]:
    for line in recordset.read(case, stored):
        if line["kind"] == finds.FILE:
            yield {name: value for name, value in line.items() if name != "kind"}
