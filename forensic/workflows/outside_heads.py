"""The heads of a case beside its ledger: those that left, claims, own memory; and whether the ledger bears them out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chain_of_custody import checkpoint, heads, heads_out, laboratory, proof
from chain_of_custody.case import Case
from chain_of_custody.errors import ForensicError
from chain_of_custody.heads_out import HeadOut, Standing
from forensic.workflows.config import Config
from forensic.workflows.outward import Tell, file_on_stick
from forensic.workflows.work import Outcome

STICK, WORKSTATION, LABORATORY = "stick", "workstation", "laboratory"


def listed(case: Case, config: Config, tell: Tell) -> Outcome:
    """`heads` in the order of their size, each with how sure it is that it left (`standing`) and whether the ledger
    continues it (`holds`); `outside` is how many entries the largest counts that left. What cannot be read is told."""
    with case.ledger.snapshot():
        left = heads_out.told(case.ledger)
        found = [*map(_entered, left), *_kept(case, tell), *_on_stick(case, config, tell)]
        for row in found:
            row["holds"] = proof.continues(case.ledger, row["size"], bytes.fromhex(row["root"]))
    found.sort(key=lambda row: (row["size"], row["kind"]))
    told = {"heads": found, "entries": len(case.ledger), "outside": heads_out.reach(left)}
    return Outcome(told, head=case.head())


def _entered(head: HeadOut) -> dict[str, Any]:
    more = {"by": head.by, "seq": head.seq, "paper": head.paper, "scan": head.scan}
    return _row(head.kind, head.standing, head.size, head.root, head.at, **more)


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
        path = str(heads.of_workstation().path_of(origin))
        yield _row(WORKSTATION, Standing.OWN, seen.head.size, seen.head.root, None, by=path)
    if recorded:
        size, root, time = recorded
        yield _row(LABORATORY, Standing.OWN, size, root, time, by=str(laboratory.path()))


def _on_stick(case: Case, config: Config, tell: Tell) -> Iterator[dict[str, Any]]:
    """The newest head that lies where the configuration sends them: nobody says that the stick ever left."""
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
    yield _row(STICK, Standing.CLAIMED, head.size, head.root, None, by=str(files[-1]))


def _row(kind: str, standing: Standing, size: int, root: bytes, time: str | None, **more: object) -> dict[str, Any]:
    return {"kind": kind, "standing": standing, "size": size, "root": root.hex(), "time": time, **more}
