"""What the kernel says is mounted or used as swap, and which mount a folder stands on.

`/proc/self/mountinfo` is read (proc(5), section "/proc/pid/mountinfo"), because unlike `/proc/mounts` it gives
the device number of each mount.
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePath

_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """`number` is the "major:minor" of the file system, `source` the device as it was named to mount."""

    number: str
    point: str
    file_system: str
    source: str


def mounts(root: Path = Path("/")) -> tuple[Mount, ...]:
    """Every mount, in the order in which they were made. `root` holds the `proc` folder."""
    found = []
    for line in _lines(root / "proc/self/mountinfo"):
        head, separator, tail = line.partition(" - ")
        fields, ends = head.split(" "), tail.split(" ")
        if separator and len(fields) >= 6 and len(ends) >= 2:
            found.append(Mount(fields[2], _plain(fields[4]), ends[0], _plain(ends[1])))
    return tuple(found)


def swaps(root: Path = Path("/")) -> tuple[str, ...]:
    """The devices and files in use as swap (proc(5), "/proc/swaps")."""
    return tuple(_plain(line.split()[0]) for line in _lines(root / "proc/swaps")[1:] if line.strip())


def mount_of(folder: PurePath, every: tuple[Mount, ...]) -> Mount | None:
    """The mount that an absolute path stands on: the deepest one above it, the last where several cover it."""
    best: Mount | None = None
    for mount in every:
        point = PurePath(mount.point)
        if folder.is_relative_to(point) and (best is None or len(point.parts) >= len(PurePath(best.point).parts)):
            best = mount
    return best


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _plain(field: str) -> str:
    """Spaces, tabs, newlines and backslashes stand as three octal digits."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), field)
