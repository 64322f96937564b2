"""Power cuts on a disk that forgets what was not flushed: nothing acknowledged is lost, no entry is without its bytes.

The disk is a FUSE file system of our own, below the program and SQLite alike; `forgetful` says what it keeps.
"""

import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from ctypes.util import find_library
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chain_of_custody import parcel
from chain_of_custody.artifact import Room
from chain_of_custody.case import Case
from chain_of_custody.errors import ForensicError
from chain_of_custody.session import Session
from chain_of_custody.verify import Verdict

if TYPE_CHECKING:
    from tests.chain_of_custody.forgetful import Bay

CASES, LIVES = 8, 3  # in each life the power fails twice: at work, and after what it left was taken up
LONGEST = 250  # changes to the disk before the power fails; a group of ten files makes about a hundred
GROUPS = (1, 3, 10, 25)  # flushed file by file, and by the file system

MakeCase = Callable[..., Case]
Judge = Callable[..., Verdict]

BOTH = pytest.mark.parametrize("bay", ["journal", "strict"], indirect=True)


@pytest.fixture
def bay(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Bay"]:
    """A new disk, connected. Every syncfs of this test is told to it."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK) or not shutil.which("fusermount") or not find_library("fuse"):
        pytest.skip("needs /dev/fuse, fusermount and libfuse 2, to mount a file system of our own")
    forgetful = pytest.importorskip("tests.chain_of_custody.forgetful", reason="needs fusepy", exc_type=ImportError)
    truly = parcel.flush_file_system

    def flush(folder: Path) -> None:
        truly(folder)
        forgetful.flush_all(folder)

    monkeypatch.setattr(parcel, "flush_file_system", flush)
    place = tmp_path / "disk"
    place.mkdir()
    made: Bay = forgetful.Bay(place, tmp_path / "kept", request.param == "journal")
    made.prepare(random.Random(24))
    try:
        made.connect()
    except OSError as error:
        pytest.skip(str(error))
    yield made
    made.disconnect()


def takes_in(session: Session, name: str, count: int) -> str:
    """Takes in a group of files; what there is to acknowledge: a line for each, its entry's number and its content."""
    contents = [f"{name} {number} " * 300 for number in range(count)]
    with session.delivery() as delivery:
        for content in contents:
            with delivery.receive("txt") as incoming:
                incoming.write(content.encode())
            delivery.add("file", Room.FILES, "EX-001", [incoming], {})
        artifacts = delivery.commit()
    return "".join(f"{artifact.seq}\t{content}\n" for artifact, content in zip(artifacts, contents, strict=True))


def works(folder: Path, chance: random.Random, write_in: Callable) -> Callable[[int], None]:
    """A command that takes in groups and notes things until the power fails, and acknowledges each to its pipe."""

    def work(pipe: int) -> None:
        try:
            with Case.open(folder, writable=True) as case, write_in(case) as session:
                for number in range(10**6):
                    lines = takes_in(session, f"{chance.random()} {number}", chance.choice(GROUPS))
                    os.write(pipe, lines.encode())
                    text = f"note {chance.random()}"
                    os.write(pipe, f"{session.enter('note.add', text=text)}\t{text}\n".encode())
        except (ForensicError, OSError):
            os._exit(9)

    return work


def stands(case: Case, seq: int) -> str:
    """What an acknowledged entry holds: the bytes of its file, or its own text."""
    artifact = case.register.artifacts.get(seq)
    return case.path_of(artifact).read_text() if artifact else str(case.ledger.entry(seq).body["text"])


@BOTH
def test_the_disk_forgets(bay: "Bay") -> None:
    """Or nothing below would mean anything."""
    names = ("forgotten", "written", "named", "both")
    for name in names:
        (bay.place / name).mkdir()
        parcel._flush(bay.place)
        file = bay.place / name / "file"
        file.write_bytes(b"bytes")
        if name in ("written", "both"):
            parcel._flush(file)
        if name in ("named", "both"):
            parcel._flush(file.parent)
    bay.disconnect()
    bay.connect()
    assert sorted(path.name for path in bay.place.iterdir()) == sorted(names)
    found = {name: [path.read_bytes() for path in (bay.place / name).iterdir()] for name in names}
    assert found["both"] == [b"bytes"]
    assert found["named"] in ([b""], [bytes(5)], [b"bytes"])
    if not bay.has_journal:
        assert found == {"forgotten": [], "written": [], "named": [b""], "both": [b"bytes"]}


@BOTH
def test_the_power_fails(bay: "Bay", make_case: MakeCase, write_in: Callable, judge: Judge, fork: Callable) -> None:
    chance = random.Random(5)
    total = 0
    for number in range(CASES):
        folder = bay.place / f"case-{number}"
        make_case(folder=folder).close()
        parcel.flush_file_system(bay.place)
        acknowledged: dict[int, str] = {}
        for _ in range(LIVES):
            bay.disconnect()
            bay.connect(chance.randint(1, LONGEST))
            child = fork(works(folder, chance, write_in))
            said = child.said()
            assert child.wait() == 9, said
            bay.disconnect()
            acknowledged |= {int(seq): text for seq, text in (line.split("\t") for line in said.splitlines())}

            bay.connect()
            assert judge(folder).holds
            with Case.open(folder, writable=True) as case, write_in(case):
                assert {seq: stands(case, seq) for seq in acknowledged} == acknowledged
            verdict = judge(folder)
            assert verdict.breaches == verdict.remarks == []
        total += len(acknowledged)
    assert total > 150


@BOTH
def test_after_a_kill_the_power_fails(
    bay: "Bay", make_case: MakeCase, write_in: Callable, judge: Judge, fork: Callable
) -> None:
    """What a killed command had received is entered by the next one, and then the power fails."""
    for number in range(6):
        folder = bay.place / f"case-{number}"
        make_case(folder=folder).close()
        parcel.flush_file_system(bay.place)

        def receives(pipe: int, folder: Path = folder) -> None:
            with Case.open(folder, writable=True) as case, write_in(case) as session, session.delivery() as delivery:
                for content in (b"one", b"two"):
                    with delivery.receive("txt") as incoming:
                        incoming.write(content)
                os.kill(os.getpid(), signal.SIGKILL)

        assert fork(receives).wait() == -signal.SIGKILL
        with Case.open(folder, writable=True) as case, write_in(case) as session:
            entered = [artifact.seq for artifact in session.leftovers]
        bay.disconnect()
        bay.connect()
        assert judge(folder).holds
        with Case.open(folder, writable=True) as case, write_in(case):
            assert [stands(case, seq) for seq in entered] == ["one", "two"]
        verdict = judge(folder)
        assert verdict.breaches == verdict.remarks == []


@BOTH
def test_a_new_case(bay: "Bay", make_case: MakeCase, judge: Judge) -> None:
    """The power fails just after `case new` printed its head."""
    for number in range(6):
        folder = bay.place / f"case-{number}"
        make_case(folder=folder).close()
        bay.disconnect()
        bay.connect()
        assert judge(folder).holds
