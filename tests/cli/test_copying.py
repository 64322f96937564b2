"""`case copy`: a copy that verifies by itself, entered in the case and in itself, or nothing that looks like one."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chain_of_custody import verify_ledger
from chain_of_custody.case import LEDGER
from forensic.workflows import copying
from tests.cli.test_changes import BILL, RECEIVED, last, last_of
from tests.cli.test_disposal import APPROVED
from tests.cli.test_refusals import refused
from tests.examiner import Examiner, assert_tidy, entries, files


@pytest.fixture
def with_files(at_work: Examiner) -> Examiner:
    at_work.asks("take", BILL, "--exhibit", "EX-001", *RECEIVED)
    at_work.asks("parse", "EX-001")
    return at_work


def test_a_copy_verifies_and_holds_the_entry_of_its_making(with_files: Examiner, tmp_path: Path) -> None:
    copy = tmp_path / "archive" / "2026-17"
    answer = with_files.asks("case", "copy", copy)
    held = [body for body in with_files.entries() if body["kind"] == "artifact.held"]
    sizes = [file["size"] for body in held for file in body["files"]]
    assert (answer["files"], answer["bytes"]) == (len(sizes), sum(sizes))
    body = last(with_files, "export")
    assert (body["what"], body["dest"]) == ("copy", str(copy))
    assert (body["files"], body["bytes"]) == (answer["files"], answer["bytes"])
    assert "without" not in body
    assert entries(copy)[-1] == body
    assert_tidy(copy)
    assert files(copy) == files(with_files.case)
    assert not list(copy.glob("index*"))
    there = Examiner(with_files.home, copy)
    verified = there.types("--json", "verify")
    assert (verified.code, [remark["code"] for remark in verified.json["remarks"]]) == (0, ["copy-behind"])
    assert there.asks("payments")["totals"] == with_files.asks("payments")["totals"]
    assert all(not path.stat().st_mode & 0o222 for path in copy.rglob("*") if path.is_file() and path.name != LEDGER)


def test_the_copy_holds_for_the_stand_alone_verifier(with_files: Examiner, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    vkey = with_files.asks("ledger", "head")["vkey"]
    with_files.asks("case", "copy", copy)
    line = [sys.executable, "-I", verify_ledger.__file__, copy, "--key", vkey, "--files", copy, "--strict"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_copy_is_not_continued_where_the_case_itself_is(with_files: Examiner, tmp_path: Path) -> None:
    with_files.asks("case", "copy", tmp_path / "copy")
    there = Examiner(with_files.home, tmp_path / "copy")
    for words in (("ledger", "note", "x"), ("case", "adopt", "--reason", "x")):
        said = refused(there, 5, *words).err
        assert "copy of the case" in said
        assert "rolled back" not in said


def test_further_volumes_stand_beside_the_copy(with_files: Examiner, tmp_path: Path) -> None:
    with_files.adds_exhibit("--label", "未封存")
    volume, medium = tmp_path / "big", tmp_path / "medium.img"
    medium.write_bytes(bytes(range(256)) * 4096)
    with_files.asks("case", "volume", "add", volume)
    with_files.asks("acquire", "disk", medium, "--exhibit", "EX-002", "--volume", "V2")
    copy = tmp_path / "copy"
    answer = with_files.asks("case", "copy", copy)
    assert answer["volumes"] == {"V2": f"{copy}.V2"}
    volume.rename(tmp_path / "elsewhere")  # the copy needs nothing of the original
    there = Examiner(with_files.home, copy)
    assert there.types("verify").code == 0
    listed = {row["volume"]: row["path"] for row in there.asks("case", "volume", "list")["volumes"]}
    assert listed["V2"] == f"{copy}.V2"
    assert files(tmp_path / "elsewhere") == files(Path(f"{copy}.V2"))


def test_a_volume_that_is_not_connected_makes_the_copy_partial(with_files: Examiner, tmp_path: Path) -> None:
    volume = tmp_path / "big"
    with_files.asks("case", "volume", "add", volume)
    volume.rename(tmp_path / "elsewhere")
    done = with_files.types("--json", "case", "copy", tmp_path / "copy")
    assert done.code == 3
    assert [finding["code"] for finding in done.json["findings"]] == ["copy-without-volume"]
    assert done.json["without"] == ["V2"]
    assert last(with_files, "export")["without"] == ["V2"]


def test_where_no_copy_goes(with_files: Examiner, tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    (occupied / "x").touch()
    refused(with_files, 2, "case", "copy", occupied)
    refused(with_files, 2, "case", "copy", with_files.case / "copy")
    refused(with_files, 2, "case", "copy", with_files.case)
    assert [path.name for path in occupied.iterdir()] == ["x"]
    assert not (with_files.case / "copy").exists()
    refused(with_files, 7, "case", "copy", occupied / "x" / "copy")


def test_disposed_bytes_are_not_missed(with_files: Examiner, tmp_path: Path) -> None:
    with_files.asks("dispose", last_of(with_files, "taken"), *APPROVED)
    with_files.asks("case", "copy", tmp_path / "copy")
    assert Examiner(with_files.home, tmp_path / "copy").types("verify").code == 0


def test_what_does_not_read_as_entered_is_not_copied(with_files: Examiner, tmp_path: Path) -> None:
    held = next(body for body in with_files.entries() if body["kind"] == "artifact.held")
    path = with_files.case / held["files"][0]["path"]
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    refused(with_files, 6, "case", "copy", tmp_path / "copy")
    assert not list((tmp_path / "copy").iterdir())


def test_a_stop_leaves_nothing_that_looks_whole(
    with_files: Examiner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"

    def stopped(*_: object) -> None:
        assert any(path.is_file() for path in copy.rglob("*"))
        assert not (copy / LEDGER).exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(copying, "_follow", stopped)
    assert with_files.types("case", "copy", copy).code == 130
    assert not list(copy.iterdir())


def test_what_came_in_while_the_ledger_was_copied_is_copied_too(
    with_files: Examiner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_file, taken = copying._copy_file, []

    def meanwhile(*arguments: Any) -> None:
        copy_file(*arguments)
        if not taken:
            taken.append(with_files.runs("take", __file__, "--exhibit", "EX-001", *RECEIVED))

    monkeypatch.setattr(copying, "_copy_file", meanwhile)
    with_files.watched = False
    with_files.asks("case", "copy", tmp_path / "copy")
    assert taken[0].code in (0, 3), taken[0].said
    assert last_of(with_files, "taken") in {body["seq"] for body in entries(tmp_path / "copy")}
    assert_tidy(tmp_path / "copy")
