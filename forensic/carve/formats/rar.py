"""RAR archives, versions 4 and 5: headers, each with its CRC, up to the end-of-archive header.

The CRCs of packed contents are not checked: they need the unpacked bytes.
"""

import struct
import zlib
from dataclasses import dataclass

from forensic.carve.format import BROKEN, CUT, ENCRYPTED, Extent, Format, Signature, truncated
from forensic.sources.medium import Medium

CHECKED = ("header-crc",)
MARK_4 = b"Rar!\x1a\x07\x00"
MARK_5 = b"Rar!\x1a\x07\x01\x00"
MAIN_4, FILE_4, SERVICE_4, END_4 = 0x73, 0x74, 0x7A, 0x7B
MAIN_5, FILE_5, SERVICE_5, ENCRYPTION_5, END_5 = 1, 2, 3, 4, 5
LONGEST_5 = 2 << 20  # the note on the format bounds a header to 2 MiB


@dataclass(frozen=True, slots=True)
class _Header:
    """A header with a right CRC. `size` counts header and data; `last` ends the archive."""

    size: int
    first: bool
    last: bool
    encrypted: bool


def measure(medium: Medium) -> Extent | None:
    five = medium.read(0, 8) == MARK_5
    header_at = _header_5 if five else _header_4
    at = proven = len(MARK_5) if five else len(MARK_4)
    header = header_at(medium, at)
    if header is None or not header.first:
        return None
    while header is not None:
        proven = at
        at += header.size
        if header.last:
            if at > medium.size:
                break
            return Extent(at, "rar", checked=CHECKED)
        if header.encrypted:
            return truncated(min(at, medium.size), "rar", CHECKED, reason=ENCRYPTED)
        header = header_at(medium, at)
    return truncated(proven, "rar", CHECKED, reason=CUT if at >= medium.size else BROKEN)


def _header_4(medium: Medium, at: int) -> _Header | None:
    head = medium.read(at, 7)
    if len(head) < 7:
        return None
    crc, kind, flags, size = struct.unpack("<HBHH", head)
    body = medium.read(at, size)
    if not 0x73 <= kind <= 0x7B or size < 7 or len(body) < size or zlib.crc32(body[2:]) & 0xFFFF != crc:
        return None
    data = 0
    if kind in (FILE_4, SERVICE_4) or flags & 0x8000:
        data = int.from_bytes(body[7:11], "little")
        if kind in (FILE_4, SERVICE_4) and flags & 0x100:
            data += int.from_bytes(body[32:36], "little") << 32
    return _Header(size + data, kind == MAIN_4, kind == END_4, kind == MAIN_4 and bool(flags & 0x80))


def _header_5(medium: Medium, at: int) -> _Header | None:
    head = medium.read(at, 7)
    size, start = _vint(head, 4)
    if not 2 <= size <= LONGEST_5:
        return None
    body = medium.read(at, start + size)
    if len(body) < start + size or zlib.crc32(body[4:]) != int.from_bytes(body[:4], "little"):
        return None
    kind, cursor = _vint(body, start)
    flags, cursor = _vint(body, cursor)
    if flags & 1:
        _, cursor = _vint(body, cursor)
    data, _ = _vint(body, cursor) if flags & 2 else (0, cursor)
    first = kind in (MAIN_5, ENCRYPTION_5)
    return _Header(start + size + data, first, kind == END_5, kind == ENCRYPTION_5)


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, lowest first, and where it ends; at most ten bytes."""
    value = 0
    for index, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    return 0, at


FORMAT = Format(
    name="rar",
    suffixes=("rar",),
    signatures=(Signature(rb"Rar!\x1a\x07\x00"), Signature(rb"Rar!\x1a\x07\x01\x00")),
    measure=measure,
    specification="RARLAB, RAR 5.0 archive format; UnRAR, technote.txt for RAR 4",
)
