"""The write-ahead log: which of its frames are committed, and where each page's newest version stands.

Source: https://www.sqlite.org/fileformat2.html section 4 and https://www.sqlite.org/walformat.html.
Header and frame headers are big-endian; the checksum reads words in the order that the magic names.
"""

import struct
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field

from parsers.source import Bytes
from parsers.sqlite.header import page_size_of

HEADER = 32
FRAME_HEADER = 24
_BIG_CHECKSUMS = 0x377F0683
_LITTLE_CHECKSUMS = 0x377F0682
_VERSION = 3007000
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Wal:
    """The log as SQLite would recover it.

    `latest` gives for each page the byte offset of its newest committed frame (the frame header, the page
    follows 24 bytes on); `page_count` is the database's size in pages after the last commit; `commits` are
    the offsets of the committing frames in order; `frames` counts the frames that the file has room for,
    `valid` those in the unbroken chain of checksums, committed or not.
    """

    page_size: int
    latest: dict[int, int] = field(default_factory=dict)
    page_count: int = 0
    commits: list[int] = field(default_factory=list)
    frames: int = 0
    valid: int = 0

    @property
    def committed(self) -> int:
        """How many frames, from the first, are committed."""
        return (self.commits[-1] - HEADER) // (FRAME_HEADER + self.page_size) + 1 if self.commits else 0

    def commit_at(self, offset: int) -> int | None:
        """The ordinal, from 1, of the commit to which the frame at a byte offset belongs; None past the last."""
        at = bisect_left(self.commits, offset)
        return at + 1 if at < len(self.commits) else None


def load(file: Bytes) -> Wal | None:
    """Reads the log once, front to back. None where its header is no WAL header or its checksum is wrong."""
    head = file.read(0, HEADER)
    if len(head) < HEADER:
        return None
    magic, version, stored_size, _, salt1, salt2, sum1, sum2 = struct.unpack(">8I", head)
    page_size = page_size_of(stored_size if stored_size != 65536 else 1)
    if magic not in (_BIG_CHECKSUMS, _LITTLE_CHECKSUMS) or version != _VERSION or page_size is None:
        return None
    big = magic == _BIG_CHECKSUMS
    sums = checksum(head[:24], (0, 0), big_endian=big)
    if sums != (sum1, sum2):
        return None
    step = FRAME_HEADER + page_size
    wal = Wal(page_size, frames=(file.size - HEADER) // step)
    pending: dict[int, int] = {}
    commits: list[int] = []
    latest: dict[int, int] = {}
    page_count = valid = 0
    for offset in range(HEADER, HEADER + wal.frames * step, step):
        frame = file.read(offset, step)
        if len(frame) < step:
            break
        page, size_after, s1, s2, c1, c2 = struct.unpack_from(">6I", frame)
        if (s1, s2) != (salt1, salt2) or page == 0:
            break
        sums = checksum(frame[FRAME_HEADER:], checksum(frame[:8], sums, big_endian=big), big_endian=big)
        if sums != (c1, c2):
            break
        valid += 1
        pending[page] = offset
        if size_after:
            latest.update(pending)
            pending.clear()
            page_count = size_after
            commits.append(offset)
    latest = {page: offset for page, offset in latest.items() if page <= page_count}
    return Wal(page_size, latest, page_count, commits, wal.frames, valid)


def checksum(data: bytes, sums: tuple[int, int], *, big_endian: bool) -> tuple[int, int]:
    """The running checksum over pairs of 32-bit words (section 4.2); `data` is a multiple of 8 bytes."""
    words = array("I", data)
    if big_endian != (struct.pack("=I", 1) == struct.pack(">I", 1)):
        words.byteswap()
    first, second = sums
    pairs = iter(words)
    for word in pairs:
        first = (first + word + second) & _MASK
        second = (second + next(pairs) + first) & _MASK
    return first, second
