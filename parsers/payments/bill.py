"""Reading a payment service's bill: rows into payments, and the bill's own figures against its rows."""

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar
from zoneinfo import ZoneInfo

from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Fact, Finding, Severity
from parsers.money import Money, parse_cny
from parsers.parser import SQLITE_MAGIC, Parser
from parsers.payments.delimited import MAX_BYTES, Line, encodings, is_text, lines
from parsers.payments.layout import MAX_PREAMBLE, Declared, Layout, Table, declared, table
from parsers.payments.workbook import sheets
from parsers.records import Direction, Payment, Record, State, Where
from parsers.source import Found
from parsers.times import Instant, from_excel, from_local

BEIJING = ZoneInfo("Asia/Shanghai")
"""Bills print UTC+08:00 wherever they are made; newer ones say so in their notes."""

_WORKBOOK = b"PK\x03\x04"
_PROBE = 256 * 1024
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_EXACT_DIGITS = 15  # more digits than this a spreadsheet's number cannot hold


@dataclass(frozen=True, slots=True)
class Reading:
    """What an issuer's words mean. `label` is the declared total that the row belongs to, "" for none."""

    direction: Direction
    channel: str
    settled: bool | None
    label: str
    extra: Mapping[str, str] = field(default_factory=dict)


class BillParser(Parser):
    """A bill as delimited text or, where `workbooks` says so, as a workbook."""

    layouts: ClassVar[tuple[Layout, ...]]
    workbooks: ClassVar[bool] = False

    @abstractmethod
    def reading(self, cells: Mapping[str, str], amount: Money | None) -> Reading:
        """The meaning of one row, given its cells by field."""

    def claims(self, found: Found, head: bytes) -> bool:
        if head.startswith(_WORKBOOK):
            return self.workbooks and found.main.size <= MAX_BYTES and bool(self._sheets(found, MAX_PREAMBLE)[0])
        start = found.main.read(0, _PROBE)
        if len(start) == _PROBE:
            start = start[: start.rfind(b"\n") + 1]
        return not head.startswith(SQLITE_MAGIC) and self._text(start) is not None

    def read(self, found: Found) -> Iterator[Record | Finding]:
        if found.main.size > MAX_BYTES:
            yield self._finding("parsers-bill-too-large", found, Severity.ERROR, size=found.main.size)
            return
        if found.main.read(0, 4) == _WORKBOOK:
            tables, findings = self._sheets(found)
            yield from findings
        else:
            whole = self._text(found.main.read(0, found.main.size))
            tables = [whole] if whole else []
        if not tables:
            yield self._finding("parsers-layout-unknown", found, Severity.ERROR, path=found.path)
        earlier: Counter[tuple[object, ...]] = Counter()
        for each in tables:
            yield from self._table(found, each, earlier)

    def unrecognised(self, found: Found, head: bytes) -> Finding:
        if found.main.size > MAX_BYTES:
            return self._finding("parsers-bill-too-large", found, Severity.ERROR, size=found.main.size)
        if head.startswith(_WORKBOOK) and self.workbooks:
            faults = self._sheets(found, MAX_PREAMBLE)[1]
            if faults:
                return faults[0]
        return Parser.unrecognised(self, found, head)

    def _text(self, data: bytes) -> Table | None:
        """The table in the first encoding that is valid throughout and shows a header, else in the first that
        shows one although bytes are damaged."""
        tried = encodings(data)
        valid = [choice for choice in tried if is_text(data[choice[1] :], choice[0])]
        for encoding, start in (*valid, *tried):
            found = table(lines(data, encoding, start), self.layouts, encoding)
            if found is not None:
                return found
        return None

    def _sheets(self, found: Found, rows: int | None = None) -> tuple[list[Table], list[Finding]]:
        data = found.main.read(0, found.main.size)
        try:
            read = sheets(data) if rows is None else sheets(data, rows)
        except EvidenceError as error:
            return [], [Finding(error.message_id, Severity.ERROR, _plain(error.facts), {"artifact": found.sha256})]
        tables = [table(iter(sheet.lines), self.layouts, "xlsx", sheet.name) for sheet in read]
        cut = [self._finding("parsers-sheet-cut", found, sheet=sheet.name) for sheet in read if sheet.cut]
        return [each for each in tables if each is not None], cut

    def _table(self, found: Found, bill: Table, earlier: Counter[tuple[object, ...]]) -> Iterator[Record | Finding]:
        """One table's payments. `earlier` holds the rows of the sheets before, each to be left out once."""
        says = declared(bill.notes)
        tally: dict[str, list[int]] = {}
        first_line: dict[tuple[object, ...], int] = {}
        here: Counter[tuple[object, ...]] = Counter()
        left_out = 0
        for line in bill.rows:
            payment, label, findings = self._row(found, bill, says, line)
            if payment is None:
                yield from findings
                continue
            counted = tally.setdefault(label, [0, 0])
            counted[0] += 1
            counted[1] += payment.amount.minor if payment.amount else 0
            key = _row_key(payment)
            here[key] += 1
            if earlier[key] >= here[key]:
                left_out += 1
                continue
            yield from findings
            if payment.order and key in first_line:
                yield self._finding("parsers-row-repeated", found, line=line, table=bill, first=first_line[key])
                payment = replace(payment, extra={**payment.extra, "repeats_row": str(first_line[key])})
            first_line.setdefault(key, line.number)
            yield payment
        earlier |= here
        if left_out:
            yield self._finding("parsers-sheet-repeats", found, Severity.NOTE, sheet=bill.sheet, rows=left_out)
        yield from self._compare(found, bill, says, tally)

    def _row(self, found: Found, bill: Table, says: Declared, line: Line) -> tuple[Payment | None, str, list[Finding]]:
        doubtful = _doubtful(line, bill)
        cells = {name: "" if name in doubtful else line.cells[i] for name, i in bill.positions.items()}
        time = _time(cells["time"])
        amount = parse_cny(cells["amount"])
        if amount is not None and amount.minor < 0:
            amount = None
        if time.utc is None and amount is None:
            return None, "", [self._finding("parsers-row-unreadable", found, line=line, table=bill)]
        findings = [
            self._finding(code, found, line=line, table=bill, value=value[:100])
            for code, value, wrong in (
                ("parsers-bytes-not-text", bill.encoding, line.damaged),
                ("parsers-row-misshapen", str(line.filled), bool(doubtful)),
                ("parsers-time-unreadable", cells["time"], time.utc is None and "time" not in doubtful),
                ("parsers-amount-unreadable", cells["amount"], amount is None and "amount" not in doubtful),
                ("parsers-id-damaged", cells["order"], _damaged_id(line, bill, "order")),
                ("parsers-id-damaged", cells.get("merchant_order", ""), _damaged_id(line, bill, "merchant_order")),
            )
            if wrong
        ]
        means = self.reading(cells, amount)
        extra = {"encoding": bill.encoding, "layout": bill.layout.name, **means.extra}
        extra |= {name: value for name, value in (("period", says.period), ("exported", says.exported)) if value}
        if doubtful:
            extra["row_text"] = line.text[:1000]
        elif amount is None:
            extra["amount_text"] = cells["amount"]
        if means.direction is Direction.UNKNOWN and cells["direction"]:
            extra["direction_text"] = cells["direction"]
        payment = Payment(
            where=Where(found.sha256, bill.sheet, line.number, line.offset),
            state=State.LIVE,
            app=self.app,
            account=says.account,
            extra=extra,
            time=time,
            direction=means.direction,
            amount=amount,
            channel=means.channel,
            settled=means.settled,
            **{name: _said(cells.get(name, "")) for name in _COPIED},
        )
        return payment, means.label, findings

    def _compare(self, found: Found, bill: Table, says: Declared, tally: Mapping[str, list[int]]) -> Iterator[Finding]:
        if says.rows is not None and says.rows != len(bill.rows):
            yield self._finding(
                "parsers-declared-count-differs", found, sheet=bill.sheet, declared=says.rows, found=len(bill.rows)
            )
        for label, (count, amount) in sorted(says.totals.items()):
            rows, minor = tally.get(label, (0, 0))
            if (rows, minor) != (count, amount.minor):
                yield self._finding(
                    "parsers-declared-total-differs",
                    found,
                    sheet=bill.sheet,
                    label=label,
                    declared_rows=count,
                    declared=str(amount),
                    found_rows=rows,
                    found=str(Money(minor)),
                )

    def _finding(
        self,
        code: str,
        source: Found,
        severity: Severity = Severity.WARNING,
        *,
        line: Line | None = None,
        table: Table | None = None,
        **facts: Fact,
    ) -> Finding:
        where: dict[str, Fact] = {"artifact": source.sha256}
        if line and table:
            where |= {"table": table.sheet, "row": line.number, "offset": line.offset}
            facts["row"] = line.number
        return Finding(code, severity, {"parser": self.name, **facts}, where)


