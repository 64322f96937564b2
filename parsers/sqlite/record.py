"""The SQLite record: varints, serial types and the values they stand for.

Source: https://www.sqlite.org/fileformat2.html sections 1.6 (varint) and 2.1 (record format).
"""

import struct

Value = None | int | float | str | bytes

_FLOAT = struct.Struct(">d")
_INT_SIZE = (0, 1, 2, 3, 4, 6, 8)


class Malformed(ValueError):
    """Bytes that cannot be what their place says they are; turned into a `Finding` by whoever reads on."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The signed 64-bit value of the big-endian base-128 varint at `at`, and where the next byte stands.

    One to nine bytes; all eight bits of a ninth count. A varint that runs over the end raises `IndexError`.
    """
    byte = data[at]
    if byte < 0x80:
        return byte, at + 1
    value = byte & 0x7F
    for place in range(at + 1, at + 8):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    value = value << 8 | data[at + 8]
    return value - (1 << 64) if value >> 63 else value, at + 9


def size_of(serial: int) -> int:
    """How many bytes of the record's body a serial type takes; reserved or negative ones raise `Malformed`."""
    if serial >= 12:
        return (serial - 12) >> 1
    if 0 <= serial <= 6:
        return _INT_SIZE[serial]
    if serial == 7:
        return 8
    if serial in (8, 9):
        return 0
    raise Malformed(f"serial type {serial}")


def value_of(serial: int, body: bytes, encoding: str) -> Value:
    """The value of exactly the bytes that a serial type takes.

    Text that is not valid in the database's encoding keeps its stray bytes as visible `\\xNN`. A stored NaN
    reads as NULL, as SQLite has it.
    """
    if serial >= 12:
        return body if serial & 1 == 0 else body.decode(encoding, "backslashreplace")
    if serial == 0:
        return None
    if serial == 7:
        number: float = _FLOAT.unpack(body)[0]
        return number if number == number else None
    if serial >= 8:
        return serial - 8
    return int.from_bytes(body, "big", signed=True)


def serials(payload: bytes) -> tuple[list[int], int]:
    """The serial types of a record's header and the header's size in bytes; raises `Malformed`."""
    try:
        end, at = varint(payload, 0)
        if end < at or end > len(payload):
            raise Malformed("record header outside the payload")
        types: list[int] = []
        while at < end:
            serial = payload[at]
            if serial < 0x80:
                at += 1
            else:
                serial, at = varint(payload, at)
            types.append(serial)
    except IndexError:
        raise Malformed("record header cut off") from None
    if at != end:
        raise Malformed("serial type across the end of the header")
    return types, end


def decode(payload: bytes, encoding: str) -> list[Value]:
    """All values of a record in stored order; raises `Malformed` where header and body do not fit."""
    types, at = serials(payload)
    size = len(payload)
    values: list[Value] = []
    for serial in types:
        end = at + size_of(serial)
        if end > size:
            raise Malformed("record body cut off")
        values.append(value_of(serial, payload[at:end], encoding) if serial else None)
        at = end
    return values
