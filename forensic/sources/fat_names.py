"""The slots of a FAT directory: short names, long names joined to them, and the deleted ones among both.

After Microsoft, "FAT: General Overview of On-Disk Format", 1.03, and "FAT Long Directory Entries": a long name stands
in slots before its short entry, last part first, 13 UTF-16 units each, every slot with a checksum of the short name.
Deleting overwrites the first byte of each slot with E5; the checksum then gives back the first byte of the short name.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from forensic.sources.entries import component, component_utf16

_DELETED = 0xE5
_LONG = 0x0F
_LABEL = 0x08
_SLOT = struct.Struct("<11sBBBHHHHHHHI")
_BARRED = frozenset(b'"*+,./:;<=>?[\\]|') | frozenset(range(0x20)) | {0x7F}
_LOWER_BASE, _LOWER_SUFFIX = 0x08, 0x10


class Slot(NamedTuple):
    """One object of a directory. `position` counts 32-byte slots from the start of the bytes given, at its short
    entry; `slots` is how many it fills; `size` is in bytes; dates and times are the words as stored."""

    position: int
    slots: int
    deleted: bool
    name: str
    flags: tuple[str, ...]
    attributes: int
    cluster: int
    size: int
    created: tuple[int, int, int]
    accessed: int
    written: tuple[int, int, int]


def slots(data: bytes) -> Iterator[Slot]:
    """The objects in the bytes of a directory, up to its end mark. `.` and `..` are left out; a volume label has
    bit 08 in `attributes`. Slots that break the format (a bar character in a live short name) are left out."""
    unpack = _SLOT.unpack_from
    pending: list[int] = []
    for at in range(0, len(data) - 31, 32):
        first = data[at]
        if first == 0:
            return
        attributes = data[at + 11]
        if attributes & 0x3F == _LONG:
            pending.append(at)
            continue
        raw, _, case, tenths, ctime, cdate, adate, high, wtime, wdate, low, size = unpack(data, at)
        deleted = first == _DELETED
        if deleted and attributes == 0 and _long_without_mark(data, at):
            pending.append(at)
            continue
        if first == 0x2E and raw in (b".          ", b"..         "):
            pending.clear()
            continue
        name: str | None = None
        used = 0
        flags: tuple[str, ...] = ()
        if pending:
            name, used, raw = _long(data, pending, raw, deleted=deleted)
            pending.clear()
        if name is None:
            name, flags = (
                _short(raw, case, deleted=deleted) if not attributes & _LABEL else (_text(raw.rstrip(b" ")), ())
            )
            if name is None:
                continue
        cluster = high << 16 | low
        yield Slot(
            at >> 5,
            used + 1,
            deleted,
            name,
            flags,
            attributes,
            cluster,
            size,
            (cdate, ctime, tenths),
            adate,
            (wdate, wtime, 0),
        )


def _short(raw: bytes, case: int, *, deleted: bool) -> tuple[str | None, tuple[str, ...]]:
    if deleted:
        base = b"?" + raw[1:8]
    elif raw[0] == 0x05:
        base = b"\xe5" + raw[1:8]
    else:
        base = raw[:8]
    base, suffix = base.rstrip(b" "), raw[8:].rstrip(b" ")
    if not _BARRED.isdisjoint(base[1:] + suffix) or (not deleted and (not base or base[0] in _BARRED)):
        return None, ()
    if case & _LOWER_BASE:
        base = base.lower()
    if case & _LOWER_SUFFIX:
        suffix = suffix.lower()
    name = base + b"." + suffix if suffix else base
    return _text(name), ("first-letter-lost",) if deleted else ()


def _text(name: bytes) -> str:
    """The code page of short names is recorded nowhere: what is not ASCII stays visible as bytes."""
    return component(name) if name.isascii() else name.decode("ascii", "backslashreplace")


def _long_without_mark(data: bytes, at: int) -> bool:
    """Whether a deleted slot whose attribute byte was wiped is the closing part of a long name: no short name has
    such bytes, and the text ends in a zero and FFFF fill. Its checksum still has to fit the short entry."""
    if data[at + 12] or data[at + 26] or data[at + 27] or _BARRED.isdisjoint(data[at + 1 : at + 11]):
        return False
    units = data[at + 1 : at + 11] + data[at + 14 : at + 26] + data[at + 28 : at + 32]
    ends = [i for i in range(0, 26, 2) if units[i : i + 2] == b"\0\0"]
    return bool(ends) and ends[0] > 0 and units[ends[0] + 2 :] == b"\xff" * (24 - ends[0])


def are_slots(data: bytes, top: int) -> bool:
    """Whether a cluster holds directory slots and nothing else; `top` is the last cluster of the volume."""
    if not data or not data[0]:
        return False
    for at in range(0, len(data) - 31, 32):
        raw, attributes, _, _, _, _, _, high, _, date, low, size = _SLOT.unpack_from(data, at)
        if not raw[0]:
            return not any(data[at:])
        if attributes & 0x3F == _LONG:
            if low or data[at + 12]:
                return False
            continue
        if attributes & 0xC0 or (raw[0] != 0x2E and not _BARRED.isdisjoint(raw[1:])):
            return False
        if (high << 16 | low) > top or (attributes & 0x10 and size) or not _is_date(date):
            return False
    return True


def _is_date(date: int) -> bool:
    return 1 <= date >> 5 & 15 <= 12 and bool(date & 31)


def checksum(short: bytes) -> int:
    """The checksum that long-name slots carry of the eleven bytes of their short name."""
    total = 0
    for byte in short:
        total = ((total & 1) << 7) + (total >> 1) + byte & 0xFF
    return total


def first_byte(rest: bytes, wanted: int) -> int:
    """The first byte that gives eleven bytes ending in `rest` the checksum `wanted`: there is exactly one."""
    for byte in reversed(rest):
        wanted = wanted - byte & 0xFF
        wanted = (wanted << 1 | wanted >> 7) & 0xFF
    return wanted


def _long(data: bytes, pending: list[int], raw: bytes, *, deleted: bool) -> tuple[str | None, int, bytes]:
    """The long name whose slots end right before the short entry, how many slots it fills, and the short name
    with its first byte restored; None where they do not belong together."""
    check = data[pending[-1] + 13]
    if deleted:
        lost = first_byte(raw[1:], check)
        if (lost in _BARRED and lost != 0x05) or lost == 0x20 or 0x61 <= lost <= 0x7A:
            return None, 0, raw
        short = bytes([lost]) + raw[1:]
    else:
        short = raw
        if checksum(raw) != check:
            return None, 0, raw
    parts: list[bytes] = []
    for order, at in enumerate(reversed(pending), 1):
        mark = data[at]
        if data[at + 13] != check or (mark == _DELETED) != deleted or order > 20:
            break
        if not deleted and mark & 0x3F != order:
            break
        parts.append(data[at + 1 : at + 11] + data[at + 14 : at + 26] + data[at + 28 : at + 32])
        if (not deleted and mark & 0x40) or parts[-1][-2:] in (b"\0\0", b"\xff\xff"):
            break
    else:
        if not deleted:
            return None, 0, raw
    if not parts:
        return None, 0, raw
    units = b"".join(parts)
    end = next((i for i in range(0, len(units), 2) if units[i : i + 2] == b"\0\0"), len(units))
    name = units[:end]
    if not name or (not deleted and not data[pending[-len(parts)]] & 0x40):
        return None, 0, raw
    if len(name) >= 2 and name[1] == 0 and short[0] < 0x80 and not _begins_alike(name[0], short[0]):
        return None, 0, raw
    return component_utf16(name), len(parts), short


def _begins_alike(long_first: int, short_first: int) -> bool:
    """Whether a short name made from a long one that starts with this ASCII character may start with that one:
    upper case of it, the substitute `_`, or anything where leading dots and spaces were dropped."""
    return long_first in b". " or chr(long_first).upper() == chr(short_first) or short_first == 0x5F
