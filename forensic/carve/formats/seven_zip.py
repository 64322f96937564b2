"""7z archives: the start header says where the end header lies; both carry a CRC."""

import struct
import zlib

from forensic.carve.format import CUT, Extent, Format, Signature, corrupt, truncated
from forensic.carve.reading import crc32
from forensic.sources.medium import Medium

CHECKED = ("start-header-crc", "header-crc")
START = 32


def measure(medium: Medium) -> Extent | None:
    head = medium.read(0, START)
    if len(head) < START or zlib.crc32(head[12:]) != int.from_bytes(head[8:12], "little"):
        return None
    offset, size, crc = struct.unpack_from("<QQI", head, 12)
    end = START + offset + size
    if end > medium.size:
        return truncated(START, "7z", CHECKED[:1], reason=CUT, claimed=end)
    if crc32(medium, START + offset, size) != crc:
        return corrupt(end, "7z", CHECKED)
    return Extent(end, "7z", checked=CHECKED)


FORMAT = Format(
    name="7z",
    suffixes=("7z",),
    signatures=(Signature(rb"7z\xbc\xaf\x27\x1c\x00"),),
    measure=measure,
    specification="7-Zip, 7zFormat.txt (LZMA SDK)",
)
