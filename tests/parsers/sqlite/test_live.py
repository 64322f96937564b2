"""Live rows equal, value by value, what SQLite shows of databases that it made itself."""

import pytest

PAGE_SIZES = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
MIXED = (
    "CREATE TABLE mixed(id INTEGER PRIMARY KEY, whole INT, real REAL, words TEXT, raw BLOB, loose)",
    "INSERT INTO mixed VALUES(1, 0, 5, '', x'', NULL)",
    "INSERT INTO mixed VALUES(-7, -1, 2.5, '你好，世界 🧧', x'00ff', 1)",
    "INSERT INTO mixed VALUES(9223372036854775807, 127, -1e300, 'a' || char(0) || 'b', zeroblob(9), 'text')",
    "INSERT INTO mixed VALUES(-9223372036854775808, 32768, 0.0, 'x', x'01', 2.0)",
    "INSERT INTO mixed(whole) VALUES(-8388609),(2147483648),(-140737488355329),(9223372036854775807)",
)


def values(database, table):
    return [row.values for row in database.rows(table)]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
@pytest.mark.parametrize("page_size", PAGE_SIZES)
def test_every_encoding_and_page_size(made, encoding, page_size):
    db = made(f"PRAGMA page_size={page_size}", f"PRAGMA encoding='{encoding}'", *MIXED[:4], *MIXED[5:])
    read = db.open()
    assert read.header.page_size == page_size
    assert repr(values(read, "mixed")) == repr(db.expected("mixed"))
    assert read.findings == []


def test_the_smallest_rowid_and_an_integer_primary_key_read_as_the_rowid(made):
    db = made(*MIXED)
    rows = list(db.open().rows("MIXED"))
    assert [row["ID"] for row in rows] == [row.rowid for row in rows] == [row[0] for row in db.expected("mixed")]
    assert rows[0].rowid == -(1 << 63)


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_many_rows_and_overflow_chains(made, page_size):
    db = made(f"PRAGMA page_size={page_size}", "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c BLOB)")
    db.connection.execute("BEGIN")
    for n in range(1500):
        length = page_size // 4 - 40 + n if n % 50 else page_size * 3 + n
        db.connection.execute("INSERT INTO t VALUES(?, ?, ?)", (n * 3, f"行{n}" * (n % 7), bytes([n % 251]) * length))
    db.connection.execute("COMMIT")
    read = db.open()
    assert values(read, "t") == db.expected("t")
    assert read.findings == []


@pytest.mark.parametrize("page_size", [512, 4096])
@pytest.mark.parametrize("key", ["b, a", "c DESC, a", "a", "b, b, a"])
def test_without_rowid(made, page_size, key):
    db = made(
        f"PRAGMA page_size={page_size}",
        f"CREATE TABLE t(a INT, b TEXT, c REAL, d BLOB, PRIMARY KEY({key})) WITHOUT ROWID",
    )
    db.connection.execute("BEGIN")
    for n in range(700):
        blob = b"z" * (n * 5 if n % 20 == 0 else n % 90)
        db.connection.execute("INSERT INTO t VALUES(?, ?, ?, ?)", (n * 7 % 701, f"k{n}", n / 2, blob))
    db.connection.execute("COMMIT")
    read = db.open()
    assert read.tables["t"].without_rowid
    assert values(read, "t") == db.expected("t")
    assert all(row.rowid is None for row in read.rows("t"))
    assert read.findings == []


def test_columns_added_later_read_as_their_defaults(made):
    db = made("CREATE TABLE t(a)", "INSERT INTO t VALUES('old')")
    for column in (
        "b",
        "c DEFAULT 5",
        "d TEXT DEFAULT 5",
        "e REAL DEFAULT 5",
        "f DEFAULT -2.5",
        "g DEFAULT 'it''s'",
        'h DEFAULT "quoted"',
        "i DEFAULT x'0aFF'",
        "j INT DEFAULT '12'",
        "k DEFAULT (7)",
        "l DEFAULT TRUE",
        "m DEFAULT 0x1F",
        "n INT NOT NULL DEFAULT 3",
        "o DEFAULT NULL",
        "p NUMERIC DEFAULT 3.0",
        "q DEFAULT word",
    ):
        db.run(f"ALTER TABLE t ADD COLUMN {column}")
    db.run("INSERT INTO t(a) VALUES('new')")
    assert repr(values(db.open(), "t")) == repr(db.expected("t"))


def test_stored_generated_columns_are_read_and_virtual_ones_are_left_out(made):
    db = made(
        "CREATE TABLE t(a INT, v INT AS (a + 1), s INT GENERATED ALWAYS AS (a * 2) STORED, b TEXT)",
        "INSERT INTO t(a, b) VALUES(4, 'x')",
    )
    read = db.open()
    assert read.tables["t"].columns == ("a", "s", "b")
    assert values(read, "t") == [(4, 8, "x")]


@pytest.mark.parametrize("mode", ["FULL", "INCREMENTAL"])
def test_autovacuum_databases_with_pointer_map_pages(made, mode):
    db = made("PRAGMA page_size=512", f"PRAGMA auto_vacuum={mode}", "CREATE TABLE t(a TEXT)", "CREATE TABLE u(a TEXT)")
    db.connection.execute("BEGIN")
    db.connection.executemany("INSERT INTO t VALUES(?)", [("x" * (n % 700),) for n in range(900)])
    db.connection.executemany("INSERT INTO u VALUES(?)", [(f"u{n}",) for n in range(900)])
    db.connection.execute("COMMIT")
    db.run("DELETE FROM t WHERE rowid % 3 = 0", "PRAGMA incremental_vacuum(5)")
    read = db.open()
    assert values(read, "t") == db.expected("t")
    assert values(read, "u") == db.expected("u")
    assert read.findings == []


def test_text_that_is_not_valid_in_its_encoding_stays_visible_and_is_plain_json(made):
    db = made("CREATE TABLE t(a TEXT)", "INSERT INTO t VALUES(CAST(x'61ff62' AS TEXT))")
    (row,) = db.open().rows("t")
    assert row["a"] == row.text("a") == "a\\xffb"
    wide = made(
        "PRAGMA encoding='UTF-16le'", "CREATE TABLE t(a TEXT)", "INSERT INTO t VALUES(CAST(x'00d86100' AS TEXT))"
    )
    (row,) = wide.open().rows("t")
    text = row.text("a")
    assert text is not None
    assert text.encode("utf-8")  # no lone surrogate


def test_blobs_and_numbers_as_text(made):
    db = made("CREATE TABLE t(a, b, c, d)", "INSERT INTO t VALUES(CAST('字' AS BLOB), x'fe', 12, NULL)")
    (row,) = db.open().rows("t")
    assert [row.text(name) for name in "abcd"] == ["字", "\\xfe", "12", None]
    assert row.text("absent") is None
    assert row.get("absent", 3) == 3
    with pytest.raises(KeyError):
        row["absent"]


def test_what_the_schema_holds_and_what_it_does_not(made):
    db = made(
        "CREATE TABLE Alpha(a, [b c])",
        "CREATE VIEW v AS SELECT a FROM Alpha",
        "CREATE INDEX i ON Alpha(a)",
        "CREATE VIRTUAL TABLE ft USING fts5(x)",
    )
    read = db.open()
    assert "alpha" in read.tables
    assert "v" not in read.tables
    assert "ft" not in read.tables
    assert "sqlite_schema" not in read.tables
    assert "ft_data" in read.tables
    assert read.has("ALPHA", "A", "B C")
    assert not read.has("alpha", "z")
    assert not read.has("beta")
    with pytest.raises(KeyError):
        read.rows("beta")
