"""Cells in free bytes whose first four bytes a freeblock's header has taken.

The header is the next block's offset and this one's size, two bytes each, big-endian. With it went the
cell's payload size, its rowid or part of it, mostly the size of its record header and often the first
serial type, which is known again from the length of the cell. What is left counts as a row only if it fits
the table in one way, and if enough speaks for it: that the page's own chain of freeblocks leads there, or
together the serial types, the text, and where cell and freeblock end.

Source: https://www.sqlite.org/fileformat2.html section 1.6 (freeblocks, cells).
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from parsers.sqlite.deleted_cells import Remains, Sought, Stretch, whole_cells
from parsers.sqlite.deleted_profile import BLOB, INTEGER, NULL, REAL, TEXT, Profile, sort_of
from parsers.sqlite.record import size_of, varint

_LOST = 4
_ONE_BYTE = 0x80
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 6: 5, 8: 6}
_LONGEST_ROWID = 9
_LONGEST_TEXT = (_ONE_BYTE - 13) // 2  # of a serial type that takes one byte
_EDGE_BITS = 6.0  # a chance end falls on the edge of a cell about once in 64 times
_HEADER_BITS = 7.0
_ENOUGH_BITS = 20.0  # one chance finding in a million places


class _Gap(NamedTuple):
    """Free bytes [start, end) between whole cells; `stops` are where cells are known to begin or end."""

    data: bytes
    start: int
    end: int
    stops: set[int]
    sought: Sought


class _Left(NamedTuple):
    """Offsets of the record, its body and the cell's end, as worked out; the record's first byte may be lost."""

    record: int
    body: int
    end: int


def find(data: bytes, stretch: Stretch, sought: Sought, chain: Collection[int] = ()) -> list[Remains]:
    """The cells in a stretch of free bytes, whole ones and headless ones between them, none over another.

    `chain` are the offsets to which the page's chain of freeblocks leads.
    """
    cells, starts = whole_cells(data, stretch, sought)
    profile, usable = sought.profile, sought.usable
    edges = starts | {cell.end for cell in cells} | {stretch.end}
    cells = [cell for cell in cells if not _freed_within(data, cell, usable, edges)]
    if profile.table.without_rowid:
        return cells
    found: list[Remains] = []
    at = stretch.start
    for cell in cells:
        found += _headless(_Gap(data, at, cell.at, edges, sought), chain)
        found.append(cell)
        at = cell.end
    return found + _headless(_Gap(data, at, stretch.end, edges, sought), chain)


def _freed_within(data: bytes, cell: Remains, usable: int, edges: set[int]) -> bool:
    """Whether a freeblock begins in the cell's body and ends beyond the cell, at the edge of another."""
    return any(
        end > cell.end and end in edges
        for at in range(cell.body, min(cell.end, len(data) - _LOST))
        if (end := _freeblock_end(data, at, usable))
    )


def _freeblock_end(data: bytes, at: int, usable: int) -> int:
    """Where the freeblock ends whose header can stand at `at`; 0 if none can.

    Freeblocks are chained in the order of their offsets and never stand closer than four bytes.
    """
    following, size = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
    end = at + size
    return end if size >= _LOST + 2 and end <= usable and (following == 0 or end + 3 < following < usable) else 0


def _headless(gap: _Gap, chain: Collection[int]) -> list[Remains]:
    """The headless cells of a gap, none over another."""
    places = range(gap.start, gap.end - _LOST - 1)
    blocks = {at: end for at in places if (end := _freeblock_end(gap.data, at, gap.sought.usable))}
    if not blocks:
        return []
    gap = gap._replace(stops=gap.stops.union(blocks))
    found: list[Remains] = []
    done = gap.start
    for at, block_end in blocks.items():
        if at < done:
            continue
        limit = min(block_end, gap.end)
        filled = block_end in gap.stops
        needed = 0.0 if at in chain else _ENOUGH_BITS - _EDGE_BITS * filled
        options = list(_all_serials_left(gap, at, limit, needed))
        if filled:
            options += _first_serial_lost(gap, at, limit, needed)
        if len(options) == 1:
            found += options
            done = options[0].end
    return found


