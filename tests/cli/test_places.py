"""Where a case stands: on a disc, on a full disk, under another user, in use by somebody else."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chain_of_custody import ledger_file
from tests.examiner import PROGRAM, Examiner

BILL = Path("fixtures/parsers/wechat-bill")
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")


@pytest.fixture
def with_records(at_work: Examiner) -> Examiner:
    """A case with a bill taken in, read and reported."""
    bills = sorted((Path(__file__).parents[2] / BILL).rglob("input/**/*.csv"))
    received = ("--exhibit", "EX-001", "--from", "当事人", "--received-at", "2026-01-05", "--kind", "bill")
    at_work.asks("take", bills[0], *received)
    at_work.asks("parse", "EX-001")
    return at_work


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """`mount("-t", "tmpfs", "tmpfs")`: a file system for this test, where that is allowed."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a file system")
    mounted: list[Path] = []

    def at(*arguments: object) -> Path:
        place = tmp_path / f"mount-{len(mounted)}"
        place.mkdir()
        done = subprocess.run(["mount", *map(str, arguments), place], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield at
    for place in reversed(mounted):
        subprocess.run(["umount", "--lazy", place], check=True)


def state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Everything in a folder and when it last changed."""
    found = {path: path.lstat() for path in (folder, *folder.rglob("*"))}
    return {str(path.relative_to(folder)): (s.st_mode, s.st_size, s.st_mtime_ns) for path, s in found.items()}


@pytest.mark.device
def test_a_case_on_a_read_only_medium_is_read_and_left_alone(
    with_records: Examiner, mount: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_records.asks("search", "微信")
    totals = with_records.asks("payments", "--by", "year")["totals"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for lost_index in (False, True):
        if lost_index:
            (with_records.case / "index.sqlite").unlink()
        before = state(with_records.case)
        disc = mount("--bind", "-o", "ro", with_records.case)
        reader = Examiner(with_records.home, disc, watched=False, env=with_records.env)
        for words in (
            ["verify"],
            ["status"],
            ["case", "show"],
            ["exhibit", "show", "EX-001"],
            ["chats"],
            ["ledger", "log"],
        ):
            done = reader.types(*words)
            assert done.code == 0, (words, done.said)
        assert reader.asks("payments", "--by", "year")["totals"] == totals
        done = reader.types("--json", "search", "微信")
        assert done.code == 0, done.said
        assert done.json["hits"]
        for words in (
            ["exhibit", "add", "--kind", "usb", "--label", "x"],
            ["parse", "EX-001"],
            ["report", "build"],
            ["index", "rebuild"],
            ["ledger", "correct", "0", "--set", "title=x", "--reason", "x"],
        ):
            done = reader.types(*words)
            assert done.code == 7, (words, done.said)
            assert len(done.err.splitlines()) <= 3
        assert state(with_records.case) == before
        assert not list(temporary.iterdir())


@pytest.mark.device
def test_a_full_disk_is_7_and_the_case_holds(examiner: Examiner, mount: Callable[..., Path], tmp_path: Path) -> None:
    examiner.case = mount("-t", "tmpfs", "-o", "size=6m", "tmpfs") / "case"
    examiner.makes_case()
    examiner.adds_exhibit()
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(8 << 20))
    received = ("--exhibit", "EX-001", "--from", "x", "--received-at", "2026-01-05", "--kind", "other")
    for words in (["take", large, *received], ["acquire", "disk", large, "--exhibit", "EX-001"]):
        done = examiner.types(*words)
        assert done.code == 7, done.said
        assert examiner.types("verify").code == 0
    kinds = {body["kind"] for body in examiner.entries()}
    assert "artifact.held" not in kinds
    small = tmp_path / "small.bin"
    small.write_bytes(b"small")
    assert examiner.types("take", small, *received).code == 0
    filler = examiner.case.parent / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    examiner.watched = False  # the plain reader of these tests finds no room for a WAL's shared memory
    before = {path.name for path in examiner.case.iterdir()}
    for words in (["status"], ["case", "show"], ["exhibit", "list"], ["ledger", "log"], ["search", "x"], ["verify"]):
        done = examiner.types(*words)
        assert done.code in (0, 3), (words, done.said)
        assert {path.name for path in examiner.case.iterdir()} == before, words
    done = examiner.types("take", large, *received)
    assert done.code == 7, done.said
    filler.unlink()
    examiner.watched = True
    assert examiner.types("verify").code == 0
    assert examiner.types("take", small, *received).code == 0


def test_a_log_that_a_dead_command_left_is_read_without_room_beside_it(
    at_work: Examiner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "left"
    left.mkdir()
    with closing(sqlite3.connect(at_work.case / "custody.sqlite")) as holder:
        holder.execute("SELECT count(*) FROM entry").fetchone()
        at_work.adds_exhibit()
        for ending in ("", "-wal"):
            shutil.copyfile(at_work.case / f"custody.sqlite{ending}", left / f"custody.sqlite{ending}")
    before = state(left)
    monkeypatch.setattr(ledger_file, "ROOM", 1 << 62)
    reader = Examiner(at_work.home, left, watched=False)
    assert len(reader.asks("exhibit", "list")["exhibits"]) == 2
    assert state(left) == before
    (left / "custody.sqlite-wal").unlink()
    assert len(reader.asks("exhibit", "list")["exhibits"]) < 2
    assert set(state(left)) == {".", "custody.sqlite"}


def as_nobody(examiner: Examiner, *words: object) -> subprocess.CompletedProcess[str]:
    line = [*NOBODY, sys.executable, *PROGRAM, "--case", str(examiner.case), *map(str, words)]
    return subprocess.run(line, env=examiner.environment, capture_output=True, text=True, check=False, cwd="/")


@pytest.fixture
def nobody(at_work: Examiner) -> Examiner:
    """A case that another user owns, below a folder that he can reach, and his own key."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv, to act as another user")
    for folder in at_work.case.parents:
        if not folder.stat().st_mode & stat.S_IXOTH:  # of this test run's own folders
            folder.chmod(folder.stat().st_mode | 0o055)
    for path in (at_work.home, *at_work.home.rglob("*"), at_work.case, *at_work.case.rglob("*")):
        os.chown(path, 65534, 65534)
    if as_nobody(at_work, "status").returncode:
        pytest.skip("another user cannot run the program where it stands")
    return at_work


