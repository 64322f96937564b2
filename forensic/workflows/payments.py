"""What was paid and received, summed per source and never across sources.

Sums come from the record sets, whose hashes are entered, and not from the index. Only live rows whose money is known
to have moved are income or expense; the rest is summed or counted apart.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.errors import UsageError
from forensic.workflows import belonging, recordset, views
from forensic.workflows.views import Period

GROUPS = ("year", "counterparty", "channel")
Row = dict[str, Any]


COLUMNS = ("in", "out", "neutral", "unsettled", "unclear")


@dataclass(slots=True)
class Sum:
    """Rows and their amount in minor units."""

    rows: int = 0
    minor: int = 0

    def add(self, minor: int) -> None:
        self.rows += 1
        self.minor += minor


@dataclass(slots=True)
class Group:
    """The sums of one year, counterparty or channel in one currency; each row counts in one place.

    `in`, `out` and `neutral` hold rows whose money moved; `unsettled` those whose money did not, or came back whole;
    `unclear` those whose direction or status the source does not tell. Rows of unknown amount, rows that are not live,
    and rows that stand in the same file before are counted and not summed.
    """

    name: str
    currency: str
    sums: dict[str, Sum] = field(default_factory=lambda: {name: Sum() for name in COLUMNS})
    no_amount: int = 0
    not_live: int = 0
    repeats: int = 0

    def add(self, row: Row) -> None:
        if row["state"] != "live":
            self.not_live += 1
        elif "repeats_row" in row["extra"]:
            self.repeats += 1
        elif row["amount"] is None:
            self.no_amount += 1
        else:
            self.sums[_column(row)].add(row["amount"]["minor"])

    def as_json(self) -> dict[str, Any]:
        totals = {name: {"rows": s.rows, "minor": s.minor} for name, s in self.sums.items()}
        apart = {"no_amount": self.no_amount, "not_live": self.not_live, "repeats": self.repeats}
        return {"name": self.name, "currency": self.currency, **totals, **apart}


def _column(row: Row) -> str:
    if row["settled"] is False:
        return "unsettled"
    if row["settled"] is None or row["direction"] not in COLUMNS[:3]:
        return "unclear"
    return str(row["direction"])


@dataclass(frozen=True, slots=True)
class Source:
    """One record set's totals, under the exhibit it belongs to now."""

    set: Artifact
    exhibit: str | None
    header: dict[str, Any]
    groups: tuple[Group, ...]
    rows: int

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.set.seq,
            "input": self.set.facts["input"],
            "exhibit": self.exhibit,
            "parser": self.set.facts["parser"],
            "version": self.set.facts["version"],
            "path": self.header.get("path", ""),
            "origin": self.header["origin"],
            "rows": self.rows,
            "groups": [group.as_json() for group in self.groups],
        }


def key_of(by: str, case: Case) -> Callable[[Row], str]:
    """What a row is grouped by. An unknown grouping raises `UsageError`."""
    year = views.local_year(case.zone)
    match by:
        case "":
            return lambda row: "all"
        case "year":
            return lambda row: year(row["time"]["utc"])
        case "counterparty":
            return lambda row: row["counterparty"] or "-"
        case "channel":
            return lambda row: row["channel"]
        case _:
            raise UsageError("payments-by-unknown", given=by, known=", ".join(GROUPS))


def rows(case: Case, artifact: Artifact, period: Period) -> Iterator[Row]:
    for line in recordset.read(case, artifact):
        if line["kind"] == "payment" and period.holds(line["time"]["utc"]):
            yield line


def totals(case: Case, by: str, period: Period, exhibit: str | None = None) -> list[Source]:
    """The totals of each source, its groups in the order of their names."""
    key = key_of(by, case)
    sources = []
    for artifact in views.record_sets(case, exhibit):
        if not artifact.facts["counts"].get("payment"):
            continue
        groups: dict[tuple[str, str], Group] = {}
        count = 0
        for row in rows(case, artifact, period):
            currency = row["amount"]["currency"] if row["amount"] else "CNY"
            place = (key(row), currency)
            groups.setdefault(place, Group(*place)).add(row)
            count += 1
        ordered = tuple(groups[place] for place in sorted(groups))
        sources.append(
            Source(artifact, belonging.exhibit_of(case, artifact), recordset.header(case, artifact), ordered, count)
        )
    return sources
