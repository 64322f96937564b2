"""`anchor print`: the receipt for the party, entered with the head that it carries out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chain_of_custody import bundle
from chain_of_custody.anchors import KIND, PRINT, RECEIPT
from chain_of_custody.artifact import Artifact, Room
from chain_of_custody.case import Case
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.exhibit import Exhibit
from chain_of_custody.hashing import sha256_hex
from chain_of_custody.intake import Delivery, Planned
from chain_of_custody.messages import Lang
from chain_of_custody.session import Session
from chain_of_custody.volumes import CASE
from forensic.workflows import report_case, report_time
from forensic.workflows.work import Outcome, described
from reports import receipt, story_trust


def issue(session: Session, exhibits: Sequence[str], lang: Lang) -> Outcome:
    """Prints the receipt of the newest head for these exhibits, or for all, and enters it with its anchor at once."""
    case = session.case
    chosen = [case.register.exhibit(id_) for id_ in dict.fromkeys(exhibits)] or [*case.register.exhibits.values()]
    head = case.ledger.head()
    content = receipt.build(_told(case, head, chosen), lang)
    facts = {"head": _head(head), "exhibits": [one.id for one in chosen], "lang": lang}
    with Delivery(_Pen(session, head), CASE, None) as delivery:
        with delivery.receive("pdf") as incoming:
            incoming.write(content)
        delivery.add(RECEIPT, Room.REPORTS, None, [incoming], facts)
        (stored,) = delivery.commit()
    told = {"seq": stored.seq, "file": str(case.path_of(stored)), **_head(head)}
    return Outcome(told, artifacts=[described(stored)])


class _Pen:
    """Enters the paper and that its head is out, in one transaction."""

    def __init__(self, session: Session, head: Checkpoint) -> None:
        self._session = session
        self._head = head

    def enter_all(self, entries: Sequence[Planned]) -> list[Artifact]:
        by = ", ".join(self._session.names)
        with self._session.transaction() as writing:
            numbers = [writing.hold(planned) for planned in entries]
            for number in numbers:
                writing.add(KIND, type=PRINT, **_head(self._head), by=by, receipt=number)
        return [self._session.case.register.artifacts[number] for number in numbers]

    def volume_root(self, volume: str) -> Path:
        return self._session.volume_root(volume)


def _head(head: Checkpoint) -> dict[str, int | str]:
    return {"size": head.size, "root": head.root.hex()}


def _told(case: Case, head: Checkpoint, exhibits: Sequence[Exhibit]) -> receipt.Receipt:
    ledger = case.ledger
    at = ledger.entry(head.size - 1).time
    outside = story_trust.Head(
        head.size,
        head.root.hex(),
        ledger.head_note(head.size),
        ledger.verifier_key,
        at,
        adopted=report_time.adopted(case),
    )
    items = tuple(
        receipt.Item(
            exhibit.id,
            exhibit.number,
            exhibit.kind,
            exhibit.label,
            tuple(mark for mark in (exhibit.serial, exhibit.imei) if mark),
            case.register.custody.of(exhibit.id).seals,
        )
        for exhibit in exhibits
    )
    verifier = story_trust.Software(bundle.VERIFIER, "", sha256_hex(bundle.verifier()))
    return receipt.Receipt(replace(report_case.case(case), draft=False), outside, items, verifier)
