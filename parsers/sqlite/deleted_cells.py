"""Whole cells that still stand in free bytes of a page.

A freed cell stays as it was until something is written over it. Source:
https://www.sqlite.org/fileformat2.html sections 1.6 (cells) and 2.1 (records).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from parsers.sqlite.btree import INDEX, LARGEST_PAYLOAD, TABLE, local_size
from parsers.sqlite.deleted_profile import Profile
from parsers.sqlite.record import Malformed, Value, size_of, varint

_SHORTEST_PAYLOAD = 2
_PADDING = 0x80  # a varint that begins so is longer than it need be; SQLite writes none


class Remains(NamedTuple):
    """A cell in free bytes: [at, end) of the page, its record's body from `body` on.

    `headless` says that its first four bytes were overwritten, `rowid` among them; `values` are as stored.
    """

    at: int
    body: int
    end: int
    rowid: int | None
    values: tuple[Value, ...]
    headless: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Free bytes [start, end) of a page."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sought:
    """Rows of which table are looked for, on pages of how many usable bytes.

    `overflow(page, size)` gives the `size` bytes of a payload whose chain begins at a page, None where that
    chain no longer stands.
    """

    profile: Profile
    usable: int
    overflow: Callable[[int, int], bytes | None]

    def values(self, data: bytes, record: int, body: int, end: int, types: list[int]) -> list[Value] | None:
        """The values of the record that begins at `record` with these serial types, in a cell that ends at `end`."""
        total = body - record + sum(map(size_of, types))
        if record + total == end:
            return self.profile.values(types, data, body)
        rest = self.overflow(int.from_bytes(data[end - 4 : end], "big"), total - (end - 4 - record))
        return None if rest is None else self.profile.values(types, data[record : end - 4] + rest, body - record)

    def end_of(self, record: int, total: int) -> int:
        """Where a cell ends: after its payload, or after the number of the payload's first overflow page."""
        local = local_size(total, self.usable, INDEX if self.profile.table.without_rowid else TABLE)
        return record + local + (4 if local < total else 0)


class _Head(NamedTuple):
    """Offsets in the page of a cell, of its record, of the record's body, and of the cell's end."""

    at: int
    record: int
    body: int
    end: int
    rowid: int | None
    serials: list[int]


def whole_cells(data: bytes, stretch: Stretch, sought: Sought) -> tuple[list[Remains], set[int]]:
    """The cells in a stretch, in order, none over another; and where any cell begins, overwritten or not.

    A cell inside whose body another one begins was written over in part and is left out. So is a row of
    nothing but NULLs: zeros look the same.
    """
    heads: list[_Head] = []
    body_of_last = 0
    for at in range(stretch.start, stretch.end - _SHORTEST_PAYLOAD):
        if data[at] >= _SHORTEST_PAYLOAD and at >= body_of_last:
            head = _head(data, at, stretch.end, sought)
            if head is not None:
                heads.append(head)
                body_of_last = head.body
    cells: list[Remains] = []
    starts = [head.at for head in heads]
    for head, following in zip(heads, [*starts[1:], stretch.end], strict=False):
        values = sought.values(data, head.record, head.body, head.end, head.serials) if head.end <= following else None
        if values is not None:
            cells.append(Remains(head.at, head.body, head.end, head.rowid, tuple(values)))
    return cells, set(starts)


def _head(data: bytes, at: int, last: int, sought: Sought) -> _Head | None:
    """The head of a cell that begins at `at`, if its parts agree with each other and with the table.

    It has to stand before `last`, the body may not.
    """
    profile, kind = sought.profile, INDEX if sought.profile.table.without_rowid else TABLE
    rowid: int | None = None
    try:
        total, record = varint(data, at)
        padded = data[at] == _PADDING
        if kind is TABLE:
            padded |= data[record] == _PADDING
            rowid, record = varint(data, record)
        if padded or not 0 < total <= LARGEST_PAYLOAD:
            return None
        end = sought.end_of(record, total)
        header, first = varint(data, record)
        body = record + header
        types = _serials(data, first, body, profile.longest) if 1 < header <= min(end, last) - record else None
        if not types or not any(types) or not profile.fits(types) or header + sum(map(size_of, types)) != total:
            return None
    except (IndexError, Malformed):
        return None
    return _Head(at, record, body, end, rowid, types)


def _serials(data: bytes, at: int, end: int, most: int) -> list[int] | None:
    types: list[int] = []
    while at < end:
        serial, at = varint(data, at)
        if serial in (10, 11) or serial < 0 or len(types) == most:
            return None
        types.append(serial)
    return types if at == end else None
