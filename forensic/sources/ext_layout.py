"""Where ext2, ext3 and ext4 keep their block bitmaps and inodes.

After the Linux kernel documentation, "ext4 Data Structures and Algorithms" (super block, block group descriptors,
bitmaps). Integers are little-endian.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from forensic.sources.allocation import Allocation
from forensic.sources.medium import Medium

_META_BG, _WIDE = 0x10, 0x80
_SPARSE_SUPER, _BIGALLOC, _CHECKSUMS = 0x1, 0x200, 0x410
_BLOCK_UNINIT = 0x2
_MOST_GROUPS = 1 << 22


@dataclass(frozen=True, slots=True)
class _Group:
    block_bitmap: int
    inode_bitmap: int
    inode_table: int
    bitmap_unwritten: bool


class ExtLayout:
    """Block numbers count from the start of the volume. `read` gives None for what is no ext file system."""

    def __init__(self, medium: Medium, start: int, head: bytes) -> None:
        self._medium = medium
        self._start = start

        def u32(at: int) -> int:
            return int.from_bytes(head[at : at + 4], "little")

        self.compat, self.incompat, self.ro_compat = u32(92), u32(96), u32(100)
        wide = bool(self.incompat & _WIDE)
        self.blocks = u32(4) | (u32(0x150) << 32 if wide else 0)
        self.block_size = 1024 << u32(24)
        self.first = u32(20)
        self.per_group = u32(32)
        self.inodes, self.inodes_per_group = u32(0), u32(40)
        revised = u32(76) >= 1
        self.inode_size = struct.unpack_from("<H", head, 88)[0] if revised else 128
        self._descriptor = max(32, struct.unpack_from("<H", head, 254)[0]) if wide else 32
        self._reserved_gdt = struct.unpack_from("<H", head, 206)[0]
        self._first_meta_bg = u32(260)
        self.groups = -(-(self.blocks - self.first) // self.per_group)

    @classmethod
    def read(cls, medium: Medium, start: int) -> "ExtLayout | None":
        head = medium.read(start + 1024, 1024)
        if len(head) < 1024 or head[56:58] != b"\x53\xef" or struct.unpack_from("<I", head, 24)[0] > 6:
            return None
        if not struct.unpack_from("<I", head, 32)[0] or not struct.unpack_from("<I", head, 40)[0]:
            return None
        layout = cls(medium, start, head)
        sane = layout.inode_size >= 128 and 0 < layout.groups <= _MOST_GROUPS
        return layout if sane and layout.per_group <= 8 * layout.block_size else None

    def _block(self, number: int, length: int = 0) -> bytes:
        return self._medium.read(self._start + number * self.block_size, length or self.block_size)

    def _descriptors(self) -> Iterator[_Group]:
        in_block = self.block_size // self._descriptor
        block = b""
        for group in range(self.groups):
            if group % in_block == 0:
                block = self._block(self._descriptor_block(group // in_block, in_block))
            at = group % in_block * self._descriptor
            raw = block[at : at + self._descriptor]
            if len(raw) < self._descriptor:
                return
            low = struct.unpack_from("<III", raw, 0)
            high = struct.unpack_from("<III", raw, 32) if self._descriptor >= 64 else (0, 0, 0)
            places = [a | b << 32 for a, b in zip(low, high, strict=True)]
            flags = struct.unpack_from("<H", raw, 18)[0]
            unwritten = bool(flags & _BLOCK_UNINIT and self.ro_compat & _CHECKSUMS)
            yield _Group(places[0], places[1], places[2], unwritten)

    def _descriptor_block(self, index: int, in_block: int) -> int:
        if not self.incompat & _META_BG or index < self._first_meta_bg:
            return self.first + 1 + index
        group = index * in_block
        return self.first + group * self.per_group + self._has_super(group)

    def _has_super(self, group: int) -> bool:
        if group == 0 or not self.ro_compat & _SPARSE_SUPER:
            return True
        return group == 1 or any(_is_power(group, base) for base in (3, 5, 7))

    def allocation(self, most: int) -> Allocation | None:
        """The map of at most `most` blocks, or None where blocks are counted in clusters (bigalloc)."""
        if self.ro_compat & _BIGALLOC:
            return None
        bits = bytearray()
        groups = list(self._descriptors())
        if len(groups) < self.groups or self.per_group % 8:
            return None
        wanted = self.per_group // 8
        unwritten: list[int] = []
        for number, group in enumerate(groups):
            if group.bitmap_unwritten:
                bits += bytes(wanted)
                unwritten.append(number)
                continue
            bitmap = self._block(group.block_bitmap, wanted)
            bits += bitmap + b"\xff" * (wanted - len(bitmap))
        base = self._start + self.first * self.block_size
        allocation = Allocation(bits, min(self.blocks - self.first, most), self.block_size, base)
        for number in unwritten:
            self._reserve(allocation, number)
        table = -(-self.inodes_per_group * self.inode_size // self.block_size)
        for group in groups:
            allocation.use(group.block_bitmap - self.first)
            allocation.use(group.inode_bitmap - self.first)
            allocation.use(group.inode_table - self.first, table)
        return allocation

    def _reserve(self, allocation: Allocation, group: int) -> None:
        """The super block and descriptors that stand in a group whose bitmap was never written."""
        if not self._has_super(group):
            return
        in_block = self.block_size // self._descriptor
        descriptors = -(-self.groups // in_block) + self._reserved_gdt
        allocation.use(group * self.per_group, 1 + descriptors)

    def deleted_at(self, inode: int) -> int | None:
        """The deletion time of an inode in seconds since 1970 UTC, or None where it has none."""
        group, index = divmod(inode - 1, self.inodes_per_group)
        in_block = self.block_size // self._descriptor
        if not 0 <= group < self.groups:
            return None
        block = self._descriptor_block(group // in_block, in_block)
        at = self._start + block * self.block_size + group % in_block * self._descriptor
        raw = self._medium.read(at, self._descriptor)
        if len(raw) < 32:
            return None
        table = struct.unpack_from("<I", raw, 8)[0]
        table |= struct.unpack_from("<I", raw, 40)[0] << 32 if self._descriptor >= 64 else 0
        record = self._medium.read(self._start + table * self.block_size + index * self.inode_size + 20, 4)
        return int(struct.unpack("<I", record)[0]) or None if len(record) == 4 else None


def _is_power(number: int, base: int) -> bool:
    while number % base == 0:
        number //= base
    return number == 1
