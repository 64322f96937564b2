"""What is refused, with which exit code, and what it leaves behind: one clear line, and nothing entered."""

import os
import struct
from collections import Counter
from pathlib import Path

import pytest

from tests.examiner import Done, Examiner

SESSION = {"session.open", "session.close"}


def lines(done: Done) -> list[str]:
    return [line for line in done.err.splitlines() if line.strip()]


def refused(examiner: Examiner, code: int, *words: object) -> Done:
    """Runs a command that must be refused: nothing on standard output, a reason, no entry besides the session's."""
    known = (examiner.case / "custody.sqlite").exists()
    before = examiner.entries() if known else []
    done = examiner.types(*words)
    assert done.code == code, done.said
    assert not done.out
    assert 1 <= len(lines(done)) <= 16, done.err
    if known:
        new = [body["kind"] for body in examiner.entries()[len(before) :]]
        assert set(new) <= SESSION, new
    return done


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["exhibit", "add", "--label", "无类别"],
        ["exhibit", "add", "--kind", "spoon", "--label", "x"],
        ["files"],
        ["open", "-1"],
        ["carve"],
        ["carve", "EX-001", "--format", "docm"],
        ["payments", "--by", "moon"],
        ["payments", "--from", "2026-02-30"],
        ["chats", "--from", "2026-02-02", "--to", "2026-01-01"],
        ["search", " "],
        ["report", "build", "--lang", "fr"],
        ["report", "build", "--at", "0"],
        ["ledger", "correct", "1", "--set", "label=x", "--reason", " "],
        ["take", "/nowhere", "--exhibit", "EX-001", "--from", "x", "--received-at", "2026-01-01", "--kind", "bill"],
        ["examine", "EX-001", "--profile", "slow"],
        ["acquire", "disk", "/dev/null", "--exhibit", "EX-001"],
        ["acquire", "disk", "/tmp", "--exhibit", "EX-001"],
        ["acquire", "disk", "/etc/hostname", "--exhibit", "EX-001", "--format", "aff"],
    ],
)
def test_wrong_usage_is_2(at_work: Examiner, words: list[str]) -> None:
    done = refused(at_work, 2, *words)
    assert any(len(line) > 10 for line in lines(done))


def test_no_case_is_5(examiner: Examiner, tmp_path: Path) -> None:
    for words in (["status"], ["verify"], ["files", "EX-001"], ["exhibit", "add", "--kind", "usb", "--label", "x"]):
        assert examiner.types(*words).code == 5
        assert examiner.types(*words, where=tmp_path).code == 5
    assert not examiner.case.exists()


def test_a_folder_with_something_else_in_it_is_no_case(examiner: Examiner) -> None:
    examiner.watched = False
    examiner.case.mkdir()
    (examiner.case / "custody.sqlite").write_text("not a database, and long enough to look at twice\n" * 40)
    for words in (["status"], ["verify"], ["exhibit", "add", "--kind", "usb", "--label", "x"]):
        done = examiner.types(*words)
        assert done.code in (5, 6), done.said
        assert len(lines(done)) <= 3


def test_a_second_case_in_one_place_is_5(at_work: Examiner, tmp_path: Path) -> None:
    facts = ("--number", "2", "--title", "t", "--by", "x")
    before = at_work.entries()
    assert at_work.types("case", "new", at_work.case, *facts).code == 5
    assert at_work.entries() == before
    (tmp_path / "occupied").mkdir()
    (tmp_path / "occupied" / "letter.txt").write_text("mine")
    assert at_work.types("case", "new", tmp_path / "occupied", *facts).code == 5
    assert [path.name for path in (tmp_path / "occupied").iterdir()] == ["letter.txt"]


def test_a_case_with_nobody_to_act_is_2(examiner: Examiner) -> None:
    done = examiner.types("case", "new", examiner.case, "--number", "1", "--title", "t")
    assert done.code == 2
    assert not examiner.case.exists()


def test_two_named_cases_are_2_and_both_are_named(at_work: Examiner, tmp_path: Path) -> None:
    other = Examiner(at_work.home, tmp_path / "other")
    other.makes_case()
    at_work.env["FORENSIC_CASE"] = str(other.case)
    done = at_work.types("status", where=at_work.case)
    assert done.code == 2
    assert str(at_work.case) in done.err
    assert str(other.case) in done.err
    below = at_work.case / "reports"
    below.mkdir()
    assert at_work.types("status", where=below).code == 2
    assert at_work.types("status", where=other.case).code == 0
    assert at_work.types("status", where=tmp_path).code == 0
    at_work.env.clear()
    assert at_work.types("status", where=below).code == 0


def test_what_cannot_be_entered_leaves_no_exhibit(at_work: Examiner) -> None:
    at_work.adds_exhibit("--seal", "F0001")
    for code, more in (
        (2, ["--imei", "490154203237519"]),
        (2, ["--imei", "49015420323751"]),
        (2, ["--seized-at", "2126-01-01 10:00"]),
        (2, ["--seized-at", "yesterday"]),
        (2, ["--photo", "front.jpg"]),
        (2, ["--photo", "before:front=/nowhere.jpg"]),
        (5, ["--seal", "F0001"]),
        (5, ["--part-of", "EX-009"]),
    ):
        refused(at_work, code, "exhibit", "add", "--kind", "phone", "--label", "手机", *more)
    assert Counter(body["kind"] for body in at_work.entries())["exhibit.add"] == 2


