"""The devices attached to this machine, and what a path given as a source really is."""

import os
import re
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from chain_of_custody.errors import CannotWrite
from forensic.acquire.hardware import Hardware, hardware
from forensic.acquire.mounts import Mount, mount_of, mounts, swaps
from forensic.acquire.sysfs import BlockTree, Node, count, number_of, text

_SIZE_UNIT = 512  # sysfs counts sizes in 512 bytes, whatever the sector of the device
_MEMORY = ("ram", "zram")
_ESCAPED = re.compile(r"\\x([0-9a-fA-F]{2})")


class Kind(StrEnum):
    DISK = "disk"
    PARTITION = "partition"
    LOOP = "loop"
    MAPPED = "mapped"  # device mapper or md: a volume put together from others


@dataclass(frozen=True, slots=True)
class Device:
    """One block device; sizes in bytes.

    A partition carries the hardware facts of its disk. `labels`, `mounts` and `swap` cover the device and its
    partitions, mounts and swap also what is mapped on top; `holders` names what is mapped on top. `system` says
    that the root file system or the case folder stands on it. `backing` is the file behind a loop device,
    which has no serial number: the file stands for its identity.
    """

    path: str
    number: str
    kind: Kind
    size: int
    sector: int
    physical_sector: int
    hardware: Hardware
    labels: tuple[str, ...]
    read_only: bool
    removable: bool
    mounts: tuple[str, ...]
    swap: bool
    holders: tuple[str, ...]
    system: bool
    disk: str | None
    backing: str | None


@dataclass(frozen=True, slots=True)
class RegularFile:
    """A file that stands in for a device: an image made elsewhere."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Unfit:
    """A path that is no source. `what`: missing, unreadable, directory, character-device, pipe, socket, other;
    `reason` is the system's word where it could not be opened."""

    path: str
    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image is to be written: bytes free to this user, the file system's type, and the numbers of all
    devices under it."""

    path: str
    free: int
    file_system: str
    devices: frozenset[str]


def attached(case: Path | None = None, *, root: Path = Path("/")) -> tuple[Device, ...]:
    """Every block device that holds a medium, memory disks left out, by path. `root` is where `sys`, `proc` and
    `dev` are read."""
    view = _View(case, root)
    nodes = (node for node in view.tree.nodes.values() if not node.name.startswith(_MEMORY))
    devices = (view.device(node) for node in nodes)
    return tuple(sorted((device for device in devices if device.size > 0), key=lambda device: device.path))


def identify(path: Path, case: Path | None = None, *, root: Path = Path("/")) -> Device | RegularFile | Unfit:
    """What `path` is; symbolic links such as `/dev/disk/by-id/...` are followed. Opens it to see whether it can be
    read, and reads nothing."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return Unfit(str(path), "missing")
    except OSError as error:
        return Unfit(str(path), "unreadable", os.strerror(error.errno or 0))
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode)):
        return Unfit(str(path), _sort(status.st_mode))
    device = numbered(number_of(status.st_rdev), case, root=root) if stat.S_ISBLK(status.st_mode) else None
    if device and (device.system or device.mounts or device.swap):
        return device  # it is refused for what it is, readable or not
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return Unfit(str(path), "unreadable", os.strerror(error.errno or 0))
    if stat.S_ISREG(status.st_mode):
        return RegularFile(str(path.resolve()), status.st_size)
    return device or Unfit(str(path), "missing")


def numbered(number: str, case: Path | None = None, *, root: Path = Path("/")) -> Device | None:
    """The block device with this "major:minor", if it is attached."""
    view = _View(case, root)
    node = view.tree.nodes.get(number)
    return view.device(node) if node else None


def place(folder: Path, *, root: Path = Path("/")) -> Place:
    """The place that a folder, which need not exist yet, offers to an image. Raises `CannotWrite` where it cannot
    be looked at."""
    try:
        existing = folder.resolve()
        while not existing.exists():
            existing = existing.parent
        space = os.statvfs(existing)
    except OSError as error:
        raise CannotWrite("acquire-cannot-write", reason=os.strerror(error.errno or 0)) from error
    view = _View(existing, root)
    mount = mount_of(existing, view.mounts)
    kind = mount.file_system if mount else ""
    return Place(str(folder), space.f_bavail * space.f_frsize, kind, view.under(mount))


class _View:
    """The machine at one moment."""

    def __init__(self, case: Path | None, root: Path) -> None:
        self._root = root
        self.tree = BlockTree(root)
        self.mounts = mounts(root)
        self._mounted = [(self._number(mount), mount.point) for mount in self.mounts]
        self._swap = {node.number for name in swaps(root) if (node := self.tree.at(name))}
        self._labels = self._read_labels()
        folders = [Path("/")] + ([case.resolve()] if case else [])
        self._system = frozenset().union(*(self.under(mount_of(folder, self.mounts)) for folder in folders))

    def _number(self, mount: Mount) -> str:
        """Some file systems (btrfs) mount under a number of their own; their source names the device."""
        node = self.tree.at(mount.source) if mount.source.startswith("/dev/") else None
        return node.number if node else mount.number

    def under(self, mount: Mount | None) -> frozenset[str]:
        """The numbers of all devices that a mount stands on."""
        return self.tree.below(self._number(mount)) if mount else frozenset()

    def device(self, node: Node) -> Device:
        disk = self.tree.nodes[node.disk] if node.disk else node
        above = self.tree.above(node.number)
        parts = {part.number for part in self.tree.partitions(node.number)}
        holders = {self.tree.nodes[number].path for number in above - parts - {node.number}}
        return Device(
            path=node.path,
            number=node.number,
            kind=_kind(node),
            size=count(node.folder / "size") * _SIZE_UNIT,
            sector=count(disk.folder / "queue/logical_block_size") or _SIZE_UNIT,
            physical_sector=count(disk.folder / "queue/physical_block_size") or _SIZE_UNIT,
            hardware=hardware(disk.folder),
            labels=tuple(label for number, label in self._labels if number in parts | {node.number}),
            read_only=count(node.folder / "ro") == 1,
            removable=count(disk.folder / "removable") == 1,
            mounts=tuple(point for number, point in self._mounted if number in above),
            swap=not self._swap.isdisjoint(above),
            holders=tuple(sorted(holders)),
            system=node.number in self._system,
            disk=disk.path if node.disk else None,
            backing=text(node.folder / "loop/backing_file"),
        )

    def _read_labels(self) -> list[tuple[str, str]]:
        labels: dict[tuple[str, str], None] = {}
        for folder in ("by-label", "by-partlabel"):
            try:
                links = sorted((self._root / "dev/disk" / folder).iterdir())
            except OSError:
                continue
            for link in links:
                node = self.tree.at(f"/dev/disk/{folder}/{link.name}")
                if node:
                    labels[node.number, _unescaped(link.name)] = None
        return list(labels)


def _kind(node: Node) -> Kind:
    if node.disk:
        return Kind.PARTITION
    if node.name.startswith("loop"):
        return Kind.LOOP
    return Kind.MAPPED if node.name.startswith(("dm-", "md")) else Kind.DISK


def _unescaped(name: str) -> str:
    """udev writes blanks and slashes of a label as `\\x20` and `\\x2f`."""
    valid = os.fsencode(name).decode("utf-8", "replace")
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), valid)


def _sort(mode: int) -> str:
    for name, matches in (
        ("directory", stat.S_ISDIR),
        ("character-device", stat.S_ISCHR),
        ("pipe", stat.S_ISFIFO),
        ("socket", stat.S_ISSOCK),
    ):
        if matches(mode):
            return name
    return "other"