def test_a_source_that_may_not_be_read_is_said_so(nobody: Examiner, tmp_path: Path) -> None:
    secret = tmp_path / "secret.E01"
    secret.write_bytes(b"EVF\x09\x0d\x0a\xff\x00" + bytes(100))
    secret.chmod(0o600)
    received = ("--exhibit", "EX-001", "--from", "x", "--received-at", "2026-01-05", "--kind", "other")
    for codes, words in (
        ((4, 8), ["acquire", "image", secret, "--exhibit", "EX-001"]),
        ((4, 8), ["acquire", "disk", secret, "--exhibit", "EX-001"]),
        ((4,), ["take", secret, *received]),
    ):
        done = as_nobody(nobody, *words)
        assert done.returncode in codes, (words, done.stderr)
        assert "Traceback" not in done.stderr
        assert str(secret) in done.stderr


def test_a_case_that_may_not_be_written_is_7_and_one_that_may_not_be_read_is_said_so(nobody: Examiner) -> None:
    for path in (nobody.case, *nobody.case.rglob("*")):
        os.chown(path, 0, 0)
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert as_nobody(nobody, "status").returncode == 0
    assert as_nobody(nobody, "verify").returncode == 0
    assert as_nobody(nobody, "exhibit", "add", "--kind", "usb", "--label", "x").returncode == 7
    (nobody.case / "custody.sqlite").chmod(0o600)
    done = as_nobody(nobody, "status")
    assert done.returncode in (5, 7)
    assert "Traceback" not in done.stderr


def test_another_workstation_cannot_append(at_work: Examiner, tmp_path: Path) -> None:
    before = at_work.entries()
    other = Examiner(tmp_path / "other-workstation", at_work.case)
    done = other.types("exhibit", "add", "--kind", "usb", "--label", "x")
    assert done.code == 5
    assert at_work.entries() == before
    assert other.types("verify").code == 0


def test_a_case_that_another_command_holds_is_5_after_a_while(
    at_work: Examiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_file, "PATIENCE", 0.2)
    with closing(sqlite3.connect(at_work.case / "custody.sqlite", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        done = at_work.types("exhibit", "add", "--kind", "usb", "--label", "x")
        assert done.code == 5, done.said
        assert len(done.err.splitlines()) <= 4
        assert at_work.types("status").code == 0  # readers do not wait
        assert at_work.types("verify").code == 0
        holder.execute("ROLLBACK")
    assert at_work.types("exhibit", "add", "--kind", "usb", "--label", "x").code == 0


def test_commands_side_by_side_wait_for_each_other(at_work: Examiner) -> None:
    line = [sys.executable, *PROGRAM, "--case", str(at_work.case), "exhibit", "add", "--kind", "usb", "--label"]
    running = [subprocess.Popen([*line, f"U盘{n}"], env=at_work.environment, stderr=subprocess.PIPE) for n in range(4)]
    for each in running:
        _, said = each.communicate(timeout=60)
        assert each.returncode == 0, said
    assert len(at_work.asks("exhibit", "list")["exhibits"]) == 5
    assert at_work.types("verify").code == 0
