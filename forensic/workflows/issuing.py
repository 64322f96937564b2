"""`report issue`: that a report left the house, to whom and under which number, over the bytes it has."""

import hashlib

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.errors import CustodyRefusal, IntegrityError, UsageError
from chain_of_custody.session import Session
from forensic.workflows.reporting import REPORT
from forensic.workflows.work import Outcome, described


def issue(session: Session, seq: int, to: str, number: str) -> Outcome:
    """Enters the issue. What is no report, was excluded, or has other bytes than were entered is refused."""
    case = session.case
    report = case.register.artifacts.get(seq)
    if report is None or report.what != REPORT:
        case.ledger.entry(seq)
        raise UsageError("issue-not-a-report", seq=seq)
    _compare(case, report)
    with session.transaction() as writing:
        if seq in case.register.excluded:
            raise CustodyRefusal("issue-excluded", seq=seq, by=case.register.excluded[seq].seq)
        files = [{"sha256": file.sha256, "size": file.size} for file in report.files]
        entered = writing.act(
            "report.issue", target=seq, files=files, to=to.strip() or None, number=number.strip() or None
        )
    return Outcome({"seq": entered, "target": seq, "files": files}, artifacts=[described(report)])


def _compare(case: Case, report: Artifact) -> None:
    for file in report.files:
        path = case.path_of(report, file)
        with path.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != file.sha256:
                raise IntegrityError("verify-hash", seq=report.seq, path=str(path))
