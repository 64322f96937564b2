"""What is going on in a case and what is still open."""

import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chain_of_custody import heads_out
from chain_of_custody.case import Case
from chain_of_custody.clock import local
from chain_of_custody.custody import State, open_unseals
from chain_of_custody.parcel import INTAKE, is_alive
from chain_of_custody.register import Run
from chain_of_custody.session import is_gone
from forensic.workflows import memory, standing
from forensic.workflows.work import Outcome

PARTIAL = "image-partial"


def status(case: Case) -> Outcome:
    """The session that stands open here, running commands, incomplete images, unsealed exhibits, entries since a head
    last left, the last full check."""
    register = case.register
    filling, waiting = _parcels(case)
    running = _commands(case) or filling  # a session of another workstation is known by its parcel only
    open_acquisitions = [f"{body['item']} (#{seq})" for seq, body in register.acquisitions.items() if not body["end"]]
    data = {
        "standing": standing.here(case),
        "running": running,
        "waiting": waiting,
        "incomplete": [f"{a.exhibit} (#{a.seq})" for a in register.held(what=PARTIAL)] + open_acquisitions,
        "unfinished": [f"{run.step} {run.exhibit} (#{run.seq})" for run in _unfinished(case)],
        "unsealed": [h.exhibit for h in register.custody.holdings.values() if h.state in (State.NEVER, State.UNSEALED)],
        "open_unseals": [f"{o.exhibit} (#{o.seq}, {local(o.at, case.zone)})" for o in open_unseals(register.custody)],
        "entries": len(case.ledger),
        "since_outside_head": _since_outside_head(case),
        "closed": asdict(register.closed) if register.closed else None,
        "fixity": _fixity(register.fixity),
        "verified_in_full": memory.last_full(case.ledger.origin),
    }
    return Outcome(data, head=case.head())


def _fixity(body: dict[str, Any] | None) -> dict[str, Any] | None:
    """The newest check that was entered, whatever came of it."""
    return {"seq": body["seq"], "time": body["t"], "holds": body["holds"]} if body else None


def _unfinished(case: Case) -> list[Run]:
    """Runs that were cut off and not made up for by another of the same work."""
    runs = case.register.runs.values()
    return [run for run in runs if run.end is None and case.register.completed(run.step, run.key) is None]


def _commands(case: Case) -> list[str]:
    """The commands of sessions that are open in a process of this workstation that lives: their words and number."""
    ended = {entry.body["sess"] for entry in case.ledger.entries_without_located() if entry.kind == "session.close"}
    here = (
        (seq, body)
        for seq, body in case.register.sessions.items()
        if seq not in ended and body["host"]["name"] == platform.node()
    )
    return [f"{_told(case, seq, body)} (#{seq})" for seq, body in here if not is_gone(body) and _began_before(body)]


def _told(case: Case, seq: int, body: dict[str, Any]) -> str:
    """The words that were typed, and the exhibit worked on where they do not name it."""
    words = ["forensic", *map(str, body["command"])]
    works = [*case.register.acquisitions.values(), *(run.begin for run in case.register.runs.values())]
    items = {str(work["item"]) for work in works if work["sess"] == seq}
    return " ".join([*words, *sorted(items - set(words))])


def _began_before(body: dict[str, Any]) -> bool:
    """Whether the process is older than its session: a number that was given to another process since is not ours.

    The 22nd field of /proc/PID/stat is its start in clock ticks since boot (proc(5)).
    """
    try:
        told = Path(f"/proc/{body['host']['pid']}/stat").read_text("utf-8", "replace")
        started = int(told.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return False
    return started <= int(body["mono"]) / 1e9


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
    """Entries after the largest head that left the laboratory; all if none did."""
    return len(case.ledger) - heads_out.reach(heads_out.told(case.ledger))
