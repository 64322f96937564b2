"""What this workstation remembers of a case between commands: when it was last verified in full, and at which head.

No evidence and no part of the case: a note beside the workstation's keys, lost without harm.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from chain_of_custody import clock, keys
from chain_of_custody.clock import SystemClock


def _note(origin: str) -> Path:
    return keys.home() / "verified" / (hashlib.sha256(origin.encode()).hexdigest()[:32] + ".json")


def remember(origin: str, head: dict[str, Any]) -> None:
    """Notes that the case held in full just now. Where nothing can be noted, nothing is."""
    note = _note(origin)
    text = json.dumps({"origin": origin, "at": clock.iso(SystemClock().read().utc), "head": head})
    try:
        keys.make_private(note.parent)
        note.write_text(text, "utf-8")
    except OSError:
        return


def last_full(origin: str) -> str | None:
    """When the case was last verified in full on this workstation, UTC; None if never."""
    try:
        noted = json.loads(_note(origin).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return str(noted["at"]) if isinstance(noted, dict) and noted.get("origin") == origin else None
