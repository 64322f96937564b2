"""`carve`: files found by their content, entered as runs of the image."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chain_of_custody.artifact import Artifact
from chain_of_custody.finding import Finding
from chain_of_custody.progress import Progress
from chain_of_custody.register import Run as LedgerRun
from chain_of_custody.session import Session
from forensic.carve import enrolled
from forensic.carve.format import Format
from forensic.carve.sweep import sweep
from forensic.sources import runs as byte_runs
from forensic.sources.examined import survey
from forensic.sources.filesystem import RunsMedium
from forensic.sources.images import Image
from forensic.sources.runs import Run
from forensic.workflows import located, media, runs
from forensic.workflows.listing import arisen
from forensic.workflows.located import Find
from forensic.workflows.recovering import add_list, store_list
from forensic.workflows.work import Outcome

STEP, WHAT, LIST = "carve", "carved", "carved-list"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Options:
    """`everything`: the whole medium, live files too; else only what no live file holds."""

    formats: tuple[str, ...] = ()
    everything: bool = False
    hold: bool = False

    def chosen(self) -> tuple[Format, ...]:
        return enrolled.chosen(self.formats) if self.formats else enrolled.formats()

    def as_json(self) -> dict[str, Any]:
        names = [format_.name for format_ in self.chosen()]
        return {"formats": names, "all": self.everything, "hold": self.hold}


def run(session: Session, exhibit: str, options: Options, progress: Progress) -> Outcome:
    """Carves each image of the exhibit. An image done before, in the same way, is not done again."""
    outcome = Outcome({"runs": []})
    formats = options.chosen()
    for artifact in media.images(session.case, exhibit):
        begun = runs.begin(session, STEP, exhibit, artifact.seq, VERSION, options.as_json())
        number = begun.seq if isinstance(begun, LedgerRun) else begun
        if not isinstance(begun, LedgerRun):
            _carve(session, artifact, exhibit, number, formats, options, progress)
        add_list(session.case, outcome, number, done=isinstance(begun, LedgerRun))
    return outcome


def _carve(
    session: Session,
    artifact: Artifact,
    exhibit: str,
    number: int,
    formats: tuple[Format, ...],
    options: Options,
    progress: Progress,
) -> None:
    findings: list[Finding] = []
    with media.opened(session.case, artifact) as image:
        regions = _regions(image, findings, progress, everything=options.everything)
        finds = _finds(image, artifact.seq, regions, formats, findings, progress, hold=options.hold)
        lines = located.enter(session, finds, exhibit, artifact.seq, number, WHAT, hold=options.hold)
        header = {"step": STEP, "version": VERSION, **options.as_json()}
        store_list(session, exhibit, number, artifact.seq, LIST, lines, findings, header)


def _regions(image: Image, findings: list[Finding], progress: Progress, *, everything: bool) -> list[Run]:
    if everything:
        return [Run(0, image.size)]
    found = survey(image)
    findings += found.findings
    progress.start("phase-unallocated", image.size)
    regions = list(found.unallocated(progress))
    findings += arisen(found)
    return regions


def _finds(
    image: Image,
    number: int,
    regions: list[Run],
    formats: tuple[Format, ...],
    findings: list[Finding],
    progress: Progress,
    *,
    hold: bool,
) -> Iterator[Find]:
    for find in sweep(image, regions, formats, progress, fault=findings.append):
        piece = (Run(find.offset, find.length),)
        line = {
            "image": number,
            "offset": find.offset,
            "length": find.length,
            "format": find.format,
            "checked": list(find.checked),
            "reason": find.reason,
            "claimed": find.claimed,
            "name": "",
            "path": "",
        }
        body = RunsMedium(image, piece) if hold else None
        digest = None if hold else byte_runs.sha256(image, piece)
        yield Find(line, str(find.status), find.suffix, find.length, piece, digest, body)
