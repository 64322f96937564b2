"""Cells that still stand in free bytes of a page, whole or with their first four bytes overwritten.

A freed cell stays as it was, except that a freeblock's header (the next block's offset and this one's
size, two bytes each, big-endian) takes its first four bytes: its payload size, its rowid, the size of its
record header and often the first serial type. Where what is left fits the table in one way only, that
serial type is known again from the length of the cell. A row of nothing but NULLs is not taken from free
bytes: zeros look the same.

Source: https://www.sqlite.org/fileformat2.html sections 1.6 (freeblocks, cells) and 2.1 (records).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from parsers.sqlite.btree import INDEX, TABLE, local_size
from parsers.sqlite.deleted_profile import BLOB, INTEGER, NULL, REAL, TEXT, Profile
from parsers.sqlite.record import Malformed, Value, size_of, varint

LOST = 4
_SHORTEST_PAYLOAD = 2
_ONE_BYTE = 0x80
_BY_SIZE = {1: 1, 2: 2, 3: 3, 4: 4, 6: 5, 8: 6}
_LONGEST_ROWID = 9


class Remains(NamedTuple):
    """A cell in free bytes: [at, end) of the page, its record's body from `body` on.

    `rowid` is None where it was overwritten; `values` are as stored.
    """

    at: int
    body: int
    end: int
    rowid: int | None
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Free bytes [start, end) of a page."""

    start: int
    end: int


def find(data: bytes, stretch: Stretch, usable: int, profile: Profile) -> list[Remains]:
    """The cells in a stretch, in order, none over another.

    A cell inside whose body another one begins was written over in part and is left out. A cell without its
    first bytes counts only between the whole ones, and only if it fills its freeblock up to the next cell.
    """
    cells, starts = _whole_cells(data, stretch, usable, profile)
    if profile.table.without_rowid:
        return cells
    found: list[Remains] = []
    ends = {cell.end for cell in cells} | {stretch.end}
    at = stretch.start
    for cell in [*cells, None]:
        gap = Stretch(at, cell.at if cell else stretch.end)
        if gap.end - gap.start >= LOST + 2:
            found += _beheaded_in(data, gap, stretch.end, usable, profile, starts, ends)
        if cell:
            found.append(cell)
            at = cell.end
    return found


def _whole_cells(data: bytes, stretch: Stretch, usable: int, profile: Profile) -> tuple[list[Remains], set[int]]:
    """The cells that nothing was written over, and where in the stretch any cell begins, overwritten or not."""
    heads: list[tuple[int, int, int, int | None, list[int]]] = []
    body_of_last = 0
    for at in range(stretch.start, stretch.end - 2):
        if data[at] < _SHORTEST_PAYLOAD or at < body_of_last:
            continue
        head = _head(data, at, usable, profile)
        if head is not None and head[1] <= stretch.end:
            heads.append(head)
            body_of_last = head[1]
    starts = {head[0] for head in heads}
    cells: list[Remains] = []
    for number, (at, body, end, rowid, types) in enumerate(heads):
        following = heads[number + 1][0] if number + 1 < len(heads) else stretch.end
        if end <= following and (values := profile.values(types, data, body)) is not None:
            cells.append(Remains(at, body, end, rowid, tuple(values)))
    return cells, starts


def _head(data: bytes, at: int, usable: int, profile: Profile) -> tuple[int, int, int, int | None, list[int]] | None:
    """Start, body, end, rowid and serial types of a cell whose first bytes agree with each other and the table."""
    try:
        total, after = varint(data, at)
        rowid: int | None = None
        kind = INDEX if profile.table.without_rowid else TABLE
        if kind is TABLE:
            rowid, after = varint(data, after)
        if not 0 < total <= usable or local_size(total, usable, kind) != total:
            return None
        header, first = varint(data, after)
        body = after + header
        types = _serials(data, first, body)
    except (IndexError, Malformed):
        return None
    if not types or not any(types) or not profile.fits(types) or header + sum(map(size_of, types)) != total:
        return None
    return at, body, after + total, rowid, types


def _serials(data: bytes, at: int, end: int) -> list[int] | None:
    types: list[int] = []
    while at < end:
        serial, at = varint(data, at)
        if serial in (10, 11) or serial < 0:
            return None
        types.append(serial)
    return types if at == end else None


