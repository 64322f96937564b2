"""What a row of one table may look like: the test that bytes out of free space have to pass."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parsers.sqlite.header import Header
from parsers.sqlite.record import Malformed, Value, serials, size_of, value_of
from parsers.sqlite.rows import Table

NULL, INTEGER, REAL, TEXT, BLOB = 1, 2, 4, 8, 16
_ANY = NULL | INTEGER | REAL | TEXT | BLOB
_BY_AFFINITY = {
    "integer": NULL | INTEGER,
    "real": NULL | INTEGER | REAL,
    "numeric": NULL | INTEGER | REAL | TEXT,
    "text": NULL | TEXT,
    "blob": NULL | BLOB,
    "none": _ANY,
}
_ONE_BYTE_SERIALS = ((NULL, 1), (INTEGER, 8), (REAL, 1), (TEXT, 58), (BLOB, 58))
_TIGHTNESS = [
    math.log2(128 / max(1, sum(count for storage, count in _ONE_BYTE_SERIALS if mask & storage)))
    for mask in range(_ANY + 1)
]
_LEARNED_FROM = 2000
_ENOUGH = 10
_CONTROLS = frozenset(chr(code) for code in range(32)) - frozenset("\t\n\r")
_INT_BITS = (0, 8, 16, 24, 32, 48, 64)


def storage_class(serial: int) -> int:
    """The storage class of a valid serial type, as one of the bits above."""
    if serial >= 12:
        return TEXT if serial & 1 else BLOB
    if serial == 7:
        return REAL
    return INTEGER if serial else NULL


def sort_of(serial: int) -> int:
    """The serial type without the length of a text (13) or blob (12)."""
    return serial if serial < 12 else 12 + serial % 2


@dataclass(frozen=True, slots=True)
class Profile:
    """The table, the storage classes that each place of its record may hold, and the lengths a record may have.

    The classes are those that the declared types allow, and those that live rows were seen to hold; a
    column that is NOT NULL holds no NULL, the INTEGER PRIMARY KEY always stores one. `short_bits`: 0 and 1
    take no byte, as in every database of schema format 4. `firsts` are the serial types in the
    first place of live records (see `sort_of`), empty where there are too few records to tell.
    """

    table: Table
    encoding: str
    short_bits: bool
    allowed: tuple[int, ...]
    lengths: frozenset[int]
    firsts: frozenset[int]

    @property
    def longest(self) -> int:
        return len(self.allowed)

    def fits(self, types: Sequence[int]) -> bool:
        """Whether a record with these serial types may be a row of the table."""
        return len(types) in self.lengths and all(
            storage_class(serial) & mask for serial, mask in zip(types, self.allowed, strict=False)
        )

    def values(self, types: Sequence[int], data: bytes, at: int) -> list[Value] | None:
        """The values whose bodies begin at `at`, None where SQLite would not have stored them so.

        It stores an integer in the fewest bytes that hold it, and no NaN; text is taken only if it is valid
        in the database's encoding and free of control characters.
        """
        values: list[Value] = []
        for serial in types:
            end = at + size_of(serial)
            value = value_of(serial, data[at:end], self.encoding)
            if serial and not self._plausible(serial, value, data[at:end]):
                return None
            values.append(value)
            at = end
        return values

    def bits(self, values: Sequence[Value]) -> float:
        """How much the serial types and texts of such a row say against chance: log2 of one in so many."""
        return sum(
            _TIGHTNESS[mask] + (len(value) if isinstance(value, str) else 0)
            for mask, value in zip(self.allowed[1:], values[1:], strict=False)
        )

    def _plausible(self, serial: int, value: Value, body: bytes) -> bool:
        if isinstance(value, str):
            return value.encode(self.encoding, "surrogatepass") == body and _CONTROLS.isdisjoint(value)
        if isinstance(value, int) and 0 < serial < 7:
            fewer = _INT_BITS[serial - 1]
            if value in (0, 1):
                return serial == 1 and not self.short_bits
            return not -(1 << fewer >> 1) <= value < 1 << fewer >> 1
        return value is not None


def profile(table: Table, header: Header, payloads: Iterable[bytes]) -> Profile:
    """Learns from the first live records of a table what its rows look like beyond what is declared.

    A column without a declared type may hold anything, but is taken to hold what it is seen to hold once
    there are records enough to tell.
    """
    shape = table.shape
    slots = sorted(range(len(shape.names)), key=lambda at: shape.slots[at])
    seen = [0] * len(slots)
    lengths = {len(slots)}
    firsts: list[int] = []
    for _, payload in zip(range(_LEARNED_FROM), payloads, strict=False):
        try:
            types, _ = serials(payload)
        except Malformed:
            continue
        if len(types) <= len(slots):
            lengths.add(len(types))
            firsts += map(sort_of, types[:1])
            for place, serial in enumerate(types):
                seen[place] |= storage_class(serial)
    enough = len(firsts) >= _ENOUGH
    allowed: list[int] = []
    for place, at in enumerate(slots):
        affinity = shape.affinities[at]
        mask = seen[place] | (NULL if enough and affinity == "none" else _BY_AFFINITY[affinity])
        if at == shape.alias:
            mask = NULL
        elif shape.not_null[at]:
            mask &= ~NULL
        allowed.append(mask)
    usual = frozenset(firsts) if enough else frozenset()
    return Profile(table, header.encoding, header.schema_format >= 4, tuple(allowed), frozenset(lengths), usual)
