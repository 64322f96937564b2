"""What is going on in a case and what is still open."""

from chain_of_custody.case import Case
from chain_of_custody.parcel import INTAKE, is_alive
from chain_of_custody.register import Run
from forensic.workflows import memory
from forensic.workflows.work import Outcome

PARTIAL = "image-partial"


def status(case: Case) -> Outcome:
    """Running commands, incomplete images, unsealed exhibits, entries since a head last left, the last full check."""
    register = case.register
    running, waiting = _parcels(case)
    open_acquisitions = [f"{body['item']} (#{seq})" for seq, body in register.acquisitions.items() if not body["end"]]
    data = {
        "running": running,
        "waiting": waiting,
        "incomplete": [f"{a.exhibit} (#{a.seq})" for a in register.held(what=PARTIAL)] + open_acquisitions,
        "unfinished": [f"{run.step} {run.exhibit} (#{run.seq})" for run in _unfinished(case)],
        "unsealed": [exhibit.id for exhibit in register.exhibits.values() if not exhibit.seal],
        "entries": len(case.ledger),
        "since_outside_head": _since_outside_head(case),
        "verified_in_full": memory.last_full(case.ledger.origin),
    }
    return Outcome(data, head=case.head())


def _unfinished(case: Case) -> list[Run]:
    """Runs that were cut off and not made up for by another of the same work."""
    runs = case.register.runs.values()
    return [run for run in runs if run.end is None and case.register.completed(run.step, run.key) is None]


def _parcels(case: Case) -> tuple[list[str], list[str]]:
    """Parcels with a living process, and parcels without."""
    running: list[str] = []
    waiting: list[str] = []
    for volume in case.volumes().values():
        folder = volume.path / INTAKE
        if volume.is_connected(case.ledger.origin) and folder.is_dir():
            for parcel in sorted(folder.iterdir()):
                (running if is_alive(parcel) else waiting).append(f"{volume.id}/{parcel.name}")
    return running, waiting


def _since_outside_head(case: Case) -> int:
    """Entries after the newest head that a report carried out of the case; all of them if none did."""
    covered = [int(artifact.facts["head"]["size"]) for artifact in case.register.held(what="report")]
    return len(case.ledger) - max(covered, default=0)
