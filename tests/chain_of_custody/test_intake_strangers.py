"""What lies in the intake and is no parcel is neither touched nor followed; what a killed command left is kept."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.examiner import PROGRAM, Examiner, assert_tidy

PARCEL_NAME = "0123456789abcdef"
LARGE = 2 << 30
GROWN = 20 << 20
PATIENCE = 20  # seconds

Snapshot = dict[str, tuple[int, int, int, bytes]]


def letters(folder: Path) -> Path:
    """A folder of somebody else, with files in it that look like those of a parcel."""
    folder.mkdir(parents=True)
    for name in ("000000", "lock", "about.json", "letter.txt"):
        (folder / name).write_text(f"{name}: mine")
    return folder


def link_to_a_folder(intake: Path, away: Path) -> str:
    (intake / PARCEL_NAME).symlink_to(letters(away / "outside"))
    return PARCEL_NAME


def pipe(intake: Path, away: Path) -> str:
    os.mkfifo(intake / PARCEL_NAME)
    return PARCEL_NAME


def loose_file(intake: Path, away: Path) -> str:
    (intake / PARCEL_NAME).write_text("a letter")
    return PARCEL_NAME


def wrong_name(intake: Path, away: Path) -> str:
    letters(intake / "新建文件夹")
    return "新建文件夹"


def folder_inside(intake: Path, away: Path) -> str:
    letters(intake / PARCEL_NAME / "below")
    (intake / PARCEL_NAME / "000000").write_text("looks like a parcel's")
    return PARCEL_NAME


def link_inside(intake: Path, away: Path) -> str:
    (intake / PARCEL_NAME).mkdir()
    (intake / PARCEL_NAME / "000000").symlink_to(letters(away / "outside") / "letter.txt")
    return PARCEL_NAME


def pipe_inside(intake: Path, away: Path) -> str:
    (intake / PARCEL_NAME).mkdir()
    os.mkfifo(intake / PARCEL_NAME / "000000")
    return PARCEL_NAME


def lock_that_is_a_link(intake: Path, away: Path) -> str:
    (intake / PARCEL_NAME).mkdir()
    (intake / PARCEL_NAME / "lock").symlink_to(letters(away / "outside") / "made by us")
    return PARCEL_NAME


Stranger = Callable[[Path, Path], str]
STRANGERS: tuple[Stranger, ...] = (
    link_to_a_folder,
    pipe,
    loose_file,
    wrong_name,
    folder_inside,
    link_inside,
    pipe_inside,
    lock_that_is_a_link,
)


def snapshot(*folders: Path) -> Snapshot:
    """Everything below folders: kind and rights, size, time of change, bytes; nothing is followed."""
    found: Snapshot = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            stat = path.lstat()
            plain = path.is_file() and not path.is_symlink()
            content = path.read_bytes() if plain else os.fsencode(path.readlink()) if path.is_symlink() else b""
            size = stat.st_size if plain else 0
            found[str(path)] = (stat.st_mode, size, stat.st_mtime_ns, content)
    return found


def goes_on(examiner: Examiner, away: Path) -> None:
    """Writing commands; the first in a process of its own, so that one that waits is noticed."""
    bill = away / "bill.csv"
    bill.write_text("a,b\n")
    facts = ("--exhibit", "EX-001", "--from", "x", "--received-at", "2026-01-01", "--kind", "other")
    done = examiner.runs("exhibit", "add", "--kind", "usb", "--label", "U盘", timeout=PATIENCE)
    assert done.code == 0, done.said
    done = examiner.types("take", bill, *facts)
    assert done.code == 0, done.said


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda stranger: stranger.__name__)
def test_a_stranger_in_the_intake_is_left_alone_and_named(
    at_work: Examiner, tmp_path: Path, stranger: Stranger
) -> None:
    at_work.watched = False
    intake, away = at_work.case / "intake", tmp_path / "away"
    intake.mkdir(exist_ok=True)
    away.mkdir()
    name = stranger(intake, away)
    before = snapshot(intake, away)
    goes_on(at_work, tmp_path)
    assert snapshot(intake, away) == before
    assert not [body for body in at_work.entries() if body.get("what") in ("leftover", "image-partial")]
    assert at_work.types("status").code == 0
    done = at_work.types("verify")
    assert done.code == 6, done.said
    assert name in done.out
    assert snapshot(intake, away) == before


def test_every_stranger_is_named(at_work: Examiner, tmp_path: Path) -> None:
    at_work.watched = False
    intake = at_work.case / "intake"
    intake.mkdir(exist_ok=True)
    names = ["by hand"]
    letters(intake / "by hand")
    for number, stranger in enumerate(each for each in STRANGERS if each is not wrong_name):
        away = tmp_path / f"away{number}"
        away.mkdir()
        names.append(f"{number:016x}")
        (intake / stranger(intake, away)).rename(intake / names[-1])
    done = at_work.types("verify")
    assert done.code == 6
    assert [name for name in names if name not in done.out] == []


def test_an_intake_that_is_a_link_is_not_followed(at_work: Examiner, tmp_path: Path) -> None:
    """Nothing is made, renamed or removed where it leads."""
    at_work.watched = False
    intake = at_work.case / "intake"
    if intake.exists():
        intake.rmdir()
    away = tmp_path / "away"
    letters(away / PARCEL_NAME)
    intake.symlink_to(away)
    before = snapshot(away)
    assert at_work.types("exhibit", "add", "--kind", "usb", "--label", "U盘").code in (0, 6, 7)
    assert snapshot(away) == before
    done = at_work.types("verify")
    assert done.code == 6
    assert "intake" in done.out


# -- what a killed command left


@pytest.fixture
def killed(at_work: Examiner, tmp_path: Path) -> Examiner:
    """A case whose `acquire disk` of EX-002 was killed while it read."""
    at_work.adds_exhibit("--label", "移动硬盘")
    source = tmp_path / "large.dd"
    with source.open("xb") as file:
        file.write(b"the beginning of a disk")
        file.truncate(LARGE)
    line = [
        sys.executable,
        *PROGRAM,
        "--case",
        str(at_work.case),
        "acquire",
        "disk",
        str(source),
        "--exhibit",
        "EX-002",
    ]
    running = subprocess.Popen(
        line, env=at_work.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    until = time.monotonic() + PATIENCE
    while not any(part.stat().st_size > GROWN for part in at_work.case.glob("intake/*/0*")):
        assert time.monotonic() < until
        assert running.poll() is None, running.communicate()
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=PATIENCE)
    assert running.returncode == -signal.SIGKILL
    return replace(at_work, watched=False)


def test_the_part_of_a_killed_acquisition_is_an_incomplete_image(killed: Examiner) -> None:
    (part,) = killed.case.glob("intake/*/0*")
    size = part.stat().st_size
    assert GROWN < size < LARGE
    assert killed.types("verify").code == 0
    assert [each for each in killed.asks("status")["incomplete"] if "EX-002" in each]
    done = killed.types("exhibit", "add", "--kind", "usb", "--label", "U盘")
    assert done.code == 0, done.said
    (body,) = [body for body in killed.entries() if body.get("what") == "image-partial"]
    assert (body["item"], body["verdict"], body["files"][0]["size"]) == ("EX-002", "incomplete", size)
    held = killed.case / body["files"][0]["path"]
    assert held.is_relative_to(killed.case / "EX-002")
    with held.open("rb") as file:
        assert file.read(23) == b"the beginning of a disk"
    assert f"EX-002 (#{body['seq']})" in killed.asks("status")["incomplete"]
    shown = killed.asks("exhibit", "show", "EX-002")["held"]
    assert [(artifact["seq"], artifact["what"]) for artifact in shown] == [(body["seq"], "image-partial")]
    assert killed.asks("exhibit", "show", "EX-001")["held"] == []
    assert killed.types("files", "EX-002").code == 5
    done = killed.types("verify")
    assert done.code == 0, done.said
    assert_tidy(killed.case)
    assert not list(killed.case.glob("intake/*"))
    page = killed.asks("report", "build", "--lang", "en")
    assert page["files"]
    assert killed.types("verify").code == 0


@pytest.mark.parametrize(
    "about",
    [
        '{"what": "image-partial", "exhibit": "../../outside", "begin": 3}',
        '{"what": "image-partial", "exhibit": "EX-002", "begin": "../3"}',
        '{"what": "image-partial", "exhibit": ["EX-002"], "begin": 3}',
        '{"what": "../x", "exhibit": "EX-002", "begin": 3}',
        "[1, 2]",
        "not JSON",
        "",
    ],
)
def test_what_a_parcel_says_of_itself_becomes_no_name(at_work: Examiner, about: str) -> None:
    """A parcel that somebody made or changed: its file is kept as a leftover and nothing else is believed."""
    parcel = at_work.case / "intake" / PARCEL_NAME
    parcel.mkdir(parents=True)
    (parcel / "lock").touch()
    (parcel / "about.json").write_text(about)
    (parcel / "000000").write_bytes(b"whatever it was")
    assert at_work.types("exhibit", "add", "--kind", "usb", "--label", "U盘").code in (0, 3)
    (body,) = [body for body in at_work.entries() if body["kind"] == "artifact.held"]
    assert (body["what"], body.get("item")) == ("leftover", None)
    assert (at_work.case / body["files"][0]["path"]).read_bytes() == b"whatever it was"
    assert not parcel.exists()
    assert at_work.types("verify").code == 0