_COPIED = (
    "type",
    "counterparty",
    "counterparty_account",
    "item",
    "method",
    "status",
    "order",
    "merchant_order",
    "note",
)


def _said(cell: str) -> str:
    """A cell's words; a lone slash is how bills print that there is nothing."""
    return "" if cell == "/" else cell


def _time(cell: str) -> Instant:
    return from_excel(cell, BEIJING) if re.fullmatch(r"\d{5}(\.\d+)?", cell) else from_local(cell, BEIJING)


def _doubtful(line: Line, bill: Table) -> frozenset[str]:
    """The fields that cannot be relied on. With a cell too many, or a hole of zero bytes such as an unreadable
    sector leaves, any cell but the first may stand in the wrong column; a row with too few was cut in its last,
    and so may be the last row of a file that stops without a line end."""
    if line.filled > bill.width or "\0" in line.text:
        return frozenset(name for name, i in bill.positions.items() if i)
    last = len(line.cells) - 1
    kept = last if len(line.cells) < bill.width else len(line.cells)
    return frozenset(
        name for name, i in bill.positions.items() if i >= kept or (i == last and not line.ended and name != "note")
    )


def _damaged_id(line: Line, bill: Table, name: str) -> bool:
    """Whether a spreadsheet has rounded an order number away."""
    at = bill.positions.get(name)
    if at is None or at >= len(line.cells):
        return False
    cell = line.cells[at]
    return bool(_SCIENTIFIC.fullmatch(cell)) or (at in line.numbers and len(cell) > _EXACT_DIGITS)


def _row_key(payment: Payment) -> tuple[object, ...]:
    return (
        payment.time.utc or payment.time.stored,
        payment.direction,
        payment.amount,
        *(getattr(payment, name) for name in _COPIED),
    )


def _plain(facts: Mapping[str, object]) -> dict[str, Fact]:
    return {name: value if isinstance(value, int | str) else str(value) for name, value in facts.items()}
