"""How a bill is laid out: a preamble, a header row known by its words, rows, and notes around them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from parsers.money import Money, parse_cny
from parsers.payments.delimited import Line

MAX_PREAMBLE = 500
"""Lines in which a header row must stand."""

TITLES = ("微信支付账单明细", "支付宝交易记录", "支付宝账户", "支付宝（中国）网络技术有限公司")
HEADERS = (
    ("交易时间", "交易类型", "交易对方", "商品"),
    ("交易时间", "交易分类", "交易对方"),
    ("收/支", "交易对方", "对方账号"),
    ("交易号", "商家订单号", "交易创建时间"),
)
_BETWEEN = rb'[\s"\0]*,[\s"\0]*'

BILL_MARKS = re.compile(
    b"|".join(
        _BETWEEN.join(re.escape(word.encode(encoding)) for word in words)
        for words in (*((title,) for title in TITLES), *HEADERS)
        for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
    )
)
"""The words by which the beginning of a bill is known, in every encoding it may have."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One set of columns: our field to the column's printed name. All but the `optional` fields must be there."""

    name: str
    columns: Mapping[str, str]
    optional: frozenset[str] = frozenset()

    def positions(self, cells: Iterable[str]) -> dict[str, int] | None:
        """Where each field stands in a header row; None if it is not this layout's header."""
        printed = {column_name(cell): i for i, cell in reversed(list(enumerate(cells)))}
        found = {field: printed[name] for field, name in self.columns.items() if name in printed}
        return found if self.columns.keys() - self.optional <= found.keys() else None


@dataclass(frozen=True, slots=True)
class Table:
    """A bill's rows below their header, `width` cells wide, and the lines around them as text."""

    sheet: str
    encoding: str
    layout: Layout
    positions: Mapping[str, int]
    width: int
    rows: tuple[Line, ...]
    notes: str


@dataclass(frozen=True, slots=True)
class Declared:
    """What the bill says of itself; None where it does not say. `totals`: label to count and amount."""

    account: str | None
    period: str | None
    exported: str | None
    rows: int | None
    totals: Mapping[str, tuple[int, Money]]


def column_name(cell: str) -> str:
    """A column's name without differences of width and space."""
    return unicodedata.normalize("NFKC", cell).replace(" ", "").replace("\t", "")


def table(lines: Iterator[Line], layouts: Iterable[Layout], encoding: str, sheet: str = "") -> Table | None:
    """The table that begins within `MAX_PREAMBLE` lines, or None."""
    choices = tuple(layouts)
    notes: list[str] = []
    for line in lines:
        if len(notes) >= MAX_PREAMBLE:
            return None
        for layout in choices:
            positions = layout.positions(line.cells)
            if positions is not None:
                header = [column_name(cell) for cell in line.cells]
                rows = tuple(_rows(lines, header, notes))
                return Table(sheet, encoding, layout, positions, line.filled, rows, "\n".join(notes))
        notes.append(line.text)
    return None


def _rows(lines: Iterator[Line], header: list[str], notes: list[str]) -> Iterator[Line]:
    """Every line that is meant as a row; notes and footers go to `notes`. A footer does not end the table, since
    exports are put together and torn apart by hand."""
    for line in lines:
        if not any(line.cells):
            continue
        if _is_note(line):
            notes.append(line.text)
        elif [column_name(cell) for cell in line.cells] != header:
            yield line


_DECLARATION = re.compile(
    r"^(共\s*\d+\s*笔|(已|待)?(收入|支出)\s*[:：]|(中性交易|不计收支|其他)\s*[:：]|导出时间|-{4})"
)

_ROW_START = re.compile(r"\W*\d{4}\D?\d|(收入|支出|不计收支|其他)$")  # of a row that was cut after its first cell


def _is_note(line: Line) -> bool:
    if _DECLARATION.search(unicodedata.normalize("NFKC", line.text)):
        return True
    return sum(map(bool, line.cells)) == 1 and not _ROW_START.match(line.text)


_TOTAL = re.compile(
    r"(已收入|待收入|已支出|待支出|收入|支出|中性交易|不计收支|其他)\s*:\s*(\d{1,9})\s*笔\s*,?\s*([\d,]+(?:\.\d+)?)\s*元"
)


def declared(notes: str) -> Declared:
    """What stands in the lines around the table."""
    plain = unicodedata.normalize("NFKC", notes)
    count = re.search(r"共\s*(\d{1,9})\s*笔", plain)
    period = re.search(r"起始(?:时间|日期)\s*:\s*\[([^]\n]*)\]\s*终止(?:时间|日期)\s*:\s*\[([^]\n]*)\]", plain)
    totals: dict[str, tuple[int, Money]] = {}
    for label, number, amount in _TOTAL.findall(plain):
        money = parse_cny(amount)
        if money is not None:
            totals.setdefault(label, (int(number), money))
    return Declared(
        account=_first(r"(?:微信昵称|支付宝账户|支付宝账号|账号)[:：]\s*\[?([^]\n]+?)\]?\s*(?:\n|$)", notes),
        period="/".join(part.strip() for part in period.groups()) if period else None,
        exported=_first(r"导出时间[:：]\s*\[([^]\n]*)\]", notes),
        rows=int(count[1]) if count else None,
        totals=totals,
    )


def _first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return found[1].strip() or None if found else None
