"""Commands cut off: by a kill at any moment, by Ctrl-C, by SIGTERM. What was entered stands, and the work goes on."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.conftest import Card
from tests.examiner import PROGRAM, Examiner, assert_tidy, entries

MOMENTS = 10
SEED = 20260105
LARGE = 3 << 30


def go_on(examiner: Examiner, card: Card) -> None:
    """The main job as a script would do it: each step unless it was done."""
    if not (examiner.case / "custody.sqlite").exists():
        examiner.makes_case("--training")
    if not examiner.asks("exhibit", "list")["exhibits"]:
        examiner.adds_exhibit()
    if not any(held["what"] == "image" for held in examiner.asks("exhibit", "show", "EX-001")["held"]):
        examiner.asks("acquire", "disk", card.image, "--exhibit", "EX-001")
    examiner.asks("examine", "EX-001")


def totals(examiner: Examiner) -> dict[str, Any]:
    told = examiner.asks("payments", "--by", "year")["totals"]
    return {source["path"]: [source["rows"], source["groups"]] for source in told}


class Moments:
    """Counts what happens to the case: changes of files as the interpreter audits them, and statements of SQLite."""

    def __init__(self, case: Path, reached: Callable[[int], None]) -> None:
        self.count = 0
        self._case = str(case)
        self._reached = reached
        self._connect = sqlite3.connect

    def watch(self) -> None:
        """For the rest of this process: an audit hook cannot be taken away."""
        sys.addaudithook(self._hook)
        sqlite3.connect = self._connected

    def _connected(self, *given: Any, **named: Any) -> sqlite3.Connection:
        connection = self._connect(*given, **named)
        if self._case in str(given[0]):
            connection.set_trace_callback(lambda statement: self._statement(statement))
        return connection

    def _statement(self, statement: str) -> None:
        if statement.startswith(("BEGIN IMMEDIATE", "COMMIT", "INSERT")):
            self._tick()

    def _hook(self, event: str, given: tuple[Any, ...]) -> None:
        if event in ("os.mkdir", "os.rename", "os.chmod", "os.remove", "os.rmdir") or (
            event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)
        ):
            self._tick()

    def _tick(self) -> None:
        self.count += 1
        self._reached(self.count)


def forked(work: Callable[[], None]) -> int:
    """Runs `work` in a child; how it ended, a signal as its negative."""
    pid = os.fork()
    if pid == 0:
        _child(work)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _child(work: Callable[[], None]) -> NoReturn:
    try:
        work()
    except BaseException:  # the child ends here, whatever happens in it
        os._exit(99)
    os._exit(0)


def killed_at(examiner: Examiner, card: Card, moment: int) -> int:
    def work() -> None:
        Moments(examiner.case, lambda n: os.kill(os.getpid(), signal.SIGKILL) if n == moment else None).watch()
        go_on(examiner, card)

    return forked(work)


@pytest.fixture(scope="module")
def whole(card: Card, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Any]]:
    """The job without a stop: how many moments it has, and the totals it ends with."""
    folder = tmp_path_factory.mktemp("whole")
    examiner = Examiner(folder / "workstation", folder / "case")
    told = folder / "moments"

    def work() -> None:
        moments = Moments(examiner.case, lambda n: None)
        moments.watch()
        go_on(examiner, card)
        told.write_text(str(moments.count))

    assert forked(work) == 0
    return int(told.read_text()), totals(examiner)


def test_a_job_killed_at_any_moment_is_taken_up_again(
    whole: tuple[int, dict[str, Any]], card: Card, tmp_path: Path
) -> None:
    count, expected = whole
    assert count > 500
    for moment in sorted(random.Random(SEED).sample(range(1, count), MOMENTS)):
        folder = tmp_path / str(moment)
        folder.mkdir()
        examiner = Examiner(folder / "workstation", folder / "case", watched=False)
        assert killed_at(examiner, card, moment) == -signal.SIGKILL
        if (examiner.case / "custody.sqlite").exists():
            assert examiner.types("status").code == 0
            assert examiner.types("verify").code == 0, f"after a kill at moment {moment}"
        go_on(examiner, card)
        assert totals(examiner) == expected, f"after a kill at moment {moment}"
        assert examiner.types("verify").code == 0
        assert_tidy(examiner.case)


def test_ctrl_c_keeps_what_was_read(examiner: Examiner, tmp_path: Path) -> None:
    examiner.makes_case()
    examiner.adds_exhibit()
    source = tmp_path / "large.dd"
    with source.open("xb") as file:
        file.truncate(LARGE)
    line = [
        sys.executable,
        *PROGRAM,
        "--case",
        str(examiner.case),
        "acquire",
        "disk",
        str(source),
        "--exhibit",
        "EX-001",
    ]
    running = subprocess.Popen(line, env=examiner.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 20
    while not any(p.stat().st_size > 50_000_000 for p in examiner.case.glob("intake/*/0*")):
        assert time.monotonic() < until
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    status = examiner.watched
    examiner.watched = False
    assert examiner.asks("status")["running"]
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    examiner.watched = status
    assert running.returncode == 130, said
    assert b"Traceback" not in said
    part = next(body for body in entries(examiner.case) if body.get("what") == "image-partial")
    assert part["verdict"] == "incomplete"
    assert 50_000_000 < part["media"]["size"] < LARGE
    end = next(body for body in entries(examiner.case) if body["kind"] == "acquire.end")
    assert (end["bytes"], end["size"]) == (part["media"]["size"], LARGE)
    assert examiner.types("verify").code == 0
    assert examiner.asks("status")["incomplete"]
    assert examiner.types("files", "EX-001").code == 5  # a part is no image to work on


def test_sigterm_is_143(examiner: Examiner, tmp_path: Path) -> None:
    examiner.makes_case()
    examiner.adds_exhibit()
    source = tmp_path / "large.dd"
    with source.open("xb") as file:
        file.truncate(LARGE)
    line = [
        sys.executable,
        *PROGRAM,
        "--case",
        str(examiner.case),
        "acquire",
        "disk",
        str(source),
        "--exhibit",
        "EX-001",
    ]
    running = subprocess.Popen(line, env=examiner.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not any(p.stat().st_size for p in examiner.case.glob("intake/*/0*")):
        assert running.poll() is None
        time.sleep(0.01)
    running.terminate()
    _, said = running.communicate(timeout=30)
    assert running.returncode == 143, said
    assert examiner.types("verify").code == 0
