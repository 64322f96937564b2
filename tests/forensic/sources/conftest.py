"""Volumes made entry by entry, where no program of the system writes them."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

SECTOR = 512


class ExfatVolume:
    """Laid out by mkfs.exfat, its root directory filled after Microsoft's specification. `stretch` sets
    NoFatChain; else the clusters are chained in the FAT. Clusters have 1024 bytes."""

    def __init__(self, path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(1 << 20)
        command = ["mkfs.exfat", "-c", "1024", "-b", "4K", str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        self.path = path
        self.data = bytearray(path.read_bytes())
        self.fat, _length, self.heap, _count, self.root = struct.unpack_from("<IIIII", self.data, 80)
        self.size = 1 << (self.data[108] + self.data[109])
        start = self.offset(self.root)
        slots = range(start, start + self.size, 32)
        self.bitmap = next(
            self.offset(struct.unpack_from("<I", self.data, at + 20)[0]) for at in slots if self.data[at] == 0x81
        )
        self.slot = next(at for at in slots if self.data[at] == 0)

    def offset(self, cluster: int) -> int:
        return self.heap * SECTOR + (cluster - 2) * self.size

    def mark(self, clusters: list[int], used: bool) -> None:
        for index in (cluster - 2 for cluster in clusters):
            bit = 1 << index % 8
            at = self.bitmap + index // 8
            self.data[at] = self.data[at] | bit if used else self.data[at] & ~bit

    def add(
        self, name: str, content: bytes, clusters: list[int], minute: int, stretch: bool, valid: int | None = None
    ) -> int:
        """Created and written at 10:`minute` UTC on 2024-05-06. Gives the offset of its entries."""
        when = (2024 - 1980) << 25 | 5 << 21 | 6 << 16 | 10 << 11 | minute << 5
        for index, cluster in enumerate(clusters):
            part = content[index * self.size : (index + 1) * self.size]
            self.data[self.offset(cluster) : self.offset(cluster) + len(part)] = part
            if not stretch:
                following = clusters[index + 1] if index + 1 < len(clusters) else 0xFFFFFFFF
                struct.pack_into("<I", self.data, self.fat * SECTOR + 4 * cluster, following)
        self.mark(clusters, True)
        units = name.encode("utf-16-le")
        names = b"".join(b"\xc1\0" + units[i : i + 30].ljust(30, b"\0") for i in range(0, len(units), 30))
        times = (when, when, when, 0, 0, 0x80, 0x80, 0x80)
        file = struct.pack("<BBHHHIIIBBBBB7x", 0x85, 1 + len(names) // 32, 0, 0x20, 0, *times)
        first = clusters[0] if clusters else 0
        written = len(content) if valid is None else valid
        stream = struct.pack("<BBxBHHQ4xIQ", 0xC0, 3 if stretch else 1, len(name), 0, 0, written, first, len(content))
        whole = bytearray(file + stream + names)
        total = 0
        for index, byte in enumerate(whole):
            if index not in (2, 3):
                total = ((total << 15 | total >> 1) + byte) & 0xFFFF
        struct.pack_into("<H", whole, 2, total)
        at = self.slot
        self.data[at : at + len(whole)] = whole
        self.slot += len(whole)
        return at

    def delete(self, at: int, clusters: list[int]) -> None:
        for slot in range(at, at + 32 * (self.data[at + 1] + 1), 32):
            self.data[slot] &= 0x7F
        for cluster in clusters:
            struct.pack_into("<I", self.data, self.fat * SECTOR + 4 * cluster, 0)
        self.mark(clusters, False)

    def save(self) -> Path:
        self.path.write_bytes(self.data)
        return self.path


@pytest.fixture
def exfat(tmp_path: Path) -> ExfatVolume:
    if not shutil.which("mkfs.exfat"):
        pytest.skip("mkfs.exfat is not installed")
    return ExfatVolume(tmp_path / "exfat.img")
