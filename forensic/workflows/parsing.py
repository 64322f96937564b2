"""`parse`: matching files entered as artifacts and read into record sets."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.errors import ForensicError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from forensic.workflows import recordset
from forensic.workflows.candidates import Candidate, candidates, opened
from forensic.workflows.views import RECORD_SET
from forensic.workflows.work import Outcome, described
from parsers import enrolled
from parsers.parser import Parser
from parsers.source import Found


@dataclass(slots=True)
class Read:
    """What one parser made of one input."""

    parser: Parser
    input: int
    path: str
    set: Artifact
    counts: dict[str, int]
    done_before: bool


def run(session: Session, exhibit: str, progress: Progress) -> Outcome:
    """Parses every file of the exhibit that a parser claims, each once by each version of a parser."""
    case = session.case
    case.register.exhibit(exhibit)
    findings: list[Finding] = []
    reads: list[Read] = []
    for candidate in candidates(session, exhibit, findings, progress):
        with opened(case, candidate) as found:
            matched = enrolled.match(found)
            findings += matched.findings
            for parser in matched.parsers:
                reads.append(_read(session, exhibit, candidate, parser, found, progress))
    reads = [read for read in reads if read.set.seq not in case.register.excluded]
    for read in reads:
        lines = (line for line in recordset.read(case, read.set) if line["kind"] == recordset.FINDING)
        findings += (recordset.finding_of(line) for line in lines)
    return _outcome(case, reads, findings)


def _read(
    session: Session, exhibit: str, candidate: Candidate, parser: Parser, found: Found, progress: Progress
) -> Read:
    done = _done(session.case, parser, candidate.seq)
    if done is None:
        progress.start("phase-parse", None, "records")
        facts = {"parser": parser.name, "version": parser.version, "input": candidate.seq}
        header = {**facts, "path": candidate.path, "sha256": found.sha256, "origin": candidate.origin}
        with session.delivery() as delivery:
            recordset.write(delivery, RECORD_SET, exhibit, header, _lines(parser, found, progress), facts)
            (stored,) = delivery.commit()
    else:
        stored = done
    return Read(parser, candidate.seq, candidate.path, stored, dict(stored.facts["counts"]), done is not None)


def _done(case: Case, parser: Parser, source: int) -> Artifact | None:
    """The set that this version of the parser made before, also one that was excluded since."""
    wanted = (parser.name, parser.version, source)
    for artifact in case.register.artifacts.values():
        facts = artifact.facts
        if artifact.what == RECORD_SET and (facts["parser"], facts["version"], facts["input"]) == wanted:
            return artifact
    return None


def _lines(parser: Parser, found: Found, progress: Progress) -> Iterator[dict[str, Any]]:
    """The records and findings of one file. A fault of the parser itself ends this file and becomes a finding."""
    try:
        for item in parser.read(found):
            if isinstance(item, Finding):
                yield recordset.finding_line(replace(item, where={"artifact": found.sha256, **item.where}))
            else:
                yield item.as_json()
            progress.advance(1)
    except ForensicError:
        raise
    except Exception as error:
        facts = {"parser": parser.name, "error": repr(error)[:500]}
        yield recordset.finding_line(Finding("parser-fault", Severity.ERROR, facts, {"artifact": found.sha256}))


def _outcome(case: Case, reads: list[Read], findings: list[Finding]) -> Outcome:
    totals: Counter[str] = Counter()
    listed = []
    for read in reads:
        counts = {kind: number for kind, number in read.counts.items() if kind != recordset.FINDING}
        totals.update(counts)
        listed.append(
            {
                "name": read.parser.name,
                "version": read.parser.version,
                "input": read.input,
                "path": read.path,
                "records": counts,
                "findings": read.counts.get(recordset.FINDING, 0),
                "set": read.set.seq,
                "done_before": read.done_before,
            }
        )
    data = {"records": dict(sorted(totals.items())), "parsers": listed}
    return Outcome(data, findings, [described(read.set) for read in reads])
