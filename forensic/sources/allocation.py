"""Which blocks of a file system are in use now: one bit a block."""

import re
from collections.abc import Iterator

from forensic.sources.runs import Run

_STRETCH = re.compile(rb"\x00+|\xff+|[^\x00\xff]+", re.DOTALL)
_DIGITS = bytes([48]) + bytes([49]) * 255


class Allocation:
    """Block n stands at `base + n * block_size` of the whole medium. Bits are least significant first; 1 is in use.

    Blocks past the end of the map count as in use: nothing may be claimed that the file system does not call free.
    """

    __slots__ = ("_bits", "base", "block_size", "blocks")

    def __init__(self, bits: bytes | bytearray, blocks: int, block_size: int, base: int) -> None:
        self.blocks = min(blocks, 8 * len(bits))
        self.block_size = block_size
        self.base = base
        self._bits = bytearray(bits[: (self.blocks + 7) // 8])
        spare = -self.blocks % 8
        if spare:
            self._bits[-1] |= 0xFF << (8 - spare) & 0xFF

    @classmethod
    def from_flags(cls, flags: bytes, block_size: int, base: int) -> "Allocation":
        """From one byte a block, non-zero where in use."""
        digits = flags.translate(_DIGITS)[::-1]
        # Base two converts in linear time, in pieces so that no number grows past 1 Mibit.
        piece, packed = 1 << 20, bytearray()
        for end in range(len(digits), 0, -piece):
            part = digits[max(0, end - piece) : end]
            packed += int(part, 2).to_bytes((len(part) + 7) // 8, "little")
        return cls(packed, len(flags), block_size, base)

    def in_use(self, block: int) -> bool:
        if not 0 <= block < self.blocks:
            return True
        return bool(self._bits[block >> 3] >> (block & 7) & 1)

    def use(self, first: int, count: int = 1) -> None:
        """Marks blocks that the stored map leaves out although they are taken."""
        for block in range(max(0, first), min(first + count, self.blocks)):
            self._bits[block >> 3] |= 1 << (block & 7)

    def release(self, first: int, count: int) -> None:
        """Marks blocks of a stretch whose stored map was never written."""
        for block in range(max(0, first), min(first + count, self.blocks)):
            self._bits[block >> 3] &= ~(1 << (block & 7))

    def free(self) -> Iterator[tuple[int, int]]:
        """(first block, number of blocks) of each stretch that is not in use, in order."""
        start, length = 0, 0
        for stretch in _STRETCH.finditer(self._bits):
            head, tail = stretch.span()
            kind = self._bits[head]
            if kind == 0:
                if not length:
                    start = head * 8
                length += (tail - head) * 8
                continue
            if kind == 0xFF:
                if length:
                    yield start, length
                length = 0
                continue
            for block in range(head * 8, tail * 8):
                if self._bits[block >> 3] >> (block & 7) & 1:
                    if length:
                        yield start, length
                    length = 0
                else:
                    start = start if length else block
                    length += 1
        if length:
            yield start, length

    def free_from(self, block: int) -> Iterator[tuple[int, int]]:
        """The free stretches from `block` on, in order."""
        while block < self.blocks:
            first = block = self._next(block, 0)
            block = self._next(block, 1)
            if block > first:
                yield first, block - first

    def _next(self, block: int, wanted: int) -> int:
        """The first block from `block` on whose bit is `wanted`; the number of blocks where there is none."""
        other = 0xFF if wanted == 0 else 0
        bits = self._bits
        while block < self.blocks:
            if block & 7 == 0 and bits[block >> 3] == other:
                at = block >> 3
                stop = _STRETCH.match(bits, at)
                block = (stop.end() if stop else at + 1) << 3
                continue
            if bits[block >> 3] >> (block & 7) & 1 == wanted:
                return block
            block += 1
        return self.blocks

    def free_runs(self) -> Iterator[Run]:
        for first, count in self.free():
            yield Run(self.base + first * self.block_size, count * self.block_size)

    def pieces(self, run: Run) -> Iterator[tuple[Run, bool]]:
        """The run cut where use changes: (bytes of the whole medium, in use now)."""
        at, end = run.offset, run.offset + run.length
        while at < end:
            block = (at - self.base) // self.block_size
            used = self.in_use(block)
            stop = self._next(block, int(not used)) if 0 <= block < self.blocks else block + 1
            edge = end if used and stop >= self.blocks else min(end, self.base + stop * self.block_size)
            yield Run(at, edge - at), used
            at = edge
