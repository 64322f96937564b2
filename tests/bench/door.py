"""`make bench-door [ARTIFACTS=10000]`: files taken in through the intake, and located ones entered, a second.

A held artifact is 4 KiB of random bytes, hashed as it is written, durable when its group ends, entered under a signed
head and renamed to its place: `Session.delivery`, in the groups that carving and recovery use. A located one goes
through `forensic.workflows.located`, its hash known beforehand. Times are wall clock. Flushes are those that the disk
under the case executed (Linux Documentation/block/stat.rst, field 16: not tracked for partitions, so the whole disk is
asked), whoever asked for them; what the disk does with nobody working here is measured first, and the load of the
machine is printed. The same bytes as plain files say how fast the file system makes files at all, which varies much on
one and the same disk. `BENCH_DIR` names another place than the temporary folder.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from chain_of_custody import session as sessions
from chain_of_custody.artifact import Room
from chain_of_custody.case import Case
from chain_of_custody.people import Person
from chain_of_custody.session import Session
from forensic.sources.runs import Run
from forensic.workflows import located
from forensic.workflows.located import GROUP, Find

SIZE = 4096
LOCATED = 5  # times as many as held ones
IDLE = 3.0  # seconds
FLUSHES = 15  # index of "flush I/Os" in a disk's stat
HELD_TARGET, LOCATED_TARGET, FLUSH_TARGET = 3_500, 10_000, 10


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass
class Cost:
    """Seconds, and flushes of the disk; None where the disk does not count them."""

    seconds: float = 0.0
    flushes: int | None = None


def disk_under(folder: Path) -> Path | None:
    """The whole disk that holds a folder, in /sys; None where it is none, such as a tmpfs."""
    number = folder.stat().st_dev
    link = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    if not link.exists():
        return None
    found = link.resolve()
    return found.parent if (found / "partition").exists() else found


def flushes(disk: Path | None) -> int | None:
    fields = (disk / "stat").read_text("ascii").split() if disk else []
    return int(fields[FLUSHES]) if len(fields) > FLUSHES else None


@contextmanager
def measured(disk: Path | None) -> Iterator[Cost]:
    cost = Cost()
    before, begun = flushes(disk), time.perf_counter()
    yield cost
    cost.seconds = time.perf_counter() - begun
    after = flushes(disk)
    cost.flushes = None if before is None or after is None else after - before


def take_in(session: Session, contents: list[bytes]) -> None:
    with session.delivery() as delivery:
        for content in contents:
            with delivery.receive("bin") as incoming:
                incoming.write(content)
            delivery.add("file", Room.FILES, "EX-001", [incoming], {"image": 4, "run": 9, "status": "valid"})
            if delivery.waiting >= GROUP:
                delivery.commit()


def plain_files(folder: Path, contents: list[bytes]) -> float:
    """Seconds to write the same bytes as files of one folder, without a hash, a flush or an entry."""
    folder.mkdir()
    begun = time.perf_counter()
    for number, content in enumerate(contents):
        with (folder / f"{number:08d}.bin").open("xb", buffering=0) as file:
            file.write(content)
    return time.perf_counter() - begun


def finds(count: int) -> Iterator[Find]:
    digest = sha256(bytes(SIZE)).hexdigest()
    for number in range(count):
        yield Find({"name": None}, "valid", "jpg", SIZE, (Run(number * SIZE, SIZE),), digest)


def main(artifacts: int) -> None:
    chance = random.Random(4096)
    contents = [chance.randbytes(SIZE) for _ in range(artifacts)]
    with tempfile.TemporaryDirectory(prefix="forensic-door-", dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        os.environ["FORENSIC_HOME"] = str(folder / "workstation")
        disk = disk_under(folder)
        tell(f"{artifacts} held artifacts of {SIZE} bytes, {GROUP} a group, on {disk.name if disk else 'no disk'}")
        os.sync()
        with measured(disk) as idle:
            time.sleep(IDLE)
        tell(f"  nobody       {'not counted' if idle.flushes is None else idle.flushes:>12} flushes in {IDLE:.0f} s")
        tell(f"  plain files  {artifacts / plain_files(folder / 'plain', contents):12.0f} a second")
        os.sync()
        bench(folder / "case", disk, contents)
        tell(f"  load {os.getloadavg()[0]:.1f}")


def bench(folder: Path, disk: Path | None, contents: list[bytes]) -> None:
    facts = {"laboratory": "4501", "number": "1", "title": "door", "zone": ZoneInfo("UTC")}
    people = [Person("bench")]
    count = len(contents)
    with (
        Case.create(folder, persons=people, training=True, **facts) as case,
        sessions.opened(case, people, [], {}) as s,
    ):
        with measured(disk) as held:
            take_in(s, contents)
        with measured(disk) as entering:
            lines = sum(1 for _ in located.enter(s, finds(count * LOCATED), "EX-001", 4, 9, "carved"))
    tell(f"  held         {count / held.seconds:12.0f} a second        target {HELD_TARGET}")
    if held.flushes is None:
        tell("               flushes are not counted by this disk")
    else:
        tell(f"               {held.flushes * 1000 / count:12.1f} flushes in 1000  target {FLUSH_TARGET}")
    tell(f"  located      {lines / entering.seconds:12.0f} a second        target {LOCATED_TARGET}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
