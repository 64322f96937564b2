"""`take`: whole folders, with the databases' companions, and a word on everything that was passed over."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from forensic.workflows import loose
from tests.examiner import Examiner

FACTS = ("--exhibit", "EX-001", "--from", "当事人", "--received-at", "2026-01-05", "--kind", "other")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mail").mkdir()
    return tmp_path / "mail"


def lists(examiner: Examiner, what: str) -> list[dict]:
    """The lines of the held lists of a kind."""
    held = [body["files"][0]["path"] for body in examiner.entries() if body.get("what") == what]
    return [json.loads(line) for path in held for line in (examiner.case / path).read_text().splitlines()]


def test_what_is_passed_over_is_a_finding_and_kept(at_work: Examiner, folder: Path) -> None:
    (folder / "a.txt").write_text("taken")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(".")
    (folder / "none\u202e").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    done = at_work.types("--json", "take", folder, *FACTS)
    assert done.code == 3
    assert len(done.json["artifacts"]) == 1
    told = {finding["facts"]["path"]: finding["code"] for finding in done.json["findings"]}
    assert told == {
        "mail/link": "take-skipped-link",
        "mail/loop": "take-skipped-link",
        "mail/none\u202e": "take-skipped-link",
        "mail/pipe": "take-skipped-special",
    }
    assert "\u202e" not in done.out
    kept = lists(at_work, loose.REMARKS)
    assert {line["facts"]["path"]: line["code"] for line in kept} == told
    assert "/etc/passwd" in {line["facts"]["reason"] for line in kept}
    assert [line["name"] for line in lists(at_work, "name-list")] == ["mail/a.txt"]
    assert at_work.types("verify").code == 0
    assert at_work.types("take", folder / "a.txt", *FACTS).code == 0


def test_a_folder_of_nothing_but_links_is_said_so(at_work: Examiner, folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")
    done = at_work.types("--json", "take", folder, *FACTS)
    assert done.code == 3
    assert done.json["artifacts"] == []
    assert len(lists(at_work, loose.REMARKS)) == 1


def test_what_cannot_be_read_below_a_folder_does_not_stop_the_rest(
    at_work: Examiner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "closed").mkdir()
    for name in ("a.txt", "b.txt", "c.db", "c.db-wal", "closed/d.txt"):
        (folder / name).write_text(name)
    scanned, opened = Path.iterdir, os.open

    def iterdir(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scanned(path)

    def open_(path: object, *rest: int, **named: object) -> int:
        if str(path).endswith(("b.txt", "c.db")):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *rest, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "iterdir", iterdir)
        patched.setattr(loose.os, "open", open_)
        done = at_work.types("--json", "take", folder, *FACTS)
    assert done.code == 3, done.said
    assert {finding["facts"]["path"] for finding in done.json["findings"]} == {"mail/b.txt", "mail/c.db", "mail/closed"}
    assert {finding["code"] for finding in done.json["findings"]} == {"take-skipped-unreadable"}
    assert [line["name"] for line in lists(at_work, "name-list")] == ["mail/a.txt", "mail/c.db-wal"]


@pytest.mark.parametrize("change", ["grows", "shrinks"])
def test_a_file_that_changes_is_taken_as_read(
    at_work: Examiner, folder: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    file = folder / "log.txt"
    file.write_bytes(b"x" * 3000)
    monkeypatch.setattr(loose, "BLOCK", 1000)
    read = loose._block

    def block(open_file: object, source: Path) -> bytes:
        found = read(open_file, source)
        if file.stat().st_size == 3000 and open_file.tell() >= 1000:
            os.truncate(file, 3500 if change == "grows" else 500)
        return found

    monkeypatch.setattr(loose, "_block", block)
    done = at_work.types("--json", "take", file, *FACTS)
    assert done.code == 3
    (finding,) = done.json["findings"]
    assert finding["code"] == "take-changed"
    assert finding["facts"]["before"] == 3000
    (artifact,) = done.json["artifacts"]
    assert artifact["size"] == finding["facts"]["read"]
    assert finding["facts"]["after"] == (3500 if change == "grows" else 500)
    assert lists(at_work, loose.REMARKS)
    assert at_work.types("verify").code == 0


@pytest.fixture
def database(folder: Path, tmp_path: Path) -> Path:
    """A database whose newest row stands in its -wal only."""
    live, copied = tmp_path / "live.db", folder / "chat.db"
    with closing(sqlite3.connect(live)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE message(text)")
        writer.commit()
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        writer.execute("INSERT INTO message VALUES('红包')")
        writer.commit()
        for ending in ("", "-wal", "-shm"):
            shutil.copyfile(f"{live}{ending}", f"{copied}{ending}")
    return copied


@pytest.mark.parametrize("how", ["folder", "main", "all"])
def test_a_database_and_its_companions_are_one_artifact(
    at_work: Examiner, database: Path, tmp_path: Path, how: str
) -> None:
    (database.parent / "chat.db-wal-wal").write_text("a name that only looks like one")
    every = [database.with_name(database.name + ending) for ending in ("-shm", "", "-wal")]
    paths = {"folder": [database.parent], "main": [database], "all": every}[how]
    artifacts = at_work.asks("take", *paths, *FACTS)["artifacts"]
    assert len(artifacts) == (2 if how == "folder" else 1)
    taken = artifacts[0]
    assert taken["path"].endswith(".sqlite")
    members = {member["role"]: member["path"] for member in taken["members"]}
    assert {role: path.rpartition(".")[2] for role, path in members.items()} == {
        "wal": "sqlite-wal",
        "shm": "sqlite-shm",
    }
    again = tmp_path / "again.db"
    shutil.copyfile(at_work.case / taken["path"], again)
    shutil.copyfile(at_work.case / members["wal"], f"{again}-wal")
    with closing(sqlite3.connect(again)) as reader:
        assert reader.execute("SELECT text FROM message").fetchall() == [("红包",)]
    named = lists(at_work, "name-list")
    assert len(named) == len(artifacts)
    assert set(named[0]["members"]) == {"wal", "shm"}
    assert named[0]["members"]["wal"] == named[0]["name"] + "-wal"
    assert at_work.types("parse", "EX-001").code in (0, 3)
    assert at_work.types("verify").code == 0


def test_a_very_deep_folder_is_walked(at_work: Examiner, folder: Path) -> None:
    deep = folder
    for _ in range(1200):
        deep = deep / "d"
        deep.mkdir()
    (deep / "a.txt").write_text("below")
    assert len(at_work.asks("take", folder, *FACTS)["artifacts"]) == 1
    (deep / "a.txt").unlink()
    for below in (deep, *deep.parents[:1199]):  # too deep for the clean-up after the tests
        below.rmdir()


@pytest.mark.parametrize("ending", ["-wal", "-journal", "-shm"])
def test_a_companion_without_its_database_is_a_file_of_its_own(at_work: Examiner, folder: Path, ending: str) -> None:
    (folder / f"gone.db{ending}").write_text("x")
    (artifact,) = at_work.asks("take", folder, *FACTS)["artifacts"]
    assert "members" not in artifact


def test_output_has_a_line_for_each_file(at_work: Examiner, database: Path) -> None:
    done = at_work.types("take", database, *FACTS)
    assert [line.split()[-2].rpartition(".")[2] for line in done.out.splitlines()] == [
        "sqlite",
        "sqlite-wal",
        "sqlite-shm",
    ]