def _beheaded_in(
    data: bytes, gap: Stretch, last: int, usable: int, profile: Profile, starts: set[int], ends: set[int]
) -> list[Remains]:
    """Cells without their first bytes in a gap between whole ones; `last` is where the free bytes end."""
    old = [at for at in range(gap.start, gap.end - LOST - 1) if _freeblock_end(data, at, usable)]
    marks = sorted(starts.union(old))
    found: list[Remains] = []
    done = gap.start
    for at in old:
        limit = _freeblock_end(data, at, usable)
        if at < done or limit > last or not (limit in ends or limit in starts or limit in old):
            continue
        stops = [mark for mark in marks if at + LOST < mark < min(limit, gap.end)] + [min(limit, gap.end)]
        options = [
            *_all_serials_left(data, at, stops, profile),
            *_first_serial_lost(data, at, stops, profile),
        ]
        if len(options) == 1:
            found += options
            done = options[0].end
    return found


def _freeblock_end(data: bytes, at: int, usable: int) -> int:
    """Where the freeblock ends whose header can stand at `at`; 0 if none can.

    Freeblocks are chained in the order of their offsets and never stand closer than four bytes.
    """
    following, size = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
    end = at + size
    return end if size >= LOST + 2 and end <= usable and (following == 0 or end + 3 < following < usable) else 0


def _all_serials_left(data: bytes, at: int, stops: list[int], profile: Profile) -> Iterator[Remains]:
    """Payload size and rowid took three bytes or more, so that at most the header's size went with them."""
    for prefix in range(3, 3 + _LONGEST_ROWID):
        first = at + prefix + 1
        for count in profile.lengths:
            read = _some_serials(data, first, stops[-1], count)
            if read is None or not any(read[0]):
                continue
            types, body = read
            if prefix >= LOST and data[first - 1] != body - first + 1:
                continue
            end = body + sum(map(size_of, types))
            width = _width(end - first + 1)
            if end not in stops or not 1 <= prefix - width <= _LONGEST_ROWID or not profile.fits(types):
                continue
            if prefix > LOST and not _ends_a_rowid(data[at + LOST : first - 1], prefix - width):
                continue
            values = profile.values(types, data, body)
            if values is not None:
                yield Remains(at, body, end, None, tuple(values))


def _ends_a_rowid(tail: bytes, length: int) -> bool:
    """Whether these bytes can be the last of a rowid's varint of `length` bytes."""
    return all(byte >= _ONE_BYTE for byte in tail[:-1]) and (tail[-1] < _ONE_BYTE or length == _LONGEST_ROWID)


def _first_serial_lost(data: bytes, at: int, stops: list[int], profile: Profile) -> Iterator[Remains]:
    """Payload size, rowid and header size took a byte each, so that the first serial type went with them."""
    for count in profile.lengths:
        read = _some_serials(data, at + LOST, stops[-1], count - 1)
        if read is None or not any(read[0]):
            continue
        types, body = read
        least = body + sum(map(size_of, types))
        for end in stops:
            if not least <= end <= at + 2 + _ONE_BYTE:
                continue
            for serial in _serials_of_size(end - least, profile.allowed[0]):
                whole = [serial, *types]
                if profile.fits(whole) and (values := profile.values(whole, data, body)) is not None:
                    yield Remains(at, body, end, None, tuple(values))


def _some_serials(data: bytes, at: int, limit: int, count: int) -> tuple[list[int], int] | None:
    types: list[int] = []
    while len(types) < count:
        if at >= limit:
            return None
        serial = data[at]
        if serial < _ONE_BYTE:
            at += 1
        else:
            try:
                serial, at = varint(data, at)
            except IndexError:
                return None
        if serial in (10, 11) or serial < 0:
            return None
        types.append(serial)
    return types, at


def _serials_of_size(size: int, allowed: int) -> list[int]:
    """The serial types of one byte that take `size` bytes and that a column allows."""
    types: list[int] = []
    if size == 0:
        types += [0] if allowed & NULL else []
        types += [8, 9] if allowed & INTEGER else []
    elif size in _BY_SIZE and allowed & INTEGER:
        types.append(_BY_SIZE[size])
    if size == 8 and allowed & REAL:
        types.append(7)
    types += [12 + 2 * size] if allowed & BLOB else []
    types += [13 + 2 * size] if allowed & TEXT else []
    return [serial for serial in types if serial < _ONE_BYTE]


def _width(value: int) -> int:
    """How many bytes the varint of a payload size takes."""
    return max(1, (value.bit_length() + 6) // 7)