def _all_serials_left(gap: _Gap, at: int, limit: int, needed: float) -> Iterator[Remains]:
    """Payload size and rowid took three bytes or more, so that at most the header's size went with them."""
    for prefix in range(3, 3 + _LONGEST_ROWID):
        first = at + prefix + 1
        for count in gap.sought.profile.lengths:
            read = _some_serials(gap.data, first, limit, count)
            if read is None or not any(read[0]):
                continue
            types, body = read
            if prefix >= _LOST and gap.data[first - 1] != body - first + 1:
                continue
            total = body - first + 1 + sum(map(size_of, types))
            end = gap.sought.end_of(first - 1, total)
            rowid_width = prefix - _width(total)
            if end > limit or not 1 <= rowid_width <= _LONGEST_ROWID:
                continue
            if prefix > _LOST and not _ends_a_rowid(gap.data[at + _LOST : first - 1], rowid_width):
                continue
            bits = _HEADER_BITS * (prefix >= _LOST) + _EDGE_BITS * (end in gap.stops)
            yield from _row(gap, at, _Left(first - 1, body, end), types, needed - bits)


def _first_serial_lost(gap: _Gap, at: int, limit: int, needed: float) -> Iterator[Remains]:
    """Payload size, rowid and header size took a byte each, so that the first serial type went with them."""
    for count in gap.sought.profile.lengths:
        read = _some_serials(gap.data, at + _LOST, limit, count - 1)
        if read is None or not any(read[0]):
            continue
        types, body = read
        least = body + sum(map(size_of, types))
        for end in range(least, min(limit, least + _LONGEST_TEXT, at + 2 + _ONE_BYTE) + 1):
            if end in gap.stops:
                for serial in _serials_of_size(end - least, gap.sought.profile):
                    yield from _row(gap, at, _Left(at + 2, body, end), [serial, *types], needed - _EDGE_BITS)


def _row(gap: _Gap, at: int, left: _Left, types: list[int], needed: float) -> Iterator[Remains]:
    """The row with these serial types, if it is one and its content speaks for it by so many bits."""
    profile = gap.sought.profile
    if profile.fits(types):
        values = gap.sought.values(gap.data, left.record, left.body, left.end, types)
        if values is not None and profile.bits(values) >= needed:
            yield Remains(at, left.body, left.end, None, tuple(values), headless=True)


def _ends_a_rowid(tail: bytes, length: int) -> bool:
    """Whether these bytes can be the last of a rowid's varint of `length` bytes."""
    return all(byte >= _ONE_BYTE for byte in tail[:-1]) and (tail[-1] < _ONE_BYTE or length == _LONGEST_ROWID)


def _some_serials(data: bytes, at: int, limit: int, count: int) -> tuple[list[int], int] | None:
    """The next `count` serial types and where they end; None if they do not all stand before `limit`."""
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


def _serials_of_size(size: int, profile: Profile) -> list[int]:
    """The serial types of one byte that take `size` bytes and that the first column of the record has."""
    allowed, usual = profile.allowed[0], profile.firsts
    types: list[int] = []
    if size == 0:
        types += [0] if allowed & NULL else []
        types += [8, 9] if allowed & INTEGER else []
    elif size in _INTEGERS and allowed & INTEGER:
        types.append(_INTEGERS[size])
    if size == 8 and allowed & REAL:
        types.append(7)
    types += [12 + 2 * size] if allowed & BLOB else []
    types += [13 + 2 * size] if allowed & TEXT else []
    return [serial for serial in types if serial < _ONE_BYTE and (not usual or sort_of(serial) in usual)]


def _width(value: int) -> int:
    """How many bytes the varint of a payload size takes."""
    return max(1, (value.bit_length() + 6) // 7)
