"""What goes with every writing command: the case must go on from what was seen here, and its head goes out."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.examiner import Examiner


@pytest.fixture
def stick(examiner: Examiner, tmp_path: Path) -> Path:
    """A plugged-in stick that the configuration names."""
    folder = tmp_path / "stick"
    folder.mkdir()
    examiner.home.mkdir(exist_ok=True)
    (examiner.home / "config.toml").write_text(f'heads_to = "{folder}"\n', "utf-8")
    return folder


def origin(examiner: Examiner) -> str:
    return str(examiner.entries()[0]["origin"])


def laboratory(examiner: Examiner) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(examiner.home / "laboratory.sqlite")) as ledger:
        rows = ledger.execute("SELECT body ->> 'origin', body ->> 'size' FROM entry ORDER BY seq")
        return [(str(name), int(counted)) for name, counted in rows]


def test_each_head_goes_to_the_stick(examiner: Examiner, stick: Path) -> None:
    examiner.makes_case()
    examiner.adds_exhibit()
    folder = stick / origin(examiner).replace("/", "-")
    names = sorted(path.name for path in folder.iterdir())
    head = examiner.asks("ledger", "head")
    assert names == ["00000001.note", f"{head['head']['size']:08d}.note"]
    assert (folder / names[-1]).read_text("utf-8") == head["note"]
    (row,) = [row for row in examiner.asks("anchor", "list")["heads"] if row["kind"] == "stick"]
    assert (row["size"], row["holds"]) == (head["head"]["size"], True)


def test_a_stick_that_is_not_plugged_in_is_said_and_never_made(examiner: Examiner, stick: Path) -> None:
    stick.rmdir()
    done = examiner.makes_case()
    assert str(stick) in done.err
    assert "not plugged in" in done.err
    assert not stick.exists()
    assert examiner.types("--json", "exhibit", "add", "--kind", "card", "--label", "x").json


def test_a_full_or_foreign_stick_stops_nothing(examiner: Examiner, stick: Path) -> None:
    examiner.makes_case()
    folder = stick / origin(examiner).replace("/", "-")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("in the way")
    done = examiner.adds_exhibit()
    assert "could not be written" in done.err


def test_another_head_of_the_same_size_on_the_stick_is_said(examiner: Examiner, stick: Path) -> None:
    examiner.makes_case()
    folder = stick / origin(examiner).replace("/", "-")
    (folder / "00000004.note").write_text("another head")
    done = examiner.adds_exhibit()
    assert examiner.asks("ledger", "head")["head"]["size"] == 4
    assert "forked" in done.err


def test_the_laboratory_and_the_workstation_keep_the_head_of_each_session(examiner: Examiner, tmp_path: Path) -> None:
    examiner.makes_case("--training")
    examiner.adds_exhibit()
    other = Examiner(examiner.home, tmp_path / "second")
    other.makes_case()
    failed = examiner.types("artifact", "exclude", 99, "--reason", "x")  # its session is entered all the same
    assert failed.code == 5
    sizes = [examiner.asks("ledger", "head")["head"]["size"], other.asks("ledger", "head")["head"]["size"]]
    kept = laboratory(examiner)
    assert [name for name, _ in kept] == [origin(examiner)] * 2 + [origin(other), origin(examiner)]
    assert [kept[-1][1], kept[2][1]] == sizes
    assert len(list((examiner.home / "heads").glob("*.note"))) == 2
    assert other.types("verify").code == 0


def test_a_laboratory_ledger_that_is_damaged_is_said_and_stops_nothing(at_work: Examiner) -> None:
    (at_work.home / "laboratory.sqlite").write_bytes(b"no ledger")
    done = at_work.adds_exhibit("--label", "b")
    assert "laboratory" in done.err
    assert at_work.types("verify").code == 0


def test_a_home_that_cannot_be_written_is_said_and_stops_nothing(at_work: Examiner) -> None:
    shutil.rmtree(at_work.home / "heads")
    (at_work.home / "heads").write_text("in the way")
    done = at_work.adds_exhibit("--label", "b")
    assert "could not be kept" in done.err


def test_an_older_copy_in_its_place_is_not_gone_on_with(at_work: Examiner, tmp_path: Path) -> None:
    shutil.copytree(at_work.case, tmp_path / "older")
    at_work.adds_exhibit("--label", "b")
    entries = len(at_work.entries())
    shutil.rmtree(at_work.case)
    shutil.copytree(tmp_path / "older", at_work.case)
    before = at_work.entries()
    refused = at_work.types("exhibit", "add", "--kind", "card", "--label", "c")
    assert refused.code == 6
    assert f"{entries} entries were seen here" in refused.err
    assert at_work.entries() == before
    verdict = at_work.types("--json", "verify")
    assert verdict.code == 6
    assert [breach["code"] for breach in verdict.json["breaches"]] == ["heads-rolled-back"]
    listed = at_work.types("--json", "anchor", "list")
    assert listed.code == 6
    assert {row["holds"] for row in listed.json["heads"]} == {False}


def test_a_case_that_went_on_elsewhere_is_seen_at_the_first_common_head(at_work: Examiner, tmp_path: Path) -> None:
    """Two workstations with one ledger key each go on with their own copy of the case."""
    copied = Examiner(tmp_path / "second-workstation", tmp_path / "copied")
    shutil.copytree(at_work.case, copied.case)
    shutil.copytree(at_work.home / "keys", copied.home / "keys")
    common = at_work.asks("ledger", "head")["head"]
    at_work.adds_exhibit("--label", "here")
    for number in range(2):
        done = copied.types("exhibit", "add", "--kind", "card", "--label", f"there {number}")
        assert done.code == 0, done.said
    here, there = at_work.asks("ledger", "head")["head"], copied.asks("ledger", "head")["head"]
    for examiner, head in ((at_work, there), (copied, here)):
        assert examiner.types("verify").code == 0  # by itself neither shows it
        assert examiner.types("verify", "--expect", f"{common['size']}:{common['root']}").code == 0
        assert examiner.types("verify", "--expect", f"{head['size']}:{head['root']}").code == 6
    shutil.rmtree(at_work.case)
    shutil.copytree(copied.case, at_work.case)
    refused = at_work.types("exhibit", "add", "--kind", "card", "--label", "d")
    assert refused.code == 6
    assert "forked" in refused.err
