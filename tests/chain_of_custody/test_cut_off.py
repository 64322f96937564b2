"""Commands that are cut off, stopped, killed and started side by side: what they leave, and who finishes it."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody import intake, parcel
from chain_of_custody import session as sessions
from chain_of_custody.artifact import Room
from chain_of_custody.case import Case
from chain_of_custody.errors import Cancelled, CaseError
from chain_of_custody.people import Person
from chain_of_custody.session import Session
from chain_of_custody.verify import Verdict

RESUMABLE = {"resumable": True, "what": "image"}

MakeCase = Callable[..., Case]
Judge = Callable[..., Verdict]


def take(session: Session, *contents: bytes, about: dict[str, object] | None = None) -> list[int]:
    """Takes in files of EX-001 in one delivery; their numbers."""
    with session.delivery(about=about) as delivery:
        for content in contents:
            with delivery.receive("bin") as incoming:
                incoming.write(content)
            delivery.add("file", Room.FILES, "EX-001", [incoming], {"name": "../../../etc/passwd\n.exe"})
        return [artifact.seq for artifact in delivery.commit()]


def codes(verdict: Verdict) -> list[str]:
    return [breach.code for breach in verdict.breaches]


def cut_off(monkeypatch: pytest.MonkeyPatch, step: str, fork: Callable, case: Case, work: Callable) -> None:
    """Runs `work(session)` in a process that dies where `step` of the intake would begin."""

    def dies(pipe: int) -> None:
        monkeypatch.setattr(step, lambda *_: os._exit(42))
        with (
            Case.open(case.folder, writable=True) as mine,
            sessions.opened(mine, [Person("Wei")], ["test"], {}) as session,
        ):
            work(session)

    child = fork(dies)
    said = child.said()
    assert (said, child.wait()) == ("", 42)


def test_cut_off_between_entry_and_rename(
    make_case: MakeCase, write_in: Callable, judge: Judge, fork: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case()
    case.close()
    cut_off(monkeypatch, "chain_of_custody.intake.place", fork, case, lambda session: take(session, b"one", b"two"))

    waiting = judge(case.folder)
    assert waiting.holds
    assert [remark.code for remark in waiting.remarks] == ["verify-waiting"] * 2
    assert not (case.folder / "EX-001").exists()

    with Case.open(case.folder, writable=True) as again, write_in(again) as session:
        assert session.leftovers == []
        assert [again.path_of(a).read_bytes() for a in again.register.artifacts.values()] == [b"one", b"two"]
    after = judge(case.folder)
    assert after.breaches == after.remarks == []
    assert list((case.folder / "intake").iterdir()) == []


def test_bytes_changed_while_they_waited(
    make_case: MakeCase, judge: Judge, fork: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case()
    case.close()
    cut_off(monkeypatch, "chain_of_custody.intake.place", fork, case, lambda session: take(session, b"one"))
    (path,) = (case.folder / "intake").rglob("000000")
    path.chmod(0o644)
    path.write_bytes(b"two")
    assert codes(judge(case.folder)) == ["verify-hash"]


def test_cut_off_before_the_entry(
    make_case: MakeCase, write_in: Callable, judge: Judge, fork: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case()
    case.close()
    step = "chain_of_custody.session.Session.enter_all"
    cut_off(monkeypatch, step, fork, case, lambda session: take(session, b"one", b"two"))
    assert judge(case.folder).holds
    with Case.open(case.folder) as reader:
        assert len(reader.ledger) == 2  # a reading command enters nothing
    with Case.open(case.folder, writable=True) as again, write_in(again) as session:
        assert [artifact.what for artifact in session.leftovers] == ["leftover"] * 2
        assert [artifact.facts["finding"] for artifact in session.leftovers] == ["intake-leftover"] * 2
        assert [again.path_of(artifact).read_bytes() for artifact in session.leftovers] == [b"one", b"two"]
        assert all(artifact.exhibit is None for artifact in session.leftovers)
    assert judge(case.folder).holds
    assert list((case.folder / "intake").iterdir()) == []


def test_cut_off_while_leftovers_are_entered(
    make_case: MakeCase, write_in: Callable, judge: Judge, fork: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case()
    case.close()
    step = "chain_of_custody.session.Session.enter_all"
    cut_off(monkeypatch, step, fork, case, lambda session: take(session, b"one", b"two"))
    cut_off(monkeypatch, "chain_of_custody.intake.place", fork, case, lambda session: None)
    assert judge(case.folder).holds
    with Case.open(case.folder, writable=True) as again, write_in(again):
        held = [again.path_of(artifact).read_bytes() for artifact in again.register.held(what="leftover")]
    assert held == [b"one", b"two"]
    assert judge(case.folder).holds


@pytest.mark.parametrize("error", [KeyboardInterrupt, Cancelled, MemoryError])
def test_stopped_between_entry_and_rename(
    make_case: MakeCase, write_in: Callable, judge: Judge, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """The command lives on to clean up after itself; what it has entered it must not throw away."""
    case = make_case()

    def stopped(*_: object) -> None:
        raise error("stop") if error is not Cancelled else Cancelled("ledger-read-only")

    with monkeypatch.context() as patched, pytest.raises(error), write_in(case) as session:
        patched.setattr("chain_of_custody.intake.place", stopped)
        take(session, b"one", b"two")
    assert judge(case.folder).holds
    with write_in(case):
        assert [case.path_of(a).read_bytes() for a in case.register.artifacts.values()] == [b"one", b"two"]
    verdict = judge(case.folder)
    assert verdict.breaches == verdict.remarks == []


def test_a_live_parcel_is_left_alone(make_case: MakeCase, write_in: Callable, judge: Judge, fork: Callable) -> None:
    case = make_case()
    case.close()

    def fills(pipe: int) -> None:
        with Case.open(case.folder, writable=True) as mine, write_in(mine) as session, session.delivery() as delivery:
            delivery.receive("bin").write(b"half")
            os.write(pipe, b"filling")
            time.sleep(60)

    child = fork(fills)
    assert child.read_some() == b"filling"
    (folder,) = (case.folder / "intake").iterdir()
    assert parcel.is_alive(folder)
    with Case.open(case.folder, writable=True) as again, write_in(again) as session:
        assert session.leftovers == []
        assert folder.exists()
    assert judge(case.folder).holds
    child.kill()
    assert child.wait() == -signal.SIGKILL
    assert not parcel.is_alive(folder)
    with Case.open(case.folder, writable=True) as again, write_in(again) as session:
        (leftover,) = session.leftovers
        assert again.path_of(leftover).read_bytes() == b"half"
    assert judge(case.folder).holds


def test_a_living_command_places_its_own(
    make_case: MakeCase, write_in: Callable, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another session begins just when the entries of this one are in and its files are not yet."""
    case = make_case()
    truly = intake.place

    def place(parcelled: Path, final: Path) -> None:
        with Case.open(case.folder, writable=True) as other, write_in(other):
            assert judge(case.folder).holds
        truly(parcelled, final)

    with write_in(case) as session:
        monkeypatch.setattr("chain_of_custody.intake.place", place)
        take(session, b"one", b"two")
    verdict = judge(case.folder)
    assert verdict.breaches == verdict.remarks == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, Cancelled])
