"""All heads of a case that are known to be outside it, and whether the ledger still bears each of them out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chain_of_custody import checkpoint, heads, laboratory, proof
from chain_of_custody.case import Case
from chain_of_custody.errors import ForensicError
from forensic.workflows.config import Config
from forensic.workflows.outward import Tell, file_on_stick
from forensic.workflows.work import Outcome

REPORT, STICK, WORKSTATION, LABORATORY = "report", "stick", "workstation", "laboratory"


def listed(case: Case, config: Config, tell: Tell) -> Outcome:
    """`heads` in the order of their size; `holds` is whether the ledger continues it. What cannot be read is told."""
    found = [*_entered(case), *_kept(case, tell), *_on_stick(case, config, tell)]
    with case.ledger.snapshot():
        for row in found:
            row["holds"] = proof.continues(case.ledger, row["size"], bytes.fromhex(row["root"]))
    found.sort(key=lambda row: (row["size"], row["kind"]))
    return Outcome({"heads": found, "entries": len(case.ledger)}, head=case.head())


def _entered(case: Case) -> Iterator[dict[str, Any]]:
    """Those that entries tell of: anchors, and the papers that carry a head."""
    for anchor in case.register.anchors.all:
        more = {"checked": anchor.checked, "receipt": anchor.receipt, "by": anchor.by}
        if anchor.receipt is not None:
            more["scan"] = case.register.anchors.scans.get(anchor.receipt)
        yield _row(anchor.type, anchor.size, anchor.root, anchor.time or anchor.entered, seq=anchor.seq, **more)
    for report in case.register.held(what=REPORT):
        head = report.facts["head"]
        yield _row(REPORT, head["size"], bytes.fromhex(head["root"]), report.time, seq=report.seq)


def _kept(case: Case, tell: Tell) -> Iterator[dict[str, Any]]:
    """What this workstation saw last, and what the laboratory's ledger says."""
    origin = case.ledger.origin
    try:
        seen = heads.of_workstation().last(origin)
        recorded = laboratory.last_of(origin)
    except ForensicError as error:
        tell(error.message_id, **error.facts)
        return
    if seen:
        yield _row(WORKSTATION, seen.head.size, seen.head.root, None, by=str(heads.of_workstation().path_of(origin)))
    if recorded:
        size, root, time = recorded
        yield _row(LABORATORY, size, root, time, by=str(laboratory.path()))


def _on_stick(case: Case, config: Config, tell: Tell) -> Iterator[dict[str, Any]]:
    """The newest head that lies where the configuration sends them."""
    if not config.heads_to:
        return
    folder = file_on_stick(Path(config.heads_to), case.ledger.origin, 0).parent
    files = sorted(folder.glob("*.note"))
    if not files:
        tell("heads-to-missing", path=str(folder))
        return
    try:
        head, _ = checkpoint.parse(files[-1].read_bytes().decode())
    except (OSError, ValueError) as error:
        tell("heads-unreadable", path=str(files[-1]), reason=str(error))
        return
    yield _row(STICK, head.size, head.root, None, by=str(files[-1]))


def _row(kind: str, size: int, root: bytes, time: str | None, **more: object) -> dict[str, Any]:
    return {"kind": kind, "size": size, "root": root.hex(), "time": time, **more}
