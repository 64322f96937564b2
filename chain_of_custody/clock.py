"""What time it is, said twice: the wall clock, which can be set, and the clock since boot, which cannot."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Reading:
    """`utc` with a zone; `boot` names this run of the machine; `since_boot` in nanoseconds, sleep included."""

    utc: datetime
    boot: str
    since_boot: int


class Clock(Protocol):
    def read(self) -> Reading: ...


class SystemClock:
    """The workstation's clocks."""

    def __init__(self) -> None:
        self._boot = _boot_id()

    def read(self) -> Reading:
        since_boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        return Reading(datetime.now(UTC), self._boot, since_boot)


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return "unknown"


def iso(moment: datetime) -> str:
    """UTC to the microsecond, `2026-01-31T16:00:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    """The moment of an ISO 8601 text that names its zone. Raises `ValueError` without one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} names no zone")
    return moment


def local(text: str, zone: ZoneInfo) -> str:
    """A UTC text as people of `zone` read it, the offset always shown: `2026-02-01 00:00:00 +08:00`."""
    moment = parse_iso(text).astimezone(zone).isoformat(sep=" ", timespec="seconds")
    return f"{moment[:19]} {moment[19:]}"


def typed(text: str, zone: ZoneInfo) -> datetime:
    """A time as an examiner types it, in the case's zone unless it names its own. Raises `ValueError`."""
    moment = datetime.fromisoformat(text.strip().replace("/", "-"))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} has no UTC") from error
    return moment


STEP_ALLOWED = timedelta(seconds=2)


def stepped(earlier: Reading, later: Reading) -> timedelta | None:
    """By how much the wall clock was set between two readings of one boot; None if it ran on, or cannot be told.

    Two seconds and a thousandth of the time between are allowed for drift and slewing.
    """
    if earlier.boot != later.boot or earlier.boot == "unknown":
        return None
    ran = timedelta(microseconds=(later.since_boot - earlier.since_boot) / 1000)
    step = (later.utc - earlier.utc) - ran
    return step if abs(step) > STEP_ALLOWED + abs(ran) / 1000 else None
