"""The one door: names of ours, nothing replaced, and what a command that died leaves behind."""

import hashlib
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
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.errors import Cancelled, CannotWrite, IntegrityError
from chain_of_custody.hashing import Digests
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


# -- names


@pytest.mark.parametrize(
    ("room", "exhibit", "seq", "suffix", "path"),
    [
        (Room.FILES, "EX-001", 17, "jpg", "EX-001/files/00000/00000017.jpg"),
        (Room.FILES, "EX-001", 12_345_678, "db-wal", "EX-001/files/12345/12345678.db-wal"),
        (Room.IMAGE, "EX-002", 42, "E01", "EX-002/image/00000042_EX-002.E01"),
        (Room.REPORTS, None, 51, "pdf", "reports/00000/00000051.pdf"),
        (Room.RECORDS, "EX-001", 1000, "jsonl.gz", "EX-001/records/00001/00001000.jsonl.gz"),
    ],
)
def test_names_are_ours(room: Room, exhibit: str | None, seq: int, suffix: str, path: str) -> None:
    assert intake.final_path(room, exhibit, seq, suffix) == path


@pytest.mark.parametrize(
    "suffix",
    ["", ".", "..", "../x", "a/b", "jpg\n", "jp g", "照片", "a" * 9, "a.b.c", "-a", "a\0", "jpg.", "\u0661", "{x}"],
)
def test_a_suffix_that_is_not_ours(suffix: str, make_case: MakeCase, write_in: Callable, judge: Judge) -> None:
    with pytest.raises(ValueError, match="not one of ours"):
        intake.final_path(Room.FILES, "EX-001", 1, suffix)
    case = make_case()
    with pytest.raises(ValueError, match="not one of ours"), write_in(case) as session, session.delivery() as delivery:
        with delivery.receive(suffix) as incoming:
            incoming.write(b"x")
        delivery.add("file", Room.FILES, "EX-001", [incoming], {})
    assert judge(case.folder).holds
    assert not (case.folder / "EX-001").exists()


def test_no_word_of_a_name_comes_from_evidence(make_case: MakeCase, write_in: Callable) -> None:
    case = make_case()
    with write_in(case) as session:
        (seq,) = take(session, b"bytes")
    assert case.ledger.entry(seq).body["name"] == "../../../etc/passwd\n.exe"
    files = {path.relative_to(case.folder).as_posix() for path in case.folder.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith(LEDGER)} == {f"EX-001/files/00000/{seq:08d}.bin"}


# -- what comes in


def test_every_entry_has_its_bytes(make_case: MakeCase, write_in: Callable, judge: Judge) -> None:
    case = make_case()
    contents = [random.Random(n).randbytes(n * 300) for n in range(12)]
    with write_in(case) as session:
        numbers = take(session, *contents)
    for seq, content in zip(numbers, contents, strict=True):
        artifact = case.register.artifacts[seq]
        path = case.path_of(artifact)
        assert path.read_bytes() == content
        assert path.stat().st_mode & 0o222 == 0
        assert artifact.main.sha256 == hashlib.sha256(content).hexdigest()
        assert artifact.main.size == len(content)
    assert list((case.folder / "intake").iterdir()) == []
    verdict = judge(case.folder)
    assert verdict.breaches == verdict.remarks == []
    assert verdict.files == 12


def test_files_that_belong_together_are_one_artifact(make_case: MakeCase, write_in: Callable, judge: Judge) -> None:
    case = make_case()
    with write_in(case) as session, session.delivery() as delivery:
        parts = []
        for suffix, role in (("db", "main"), ("db-wal", "wal")):
            with delivery.receive(suffix, role, ("sha256", "md5", "sha1")) as incoming:
                incoming.write(memoryview(b"12"))
                incoming.write(bytearray(b"34"))
            parts.append(incoming)
        delivery.add("file", Room.FILES, "EX-001", parts, {})
        (artifact,) = delivery.commit()
    assert [file.path for file in artifact.files] == [
        f"EX-001/files/00000/{artifact.seq:08d}.db",
        f"EX-001/files/00000/{artifact.seq:08d}.db-wal",
    ]
    assert [file.role for file in artifact.files] == ["main", "wal"]
    assert artifact.main.hashes == {
        "md5": hashlib.md5(b"1234").hexdigest(),
        "sha1": hashlib.sha1(b"1234").hexdigest(),
    }
    assert judge(case.folder).holds


def test_an_error_drops_what_was_not_committed(make_case: MakeCase, write_in: Callable, judge: Judge) -> None:
    case = make_case()
    with pytest.raises(RuntimeError), write_in(case) as session, session.delivery() as delivery:
        with delivery.receive("bin") as incoming:
            incoming.write(b"x")
        raise RuntimeError
    assert list((case.folder / "intake").iterdir()) == []
    assert [entry.kind for entry in case.ledger.entries()] == ["case.new", "session.open", "session.close"]
    assert case.ledger.entry(2).body["outcome"] == "RuntimeError"
    assert judge(case.folder).holds


