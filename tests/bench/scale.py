"""`make bench-scale`: how time and memory grow with the number of files, at two sizes, beside sleuthkit's `fls`.

Needs mkfs.vfat and mtools. Every tenth file is deleted. Times are wall clock of the whole command, memory is
its peak resident set.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-c", "from forensic.cli.main import run; run()")
SIZES = (10_000, 100_000)
VOLUME = 2 << 30
PER_FOLDER = 500


class Cost(NamedTuple):
    """Seconds, and MiB at the peak."""

    seconds: float
    memory: float
    code: int

    def __str__(self) -> str:
        return f"{self.seconds:8.2f} s {self.memory:8.0f} MiB   exit {self.code}"


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def measured(*line: object) -> Cost:
    begun = time.monotonic()
    running = subprocess.Popen([*map(str, line)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    return Cost(time.monotonic() - begun, used.ru_maxrss / 1024, running.returncode)


def volume(path: Path, files: int) -> None:
    """A FAT32 volume without a partition table that holds `files` files of some hundred bytes."""
    tree = path.with_suffix(".tree")
    for number in range(files):
        folder = tree / f"folder{number // PER_FOLDER:04d}"
        if number % PER_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"收款截图 {number:06d}.txt").write_bytes(b"%08d\n" % number * 40)
    with path.open("xb") as image:
        image.truncate(VOLUME)
    names = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run(["mkfs.vfat", "-F", "32", path], check=True, capture_output=True)
    folders = sorted(tree.iterdir())
    subprocess.run(["mcopy", "-s", "-Q", "-i", path, *folders, "::/"], check=True, env=names)
    for folder in folders:
        subprocess.run(["mdel", "-i", path, f"::/{folder.name}/*0.txt"], check=True, env=names)
    shutil.rmtree(tree)


def bench(folder: Path, files: int) -> None:
    image, case = folder / "volume.img", folder / "case"
    volume(image, files)
    forensic = (*PROGRAM, "--quiet", "--case", case)
    facts = ("--number", "1", "--title", "scale", "--by", "bench", "--training")
    measured(*forensic, "case", "new", case, *facts)
    measured(*forensic, "exhibit", "add", "--kind", "card", "--label", "card")
    steps = {
        "fls -r": ("fls", "-r", image) if shutil.which("fls") else (),
        "acquire": (*forensic, "acquire", "disk", image, "--exhibit", "EX-001"),
        "files": (*forensic, "files", "EX-001"),
        "files --hash": (*forensic, "files", "EX-001", "--hash"),
        "recover": (*forensic, "recover", "EX-001"),
        "examine --profile quick": (*forensic, "examine", "EX-001", "--profile", "quick"),
        "carve": (*forensic, "carve", "EX-001"),
        "verify": (*forensic, "verify"),
    }
    tell(f"{files} files on {VOLUME >> 20} MiB")
    for name, line in steps.items():
        tell(f"  {name:<24} {measured(*line) if line else 'not installed'}")


def main() -> None:
    os.environ["PYTHONPATH"] = str(ROOT)
    for files in SIZES:
        with tempfile.TemporaryDirectory(prefix="forensic-scale-") as folder:
            os.environ["FORENSIC_HOME"] = str(Path(folder) / "workstation")
            bench(Path(folder), files)


if __name__ == "__main__":
    main()
