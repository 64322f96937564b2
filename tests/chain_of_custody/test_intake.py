"""The one door: names of ours, bytes with every entry, nothing replaced, no space."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody import intake
from chain_of_custody.artifact import Room
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.errors import CannotWrite, IntegrityError
from chain_of_custody.hashing import Digests
from chain_of_custody.session import Session
from chain_of_custody.verify import Verdict

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
    ["", ".", "..", "../x", "a/b", "jpg\n", "jp g", "照片", "a" * 9, "a.b.c.d", "-a", "a\0", "jpg.", "\u0661", "{x}"],
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
