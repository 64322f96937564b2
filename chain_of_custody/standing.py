"""The session that stands open over many commands: who works at a workstation until he says that he is done."""

import os
import platform
import pwd
from collections.abc import Mapping
from typing import Any

from chain_of_custody.ledger import Entry


def user() -> str:
    """The name of the system's user whose process this is, its number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


class Standing:
    """The standing sessions that are open, by number, replayed from `session.open` {standing: true} and `session.close`
    {sess}. Where the case is adopted, all of them end."""

    def __init__(self) -> None:
        self.open: dict[int, dict[str, Any]] = {}

    def read(self, entry: Entry) -> None:
        if entry.kind == "session.open" and entry.body.get("standing"):
            self.open[entry.seq] = entry.body
        elif entry.kind == "session.close":
            self.open.pop(entry.body["sess"], None)
        elif entry.kind == "case.adopt":
            self.open.clear()

    def here(self, machine: str) -> int | None:
        """The one of this host and this user of it; `machine` is what `place.machine` makes of the workstation."""
        return next((seq for seq, body in self.open.items() if _is_ours(body["host"], machine)), None)


def _is_ours(host: Mapping[str, Any], machine: str) -> bool:
    ours = {"name": platform.node(), "machine": machine, "user": user()}
    return all(host.get(name, "") == value for name, value in ours.items())
