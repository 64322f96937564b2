"""`fixity`: everything verified again, and the result entered."""

from dataclasses import dataclass

from chain_of_custody.errors import CannotWrite, CaseError, IntegrityError
from chain_of_custody.progress import Progress
from chain_of_custody.verify import Breach, Verdict
from forensic.workflows import verification
from forensic.workflows.work import Announce, Order, Outcome, writing


@dataclass(frozen=True, slots=True)
class Checked:
    """`entered` is None where the ledger itself did not let the result in; `why` then says so."""

    verdict: Verdict
    outcome: Outcome
    entered: int | None
    why: CaseError | IntegrityError | CannotWrite | None = None


def run(order: Order, announce: Announce, progress: Progress, volume: str = "") -> Checked:
    """Verifies the ledger and every file, or the files of one volume, and enters what came of it."""
    verdict, head = verification.verify(order, progress, quick=False, volume=volume or None)
    counted = {"entries": verdict.entries, "heads": verdict.heads, "files": verdict.files, "bytes": verdict.bytes}
    outcome = Outcome(
        {
            "holds": verdict.holds,
            "checked": counted,
            "breaches": [_told(breach) for breach in verdict.breaches],
            "remarks": [_told(remark) for remark in verdict.remarks],
        },
        head=head,
    )
    codes = list(dict.fromkeys(breach.code for breach in verdict.breaches))
    try:
        with writing(order, announce, after_close=True) as session:
            seq = session.enter("fixity", holds=verdict.holds, **counted, breaches=codes, volume=volume or None)
    except (CaseError, IntegrityError, CannotWrite) as error:
        if verdict.holds:
            raise
        return Checked(verdict, outcome, None, error)
    outcome.data["seq"], outcome.head = seq, session.head
    return Checked(verdict, outcome, seq)


def _told(breach: Breach) -> dict[str, object]:
    return {"code": breach.code, "facts": breach.facts}
