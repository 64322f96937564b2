"""Points in time as the evidence stores them, and what they mean in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND = {"unix-s": 1, "unix-ms": 1_000, "unix-us": 1_000_000}


@dataclass(frozen=True, slots=True)
class Instant:
    """`stored` is the value as found; `unit` is the rule that reads it; `utc` is ISO 8601 with Z, or None
    where the stored value says nothing (absent, zero, impossible)."""

    stored: str | int | None
    unit: str
    utc: str | None

    @classmethod
    def unknown(cls, stored: str | int | None, unit: str) -> "Instant":
        return cls(stored, unit, None)


def from_unix(value: object, unit: str) -> Instant:
    """A Unix time in `unix-s`, `unix-ms` or `unix-us`. Zero and negative values mean "not set" in the
    databases read here, never 1970."""
    if not isinstance(value, int) or isinstance(value, bool):
        return Instant.unknown(None if value is None else str(value), unit)
    if value <= 0:
        return Instant.unknown(value, unit)
    try:
        moment = _EPOCH + timedelta(microseconds=value * 1_000_000 // _PER_SECOND[unit])
    except OverflowError:
        return Instant.unknown(value, unit)
    return Instant(value, unit, _iso(moment))


_LAYOUTS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M")


def from_local(text: str, zone: ZoneInfo) -> Instant:
    """A wall-clock time as bills print it, read in `zone`; `unit` names the zone."""
    unit = f"local:{zone.key}"
    for layout in _LAYOUTS:
        try:
            local = datetime.strptime(text.strip(), layout).replace(tzinfo=zone)
            return Instant(text, unit, _iso(local.astimezone(UTC)))
        except (ValueError, OverflowError):
            continue
    return Instant.unknown(text, unit)


def from_excel(text: str, zone: ZoneInfo) -> Instant:
    """A spreadsheet's date number: days since 1899-12-30 (ECMA-376 part 1, 18.17.4.1), a wall-clock time in
    `zone`, to the second. Numbers outside 1982 to 2064 are more likely something else and say nothing."""
    unit = f"excel:{zone.key}"
    try:
        days = float(text)
    except ValueError:
        return Instant.unknown(text, unit)
    if not 30_000 <= days <= 60_000:
        return Instant.unknown(text, unit)
    local = datetime(1899, 12, 30, tzinfo=zone) + timedelta(seconds=round(days * 86_400))
    return Instant(text, unit, _iso(local.astimezone(UTC)))


def _iso(moment: datetime) -> str:
    spec = "microseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")
