"""The records of an NTFS master file table: fixups, attributes, names and run lists.

After the Linux-NTFS project's "NTFS Documentation" (FILE record, attributes, data runs) and J. Metz, "New Technologies
File System (NTFS)" (libfsntfs). Integers are little-endian; times are 100 ns steps since 1601 UTC.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from forensic.sources.entries import component_utf16
from forensic.sources.runs import SPARSE

STANDARD, LIST, NAME, DATA = 0x10, 0x20, 0x30, 0x80
IN_USE, DIRECTORY = 0x1, 0x2
COMPRESSED, ENCRYPTED, SPARSE_FLAG = 0x0001, 0x4000, 0x8000
_DOS = 2
_UNIX_EPOCH = 116_444_736_000_000_000
_HEADER = struct.Struct("<4sHHQHHHHIIQ")
_ATTRIBUTE = struct.Struct("<IIBBHHHIH")
_TIMES = struct.Struct("<QQQQ")
_MOST_RUNS = 1 << 20


class Record(NamedTuple):
    """`data` has its fixups undone. `base` and `base_sequence` name the record this one extends; base is 0 for
    a record that stands for itself."""

    sequence: int
    flags: int
    first: int
    used: int
    base: int
    base_sequence: int
    data: bytes


class Attribute(NamedTuple):
    """`value` is the content of a resident attribute; for others `at` is the attribute's offset in the record."""

    kind: int
    name: str
    flags: int
    value: bytes
    at: int
    resident: bool


class Name(NamedTuple):
    parent: int
    parent_sequence: int
    text: str


def record(raw: bytes, sector: int) -> Record | None:
    """A record with its fixups undone, or None where there is none or its sectors do not belong together."""
    if raw[:4] != b"FILE" or len(raw) < 48:
        return None
    _magic, fix_at, fix_count, _lsn, sequence, _links, first, flags, used, _size, base = _HEADER.unpack_from(raw)
    if fix_count < 1 or fix_at + 2 * fix_count > len(raw) or (fix_count - 1) * sector > len(raw):
        return None
    data = bytearray(raw)
    check = raw[fix_at : fix_at + 2]
    for index in range(1, fix_count):
        end = index * sector
        if raw[end - 2 : end] != check:
            return None
        data[end - 2 : end] = raw[fix_at + 2 * index : fix_at + 2 * index + 2]
    used = min(used, len(data))
    return Record(sequence, flags, first, used, base & 0xFFFFFFFFFFFF, base >> 48, bytes(data))


def role(raw: bytes) -> tuple[int, bool]:
    """(the record that this one extends or 0, whether it is a folder), from the stored bytes of a record."""
    return int.from_bytes(raw[32:38], "little"), bool(raw[22] & DIRECTORY)


def attributes(found: Record, wanted: tuple[int, ...]) -> Iterator[Attribute]:
    """The attributes of the wanted types, in order. A length that makes no sense ends the walk."""
    data, at, end = found.data, found.first, found.used
    last = max(wanted)
    while at + 24 <= end:
        kind, length, nonresident, name_length, name_at, flags, _id, size, value_at = _ATTRIBUTE.unpack_from(data, at)
        if kind > last or length < 24 or length & 7 or at + length > end:
            return
        if kind in wanted:
            name = ""
            if name_length:
                name = component_utf16(data[at + name_at : min(at + name_at + 2 * name_length, at + length)])
            if nonresident:
                yield Attribute(kind, name, flags, b"", at, resident=False)
            elif value_at + size <= length:
                yield Attribute(kind, name, flags, data[at + value_at : at + value_at + size], at, resident=True)
        at += length


def file_name(value: bytes) -> Name | None:
    """A $FILE_NAME, or None for the DOS name beside a long one and for what is cut short."""
    if len(value) < 66 or value[65] == _DOS or len(value) < 66 + 2 * value[64]:
        return None
    (parent,) = struct.unpack_from("<Q", value)
    return Name(parent & 0xFFFFFFFFFFFF, parent >> 48, component_utf16(value[66 : 66 + 2 * value[64]]))


def times(value: bytes) -> tuple[int | None, int | None, int | None, int | None]:
    """The times of $STANDARD_INFORMATION (modified, accessed, changed, created) in nanoseconds since 1970 UTC;
    None where the stored time is before 1970."""
    created, modified, changed, accessed = _TIMES.unpack_from(value)
    first = _UNIX_EPOCH
    return (
        (modified - first) * 100 if modified > first else None,
        (accessed - first) * 100 if accessed > first else None,
        (changed - first) * 100 if changed > first else None,
        (created - first) * 100 if created > first else None,
    )


def listed_records(value: bytes, kind: int) -> list[int]:
    """The records that an $ATTRIBUTE_LIST names for parts of the nameless attribute of one type, in order of VCN."""
    found: list[tuple[int, int]] = []
    at = 0
    while at + 26 <= len(value):
        own, length, name_length = struct.unpack_from("<IHB", value, at)
        if length < 26:
            break
        if own == kind and not name_length:
            vcn, reference = struct.unpack_from("<QQ", value, at + 8)
            found.append((vcn, reference & 0xFFFFFFFFFFFF))
        at += length
    return list(dict.fromkeys(number for _vcn, number in sorted(found)))


class Extent(NamedTuple):
    """One stored part of a non-resident attribute. Sizes in bytes; those of the first part (VCN 0) count."""

    first_vcn: int
    size: int
    initialised: int
    runs: tuple[tuple[int, int], ...]


def extent(found: Record, attribute: Attribute) -> Extent | None:
    """The run list as (first cluster or SPARSE, clusters); None where it is broken."""
    data, at = found.data, attribute.at
    if at + 64 > found.used:
        return None
    (length,) = struct.unpack_from("<I", data, at + 4)
    first, last, offset = struct.unpack_from("<QQH", data, at + 16)
    size, initialised = struct.unpack_from("<QQ", data, at + 48)
    runs = _run_list(data[at + offset : at + length])
    if runs is None:
        return None
    # A stream without clusters keeps an empty list, and -1 as its last one.
    if sum(count for _cluster, count in runs) != (last - first + 1) & 0xFFFFFFFFFFFFFFFF:
        return None
    return Extent(first, size, initialised, runs)


def _run_list(data: bytes) -> tuple[tuple[int, int], ...] | None:
    runs: list[tuple[int, int]] = []
    at = cluster = 0
    while at < len(data) and data[at]:
        length_bytes, offset_bytes = data[at] & 15, data[at] >> 4
        end = at + 1 + length_bytes + offset_bytes
        if not 1 <= length_bytes <= 8 or offset_bytes > 8 or end > len(data) or len(runs) >= _MOST_RUNS:
            return None
        count = int.from_bytes(data[at + 1 : at + 1 + length_bytes], "little")
        if offset_bytes:
            cluster += int.from_bytes(data[at + 1 + length_bytes : end], "little", signed=True)
        if not count or cluster < 0:
            return None
        runs.append((cluster if offset_bytes else SPARSE, count))
        at = end
    return tuple(runs)