def test_a_file_received_before_the_last_commit_is_not_entered(make_case: MakeCase, write_in: Callable) -> None:
    """Its parcel is gone; an entry of it would be an entry without bytes."""
    case = make_case()
    with pytest.raises(AssertionError), write_in(case) as session, session.delivery() as delivery:
        early = delivery.receive("bin")
        late = delivery.receive("bin")
        delivery.add("file", Room.FILES, "EX-001", [early], {})
        delivery.commit()
        delivery.receive("bin")
        delivery.add("file", Room.FILES, "EX-001", [late], {})


def test_digests_of_published_vectors() -> None:
    digests = Digests(("md5", "sha1", "sha256", "sm3"))
    digests.update(b"a")
    digests.update(b"bc")
    assert digests.hexdigests() == {
        "md5": "900150983cd24fb0d6963f7d28e17f72",  # RFC 1321 A.5
        "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",  # FIPS 180-4
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",  # FIPS 180-4
        "sm3": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",  # GM/T 0004-2012 A.1
    }
    assert digests.size == 3


# -- cut off


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


def test_killed_fifteen_times(make_case: MakeCase, write_in: Callable, judge: Judge, fork: Callable) -> None:
    """After each kill the case opens, holds, and has every entry that was acknowledged, with its bytes."""
    case = make_case()
    case.close()
    chance = random.Random(15)

    def works(pipe: int) -> None:
        with Case.open(case.folder, writable=True) as mine, write_in(mine) as session:
            for number in range(10**6):
                numbers = take(session, *(b"%d %d" % (number, n) for n in range(chance.choice((1, 3, 6)))))
                numbers.append(session.enter("note.add", text=str(number)))
                os.write(pipe, "".join(f"{seq}\n" for seq in numbers).encode())

    acknowledged: set[int] = set()
    for _ in range(15):
        child = fork(works)
        said = child.read_some()
        time.sleep(chance.uniform(0, 0.12))
        child.kill()
        said += child.said().encode()
        assert child.wait() == -signal.SIGKILL
        acknowledged |= {int(line) for line in said.split(b"\n")[:-1]}

        assert judge(case.folder).holds
        with Case.open(case.folder, writable=True) as again, write_in(again):
            assert acknowledged <= set(range(len(again.ledger)))
        verdict = judge(case.folder)
        assert verdict.breaches == verdict.remarks == []
        assert list((case.folder / "intake").iterdir()) == []
    assert len(acknowledged) > 15


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


# -- refused


def test_nothing_is_replaced(make_case: MakeCase, write_in: Callable, judge: Judge) -> None:
    case = make_case()
    taken = case.folder / "EX-001/files/00000/00000002.bin"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"planted")
    with pytest.raises(IntegrityError) as caught, write_in(case) as session:
        take(session, b"ours")
    assert caught.value.message_id == "intake-place-taken"
    assert taken.read_bytes() == b"planted"
    assert "verify-size" in codes(judge(case.folder))
    taken.unlink()
    with write_in(case):
        assert taken.read_bytes() == b"ours"
    assert judge(case.folder).holds


def test_a_dangling_link_is_not_replaced(tmp_path: Path) -> None:
    parcelled, final = tmp_path / "parcelled", tmp_path / "final"
    parcelled.write_bytes(b"ours")
    final.symlink_to(tmp_path / "nowhere")
    with pytest.raises(IntegrityError):
        intake.place(parcelled, final)
    assert final.is_symlink()
    assert parcelled.exists()


def test_no_space_for_a_file(make_case: MakeCase, write_in: Callable, judge: Judge, mount: Callable) -> None:
    small = mount("-t", "tmpfs", "-o", "size=2m", "tmpfs")
    case = make_case(folder=small / "case")
    with pytest.raises(CannotWrite) as caught, write_in(case) as session:
        take(session, b"first")
        take(session, bytes(4 << 20))
    assert caught.value.message_id == "no-space"
    assert judge(case.folder).holds
    with write_in(case) as session:
        assert session.leftovers == []
        take(session, b"second")
    verdict = judge(case.folder)
    assert verdict.holds
    assert verdict.files == 2


def test_no_space_for_an_entry(make_case: MakeCase, write_in: Callable, judge: Judge, mount: Callable) -> None:
    small = mount("-t", "tmpfs", "-o", "size=2m", "tmpfs")
    case = make_case(folder=small / "case")
    with write_in(case) as session:
        ballast = small / "ballast"
        with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
            while True:
                file.write(bytes(4096))
        with pytest.raises(CannotWrite):
            for _ in range(100):
                session.enter("note.add", text="n" * 4000)
        assert judge(case.folder).holds
        ballast.unlink()
        session.enter("note.add", text="and on")
    assert judge(case.folder).holds


def test_a_volume_that_went_away(make_case: MakeCase, write_in: Callable, tmp_path: Path) -> None:
    """Pulling the disk in the middle of a delivery is an error of ours, never a traceback from the clean-up."""
    case = make_case()
    with pytest.raises(CannotWrite), write_in(case) as session, session.delivery() as delivery:
        delivery.receive("bin").write(b"x")
        (case.folder / "intake").rename(tmp_path / "pulled")
        delivery.receive("bin")
    assert case.ledger.entry(2).body["outcome"] == "CannotWrite"
