"""What a row of one table may look like: the test that bytes out of free space have to pass."""

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
_LEARNED_FROM = 2000
_CONTROLS = frozenset(chr(code) for code in range(32)) - frozenset("\t\n\r")
_INT_BITS = (0, 8, 16, 24, 32, 48, 64)


def storage_class(serial: int) -> int:
    """The storage class of a valid serial type, as one of the bits above."""
    if serial >= 12:
        return TEXT if serial & 1 else BLOB
    if serial == 7:
        return REAL
    return INTEGER if serial else NULL


@dataclass(frozen=True, slots=True)
class Profile:
    """The table, the storage classes that each place of its record may hold, and the lengths a record may have.

    The classes are those that the declared types allow, and those that live rows were seen to hold; a
    column that is NOT NULL holds no NULL, the INTEGER PRIMARY KEY always stores one. `short_bits`: 0 and 1
    take no byte, as in every database of schema format 4.
    """

    table: Table
    encoding: str
    short_bits: bool
    allowed: tuple[int, ...]
    lengths: frozenset[int]

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
    """Learns from the first live records of a table what its rows look like beyond what is declared."""
    shape = table.shape
    slots = sorted(range(len(shape.names)), key=lambda at: shape.slots[at])
    allowed = [_BY_AFFINITY[shape.affinities[at]] for at in slots]
    lengths = {len(slots)}
    for _, payload in zip(range(_LEARNED_FROM), payloads, strict=False):
        try:
            types, _ = serials(payload)
        except Malformed:
            continue
        if len(types) <= len(slots):
            lengths.add(len(types))
            for place, serial in enumerate(types):
                allowed[place] |= storage_class(serial)
    for place, at in enumerate(slots):
        if at == shape.alias:
            allowed[place] = NULL
        elif shape.not_null[at]:
            allowed[place] &= ~NULL
    return Profile(table, header.encoding, header.schema_format >= 4, tuple(allowed), frozenset(lengths))
