"""Streams closed, full or left early, and words that no examiner means: a code tells it, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examiner import PROGRAM, Done, Examiner

ENDED_BY_PIPE = 141
LONG = "长" * 300
MARK = ("exhibit", "add", "--kind", "usb", "--label")


def shell(examiner: Examiner, line: str, *words: object) -> Done:
    """A command in a shell's line, where it stands as `"$@"`; the code is the command's own."""
    whole = [sys.executable, *PROGRAM, "--case", examiner.case, *words]
    done = subprocess.run(
        ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}", "bash", *map(os.fspath, map(str, whole))],
        env=examiner.environment,
        capture_output=True,
        check=False,
        timeout=30,
    )
    said = Done(done.returncode, done.stdout, done.stderr.decode(errors="replace"))
    assert "Traceback" not in said.err, said.said
    assert said.code not in (1, 70), said.said
    return said


# -- streams


def test_a_closed_output_changes_nothing_of_the_work(at_work: Examiner) -> None:
    assert shell(at_work, '"$@" >&-', "status").code == 0
    assert shell(at_work, '"$@" >&- 2>&-', "verify").code == 0
    assert shell(at_work, '"$@" >&- 2>&- <&-', *MARK, "U盘").code == 0
    assert [each["label"] for each in at_work.asks("exhibit", "list")["exhibits"]] == ["存储卡", "U盘"]
    assert at_work.types("verify").code == 0


def test_a_reader_that_leaves_is_no_fault(at_work: Examiner) -> None:
    for number in range(30):
        at_work.types(*MARK, f"U盘 {number} " + "x" * 2000)
    for words in (["exhibit", "list"], ["--json", "exhibit", "list"], ["--help"]):
        done = shell(at_work, '"$@" | head -1', *words)
        assert done.code in (0, ENDED_BY_PIPE), (words, done.said)
        assert done.bytes.count(b"\n") == 1
        assert not done.err
    done = shell(at_work, '"$@" | true', "--json", "exhibit", "list")
    assert done.code in (0, ENDED_BY_PIPE)
    assert at_work.types("verify").code == 0


def test_a_full_medium_for_the_output_is_7(at_work: Examiner) -> None:
    for words in (["status"], ["--json", "exhibit", "list"], ["verify"]):
        done = shell(at_work, '"$@" > /dev/full', *words)
        assert done.code == 7, (words, done.said)
        assert done.err.strip()
    assert at_work.types("verify").code == 0


# -- words


def test_bytes_that_are_no_text_are_2(at_work: Examiner) -> None:
    before = at_work.entries()
    for words in ((*MARK, b"U\xff\xfe"), ("exhibit", "add", "--kind", b"\xff", "--label", "x")):
        line = [sys.executable, *PROGRAM, "--case", at_work.case, *words]
        done = subprocess.run(line, env=at_work.environment, capture_output=True, check=False)
        assert done.returncode == 2, done.stderr
        assert b"Traceback" not in done.stderr
        assert done.stderr.strip()
    after = [body["kind"] for body in at_work.entries()[len(before) :]]
    assert set(after) <= {"session.open", "session.close"}
    assert at_work.types("verify").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["take", LONG, "--exhibit", "EX-001", "--from", "x", "--received-at", "2026-01-01", "--kind", "bill"],
        ["acquire", "disk", LONG, "--exhibit", "EX-001"],
        ["acquire", "image", LONG, "--exhibit", "EX-001"],
        ["export", "files", "EX-001", "--to", LONG],
        ["case", "volume", "add", LONG],
        ["exhibit", "import", LONG],
        [*MARK, "x", "--photo", f"before:front={LONG}"],
    ],
)
def test_a_name_too_long_for_any_file_is_refused_with_a_reason(
    at_work: Examiner, tmp_path: Path, words: list[str]
) -> None:
    source = tmp_path / "source.dd"
    source.write_bytes(bytes(1 << 16))
    assert at_work.types("acquire", "disk", source, "--exhibit", "EX-001").code == 0
    before = len(at_work.entries())
    placed = [word.replace(LONG, f"{tmp_path}/{LONG}") for word in words]
    done = at_work.types(*placed)
    assert done.code in (2, 4, 7, 8), done.said
    assert "name is too long" in done.err
    assert not done.out
    assert {body["kind"] for body in at_work.entries()[before:]} <= {"session.open", "session.close"}


def test_a_case_with_a_name_too_long_is_2(examiner: Examiner, tmp_path: Path) -> None:
    far = Examiner(examiner.home, tmp_path / LONG, watched=False)
    facts = ("--number", "1", "--title", "t", "--by", "x")
    for words in (["status"], ["verify"], [*MARK, "x"], ["files", "EX-001"]):
        assert far.types(*words).code == 2, words
    assert far.types("case", "new", far.case, *facts, where=tmp_path).code == 2


def test_an_entry_beyond_all_numbers_is_5(at_work: Examiner) -> None:
    for number in ("99999999999999999999", str(1 << 63), str((1 << 63) - 1), "9" * 400):
        for words in (
            ["open", number],
            ["ledger", "show", number],
            ["artifact", "exclude", number, "--reason", "x"],
            ["artifact", "reassign", number, "--to", "EX-001", "--reason", "x"],
            ["ledger", "correct", number, "--set", "label=x", "--reason", "x"],
            ["report", "build", "--at", number],
        ):
            done = at_work.types(*words)
            assert done.code == 5, (words, done.said)
    assert at_work.types("verify").code == 0


@pytest.mark.parametrize("when", ["0001-01-01", "0001-01-01 00:00", "9999-12-31 23:59"])
def test_a_time_outside_all_calendars_is_2(at_work: Examiner, tmp_path: Path, when: str) -> None:
    bill = tmp_path / "bill.csv"
    bill.write_text("a,b\n")
    facts = ("--exhibit", "EX-001", "--from", "x", "--kind", "bill", "--received-at", when)
    before = [body["kind"] for body in at_work.entries() if not body["kind"].startswith("session")]
    for words in ([*MARK, "x", "--seized-at", when], ["take", bill, *facts]):
        assert at_work.types(*words).code == 2, words
    assert [body["kind"] for body in at_work.entries() if not body["kind"].startswith("session")] == before


# -- places


def test_a_case_inside_a_case_is_5(at_work: Examiner) -> None:
    facts = ("--number", "2", "--title", "t", "--by", "x")
    for folder in (at_work.case / "inner", at_work.case / "EX-001" / "image" / "inner"):
        done = at_work.types("case", "new", folder, *facts)
        assert done.code == 5, done.said
        assert not folder.exists()
    done = at_work.types("case", "new", "inner", *facts, where=at_work.case)
    assert done.code == 5
    assert at_work.types("verify").code == 0


def test_a_file_of_the_case_is_no_image_to_take_in(at_work: Examiner, tmp_path: Path) -> None:
    source = tmp_path / "source.dd"
    source.write_bytes(bytes(1 << 16))
    image = at_work.case / at_work.asks("acquire", "disk", source, "--exhibit", "EX-001")["artifacts"][0]["path"]
    (tmp_path / "link.dd").symlink_to(image)
    before = [body["kind"] for body in at_work.entries() if not body["kind"].startswith("session")]
    for file in (image, tmp_path / "link.dd", at_work.case / "custody.sqlite"):
        done = at_work.types("acquire", "image", file, "--exhibit", "EX-001")
        assert done.code == 2, (file, done.said)
    assert [body["kind"] for body in at_work.entries() if not body["kind"].startswith("session")] == before
    assert at_work.types("verify").code == 0


def test_a_text_taken_in_as_an_image_is_a_finding(at_work: Examiner, tmp_path: Path) -> None:
    """A raw image has no mark of its own: it is held, and that nothing on it is known is said at once."""
    letter = tmp_path / "letter.dd"
    letter.write_text("敬启者\n" * 200)
    done = at_work.types("--json", "acquire", "image", letter, "--exhibit", "EX-001")
    assert done.code == 3, done.said
    assert [finding["code"] for finding in done.json["findings"]] == ["sources-unknown-filesystem"]
    assert at_work.types("verify").code == 0


def test_a_case_without_one_of_its_volumes_was_not_verified_in_full(at_work: Examiner, tmp_path: Path) -> None:
    disk, source = tmp_path / "disk", tmp_path / "source.dd"
    disk.mkdir()
    source.write_bytes(bytes(1 << 16))
    volume = at_work.asks("case", "volume", "add", disk)["volume"]
    at_work.asks("acquire", "disk", source, "--exhibit", "EX-001", "--volume", volume)
    disk.rename(tmp_path / "unplugged")
    done = at_work.types("verify")
    assert done.code in (0, 3)
    assert volume in done.out + done.err
    assert at_work.asks("status")["verified_in_full"] is None
    (tmp_path / "unplugged").rename(disk)
    assert at_work.types("verify", "--quick").code == 0
    assert at_work.asks("status")["verified_in_full"] is None
    assert at_work.types("verify").code == 0
    assert at_work.asks("status")["verified_in_full"]
