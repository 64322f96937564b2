"""Where a case stands, as its sessions tell it: on which workstation, and on which disk.

A case that is opened for writing elsewhere than last time may be a copy, or a disk that changed hands; somebody must
say so by a `case.adopt` entry before anything else is entered.
"""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chain_of_custody.clock import local
from chain_of_custody.errors import CaseError
from chain_of_custody.ledger import Entry

MACHINE_ID = Path("/etc/machine-id")
BY_UUID = Path("/dev/disk/by-uuid")


@dataclass(frozen=True, slots=True)
class Place:
    """`machine` and `disk` are "" where they cannot be told; `host` is what the workstation calls itself."""

    host: str
    machine: str
    disk: str

    def as_json(self) -> dict[str, str]:
        return {"machine": self.machine, "disk": self.disk}


@dataclass(frozen=True, slots=True)
class Stood:
    """Where the case was when entry `seq` was made, at `time` (UTC)."""

    seq: int
    time: str
    place: Place


def here(folder: Path, origin: str) -> Place:
    """Where a case folder stands now."""
    return Place(platform.node(), machine(origin), disk(folder))


def machine(origin: str) -> str:
    """This installation of the system: the first 16 bytes of SHA-256 over machine id, newline and origin, hexadecimal.

    The id itself is not to be published, and a hash of it is to differ for each use (machine-id(5)).
    """
    try:
        machine_id = MACHINE_ID.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return hashlib.sha256(f"{machine_id}\n{origin}".encode()).hexdigest()[:32] if machine_id else ""


def disk(folder: Path) -> str:
    """The UUID of the file system that holds the folder, as udev names it (udev(7), /dev/disk/by-uuid)."""
    try:
        device = folder.stat().st_dev
        links = sorted(BY_UUID.iterdir())
    except OSError:
        return ""
    return next((link.name for link in links if _device(link) == device), "")


def _device(link: Path) -> int | None:
    try:
        return link.stat().st_rdev
    except OSError:
        return None


class Places:
    """The places a case has stood at, replayed from `session.open` {host: {name, machine, disk}} and `case.adopt`
    {machine, disk}."""

    def __init__(self) -> None:
        self.last: Stood | None = None
        self._hosts: dict[int, str] = {}

    def read(self, entry: Entry) -> None:
        body = entry.body
        match entry.kind:
            case "session.open":
                self._hosts[entry.seq] = str(body["host"]["name"])
                self._stand(entry, body["host"])
            case "case.adopt":
                self._stand(entry, {"name": self._hosts[body["sess"]], **body})
            case _:
                pass

    def _stand(self, entry: Entry, host: Mapping[str, Any]) -> None:
        if "machine" in host:
            place = Place(str(host["name"]), str(host["machine"]), str(host.get("disk", "")))
            self.last = Stood(entry.seq, entry.time, place)

    def differs(self, now: Place) -> bool:
        """Whether the case stood elsewhere when it was last opened for writing. What is unknown does not differ."""
        if self.last is None:
            return False
        pairs = ((self.last.place.machine, now.machine), (self.last.place.disk, now.disk))
        return any(then and is_ and then != is_ for then, is_ in pairs)

    def refuse_elsewhere(self, now: Place, zone: ZoneInfo) -> None:
        """Raises `CaseError` for a case that last stood elsewhere, the time of that told in `zone`."""
        if self.last and self.differs(now):
            last = self.last.place
            disk, time = last.disk or "?", local(self.last.time, zone)
            raise CaseError("case-elsewhere", hint="case-elsewhere-hint", host=last.host, disk=disk, time=time)
