"""`report build`: the papers of a case at one head of its ledger, entered like any other artifact.

Everything printed is replayed from the ledger up to that head and from record sets entered before it, so that the same
head gives the same bytes.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from chain_of_custody import build, bundle
from chain_of_custody.artifact import Artifact, Room
from chain_of_custody.case import Case
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.errors import CannotWrite
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.hashing import Digests
from chain_of_custody.intake import Delivery
from chain_of_custody.messages import Lang, say
from chain_of_custody.parcel import Incoming
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from forensic.workflows import (
    custody_faults,
    finds,
    recordset,
    report_case,
    report_custody,
    report_finds,
    report_signatures,
    report_time,
    views,
)
from forensic.workflows.parsing import FINDINGS
from forensic.workflows.work import Outcome, described
from parsers import enrolled
from reports import html, pdf, story, story_case, story_finds, story_trust

REPORT = "report"
GENERAL_LIMITS = ("limit-no-reconciliation", "limit-deleted-rows", "limit-fat-chains", "limit-unread", "limit-bills")


@dataclass(frozen=True, slots=True)
class Job:
    """`at`: the size of the ledger to build at, None for now. `copy_to`: a folder for a second copy."""

    lang: Lang
    at: int | None = None
    question: str = ""
    client: str = ""
    copy_to: Path | None = None


def run(session: Session, size: int, job: Job, progress: Progress) -> Outcome:
    """Builds at `size` entries. Papers that were built before at this head, byte for byte, are not entered again."""
    head = session.case.ledger.head(size)
    facts = {"head": {"size": head.size, "root": head.root.hex()}, "lang": job.lang}
    with session.delivery() as delivery:
        incoming = []
        for name, role, content in papers(session.case, size, job, progress):
            incoming.append(_receive(delivery, name.removeprefix(f"{REPORT}."), role, content))
        incoming.sort(key=lambda file: ROLES.index(file.role))
        stored = _built_before(session.case, incoming)
        if stored is None:
            delivery.add(REPORT, Room.REPORTS, None, incoming, facts)
            (stored,) = delivery.commit()
    files = [{"path": f.path, "sha256": f.sha256, "size": f.size, "role": f.role} for f in stored.files]
    if job.copy_to:
        _copy(session.case, stored, job.copy_to)
    return Outcome({"lang": job.lang, "at": size, "files": files}, artifacts=[described(stored)])


def takes_none(case: Case) -> bool:
    """Whether papers can be built outside the case only: it cannot be written, or is closed."""
    return case.register.closed is not None or not os.access(case.folder, os.W_OK)


def outside(case: Case, size: int, job: Job, folder: Path, progress: Progress) -> Outcome:
    """Builds the papers of a case that takes none into a folder outside it. They are entered nowhere."""
    files = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, role, content in papers(case, size, job, progress):
            digests = Digests()
            with (folder / name).open("xb") as file:
                for block in content:
                    file.write(block)
                    digests.update(block)
            sha256 = digests.hexdigests()["sha256"]
            files.append({"path": str(folder / name), "sha256": sha256, "size": digests.size, "role": role})
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error
    return Outcome({"lang": job.lang, "at": size, "files": files}, head=case.head())


ROLES = ("main", "volume", "html")


def papers(case: Case, size: int, job: Job, progress: Progress) -> Iterator[tuple[str, str, Iterator[bytes]]]:
    """(file name, role, content) of every paper, the volumes first."""
    told = tell(case.as_of(size), size, job)
    progress.start("phase-report", None, "papers")
    for paper in pdf.build(told, job.lang):
        yield _name(paper), "main" if paper.rows is None else "volume", iter((paper.content,))
        progress.advance(1)
    yield f"{REPORT}.html", "html", html.build(told, job.lang)
    progress.advance(1)


def _name(paper: pdf.Paper) -> str:
    """`report.pdf` for the main paper, `report.02-001.pdf` for volume 1 of appendix 2."""
    return f"{REPORT}.{paper.name.removeprefix('appendix-')}{paper.suffix}" if paper.rows is not None else "report.pdf"


def _receive(delivery: Delivery, suffix: str, role: str, content: Iterator[bytes]) -> Incoming:
    with delivery.receive(suffix, role) as incoming:
        for block in content:
            incoming.write(block)
    return incoming


def _built_before(case: Case, incoming: list[Incoming]) -> Artifact | None:
    hashes = [file.hashes["sha256"] for file in incoming]
    for report in case.register.held(what=REPORT):
        if [file.sha256 for file in report.files] == hashes:
            return report
    return None


def _copy(case: Case, stored: Artifact, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in stored.files:
            with (folder / Path(file.path).name).open("xb") as copy:
                copy.write(case.path_of(stored, file).read_bytes())
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error


def tell(case: Case, size: int, job: Job) -> story.Story:
    """The story of a case at one head."""
    lang = job.lang
    _all_there(case)
    note = case.ledger.head_note(size)
    head = case.ledger.head(size)
    recovered = report_finds.files(case, "recover", lang)
    carved = report_finds.files(case, "carve", lang)
    talks = report_finds.conversations(case)
    sources = report_finds.sources(case, lang)
    acts = tuple(report_signatures.acts(case))
    return story.Story(
        case=report_case.case(case),
        head=story_trust.Head(
            size,
            head.root.hex(),
            note,
            case.ledger.verifier_key,
            case.ledger.entry(size - 1).time,
            report_time.outside(case, lang),
            report_time.brackets(case, size),
            report_time.adopted(case),
        ),
        request=story_case.Request(
            client=job.client,
            basis=case.facts.authority,
            question=job.question,
            answer=_answer(case, recovered, carved, talks, sources, lang),
        ),
        exhibits=report_case.exhibits(case, lang),
        secrets=report_custody.secrets(case),
        acquisitions=report_case.acquisitions(case, lang),
        recovered=recovered,
        carved=carved,
        conversations=lambda: iter(talks),
        payments=sources,
        findings=lambda: findings(case),
        changes=lambda: report_case.changes(case, acts, lang),
        alone=lambda: report_case.alone(case, size),
        limitations=_limitations(case, lang),
        software=(
            story_trust.Software(build.NAME, build.release(), build.source_hash()),
            story_trust.Software(bundle.VERIFIER, build.release(), hashlib.sha256(bundle.verifier()).hexdigest()),
        ),
        checks=tuple(_checks(case, head, lang)),
        keys=report_signatures.keys(case),
        acts=acts,
    )


CHECKS = ("case", "apart", "file", "located")


def _checks(case: Case, head: Checkpoint, lang: Lang) -> Iterator[story_trust.Check]:
    keys = dict.fromkeys((case.ledger.verifier_key, *(vkey for _, vkey in report_time.adopted(case))))
    facts = {
        "head": f"{head.size}:{head.root.hex()}",
        "key": " --key ".join(keys),
        "verifier": bundle.VERIFIER,
        "sha256": hashlib.sha256(bundle.verifier()).hexdigest(),
    }
    for name in CHECKS:
        yield story_trust.Check(say(f"check-{name}", lang, **facts), say(f"check-{name}-command", lang, **facts))


def _all_there(case: Case) -> None:
    """No paper is printed over a file that is gone, cut or replaced: `IntegrityError`. To hash them is `verify`'s."""
    volumes = case.volumes()
    for artifact in case.register.artifacts.values():
        at_hand = volumes[artifact.volume].is_connected(case.ledger.origin)
        if at_hand and artifact.seq not in case.register.disposed:
            for file in artifact.files:
                case.path_of(artifact, file)