def test_an_unknown_exhibit_is_5(at_work: Examiner, tmp_path: Path) -> None:
    source = tmp_path / "source.dd"
    source.write_bytes(bytes(4096))
    for words in (
        ["files", "EX-009"],
        ["recover", "EX-009"],
        ["carve", "EX-009"],
        ["parse", "EX-009"],
        ["examine", "EX-009"],
        ["payments", "--exhibit", "EX-009"],
        ["chats", "--exhibit", "EX-009"],
        ["search", "x", "--exhibit", "EX-009"],
        ["export", "files", "EX-009", "--to", tmp_path / "out"],
        ["exhibit", "show", "EX-009"],
        ["acquire", "disk", source, "--exhibit", "EX-009"],
        ["acquire", "image", source, "--exhibit", "EX-009"],
        ["take", source, "--exhibit", "EX-009", "--from", "x", "--received-at", "2026-01-01", "--kind", "bill"],
        ["files", "EX-001"],  # known, and nothing was acquired of it
    ):
        refused(at_work, 5, *words)


def test_an_entry_that_is_not_there_is_refused(at_work: Examiner) -> None:
    for words in (["open", "999"], ["ledger", "show", "999"], ["open", "0"]):
        assert at_work.types(*words).code in (2, 5)
    for words in (["artifact", "exclude", "999", "--reason", "x"], ["artifact", "exclude", "0", "--reason", "x"]):
        assert at_work.types(*words).code in (2, 5)
    assert at_work.types("ledger", "correct", "0", "--set", "zone=Europe/Berlin", "--reason", "x").code == 5


def ewf(path: Path, *, sections: bytes = b"") -> Path:
    """The beginning of an E01: its signature and segment number, and nothing whole after them."""
    path.write_bytes(b"EVF\x09\x0d\x0a\xff\x00" + struct.pack("<BHH", 1, 1, 0) + sections)
    return path


def test_what_is_not_what_it_claims_is_4(at_work: Examiner, tmp_path: Path) -> None:
    text = tmp_path / "letter.E01"
    text.write_text("Dear Sir,\n" * 200)
    empty = tmp_path / "empty.dd"
    empty.touch()
    gz = tmp_path / "card.dd"
    gz.write_bytes(b"\x1f\x8b\x08" + bytes(600))
    for file in (text, ewf(tmp_path / "cut.E01"), ewf(tmp_path / "torn.E01", sections=bytes(300)), empty, gz, tmp_path):
        refused(at_work, 4, "acquire", "image", file, "--exhibit", "EX-001")
    refused(at_work, 4, "acquire", "image", tmp_path / "missing.E01", "--exhibit", "EX-001")
    refused(at_work, 4, "acquire", "disk", empty, "--exhibit", "EX-001")
    assert at_work.types("acquire", "disk", tmp_path / "missing", "--exhibit", "EX-001").code == 8


def test_a_pipe_and_a_folder_are_no_loose_files(at_work: Examiner, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    facts = ("--exhibit", "EX-001", "--from", "x", "--received-at", "2026-01-01", "--kind", "bill")
    refused(at_work, 4, "take", tmp_path / "pipe", *facts)
    (tmp_path / "bare").mkdir()
    refused(at_work, 2, "take", tmp_path / "bare", *facts)


def test_a_raw_image_of_noise_is_taken_and_its_files_are_a_finding(at_work: Examiner, tmp_path: Path) -> None:
    """There is nothing to tell a raw image by: it is held, and that nothing was understood of it is said."""
    noise = tmp_path / "noise.dd"
    noise.write_bytes(b"".join(struct.pack("<Q", n * 0x9E3779B97F4A7C15 % (1 << 64)) for n in range(8192)))
    assert at_work.types("acquire", "disk", noise, "--exhibit", "EX-001").code == 0
    done = at_work.types("--json", "files", "EX-001")
    assert done.code == 3
    assert done.json["files"] == []
    assert done.json["findings"]
    for words in (["recover", "EX-001"], ["carve", "EX-001"], ["parse", "EX-001"]):
        assert at_work.types(*words).code in (0, 3)
    assert at_work.types("verify").code == 0


def test_the_same_media_under_two_exhibits_needs_a_reason(at_work: Examiner, tmp_path: Path) -> None:
    at_work.adds_exhibit("--label", "另一张卡")
    source = tmp_path / "source.dd"
    source.write_bytes(os.urandom(1 << 16))
    assert at_work.types("acquire", "disk", source, "--exhibit", "EX-001").code == 0
    assert at_work.types("acquire", "disk", source, "--exhibit", "EX-002").code == 5
    again = at_work.types("acquire", "disk", source, "--exhibit", "EX-002", "--identity-differs", "两卡为克隆")
    assert again.code == 0


def test_export_goes_only_into_an_empty_folder_outside(at_work: Examiner, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    source = tmp_path / "source.dd"
    source.write_bytes(bytes(1 << 16))
    assert at_work.types("acquire", "disk", source, "--exhibit", "EX-001").code == 0
    refused(at_work, 2, "export", "files", "EX-001", "--to", full)
    refused(at_work, 2, "export", "files", "EX-001", "--to", at_work.case / "out")
    image = next(body["seq"] for body in at_work.entries() if body.get("what") == "image")
    refused(at_work, 2, "open", image, "--to", at_work.case / "copy.dd")
    refused(at_work, 5, "open", image, "--to", full / "mine.txt")
    assert (full / "mine.txt").read_text() == "mine"


def test_only_a_training_case_is_destroyed_and_only_when_confirmed(at_work: Examiner, tmp_path: Path) -> None:
    assert at_work.types("case", "destroy", "--yes").code == 5
    trainee = Examiner(at_work.home, tmp_path / "training")
    trainee.makes_case("--training")
    assert trainee.types("case", "destroy").code == 2
    assert trainee.types("case", "destroy", "--yes").code == 0
    assert not trainee.case.exists()
    assert at_work.types("verify").code == 0
