"""Reading a candidate in small steps and long stretches, with flat memory."""

import math
import re
import zlib
from collections import OrderedDict
from collections.abc import Iterator

from forensic.sources.medium import BLOCK, Medium

PAGE = 1 << 18
PAGES = 16
DENSE = 1024


class Cached:
    """A medium whose small reads are served from memory: one held stretch, and the pages read last."""

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self._pages: OrderedDict[int, bytes] = OrderedDict()
        self._held = b""
        self._held_at = 0

    @property
    def size(self) -> int:
        return self._medium.size

    def hold(self, offset: int, data: bytes) -> None:
        """Serve what lies in `data`, read from `offset`, without asking the medium."""
        self._held, self._held_at = data, offset

    def read(self, offset: int, length: int) -> bytes:
        start = offset - self._held_at
        if start >= 0 and start + length <= len(self._held):
            return self._held[start : start + length]
        if length > PAGE:
            return self._medium.read(offset, length)
        first, inside = divmod(offset, PAGE)
        data = self._page(first)[inside : inside + length]
        if inside + length > PAGE:
            data += self._page(first + 1)[: length - len(data)]
        return data

    def _page(self, number: int) -> bytes:
        page = self._pages.get(number)
        if page is None:
            page = self._medium.read(number * PAGE, PAGE)
            self._pages[number] = page
            if len(self._pages) > PAGES:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        return page


def crc32(medium: Medium, offset: int, length: int) -> int:
    """CRC-32 (ISO 3309, as in PNG and ZIP) of the bytes that are there."""
    crc = 0
    while length > 0:
        data = medium.read(offset, min(BLOCK, length))
        if not data:
            break
        crc = zlib.crc32(data, crc)
        offset += len(data)
        length -= len(data)
    return crc


def matches(
    medium: Medium, pattern: re.Pattern[bytes], offset: int, *, reach: int = 64
) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Each match of `pattern` from `offset` on with the offset of its start, lazily, to the end of the medium.

    A match is at most `reach` bytes long. Blocks grow from 4 KiB to 1 MiB, so that a candidate that fails at once
    costs little.
    """
    block = 1 << 12
    while data := medium.read(offset, block + reach):
        last = len(data) < block + reach
        done = 0
        for match in pattern.finditer(data):
            if match.start() >= block and not last:
                break
            done = match.end()
            yield offset + match.start(), match
        if last:
            return
        offset += max(block, done)
        block = min(block * 2, BLOCK)


def dense(medium: Medium, offset: int, end: int) -> int:
    """Where in [offset, end) the bytes stop looking compressed.

    Compressed bytes take nearly all 256 values within a kilobyte; text, code tables and wiped space do not. This is
    no proof: it only keeps what follows a broken stream from being counted as part of it.
    """
    while offset < end and (block := medium.read(offset, min(DENSE, end - offset))):
        if len(set(block)) < 0.75 * 256 * (1 - math.exp(-len(block) / 256)):
            break
        offset += len(block)
    return offset
