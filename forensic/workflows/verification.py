"""Verification of a whole case, on a damaged one too."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain_of_custody import (
    bundle,
    checkpoint,
    heads,
    heads_out,
    keys,
    ledger_file,
    policy,
    proof,
    verify_custody,
)
from chain_of_custody import case as cases
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.errors import CaseError, ForensicError, IntegrityError, UsageError
from chain_of_custody.heads_out import Standing
from chain_of_custody.ledger import Ledger
from chain_of_custody.progress import Progress
from chain_of_custody.trust import Trust
from chain_of_custody.verify import Verdict, adopted_keys, verify_files, verify_ledger
from forensic.workflows import memory, proving, qr_heads
from forensic.workflows.qr_heads import Shown
from forensic.workflows.work import Order


@dataclass(frozen=True, slots=True)
class Outside:
    """What was brought from outside the case: heads as `SIZE:ROOT`, pictures of QR codes, a policy file, a folder that
    the held files are taken from."""

    expect: Sequence[str] = ()
    qr: Sequence[Path] = ()
    policy: Path | None = None
    files: Path | None = None
    strict: bool = False


def verify(
    order: Order, progress: Progress, *, quick: bool, outside: Outside | None = None, volume: str | None = None
) -> tuple[Verdict, dict[str, Any] | None]:
    """The ledger first, by itself: one that was tampered with may be impossible to replay. With `volume` only that
    one's files are looked at. The head is the newest as it is stored, None where there is none that can be read."""
    outside = outside or Outside()
    expected = [proof.parse_head(text) for text in outside.expect]
    shown = [(path, qr_heads.read(path)) for path in outside.qr]
    if outside.files and not outside.files.is_dir():
        raise UsageError("verify-files-none", path=str(outside.files))
    folder = cases.find(order.case)
    verdict, head = Verdict(), None
    if not ledger_file.is_there(folder / LEDGER):
        raise CaseError("case-none", path=str(folder))
    with Ledger.open(folder / LEDGER) as ledger:
        trust = trusted(ledger, outside)
        if not trust.keys:
            verdict.remark("verify-unvouched" if outside.strict else "verify-no-outside-key")
        verify_ledger(ledger, ledger.verifier_key, verdict, progress, trust)
        expected += check_shown(ledger, shown, trust, verdict)
        proving.check_expected(ledger, expected, verdict)
        _tell_tail(ledger, expected, verdict, strict=outside.strict)
        heads.judge(ledger, verdict, strict=outside.strict)
        head = _stored(ledger)
    try:
        with Case.open(folder) as case:
            head = case.head()
            if volume is not None and volume not in case.volumes():
                raise UsageError("volume-unknown", volume=volume)
            verify_custody.readings(case, verdict.remark)
            verify_files(case, verdict, quick=quick, progress=progress, only=volume, elsewhere=outside.files)
    except IntegrityError as error:
        verdict.stopped(error)
    if (
        verdict.holds
        and head
        and not quick
        and volume is None
        and outside.files is None
        and all(remark.code != "volume-not-connected" for remark in verdict.remarks)
    ):
        memory.remember(str(head["origin"]), head)
    return verdict, head


def _stored(ledger: Ledger) -> dict[str, Any] | None:
    try:
        head = ledger.head()
    except (CaseError, IntegrityError):
        return None
    return {"origin": head.origin, "size": head.size, "root": head.root.hex()}


def trusted(ledger: Ledger, outside: Outside) -> Trust:
    """The keys of the policy for this ledger, else this workstation's, if it is one that the ledger names."""
    if outside.policy:
        whom = policy.load(outside.policy)
        ours = tuple(vkey for vkey in whom.logs if vkey.partition("+")[0] == ledger.origin)
        return Trust(ours, whom, outside.strict)
    own = _own_key(ledger)
    return Trust((own,) if own else (), None, outside.strict)


def _own_key(ledger: Ledger) -> str | None:
    """This workstation's key, if the ledger names it: a key from outside the case folder."""
    try:
        key = keys.load()
    except ForensicError:
        return None
    if key is None:
        return None
    ours = checkpoint.verifier_key(ledger.origin, key.public)
    return ours if ours in {ledger.verifier_key, *adopted_keys(ledger)} else None


def check_shown(
    ledger: Ledger, shown: Sequence[tuple[Path, Shown]], trust: Trust, verdict: Verdict
) -> list[tuple[int, bytes]]:
    """The heads in pictures, size and root; each must be of this ledger and signed by a key of its own or, where one is
    known from outside, by that."""
    vkeys = trust.keys or (ledger.verifier_key, *adopted_keys(ledger))
    for path, one in shown:
        if one.head.origin != ledger.origin:
            raise UsageError("verify-qr-other-case", path=str(path), origin=one.head.origin, own=ledger.origin)
        if not any(checkpoint.is_signed_by(one.note, *checkpoint.parse_verifier_key(vkey)) for vkey in vkeys):
            verdict.breach("verify-qr-signature", size=one.head.size)
    return [(one.head.size, one.head.root) for _, one in shown]


def _tell_tail(ledger: Ledger, shown: Sequence[tuple[int, bytes]], verdict: Verdict, *, strict: bool) -> None:
    """Names the entries that no head that left covers, where one did or it was asked; and how far it is the
    laboratory's own word alone that one left. Of the heads shown, size and root, one that does not hold covers nothing,
    and leaves nothing of the laboratory's word from there on.
    """
    with ledger.snapshot():
        left = heads_out.weighed(heads_out.told(ledger), verdict.proved, verdict.refuted)
        proved = [size for size, root in shown if proof.continues(ledger, size, root)]
    wrong = min((size for size, _ in shown if size not in proved), default=len(ledger) + 1)
    proved += [head.size for head in left if head.covers and head.standing is Standing.PROVEN]
    shown_to = max(proved, default=0)
    verdict.outside = max(shown_to, heads_out.reach(head for head in left if head.size < wrong))
    if verdict.outside > shown_to:
        verdict.remark("verify-left", size=verdict.outside, proved=shown_to)
    if verdict.outside < verdict.entries and (verdict.outside or strict):
        entries = bundle.ranges(range(verdict.outside, verdict.entries))
        verdict.remark("verify-tail", first=verdict.outside, last=verdict.entries - 1, entries=entries)
