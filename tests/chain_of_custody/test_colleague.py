"""A colleague reads and enters while an image runs: nobody waits for the other, and everything holds afterwards.

The image is held up in the middle of its reading, so that every command of the colleague meets it there; then it goes
on while he works.
"""

import hashlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.examiner import PROGRAM, Examiner

SIZE = 64 << 20
GROWN = 1 << 20
PATIENCE = 30  # seconds
READS = (("ledger", "log"), ("verify", "--quick"), ("status",), ("exhibit", "list"))
MENDS = ("--set", "label=读卡器里的卡", "--reason", "标签抄错")
ADDS = ("exhibit", "add", "--kind", "phone", "--label", "手机", "--by", "王五")


@pytest.fixture
def laboratory(examiner: Examiner) -> Examiner:
    """A case with one exhibit, not sealed."""
    examiner.makes_case()
    examiner.adds_exhibit()
    return examiner


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "card.dd"
    path.write_bytes(random.Random(64).randbytes(GROWN) * (SIZE // GROWN))
    return path


@pytest.fixture
def imaging(laboratory: Examiner, source: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`acquire disk` of EX-001 in a process of its own, held up while it reads."""
    line = [sys.executable, *PROGRAM, "--case", laboratory.case, "acquire", "disk", source, "--exhibit", "EX-001"]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen([*map(str, line)], env=laboratory.environment, **pipes) as running:
        try:
            until = time.monotonic() + PATIENCE
            while read(laboratory) < GROWN:
                assert time.monotonic() < until
                assert running.poll() is None, running.communicate()
                time.sleep(0.001)
            running.send_signal(signal.SIGSTOP)
            assert read(laboratory) < SIZE, "it was not held up in time"
            yield running
        finally:
            running.kill()


def read(examiner: Examiner) -> int:
    """Bytes of the image so far."""
    return max((part.stat().st_size for part in examiner.case.glob("intake/*/0*")), default=0)


def test_a_colleague_while_an_image_runs(laboratory: Examiner, imaging: subprocess.Popen[bytes], source: Path) -> None:
    colleague = replace(laboratory, watched=False)
    exhibit = next(body["seq"] for body in colleague.entries() if body["kind"] == "exhibit.add")
    for line in (*READS, ("ledger", "correct", exhibit, *MENDS), ADDS, *READS):
        done = colleague.types(*line)
        assert done.code == 0, (line, done.said)
    assert imaging.poll() is None
    assert "acquire.end" not in [body["kind"] for body in colleague.entries()]

    imaging.send_signal(signal.SIGCONT)
    for line in (ADDS, *READS, ADDS):
        done = colleague.types(*line)
        assert done.code == 0, (line, done.said)
    _, said = imaging.communicate(timeout=PATIENCE)
    assert imaging.returncode in (0, 3), said.decode()  # 3: there is no file system on it

    bodies = laboratory.entries()
    kinds = [body["kind"] for body in bodies]
    between = bodies[kinds.index("acquire.begin") : kinds.index("acquire.end")]
    entered = [body for body in between if body["kind"] in ("correct", "exhibit.add")]
    assert [body["kind"] for body in entered[:2]] == ["correct", "exhibit.add"]
    (image,) = [body for body in bodies if body.get("what") == "image"]
    assert image["files"][0]["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert laboratory.types("verify").code == 0
    names = {shown["id"]: shown["label"] for shown in laboratory.asks("exhibit", "list")["exhibits"]}
    assert names == {"EX-001": "读卡器里的卡", "EX-002": "手机", "EX-003": "手机", "EX-004": "手机"}
