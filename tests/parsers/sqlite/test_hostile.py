"""Damaged, cut and crafted databases: an `EvidenceError` on opening or findings later, nothing else, and an end."""

import random
import time

import pytest

from chain_of_custody.errors import EvidenceError, KeyNeeded
from chain_of_custody.finding import Finding
from forensic.sources.medium import Memory
from parsers.sqlite.btree import TABLE, Walk
from parsers.sqlite.database import Database
from parsers.sqlite.findings import MOST_OF_A_KIND, Findings


def read_all(main, wal=None, journal=None):
    """Every row of every table, and the findings; an error on opening is an answer too."""
    optional = [Memory(data) if data is not None else None for data in (wal, journal)]
    try:
        database = Database(Memory(main), *optional)
    except EvidenceError:
        return None
    rows = 0
    for table in database.tables:
        for row in database.rows(table):
            assert row.offset >= 0
            rows += 1
    for table in (*database.tables, *database.dropped):
        for row in database.deleted(table):
            assert row.offset >= 0
    for finding in database.findings:
        assert isinstance(finding, Finding)
        assert finding.text("en")
        assert finding.text("zh")
    return rows


@pytest.fixture
def small(made):
    db = made(
        "PRAGMA page_size=512",
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c BLOB)",
        "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID",
    )
    db.connection.execute("BEGIN")
    for n in range(60):
        db.connection.execute("INSERT INTO t VALUES(?, ?, ?)", (n, f"text {n}", bytes(n * 20)))
        db.connection.execute("INSERT INTO w VALUES(?, ?)", (f"key {n}", "v" * n * 5))
    db.connection.execute("COMMIT")
    return db.path.read_bytes()


@pytest.mark.parametrize("seed", range(8))
def test_flipped_bytes(small, seed):
    dice = random.Random(seed)
    for _ in range(25):
        data = bytearray(small)
        for _ in range(dice.choice([1, 3, 30, 300])):
            data[dice.randrange(len(data))] = dice.randrange(256)
        read_all(bytes(data))


def test_flipped_bytes_in_the_schema_page(small):
    dice = random.Random(99)
    for _ in range(150):
        data = bytearray(small)
        data[dice.randrange(16, 512)] = dice.randrange(256)
        read_all(bytes(data))


def test_every_length(small):
    for length in [*range(0, 700, 7), *range(700, len(small), 509)]:
        read_all(small[:length])


def test_random_bytes_as_every_file(small):
    dice = random.Random(5)
    for length in (0, 1, 31, 32, 100, 512, 4096, 40_000):
        noise = dice.randbytes(length)
        assert read_all(noise, noise, noise) is None
        assert read_all(small, noise, noise) == 120


def test_flipped_bytes_in_log_and_journal(made, small):
    db = made("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "CREATE TABLE t(a)")
    for n in range(12):
        db.run(f"INSERT INTO t VALUES('{n}')")
    main, wal = db.beside("").read(0, 1 << 30), db.beside("-wal").read(0, 1 << 30)
    dice = random.Random(7)
    for _ in range(40):
        data = bytearray(wal)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        read_all(main, bytes(data))
        read_all(small, None, bytes(data))


def test_bytes_that_are_no_database():
    for data, error in [
        (b"hello" * 500, "sqlite-not-a-database"),
        (bytes(4096), "sqlite-not-a-database"),
        (b"", "sqlite-empty"),
        (random.Random(1).randbytes(4096), "sqlite-encrypted-or-damaged"),
        (b"SQLite format 3\0" + random.Random(2).randbytes(4080), "sqlite-encrypted-or-damaged"),
    ]:
        with pytest.raises(EvidenceError) as raised:
            Database(Memory(data))
        assert raised.value.message_id == error
        assert isinstance(raised.value, KeyNeeded) == (error == "sqlite-encrypted-or-damaged")


def test_an_interior_page_that_is_its_own_child_ends(small):
    database = Database(Memory(small))
    root = database.tables["t"].root_page
    data = bytearray(small)
    at = (root - 1) * 512
    assert data[at] == 0x05
    first_cell = int.from_bytes(data[at + 12 : at + 14], "big")
    data[at + first_cell : at + first_cell + 4] = root.to_bytes(4, "big")
    damaged = Database(Memory(bytes(data)))
    assert 0 < len(list(damaged.rows("t"))) < 60
    assert [finding.code for finding in damaged.findings] == ["sqlite-page-twice"]


def test_an_overflow_chain_that_runs_in_a_circle_ends(small):
    database = Database(Memory(small))
    walk = Walk(database.pages, Findings(), TABLE)
    long = next(cell for cell in walk.cells(database.tables["t"].root_page) if len(cell.payload) > 1100)
    at = long.place.offset + long.at
    pointer = next(n for n in range(at, at + 512) if 0 < int.from_bytes(small[n : n + 4], "big") <= len(small) // 512)
    overflow = int.from_bytes(small[pointer : pointer + 4], "big")
    data = bytearray(small)
    data[(overflow - 1) * 512 : (overflow - 1) * 512 + 4] = overflow.to_bytes(4, "big")
    damaged = Database(Memory(bytes(data)))
    assert len(list(damaged.rows("t"))) == 59
    assert [finding.code for finding in damaged.findings] == ["sqlite-page-twice", "sqlite-cell-malformed"]


def test_a_page_whose_cells_all_claim_the_same_bytes_ends_soon(made):
    db = made("PRAGMA page_size=65536", "CREATE TABLE t(a TEXT)", f"INSERT INTO t VALUES('{'x' * 30_000}')")
    data = bytearray(db.path.read_bytes())
    at = 65536
    cell = data[at + 8 : at + 10]
    data[at + 3 : at + 5] = (16_000).to_bytes(2, "big")
    data[at + 8 : at + 8 + 32_000] = bytes(cell) * 16_000
    database = Database(Memory(bytes(data)))
    began = time.monotonic()
    assert len(list(database.rows("t"))) < 20
    assert time.monotonic() - began < 5
    assert "sqlite-page-malformed" in [finding.code for finding in database.findings]


def test_findings_of_one_kind_are_counted_past_the_hundredth():
    findings = Findings()
    for page in range(1000):
        findings.add("sqlite-page-missing", page=page)
        findings.add("sqlite-page-missing", page=page)
    listed = findings.all()
    assert len(listed) == MOST_OF_A_KIND + 1
    assert listed[-1].code == "sqlite-more-findings"
    assert listed[-1].facts["count"] == 1800
