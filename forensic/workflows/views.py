"""What counts now: the newest complete record set of each parser over each input, of exhibits as reassigned."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chain_of_custody import clock
from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.errors import UsageError
from chain_of_custody.finding import Finding, Severity
from forensic.workflows import belonging, recordset

RECORD_SET = "record-set"
ORIGINS = ("live", "taken", "recovered", "carved")  # where an input stood, the surest first


def record_sets(case: Case, exhibit: str | None = None) -> list[Artifact]:
    """One set for each parser and content of an exhibit: the newest, over a copy that is live or was given rather than
    one that was recovered or carved. What is excluded, or read from something that is, is left out."""
    if exhibit:
        case.register.exhibit(exhibit)
    chosen: dict[tuple[str, str, str], Artifact] = {}
    for artifact in case.register.held(what=RECORD_SET):
        belongs = belonging.exhibit_of(case, artifact) or ""
        if belonging.counts(case, artifact) and exhibit in (None, belongs):
            key = (artifact.facts["parser"], artifact.facts["content"], belongs)
            if key not in chosen or _rank(artifact) <= _rank(chosen[key]):
                chosen[key] = artifact
    return sorted(chosen.values(), key=lambda artifact: artifact.seq)


def _rank(artifact: Artifact) -> int:
    return ORIGINS.index(artifact.facts["origin"])


def unparsed(case: Case, exhibit: str | None = None) -> list[Finding]:
    """A remark where no file was parsed yet: an empty answer then means nothing."""
    return [] if record_sets(case, exhibit) else [Finding("nothing-parsed", Severity.NOTE)]


def records(case: Case, kind: str, exhibit: str | None = None) -> Iterator[tuple[Artifact, dict[str, Any]]]:
    """Every record of a kind, with the set it stands in. Read from the sets themselves, never from the index."""
    for artifact in record_sets(case, exhibit):
        if artifact.facts["counts"].get(kind):
            for line in recordset.read(case, artifact):
                if line["kind"] == kind:
                    yield artifact, line


@dataclass(frozen=True, slots=True)
class Period:
    """From one moment to another, both included; None is open. A record of unknown time lies only in an open one."""

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def typed(cls, start: str, end: str, zone: ZoneInfo) -> "Period":
        """As an examiner types it in the case's zone; a date alone means its whole day. Raises `UsageError`."""
        period = cls(_moment(start, zone, last=False), _moment(end, zone, last=True))
        if period.start and period.end and period.start > period.end:
            raise UsageError("period-backwards", start=start, end=end)
        return period

    def holds(self, utc: str | None) -> bool:
        if utc is None:
            return self.start is None and self.end is None
        moment = clock.parse_iso(utc)
        return (self.start is None or moment >= self.start) and (self.end is None or moment <= self.end)

    def text(self, zone: ZoneInfo) -> tuple[str, str]:
        shown = (clock.local(clock.iso(moment), zone) if moment else "-" for moment in (self.start, self.end))
        return next(shown), next(shown)


def _moment(text: str, zone: ZoneInfo, *, last: bool) -> datetime | None:
    if not text:
        return None
    try:
        moment = clock.typed(text, zone)
    except ValueError as error:
        raise UsageError("time-wrong", given=text) from error
    if last and len(text.strip()) <= len("2026-01-31"):
        day_after = datetime.combine(moment.date() + timedelta(days=1), time(0), zone)
        return day_after - timedelta(microseconds=1)
    return moment


def local_year(zone: ZoneInfo) -> Callable[[str | None], str]:
    """The calendar year of a UTC text where the case lies: half past midnight on 1 January counts in the new year."""

    def year(utc: str | None) -> str:
        return str(clock.parse_iso(utc).astimezone(zone).year) if utc else "unknown"

    return year
