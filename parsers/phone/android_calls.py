"""Android's call log: `calllog.db`, and the same table in the contacts database of older systems."""

from collections.abc import Iterator
from typing import ClassVar

from chain_of_custody.finding import Finding
from parsers.parser import Needs, Rows, SqliteParser, extras, row_place, whole
from parsers.records import Call, Direction, Record
from parsers.source import Found
from parsers.sqlite.rows import Row
from parsers.times import from_unix

# android.provider.CallLog.Calls.TYPE, Android Open Source Project
_INCOMING, _OUTGOING = 1, 2
_OUTCOMES = {_INCOMING: "answered", 3: "missed", 4: "voicemail", 5: "rejected", 6: "blocked", 7: "elsewhere"}


class AndroidCalls(SqliteParser):
    """`calls` rows: time in milliseconds, duration in seconds."""

    name: ClassVar[str] = "android-calls"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "parsers-android-calls-title"
    app: ClassVar[str] = "calls"
    globs: ClassVar[tuple[str, ...]] = ("calllog.db",)
    needs: ClassVar[tuple[Needs, ...]] = ({"calls": ("number", "date", "duration", "type")},)
    limitations: ClassVar[tuple[str, ...]] = ("parsers-android-calls-outgoing", "parsers-android-calls-trimmed")
    tested_on: ClassVar[tuple[str, ...]] = ("log2timeline/plaso test_data contacts2.db (Android 4)",)
    references: ClassVar[tuple[str, ...]] = ("https://developer.android.com/reference/android/provider/CallLog.Calls",)

    def records(self, database: Rows, found: Found) -> Iterator[Record | Finding]:
        for row in database.rows("calls"):
            yield self._call(row, found)

    def _call(self, row: Row, found: Found) -> Call:
        kind = whole(row, "type")
        duration = whole(row, "duration")
        outcome = _OUTCOMES.get(kind or 0, "unknown")
        if kind == _OUTGOING and duration:
            outcome = "answered"
        if outcome != "unknown":
            direction = Direction.OUT if kind == _OUTGOING else Direction.IN
        else:
            direction = Direction.OUT if kind == _OUTGOING else Direction.UNKNOWN
        return Call(
            where=row_place(found, row),
            state=row.state,
            app=self.app,
            account=row.text("subscription_id"),
            time=from_unix(row["date"], "unix-ms"),
            peer=row.text("number") or "",
            name=row.text("name") or None,
            direction=direction,
            outcome=outcome,
            duration=duration,
            extra=extras(
                row, "type", "geocoded_location", "countryiso", "presentation", "features", "deleted", "simid"
            ),
        )
