"""A closed case: what may still be entered after `case.close`, until `case.reopen`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from chain_of_custody.clock import local
from chain_of_custody.errors import CustodyRefusal
from chain_of_custody.ledger import Entry

AFTER_CLOSE = frozenset(
    {
        *("session.open", "session.close", "time.step"),
        *("fixity", "exhibit.handover", "exhibit.return", "case.reopen", "case.adopt"),
        *("anchor.add", "export", "export.made", "export.check", "export.receipt"),
    }
)
HELD_AFTER_CLOSE = frozenset({"receipt", "receipt-scan", "disc-receipt", "photo"})
"""Papers that carry a head out and come back signed, and what shows a hand-over."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Entry `seq` closed the case at `time` (UTC)."""

    seq: int
    time: str
    reason: str


def read(entry: Entry, closed: Closing | None) -> Closing | None:
    """Whether the case is closed after this entry, given whether it was before."""
    match entry.kind:
        case "case.close":
            return Closing(entry.seq, entry.time, str(entry.body["reason"]))
        case "case.reopen":
            return None
        case _:
            return closed


def allowed(kind: str, facts: Mapping[str, Any]) -> bool:
    """Whether an entry of this kind may stand in a closed case."""
    return kind in AFTER_CLOSE or (kind == "artifact.held" and facts.get("what") in HELD_AFTER_CLOSE)


def refuse(closed: Closing | None, zone: ZoneInfo) -> None:
    """Raises `CustodyRefusal` for a closed case, its time told in `zone`."""
    if closed:
        raise CustodyRefusal("case-closed", hint="case-closed-hint", seq=closed.seq, time=local(closed.time, zone))


def check(closed: Closing | None, zone: ZoneInfo, kind: str, facts: Mapping[str, Any]) -> None:
    """Raises `CustodyRefusal` for an entry that a closed case does not take."""
    if not allowed(kind, facts):
        refuse(closed, zone)
