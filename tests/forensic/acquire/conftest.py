"""Sources that fail on purpose, progress that remembers, and a made-up machine."""

import errno
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody.errors import Cancelled


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


class FaultySource:
    """`bad` sectors never read; `flaky` ones fail so many times first; from the read that touches `vanish_at` on
    every read gives `vanish_with` (an errno, or 0 for "nothing there"). `kernel` answers as a read through the
    page cache does: short up to the bad sector, and only then an error."""

    def __init__(
        self,
        data: bytes,
        *,
        sector: int = 512,
        bad: tuple[int, ...] = (),
        flaky: dict[int, int] | None = None,
        bad_errno: int = errno.EIO,
        vanish_at: int | None = None,
        vanish_with: int = errno.EIO,
        later_size: int | None = None,
        kernel: bool = False,
    ) -> None:
        self.data = data
        self.size = len(data)
        self.sector = sector
        self.bad = set(bad)
        self.flaky = dict(flaky or {})
        self.bad_errno = bad_errno
        self.vanish_at = vanish_at
        self.vanish_with = vanish_with
        self.later_size = later_size
        self.kernel = kernel
        self.gone = False
        self.reads = 0

    def size_now(self) -> int:
        return self.size if self.later_size is None else self.later_size

    def read_into(self, offset: int, into: memoryview, *, past_cache: bool = False) -> int:
        self.reads += 1
        if self.vanish_at is not None and offset + len(into) > self.vanish_at:
            self.gone = True
        if self.gone:
            if self.vanish_with:
                raise OSError(self.vanish_with, "gone")
            return 0
        data = self.data[offset : offset + len(into)]
        for sector in range(offset // self.sector, -(-(offset + len(data)) // self.sector)):
            if sector in self.bad or self._fails_this_time(sector):
                before = sector * self.sector - offset
                if self.kernel and not past_cache and before > 0:
                    data = data[:before]
                    break
                raise OSError(self.bad_errno, "bad sector")
        into[: len(data)] = data
        return len(data)

    def _fails_this_time(self, sector: int) -> bool:
        left = self.flaky.get(sector, 0)
        if left:
            self.flaky[sector] = left - 1
        return left > 0

    def with_zeros(self) -> bytes:
        """What a faithful image of it looks like."""
        image = bytearray(self.data)
        for sector in self.bad:
            start = sector * self.sector
            image[start : start + self.sector] = bytes(len(image[start : start + self.sector]))
        return bytes(image)


class Remembering:
    """Progress that keeps what it was told and stops once `stop_at` bytes are done."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.stop_at = stop_at
        self.phases: list[tuple[str, int | None]] = []
        self.done = 0
        self.remarks: list[tuple[str, dict[str, object]]] = []

    def start(self, phase: str, total: int | None, unit: str = "bytes") -> None:
        self.phases.append((phase, total))

    def advance(self, amount: int) -> None:
        self.done += amount
        if self.stop_at is not None and self.done >= self.stop_at:
            raise Cancelled("acquire-imaging")

    def remark(self, message_id: str, /, **facts: object) -> None:
        self.remarks.append((message_id, facts))


@pytest.fixture(scope="session")
def faulty() -> type[FaultySource]:
    return FaultySource


@pytest.fixture
def remembering() -> type[Remembering]:
    return Remembering


@pytest.fixture(scope="session")
def made_of() -> Callable[..., bytes]:
    """Reproducible bytes that compress to nothing and hold no run of zeros."""
    return noise


def _put(file: Path, content: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A root folder with `sys`, `proc` and `dev` of a workstation: its own encrypted system disk (sda), a USB stick
    (sdb), a SATA disk in an LVM group (sdc), an NVMe disk with a mounted partition, a card, a loop device."""
    root = tmp_path / "machine"
    sys, pci = root / "sys", root / "sys/devices/pci0000:00"
    (sys / "block").mkdir(parents=True)
    (root / "dev").mkdir()

    def disk(name: str, at: str, number: str, size: int, attributes: dict[str, str | bytes], *parts: str) -> None:
        folder = pci / at / "block" / name
        (sys / "block" / name).symlink_to(folder)
        base: dict[str, str | bytes] = {
            "dev": f"{number}:0\n" if ":" not in number else f"{number}\n",
            "size": f"{size // 512}\n",
            "ro": "0\n",
            "removable": "0\n",
            "queue/logical_block_size": "512\n",
            "queue/physical_block_size": "512\n",
        }
        for attribute, value in (base | attributes).items():
            _put(folder / attribute, value)
        _put(root / "dev" / name, "")
        for index, part in enumerate(parts, 1):
            minor = f"{number.split(':')[0]}:{int((number + ':0').split(':')[1]) + index}"
            _put(folder / part / "dev", f"{minor}\n")
            _put(folder / part / "partition", f"{index}\n")
            _put(folder / part / "size", "2048\n")
            _put(folder / part / "ro", "0\n")
            _put(root / "dev" / part, "")

    page_80 = b"\x00\x80\x00\x14" + b"     WD-WCC6Y0AB1234"
    disk(
        "sda",
        "ata1/host0/target0:0:0/0:0:0:0",
        "8:0",
        10**9,
        {
            "device/vendor": "ATA     \n",
            "device/model": "WDC WD10EZEX-08W\n",
            "device/vpd_pg80": page_80,
            "device/wwid": "naa.50014ee2b1234567\n",
        },
        "sda1",
        "sda2",
    )
    disk("dm-0", "virtual", "253:0", 10**8, {"dm/name": "system\n"})
    (pci / "virtual/block/dm-0/slaves").mkdir(parents=True)
    (pci / "virtual/block/dm-0/slaves/sda2").symlink_to(sys / "block/sda/sda2")
    _put(pci / "usb1/1-2/idVendor", "0781\n")
    _put(pci / "usb1/1-2/serial", "4C530001230509112345\n")
    disk(
        "sdb",
        "usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0",
        "8:16",
        64 * 10**9,
        {
            "removable": "1\n",
            "device/vendor": "SanDisk \n",
            "device/model": "Ultra Fit       \n",
            "device/wwid": "t10.SanDisk Ultra Fit\n",
        },
        "sdb1",
    )
    disk("sdc", "ata2/host1/target1:0:0/1:0:0:0", "8:32", 2 * 10**9, {"device/serial": "\0\0  \n"}, "sdc1")
    disk("dm-1", "virtual", "253:1", 10**8, {})
    (pci / "virtual/block/dm-1/slaves").mkdir(parents=True)
    (pci / "virtual/block/dm-1/slaves/sdc1").symlink_to(sys / "block/sdc/sdc1")
    disk(
        "nvme0n1",
        "0000:01:00.0/nvme/nvme0",
        "259:0",
        5 * 10**8,
        {
            "device/model": "Samsung SSD 980               \n",
            "device/serial": "S64DNX0R  \n",
            "wwid": "eui.002538d111111111\n",
            "queue/logical_block_size": "4096\n",
            "queue/physical_block_size": "4096\n",
        },
        "nvme0n1p1",
    )
    disk(
        "mmcblk0",
        "mmc_host/mmc0/mmc0:0001",
        "179:0",
        32 * 10**9,
        {"ro": "1\n", "device/name": "SD32G\n", "device/serial": "0x1a2b3c4d\n"},
    )
    disk("loop0", "virtual", "7:0", 10**6, {"loop/backing_file": "/evidence/disk.img\n"})
    disk("loop1", "virtual", "7:1", 0, {})
    disk("zram0", "virtual", "252:0", 10**9, {})
    _put(
        root / "proc/self/mountinfo",
        "22 1 253:0 / / rw,relatime - ext4 /dev/mapper/system rw\n"
        "23 22 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n"
        "24 22 259:1 / /media/clerk/DATA\\040ONE rw shared:5 - ntfs3 /dev/nvme0n1p1 rw\n"
        "25 22 0:55 / /cases rw - btrfs /dev/sdb1 rw\n"
        "26 22 0:5 / /proc rw - proc proc rw\n"
        "a broken line\n",
    )
    _put(root / "proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/mmcblk0\tpartition\t1\t0\t-2\n")
    (root / "dev/mapper").mkdir()
    (root / "dev/mapper/system").symlink_to("../dm-0")
    (root / "dev/disk/by-label").mkdir(parents=True)
    (root / "dev/disk/by-label/EVIDENCE\\x20A").symlink_to("../../sdb1")
    return root