def test_a_resumable_parcel_stays(
    make_case: MakeCase, write_in: Callable, judge: Judge, error: type[BaseException]
) -> None:
    case = make_case()
    raised = error() if error is KeyboardInterrupt else Cancelled("ledger-read-only")
    with pytest.raises(error), write_in(case) as session, session.delivery(about=RESUMABLE) as delivery:
        delivery.receive("dd").write(b"half an image")
        raise raised
    (folder,) = (case.folder / "intake").iterdir()
    for _ in range(2):
        with write_in(case) as session:
            assert session.leftovers == []
    assert judge(case.folder).holds
    adopted = parcel.Parcel.adopt(folder)
    assert adopted
    assert adopted.about() == RESUMABLE
    assert [path.read_bytes() for path in adopted.files()] == [b"half an image"]
    assert parcel.Parcel.adopt(folder) is None
    adopted.leave()


def test_a_resumable_parcel_that_was_entered_is_finished(
    make_case: MakeCase, write_in: Callable, judge: Judge, fork: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case()
    case.close()
    step = "chain_of_custody.intake.place"
    cut_off(monkeypatch, step, fork, case, lambda session: take(session, b"image", about=RESUMABLE))
    with Case.open(case.folder, writable=True) as again, write_in(again):
        assert [again.path_of(a).read_bytes() for a in again.register.artifacts.values()] == [b"image"]
    assert list((case.folder / "intake").iterdir()) == []
    assert judge(case.folder).holds


def test_an_acquisition_that_was_cut_off_is_ended(make_case: MakeCase, write_in: Callable, fork: Callable) -> None:
    case = make_case()
    case.close()

    def begins(pipe: int) -> None:
        with Case.open(case.folder, writable=True) as mine, write_in(mine) as session:
            os.write(pipe, str(session.enter("acquire.begin", item="EX-001")).encode())
            time.sleep(60)

    child = fork(begins)
    begin = int(child.read_some())
    with Case.open(case.folder, writable=True) as again, write_in(again):
        assert again.register.acquisitions[begin]["end"] is None
    child.kill()
    child.wait()
    for _ in range(2):
        with Case.open(case.folder, writable=True) as again, write_in(again):
            assert again.register.acquisitions[begin]["end"]["error"] == "cut-off"
    with Case.open(case.folder) as reader:
        assert [entry.kind for entry in reader.ledger.entries()].count("acquire.abort") == 1


@pytest.mark.parametrize("step", ["chain_of_custody.ledger.Ledger.transaction", "pathlib.Path.rename"])
def test_a_case_cut_off_while_it_is_made(
    make_case: MakeCase, judge: Judge, fork: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, step: str
) -> None:
    """It is no case yet, and can be made again in the same folder."""

    def dies(pipe: int) -> None:
        monkeypatch.setattr(step, lambda *_: os._exit(42))
        make_case("case")

    child = fork(dies)
    assert (child.said(), child.wait()) == ("", 42)
    with pytest.raises(CaseError):
        Case.open(tmp_path / "case")
    case = make_case("case")
    assert judge(case.folder).holds
    assert [entry.kind for entry in case.ledger.entries()] == ["case.new"]


@pytest.mark.parametrize("seed", range(4))
def test_killed_fifteen_times(make_case: MakeCase, write_in: Callable, judge: Judge, fork: Callable, seed: int) -> None:
    """Sixty kills in four cases. After each one the case opens, holds, and has every entry that was acknowledged, each
    with its bytes."""
    case = make_case()
    case.close()
    chance = random.Random(seed)

    def works(pipe: int) -> None:
        with Case.open(case.folder, writable=True) as mine, write_in(mine) as session:
            while True:
                contents = [f"{chance.random()}" for _ in range(chance.choice((1, 3, 6, 40)))]
                numbers = take(session, *(content.encode() for content in contents))
                lines = [f"{seq} {content}\n" for seq, content in zip(numbers, contents, strict=True)]
                lines.append(f"{session.enter('note.add', text=contents[0])} {contents[0]}\n")
                os.write(pipe, "".join(lines).encode())

    acknowledged: dict[int, str] = {}
    for _ in range(15):
        child = fork(works)
        said = child.read_some()
        time.sleep(chance.uniform(0, 0.06))
        child.kill()
        said += child.said().encode()
        assert child.wait() == -signal.SIGKILL
        whole = said.decode().rpartition("\n")[0]
        acknowledged |= {int(seq): content for seq, content in (line.split() for line in whole.splitlines())}

        assert judge(case.folder).holds
        with Case.open(case.folder, writable=True) as again, write_in(again):
            held = again.register.artifacts
            for seq, content in acknowledged.items():
                found = again.path_of(held[seq]).read_text() if seq in held else again.ledger.entry(seq).body["text"]
                assert found == content
        verdict = judge(case.folder)
        assert verdict.breaches == verdict.remarks == []
        assert list((case.folder / "intake").iterdir()) == []
    assert len(acknowledged) > 100


def test_five_processes_take_in(make_case: MakeCase, judge: Judge, write_in: Callable, fork: Callable) -> None:
    """Each begins sessions over and over, so that each meets the others' parcels at every stage."""
    case = make_case()
    case.close()

    def works(pipe: int) -> None:
        for _ in range(6):
            with Case.open(case.folder, writable=True) as mine, write_in(mine) as session:
                take(session, *(os.urandom(100) for _ in range(6)))
                assert session.leftovers == []

    children = [fork(works) for _ in range(5)]
    assert [(child.said(), child.wait()) for child in children] == [("", 0)] * 5
    verdict = judge(case.folder)
    assert verdict.breaches == verdict.remarks == []
    assert verdict.files == 5 * 6 * 6
