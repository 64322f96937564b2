"""A rollback journal that was left behind, read as SQLite reads a copy of the same files."""

import pytest

from forensic.sources.medium import Memory
from parsers.sqlite import journal
from parsers.sqlite.database import Database


@pytest.fixture
def interrupted(made):
    """Files taken in the middle of a transaction that has already written into the main file."""
    db = made("PRAGMA page_size=1024", "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
    db.connection.execute("BEGIN")
    db.connection.executemany("INSERT INTO t VALUES(?, ?)", [(n, f"before {n}" * 20) for n in range(300)])
    db.connection.execute("COMMIT")
    db.run("PRAGMA cache_size=2", "BEGIN", "UPDATE t SET b = 'after'", "DELETE FROM t WHERE a < 100")
    db.connection.executemany("INSERT INTO t VALUES(?, ?)", [(n, f"new {n}" * 50) for n in range(1000, 1200)])
    files = db.beside("").read(0, 1 << 30), db.beside("-journal").read(0, 1 << 30)
    db.run("ROLLBACK")
    return files


def read(main, log):
    database = Database(Memory(main), journal=Memory(log))
    return database, [row.values for row in database.rows("t")]


def test_a_hot_journal_is_rolled_back_and_said(interrupted, sqlite_rows):
    main, log = interrupted
    database, rows = read(main, log)
    assert rows == sqlite_rows("t", main=main, journal=log)
    assert len(rows) == 300
    assert [finding.code for finding in database.findings] == ["sqlite-journal-hot"]
    for row in database.rows("t"):
        assert row.file in ("main", "journal")
    held = [row for row in database.rows("t") if row.file == "journal"]
    assert held
    text = held[0]["b"].encode()
    assert text in log[held[0].offset : held[0].offset + 1024]


def test_a_damaged_record_ends_the_rollback_as_in_sqlite(interrupted):
    main, log = interrupted
    hot = journal.load(Memory(log))
    assert hot is not None
    damaged = bytearray(log)
    damaged[hot.originals[4].offset + 1024 - 200] ^= 1  # one of the bytes that the sparse checksum reads
    again = journal.load(Memory(bytes(damaged)))
    assert again is not None
    assert again.originals == hot.originals[:4]
    database, _ = read(main, bytes(damaged))
    assert "sqlite-journal-damaged" in [finding.code for finding in database.findings]


@pytest.mark.parametrize("mode", ["PERSIST", "TRUNCATE"])
def test_a_finished_journal_changes_nothing(made, mode):
    db = made(f"PRAGMA journal_mode={mode}", "CREATE TABLE t(a)", "INSERT INTO t VALUES(1)", "UPDATE t SET a = 2")
    database = db.open()
    assert [row["a"] for row in database.rows("t")] == [2]
    assert database.findings == []


def test_a_journal_that_names_a_super_journal_is_not_applied_but_said(interrupted):
    main, log = interrupted
    name = b"/data/super.db-mj0123"
    tail = (1 << 30).to_bytes(4, "big") + name + len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big")
    database = Database(Memory(main), journal=Memory(log + tail + journal.MAGIC))
    assert [finding.code for finding in database.findings][:1] == ["sqlite-journal-super"]


def test_of_two_segments_both_are_applied(made, sqlite_rows):
    db = made("PRAGMA page_size=512", "PRAGMA cache_size=2", "CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
    db.connection.executemany("INSERT INTO t VALUES(?, ?)", [(n, "x" * 300) for n in range(100)])
    db.run("BEGIN")
    for n in range(100):
        db.connection.execute("UPDATE t SET b = 'y' WHERE a = ?", (n,))
    main, log = db.beside("").read(0, 1 << 30), db.beside("-journal").read(0, 1 << 30)
    db.run("ROLLBACK")
    assert log.count(journal.MAGIC) > 1
    assert read(main, log)[1] == sqlite_rows("t", main=main, journal=log)
