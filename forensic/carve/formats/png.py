"""PNG pictures: chunks, each with its CRC, up to IEND."""

import struct

from forensic.carve.format import BROKEN, CUT, Extent, Format, Signature, corrupt, truncated
from forensic.carve.reading import crc32
from forensic.sources.medium import Medium

CHECKED = ("chunk-crc",)
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
LONGEST = (1 << 31) - 1


def measure(medium: Medium) -> Extent | None:
    if not _starts_right(medium.read(0, 29)):
        return None
    at, proven, good, data_seen = 8, 8, True, False
    while True:
        head = medium.read(at, 8)
        if not _plausible(head):
            break
        length, kind = struct.unpack(">I4s", head)
        end = at + 12 + length
        if kind != b"IEND" and not _plausible(medium.read(end, 8)):
            break
        stored = medium.read(end - 4, 4)
        if len(stored) < 4:
            break
        if crc32(medium, at + 4, length + 4) == int.from_bytes(stored, "big"):
            proven = end if good else proven
        else:
            good = False
        data_seen = data_seen or kind == b"IDAT"
        at = end
        if kind == b"IEND":
            if length or not data_seen:
                break
            return Extent(end, "png", checked=CHECKED) if good else corrupt(end, "png", CHECKED)
    if proven == 8:
        return None
    return truncated(proven, "png", CHECKED, reason=CUT if _cut(medium, at) else BROKEN)


def _starts_right(head: bytes) -> bool:
    if len(head) < 29 or head[8:16] != b"\0\0\0\x0dIHDR":
        return False
    width, height, depth, colour, compression, filtering, interlace = struct.unpack_from(">IIBBBBB", head, 16)
    sizes = 0 < width <= LONGEST and 0 < height <= LONGEST
    return sizes and depth in DEPTHS.get(colour, ()) and compression == filtering == 0 and interlace < 2


def _plausible(head: bytes) -> bool:
    return len(head) == 8 and head[0] < 0x80 and head[4:8].isalpha() and head[4:8].isascii()


def _cut(medium: Medium, at: int) -> bool:
    """Whether the chunk at `at` reaches past the medium."""
    head = medium.read(at, 8)
    return len(head) < 8 or (_plausible(head) and at + 12 + int.from_bytes(head[:4], "big") > medium.size)


FORMAT = Format(
    name="png",
    suffixes=("png",),
    signatures=(Signature(rb"\x89PNG\x0d\x0a\x1a\x0a"),),
    measure=measure,
    specification="W3C PNG (Third Edition), ISO/IEC 15948",
)
