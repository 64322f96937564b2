"""Verification of a whole case, on a damaged one too."""

from collections.abc import Sequence
from typing import Any

from chain_of_custody import case as cases
from chain_of_custody import checkpoint, keys, proof
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.errors import CaseError, ForensicError, IntegrityError
from chain_of_custody.ledger import Ledger
from chain_of_custody.progress import Progress
from chain_of_custody.verify import Breach, Verdict, verify_files, verify_ledger
from forensic.workflows import memory, proving
from forensic.workflows.work import Order


def verify(
    order: Order, progress: Progress, *, quick: bool, expect: Sequence[str] = ()
) -> tuple[Verdict, dict[str, Any] | None]:
    """The ledger first, by itself: one that was tampered with may be impossible to replay.

    `expect` are heads from outside, `SIZE:ROOT`.
    """
    expected = [proof.parse_head(text) for text in expect]
    folder = cases.find(order.case)
    verdict, head = Verdict(), None
    if not (folder / LEDGER).is_file():
        raise CaseError("case-none", path=str(folder))
    with Ledger.open(folder / LEDGER) as ledger:
        vkey = _own_key(ledger)
        if vkey is None:
            verdict.remarks.append(Breach("verify-no-outside-key", {}))
        verify_ledger(ledger, vkey or ledger.verifier_key, verdict, progress)
        proving.check_expected(ledger, expected, verdict)
    try:
        with Case.open(folder) as case:
            head = case.head()
            verify_files(case, verdict, quick=quick, progress=progress)
    except IntegrityError as error:
        verdict.breaches.append(Breach(error.message_id, {name: str(fact) for name, fact in error.facts.items()}))
    if (
        verdict.holds
        and head
        and not quick
        and all(remark.code != "volume-not-connected" for remark in verdict.remarks)
    ):
        memory.remember(str(head["origin"]), head)
    return verdict, head


def _own_key(ledger: Ledger) -> str | None:
    """This workstation's key, if it is the one that the ledger names: a key from outside the case folder."""
    try:
        key = keys.load()
    except ForensicError:
        return None
    if key is None:
        return None
    ours = checkpoint.verifier_key(ledger.origin, key.public)
    return ours if ours == ledger.verifier_key else None
