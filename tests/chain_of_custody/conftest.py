"""A workstation and a case of its own for every test, and what happens to them: judges, children, media."""

import os
import subprocess
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings

from chain_of_custody import session as sessions
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.clock import Clock
from chain_of_custody.errors import IntegrityError
from chain_of_custody.ledger import Ledger
from chain_of_custody.people import Person
from chain_of_custody.progress import silent
from chain_of_custody.session import Session
from chain_of_custody.verify import Breach, Verdict, verify_files, verify_ledger

MakeCase = Callable[..., Case]
WriteIn = Callable[[Case], AbstractContextManager[Session]]
Judge = Callable[..., Verdict]

settings.register_profile("house", deadline=None)  # another test may hold the processor
settings.load_profile("house")


@pytest.fixture(autouse=True)
def workstation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keys and configuration of this test alone; children inherit them through the environment."""
    home = tmp_path / "workstation"
    monkeypatch.setenv("FORENSIC_HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.delenv("FORENSIC_CASE", raising=False)
    return home


@pytest.fixture
def make_case(tmp_path: Path) -> Iterator[MakeCase]:
    """Makes cases, and closes them when the test ends."""
    made: list[Case] = []

    def make(name: str = "case", clock: Clock | None = None, folder: Path | None = None) -> Case:
        case = Case.create(
            folder or tmp_path / name,
            laboratory="4501",
            number="2026-17",
            title="medicines sold without a licence",
            zone=ZoneInfo("Asia/Shanghai"),
            persons=[Person("Wei")],
            clock=clock,
        )
        made.append(case)
        return case

    yield make
    for case in made:
        case.close()


@pytest.fixture
def write_in() -> WriteIn:
    """A session of one person on a case opened for writing."""
    return lambda case: sessions.opened(case, [Person("Wei")], ["test"], {})


@pytest.fixture
def judge() -> Judge:
    """The verdict on a case folder, opened for reading; `vkey` is a public key from outside."""

    def verdict_on(folder: Path, vkey: str | None = None) -> Verdict:
        verdict = Verdict()
        with Ledger.open(folder / LEDGER) as ledger:
            verify_ledger(ledger, vkey or ledger.verifier_key, verdict, silent)
        try:
            with Case.open(folder) as case:
                verify_files(case, verdict, quick=False, progress=silent)
        except IntegrityError as error:
            verdict.breaches.append(Breach(error.message_id, {}))
        unsigned = "verify-acts-unsigned"  # nobody has a key in these cases
        verdict.remarks = [remark for remark in verdict.remarks if remark.code != unsigned]
        for breach in (*verdict.breaches, *verdict.remarks):
            if breach.facts:
                assert breach.text("zh") != breach.text("en")
        return verdict

    return verdict_on


@dataclass
class Child:
    """A forked process; what it writes to its pipe comes out of `said`."""

    pid: int
    pipe: int

    def said(self) -> str:
        """Everything it says until its end."""
        with os.fdopen(self.pipe, encoding="utf-8", closefd=False) as file:
            return file.read()

    def read_some(self) -> bytes:
        return os.read(self.pipe, 1 << 16)

    def kill(self) -> None:
        os.kill(self.pid, 9)

    def wait(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def fork() -> Iterator[Callable[[Callable[[int], object]], Child]]:
    """Runs a function in a process of its own; it is given the pipe to write to. None outlives the test."""
    children: list[Child] = []

    def start(work: Callable[[int], object]) -> Child:
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ours)
            _work(work, theirs)
        os.close(theirs)
        children.append(Child(pid, ours))
        return children[-1]

    yield start
    for child in children:
        if child.pid:
            child.kill()
            child.wait()
        os.close(child.pipe)


def _work(work: Callable[[int], object], pipe: int) -> NoReturn:
    try:
        work(pipe)
    except BaseException:  # a forked child must end here, whatever happens in it
        os.write(pipe, traceback.format_exc().encode())
        os._exit(1)
    os._exit(0)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts something for this test: `mount("-t", "tmpfs", "tmpfs")`. Skips where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a file system")
    mounted: list[Path] = []

    def at(*arguments: str, place: Path | None = None) -> Path:
        target = place or tmp_path / f"mount-{len(mounted)}"
        target.mkdir(exist_ok=True)
        done = subprocess.run(["mount", *arguments, str(target)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
        if "remount" not in "".join(arguments):
            mounted.append(target)
        return target

    yield at
    for target in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(target)], check=True)
