"""Seeded random histories on FAT volumes, written by mtools, with every content ever written known."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

# Options of mformat for a small volume of each kind, and its size in MiB.
KINDS = {
    "fat12": (1, ["-t", "32", "-h", "2", "-n", "32", "-c", "1"]),
    "fat16": (5, ["-T", "10240", "-h", "16", "-s", "32", "-c", "1"]),
    "fat32": (40, ["-F", "-T", "81920", "-h", "16", "-s", "32", "-c", "1"]),
}
SIZES = (0, 1, 100, 511, 512, 513, 700, 1024, 1500, 4000)


@dataclass
class History:
    """Runs mtools on one image; `step` seconds pass between two operations."""

    image: Path
    step: int
    clock: int = 1_700_000_000
    live: dict[str, bytes] = field(default_factory=dict)
    deleted: list[tuple[str, bytes]] = field(default_factory=list)

    def run(self, program: str, *arguments: str, data: bytes | None = None) -> None:
        self.clock += self.step
        environment = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "SOURCE_DATE_EPOCH": str(self.clock), "TZ": "UTC"}
        command = [program, "-i", str(self.image), *arguments]
        subprocess.run(command, input=data, env=environment, check=True, capture_output=True, timeout=60)

    def write(self, path: str, content: bytes) -> None:
        self.run("mcopy", "-", f"::/{path}", data=content)
        self.live[path] = content

    def delete(self, path: str) -> None:
        self.run("mdel", f"::/{path}")
        self.deleted.append((path, self.live.pop(path)))

    def rename(self, path: str, name: str) -> None:
        folder = path.rpartition("/")[0]
        new = f"{folder}/{name}" if folder else name
        self.run("mren", f"::/{path}", f"::/{new}")
        self.live[new] = self.live.pop(path)

    def folder(self, path: str) -> None:
        self.run("mmd", f"::/{path}")

    def happen(self, seed: int, operations: int = 40) -> "History":
        """Creates, deletes and renames in three folders; every content differs from every other."""
        chance = random.Random(seed)
        self.folder("D1")
        self.folder("D2")
        for number in range(operations):
            draw = chance.random()
            if self.live and draw < 0.45:
                self.delete(chance.choice(sorted(self.live)))
            elif self.live and draw < 0.55:
                self.rename(chance.choice(sorted(self.live)), f"R{number}.BIN")
            else:
                stem = chance.choice(("F", "长文件名 ", "some long name "))
                content = chance.randbytes(chance.choice(SIZES))
                self.write(f"{chance.choice(('', 'D1/', 'D2/'))}{stem}{number}.bin", content)
        return self


@pytest.fixture
def history(tmp_path: Path) -> Callable[..., History]:
    """A fresh FAT volume of a kind, made by mformat."""
    missing = [program for program in ("mformat", "mcopy", "mdel", "mmd", "mren") if not shutil.which(program)]
    if missing:
        pytest.skip(f"mtools not installed: {missing[0]} is missing")

    def blank(kind: str, step: int = 60) -> History:
        size, options = KINDS[kind]
        image = tmp_path / f"{kind}-{step}.img"
        with image.open("wb") as file:
            file.truncate(size << 20)
        fresh = History(image, step)
        fresh.run("mformat", *options, "::")
        return fresh

    return blank
