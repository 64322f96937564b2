"""The write-ahead log of a database that is still open, read as SQLite recovers a copy of it."""

import struct

import pytest

from chain_of_custody.errors import EvidenceError
from forensic.sources.medium import Memory
from parsers.sqlite import wal
from parsers.sqlite.database import Database

STEP = 4096 + 24


@pytest.fixture
def logged(made):
    """Ten rows checkpointed into the main file, then changes that stand in the log alone."""
    db = made(
        "PRAGMA journal_mode=WAL",
        "PRAGMA wal_autocheckpoint=0",
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)",
        *(f"INSERT INTO t VALUES({n}, 'first {n}')" for n in range(10)),
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "UPDATE t SET b = 'changed' WHERE a = 3",
        "DELETE FROM t WHERE a = 7",
        *(f"INSERT INTO t VALUES({n}, '{'long' * n}')" for n in range(10, 90)),
    )
    return db.beside("").read(0, 1 << 30), db.beside("-wal").read(0, 1 << 30)


def read(main, log):
    database = Database(Memory(main), Memory(log) if log is not None else None)
    return database, [row.values for row in database.rows("t")]


def codes(database):
    return [finding.code for finding in database.findings]


def test_committed_frames_lie_on_top_of_the_main_file(logged, sqlite_rows):
    main, log = logged
    database, rows = read(main, log)
    assert rows == sqlite_rows("t", main=main, wal=log)
    assert codes(database) == []
    assert len(read(main, None)[1]) == 10


@pytest.mark.parametrize("cut", [1, 5, 40])
@pytest.mark.parametrize("torn", [0, 1, 24, 2000])
def test_a_log_cut_anywhere_gives_the_last_whole_commit(logged, sqlite_rows, cut, torn):
    main, log = logged
    shorter = log[: 32 + cut * STEP + torn]
    assert read(main, shorter)[1] == sqlite_rows("t", main=main, wal=shorter)


@pytest.mark.parametrize("frame", [0, 3, 50])
@pytest.mark.parametrize("inside", [0, 5, 9, 17, 24, 4000])
def test_a_changed_byte_ends_the_log_there(logged, sqlite_rows, frame, inside):
    main, log = logged
    damaged = bytearray(log)
    damaged[32 + frame * STEP + inside] ^= 0x40
    database, rows = read(main, bytes(damaged))
    assert rows == sqlite_rows("t", main=main, wal=bytes(damaged))
    assert codes(database) == ["sqlite-wal-tail"]


def test_a_log_without_a_valid_header_is_ignored_and_said(logged, sqlite_rows):
    main, log = logged
    damaged = b"\0" * 32 + log[32:]
    database, rows = read(main, damaged)
    assert rows == sqlite_rows("t", main=main, wal=damaged)
    assert codes(database) == ["sqlite-wal-unreadable"]


def test_a_restarted_log_ends_where_the_old_salts_begin(made, sqlite_rows):
    db = made("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "CREATE TABLE t(a)")
    db.connection.execute("INSERT INTO t VALUES(1)")
    for n in range(20):
        db.run(f"INSERT INTO t VALUES('{n}')")
    db.run("PRAGMA wal_checkpoint(RESTART)", "INSERT INTO t VALUES('after the restart')")
    main, log = db.beside("").read(0, 1 << 30), db.beside("-wal").read(0, 1 << 30)
    database, rows = read(main, log)
    assert rows == sqlite_rows("t", main=main, wal=log)
    (finding,) = database.findings
    assert finding.code == "sqlite-wal-tail"
    assert finding.facts["uncommitted"] == 0


def resealed_big_endian(log):
    """The same frames under the magic of big-endian machines, all checksums worked out anew."""
    head = struct.pack(">I", 0x377F0683) + log[4:24]
    sums = plain_checksum(head, (0, 0))
    out = [head + struct.pack(">2I", *sums)]
    for at in range(32, len(log) - STEP + 1, STEP):
        frame = log[at : at + STEP]
        sums = plain_checksum(frame[:8] + frame[24:], sums)
        out.append(frame[:16] + struct.pack(">2I", *sums) + frame[24:])
    return b"".join(out)


def plain_checksum(data, sums):
    first, second = sums
    for x0, x1 in struct.iter_unpack(">2I", data):
        first = (first + x0 + second) % (1 << 32)
        second = (second + x1 + first) % (1 << 32)
    return first, second


def test_big_endian_checksums(logged, sqlite_rows):
    main, log = logged
    big = resealed_big_endian(log)
    database, rows = read(main, big)
    assert rows == sqlite_rows("t", main=main, wal=big) == read(main, log)[1]
    assert codes(database) == []


def test_the_log_of_another_page_size_is_not_used(logged, made):
    main, _ = logged
    other = made("PRAGMA page_size=1024", "PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "CREATE TABLE u(a)")
    # Without its first frames this log holds no page 1, so that the main file's header rules.
    other.run("PRAGMA wal_checkpoint(RESTART)", "INSERT INTO u VALUES(1)")
    log = other.beside("-wal").read(0, 1 << 30)
    assert wal.load(Memory(log)) is not None
    database, rows = read(main, log)
    assert len(rows) == 10
    assert "sqlite-wal-page-size" in codes(database)


def test_a_database_that_stands_in_its_log_alone(made):
    db = made("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "CREATE TABLE t(a)", "INSERT INTO t VALUES(5)")
    log = db.beside("-wal")
    assert [row["a"] for row in Database(Memory(b""), log).rows("t")] == [5]
    with pytest.raises(EvidenceError) as raised:
        Database(Memory(b""))
    assert raised.value.message_id == "sqlite-empty"
