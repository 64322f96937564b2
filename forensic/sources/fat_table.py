"""The geometry of a FAT volume and its table of cluster chains.

After Microsoft, "FAT: General Overview of On-Disk Format", 1.03 (2000). Integers are little-endian.
"""

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from forensic.sources.allocation import Allocation
from forensic.sources.medium import Medium
from forensic.sources.runs import Run, merged

_SECTORS = (512, 1024, 2048, 4096)
_MASK32 = 0x0FFFFFFF


@dataclass(frozen=True, slots=True)
class Geometry:
    """Offsets are bytes from the start of the volume; cluster numbers begin at 2."""

    kind: str
    sector: int
    cluster_size: int
    fat: int
    fat_size: int
    root: int
    root_size: int
    root_cluster: int
    data: int
    clusters: int
    total: int

    @classmethod
    def read(cls, boot: bytes) -> "Geometry | None":
        """From the boot sector (at least 512 bytes), or None where it is no FAT volume's."""
        if len(boot) < 512 or boot[510:512] != b"\x55\xaa" or boot[0] not in (0xEB, 0xE9):
            return None
        sector, per_cluster, reserved, fats, roots, total16, _media, size16 = struct.unpack_from("<HBHBHHBH", boot, 11)
        total = total16 or struct.unpack_from("<I", boot, 32)[0]
        fat_sectors = size16 or struct.unpack_from("<I", boot, 36)[0]
        if sector not in _SECTORS or per_cluster not in (1, 2, 4, 8, 16, 32, 64, 128) or not reserved:
            return None
        if fats not in (1, 2) or not fat_sectors or not total:
            return None
        root_sectors = -(-roots * 32 // sector)
        first_root = reserved + fats * fat_sectors
        first_data = first_root + root_sectors
        clusters = (total - first_data) // per_cluster
        if clusters <= 0 or (size16 and not roots):
            return None
        kind = "fat32" if not size16 else "fat12" if clusters < 4085 else "fat16"
        bits = {"fat12": 12, "fat16": 16, "fat32": 32}[kind]
        clusters = min(clusters, fat_sectors * sector * 8 // bits - 2)
        root_cluster = struct.unpack_from("<I", boot, 44)[0] if kind == "fat32" else 0
        return cls(
            kind,
            sector,
            per_cluster * sector,
            reserved * sector,
            fat_sectors * sector,
            first_root * sector,
            root_sectors * sector,
            root_cluster,
            first_data * sector,
            clusters,
            total * sector,
        )


class Table:
    """The cluster chains. Entry values: 0 free, 2 to `top` the next cluster, else bad or the end of a chain."""

    def __init__(self, medium: Medium, start: int, geometry: Geometry) -> None:
        self._geometry = geometry
        self.top = geometry.clusters + 1
        raw = medium.read(start + geometry.fat, geometry.fat_size)
        self._next = _decoded(raw, geometry)

    def next(self, cluster: int) -> int:
        return self._next[cluster] if 2 <= cluster <= self.top and cluster < len(self._next) else 0

    def free(self, cluster: int) -> bool:
        return 2 <= cluster <= self.top and cluster < len(self._next) and self._next[cluster] == 0

    def chain(self, first: int, most: int) -> Iterator[int]:
        """The clusters from `first`, at most `most`; ends at an end mark, a bad, free or impossible entry."""
        following, top = self._next, min(self.top, len(self._next) - 1)
        while most > 0 and 2 <= first <= top:
            yield first
            most -= 1
            first = following[first]

    def allocation(self, base: int, most: int) -> Allocation:
        """Block 0 of the map is cluster 2, at byte `base` of the medium; it has at most `most` blocks."""
        flags = bytes(map(bool, self._next[2 : min(self.top + 1, most + 2)]))
        return Allocation.from_flags(flags, self._geometry.cluster_size, base)


def cluster_runs(clusters: Iterator[int], geometry: Geometry, start: int) -> tuple[Run, ...]:
    size, data = geometry.cluster_size, start + geometry.data
    return merged(Run(data + (cluster - 2) * size, size) for cluster in clusters)


def _decoded(raw: bytes, geometry: Geometry) -> "array[int]":
    if geometry.kind == "fat12":
        values = array("H")
        for at in range(0, len(raw) - 2, 3):
            three = raw[at] | raw[at + 1] << 8 | raw[at + 2] << 16
            values.append(three & 0xFFF)
            values.append(three >> 12)
        if len(raw) % 3 == 2:
            values.append((raw[-2] | raw[-1] << 8) & 0xFFF)
        return values[: geometry.clusters + 2]
    width = 2 if geometry.kind == "fat16" else 4
    values = array("H" if width == 2 else "I")
    values.frombytes(raw[: min(len(raw) // width, geometry.clusters + 2) * width])
    if sys.byteorder == "big":
        values.byteswap()
    if width == 4 and values and max(values) > _MASK32:
        values = array("I", (value & _MASK32 for value in values))
    return values
