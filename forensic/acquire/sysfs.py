"""Block devices as sysfs lists them, and what stands on what.

Source: the kernel's Documentation/ABI/stable/sysfs-block.
"""

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Node:
    """One block device. `number` is "major:minor"; `disk` the number of the disk that a partition lies on."""

    name: str
    number: str
    folder: Path
    disk: str | None
    slaves: tuple[str, ...]

    @property
    def path(self) -> str:
        return "/dev/" + self.name.replace("!", "/")


class BlockTree:
    """All block devices of the machine at one moment. `root` holds the `sys` and `dev` folders."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self.nodes: dict[str, Node] = {}
        for folder in _folders(root / "sys/block"):
            disk = self._add(folder, disk=None)
            if disk is None:
                continue
            for part in _folders(folder):
                if (part / "partition").exists():
                    self._add(part, disk=disk.number)
        self._by_name = {node.name: node for node in self.nodes.values()}

    def _add(self, folder: Path, *, disk: str | None) -> Node | None:
        number = text(folder / "dev")
        if number is None:
            return None
        slaves = tuple(slave.name for slave in _folders(folder / "slaves"))
        self.nodes[number] = Node(folder.name, number, folder, disk, slaves)
        return self.nodes[number]

    def at(self, path: str) -> Node | None:
        """The device that a path such as `/dev/sdb` or `/dev/disk/by-id/...` leads to."""
        place = self._root / path.lstrip("/")
        try:
            end = place.resolve(strict=True)
            status = end.stat()
        except (OSError, RuntimeError):
            return None
        if stat.S_ISBLK(status.st_mode):
            return self.nodes.get(number_of(status.st_rdev))
        devices = (self._root / "dev").resolve()
        if not end.is_relative_to(devices):
            return None
        return self._by_name.get("!".join(end.relative_to(devices).parts))

    def below(self, number: str) -> frozenset[str]:
        """The device itself and all that it stands on: its disk, the members of an array, the disk of a mapping."""
        return self._closure(number, self._under)

    def above(self, number: str) -> frozenset[str]:
        """The device itself and all that stands on it: partitions, mappings, arrays."""
        return self._closure(number, lambda n: [o for o in self.nodes if n in self._under(o)])

    def partitions(self, number: str) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes.values() if node.disk == number)

    def _under(self, number: str) -> list[str]:
        node = self.nodes.get(number)
        if node is None:
            return []
        under = [self._by_name[name].number for name in node.slaves if name in self._by_name]
        return under + ([node.disk] if node.disk else [])

    @staticmethod
    def _closure(number: str, step: Callable[[str], Iterable[str]]) -> frozenset[str]:
        seen = {number}
        waiting = [number]
        while waiting:
            for following in step(waiting.pop()):
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        return frozenset(seen)


def text(file: Path) -> str | None:
    """One attribute as text, padding and NULs removed; None where it is absent, unreadable or empty."""
    try:
        raw = file.read_bytes()
    except OSError:
        return None
    return tidy(raw) or None


def tidy(raw: bytes) -> str:
    """Text as firmware pads it: NULs and runs of blanks become one space, none at the ends."""
    return " ".join(raw.decode("utf-8", "replace").replace("\0", " ").split())


def count(file: Path) -> int:
    """A decimal attribute; 0 where it is absent or says something else."""
    value = text(file)
    return int(value) if value and value.isascii() and value.isdigit() else 0


def number_of(device: int) -> str:
    """`st_dev` or `st_rdev` as sysfs writes it."""
    return f"{os.major(device)}:{os.minor(device)}"


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir())
    except OSError:
        return []
