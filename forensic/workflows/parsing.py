"""`parse`: matching files entered as artifacts and read into record sets."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.errors import CaseError, EvidenceError, ForensicError
from chain_of_custody.finding import Fact, Finding, Severity
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from forensic.workflows import recordset
from forensic.workflows.candidates import CARVED, RECOVERED, Candidate, Opened, candidates, opened
from forensic.workflows.loose import TAKEN
from forensic.workflows.recognised import recognised
from forensic.workflows.views import RECORD_SET
from forensic.workflows.work import Outcome, described
from parsers import enrolled
from parsers.parser import Parser
from parsers.records import Payment, Record, State
from parsers.source import Found

FINDINGS = "parse-findings"
SILENT = frozenset({"av", "paper", "photo"})  # kinds of taken files that no parser is expected to read
FOUND = {RECOVERED: State.DELETED, CARVED: State.UNKNOWN}  # of rows that are live in a file that itself is not


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
    """Parses every file of the exhibit that a parser claims, each content once by each version of a parser.

    An exhibit of which nothing is held raises `CaseError`: it must not read as "nothing found".
    """
    case = session.case
    case.register.exhibit(exhibit)
    if not any(case.register.held(exhibit)):
        raise CaseError("exhibit-nothing-held", hint="exhibit-no-image-hint", exhibit=exhibit)
    findings: list[Finding] = []
    reads: list[Read] = []
    done = _done_before(case)
    contents: dict[str, int] = {}
    for candidate in candidates(session, exhibit, findings, progress):
        try:
            with opened(case, candidate) as given:
                if given.content in contents:
                    findings.append(_same(candidate, contents[given.content]))
                    continue
                contents[given.content] = candidate.seq
                matched = enrolled.match(given.found)
                findings += matched.findings
                if not matched.parsers and not matched.findings:
                    findings += _unread(case, candidate)
                for parser in matched.parsers:
                    reads.append(_read(session, exhibit, candidate, parser, given, done, progress))
        except EvidenceError as error:
            where: dict[str, Fact] = {"artifact": candidate.seq, "reason": str(error)}
            findings.append(Finding("files-content-unreadable", Severity.ERROR, {"path": candidate.path}, where))
    _hold_findings(session, exhibit, findings)
    reads = [read for read in reads if read.set.seq not in case.register.excluded]
    for read in reads:
        lines = (line for line in recordset.read(case, read.set) if line["kind"] == recordset.FINDING)
        findings += (recordset.finding_of(line) for line in lines)
    return _outcome(reads, findings)


def _same(candidate: Candidate, first: int) -> Finding:
    where = {"artifact": candidate.seq}
    return Finding("parse-same-bytes", Severity.NOTE, {"path": candidate.path, "first": first}, where)


def _unread(case: Case, candidate: Candidate) -> Iterator[Finding]:
    """What must be said of a file that nobody reads: known by its name, or given to be read."""
    known = recognised(candidate.path)
    where = {"artifact": candidate.seq}
    if known:
        yield Finding("parse-recognised-unread", facts={"path": candidate.path, "what": known}, where=where)
    elif candidate.origin == TAKEN and case.register.artifacts[candidate.seq].facts["kind_of"] not in SILENT:
        yield Finding("parse-unclaimed", facts={"path": candidate.path}, where=where)


def _hold_findings(session: Session, exhibit: str, findings: list[Finding]) -> None:
    """Keeps what was found wrong besides the record sets, unless the newest list says just that already."""
    lines = [recordset.finding_line(finding) for finding in findings]
    before = list(session.case.register.held(exhibit, FINDINGS))
    if (list(recordset.read(session.case, before[-1])) if before else []) == lines:
        return
    with session.delivery() as delivery:
        recordset.write(delivery, FINDINGS, exhibit, {"step": "parse"}, lines, {"step": "parse"})


Done = dict[tuple[str, str, str, int], Artifact]


def _done_before(case: Case) -> Done:
    """The sets there are, by parser, version and input, those excluded since among them."""
    sets = (artifact for artifact in case.register.artifacts.values() if artifact.what == RECORD_SET)
    return {(a.facts["parser"], a.facts["version"], a.facts["content"], a.facts["input"]): a for a in sets}


def _read(
    session: Session,
    exhibit: str,
    candidate: Candidate,
    parser: Parser,
    given: Opened,
    done: Done,
    progress: Progress,
) -> Read:
    stored = done.get((parser.name, parser.version, given.content, candidate.seq))
    done_before = stored is not None
    if stored is None:
        progress.start("phase-parse", None, "records")
        facts = {"parser": parser.name, "version": parser.version, "input": candidate.seq, "content": given.content}
        origin = f"{candidate.origin} ({candidate.status})" if candidate.status else candidate.origin
        header = {**facts, "path": candidate.path, "sha256": given.found.sha256, "origin": origin}
        with session.delivery() as delivery:
            lines = _lines(parser, given.found, candidate, progress)
            recordset.write(delivery, RECORD_SET, exhibit, header, lines, {**facts, "origin": candidate.origin})
            (stored,) = delivery.commit()
    return Read(parser, candidate.seq, candidate.path, stored, dict(stored.facts["counts"]), done_before)


def _lines(parser: Parser, found: Found, candidate: Candidate, progress: Progress) -> Iterator[dict[str, Any]]:
    """The records and findings of one file. A fault of the parser itself ends this file and becomes a finding."""
    try:
        for item in parser.read(found):
            if isinstance(item, Finding):
                yield recordset.finding_line(replace(item, where={"artifact": found.sha256, **item.where}))
            else:
                yield _as_found(item, candidate).as_json()
            progress.advance(1)
    except ForensicError:
        raise
    except Exception as error:
        facts = {"parser": parser.name, "error": repr(error)[:500]}
        yield recordset.finding_line(Finding("parser-fault", Severity.ERROR, facts, {"artifact": found.sha256}))


def _as_found(record: Record, candidate: Candidate) -> Record:
    """A row that is live in a deleted or carved database is not what the app shows now. A bill's rows speak of
    payments, whatever became of the file: their source says that it was recovered."""
    state = FOUND.get(candidate.origin)
    if state is None or record.state is not State.LIVE or isinstance(record, Payment):
        return record
    return replace(record, state=state)


def _outcome(reads: list[Read], findings: list[Finding]) -> Outcome:
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
