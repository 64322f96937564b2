"""What was handed out, replayed from the ledger: each export with how it was made, checked and received."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from chain_of_custody.artifact import Room
from chain_of_custody.case import Case
from chain_of_custody.clock import local, parse_iso
from chain_of_custody.errors import CaseError, UsageError
from chain_of_custody.session import Session
from forensic.workflows.filetype import suffix_of
from forensic.workflows.folders import kind_of
from forensic.workflows.loose import copy_in
from forensic.workflows.work import Outcome, described

DISC, RECEIPT = "disc", "disc-receipt"
TYPED = timedelta(minutes=1)  # times are typed without seconds


@dataclass(slots=True)
class Export:
    """An `export` entry and the bodies of what was entered about it later. `made` is None for a disc that was begun and
    never finished."""

    seq: int
    body: dict[str, Any]
    made: dict[str, Any] | None = None
    checks: list[dict[str, Any]] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def number(self) -> str:
        return str(self.body.get("no", ""))

    @property
    def sums(self) -> dict[str, int]:
        """The disc by the hash of its SHA256SUMS."""
        return {str(disc["sums"]): int(disc["disc"]) for disc in self.made["discs"]} if self.made else {}


def exports(case: Case) -> list[Export]:
    """All that left the case, in order."""
    found: dict[int, Export] = {}
    for entry in case.ledger.entries_without_located():
        match entry.kind:
            case "export":
                found[entry.seq] = Export(entry.seq, entry.body)
            case "export.made":
                found[entry.body["target"]].made = entry.body
            case "export.check":
                found[entry.body["target"]].checks.append(entry.body)
            case "export.receipt":
                found[entry.body["target"]].receipts.append(entry.body)
    return list(found.values())


def numbered(among: Iterable[Export], number: str) -> Export | None:
    """The disc export that bears a number: the finished one, else the last that was begun."""
    same = [each for each in among if each.body.get("what") == DISC and each.number == number]
    return next((each for each in same if each.made), same[-1] if same else None)


def receipt(session: Session, number: str, by: str, at: str, scan: Path | None) -> Outcome:
    """Enters that somebody signed for a disc at a time (UTC), with the scan of the paper where there is one."""
    if not by.strip():
        raise UsageError("disc-nobody", option="--signed-by")
    if scan:
        kind_of(scan)
    export = numbered(exports(session.case), number)
    if export is None:
        raise CaseError("disc-none", number=number)
    if export.made is None:
        raise CaseError("disc-unfinished", number=number, seq=export.seq)
    if parse_iso(at) + TYPED < parse_iso(export.made["t"]):
        raise UsageError("disc-receipt-early", number=number, made=local(export.made["t"], session.case.zone))
    artifacts = []
    if scan:
        with session.delivery() as delivery:
            incoming = copy_in(delivery, scan, suffix_of(scan))
            delivery.add(RECEIPT, Room.REPORTS, None, [incoming], {"target": export.seq, "by": by, "at": at})
            artifacts = delivery.commit()
    held = artifacts[0].seq if artifacts else None
    seq = session.enter("export.receipt", target=export.seq, by=by, at=at, receipt=held)
    data = {"seq": seq, "number": number, "target": export.seq, "by": by, "at": at, "receipt": held}
    return Outcome(data, artifacts=[described(artifact) for artifact in artifacts])


def listed(case: Case) -> Outcome:
    return Outcome({"exports": [_described(export) for export in exports(case)]}, head=case.head())


def _described(export: Export) -> dict[str, Any]:
    body = export.body
    return {
        "seq": export.seq,
        "time": body["t"],
        "what": body["what"],
        "number": export.number or None,
        "to": body.get("to"),
        "report": body.get("report"),
        "finished": export.made is not None if body["what"] == DISC else True,
        "discs": export.made["discs"] if export.made else [],
        "checks": [{name: check[name] for name in ("seq", "t", "disc", "holds", "medium")} for check in export.checks],
        "receipts": [{name: paper.get(name) for name in ("seq", "by", "at", "receipt")} for paper in export.receipts],
    }