def _answer(
    case: Case,
    recovered: story_finds.Files,
    carved: story_finds.Files,
    talks: list[story_finds.Conversation],
    sources: tuple[story_finds.PaymentSource, ...],
    lang: Lang,
) -> tuple[str, ...]:
    """The answer in short: what there is, in numbers that the sections below account for."""
    return (
        say("answer-exhibits", lang, exhibits=len(case.register.exhibits), images=report_case.images(case)),
        say(
            "answer-files",
            lang,
            recovered=sum(number for _, number in recovered.by_status),
            intact=dict(recovered.by_status).get("intact", 0),
            inferred=dict(recovered.by_status).get("inferred", 0),
            carved=sum(number for _, number in carved.by_status),
        ),
        say(
            "answer-messages", lang, conversations=len(talks), messages=sum(t.live + t.deleted + t.other for t in talks)
        ),
        say("answer-payments", lang, sources=len(sources)),
        *(_source_answer(source, lang) for source in sources),
    )


def _source_answer(source: story_finds.PaymentSource, lang: Lang) -> str:
    inward, outward = source.overall.inward, source.overall.outward
    return say(
        "answer-source",
        lang,
        name=source.name,
        in_rows=inward.count,
        inward=" + ".join(map(str, inward.amounts)) or "0",
        out_rows=outward.count,
        outward=" + ".join(map(str, outward.amounts)) or "0",
    )


def findings(case: Case) -> Iterator[Finding]:
    """All that is wrong with the evidence, in the order in which it came to light."""
    yield from custody_faults.of_case(case)
    for body in case.register.acquisitions.values():
        if body["end"] and "image" in body["end"]:
            yield from _acquired(body["end"])
    sets = [*finds.lists(case), *views.record_sets(case), *_beside_sets(case)]
    seen = set()
    for artifact in sorted(sets, key=lambda artifact: artifact.seq):
        for line in recordset.read(case, artifact):
            if line["kind"] == recordset.FINDING:
                finding = recordset.finding_of(line)
                key = repr(finding)
                if key not in seen:
                    seen.add(key)
                    yield finding
    for leftover in case.register.held(what="leftover"):
        yield Finding("intake-leftover", Severity.NOTE, where={"artifact": leftover.seq})


def _beside_sets(case: Case) -> list[Artifact]:
    """The newest list of what parsing an exhibit found wrong besides its record sets."""
    newest = {artifact.exhibit: artifact for artifact in case.register.held(what=FINDINGS)}
    return list(newest.values())


def _acquired(end: dict[str, object]) -> Iterator[Finding]:
    where = {"artifact": int(str(end["image"]))}
    if end["unreadable_runs"]:
        facts = {"runs": int(str(end["unreadable_runs"])), "bytes": int(str(end["unreadable_bytes"]))}
        yield Finding("acquire-holes", Severity.ERROR, facts, where)
    hashes, stored = end["hashes"], end.get("stored") or {}
    assert isinstance(hashes, dict)
    assert isinstance(stored, dict)
    for name, value in stored.items():
        if str(value).lower() != hashes[name]:
            facts_of = {"algorithm": str(name), "stored": str(value), "computed": str(hashes[name])}
            yield Finding("acquire-stored-hash-differs", Severity.ERROR, facts_of, where)
    if end["verdict"] == "incomplete":
        yield Finding("acquire-incomplete", Severity.ERROR, {"bytes": int(str(end["bytes"]))}, where)


def _limitations(case: Case, lang: Lang) -> tuple[story_trust.Limitation, ...]:
    used = {artifact.facts["parser"] for artifact in views.record_sets(case)}
    of_parsers = (
        story_trust.Limitation(f"{parser.name} {parser.version}", text)
        for parser in enrolled.parsers()
        if parser.name in used
        for text in parser.limitation_texts(lang)
    )
    general = (story_trust.Limitation(say("limit-general", lang), say(limit, lang)) for limit in GENERAL_LIMITS)
    return tuple(chain(general, of_parsers))
