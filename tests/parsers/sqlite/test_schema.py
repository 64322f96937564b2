"""Column names, keys and order as SQLite itself understands the same CREATE TABLE."""

import sqlite3

import pytest

from parsers.sqlite import schema
from parsers.sqlite.sql import tokens

STATEMENTS = [
    "CREATE TABLE t(a, b, c)",
    "create temp table if not exists t (a int, b)",
    'CREATE TABLE t("a b", `c``d`, [e f], \'g\'\'h\', "i""j")',
    "CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT, b CHAR(10, 2) NOT NULL DEFAULT 'x,y)', c CHECK (c IN (1,2)))",
    "CREATE TABLE t(a INT, b TEXT, PRIMARY KEY(a, b), UNIQUE(b), CHECK(a > 0), FOREIGN KEY(a) REFERENCES u(x))",
    "CREATE TABLE t(a INT, b TEXT, CONSTRAINT pk PRIMARY KEY (b) CONSTRAINT ck CHECK (a))",
    "CREATE TABLE t(a -- comment, with ) and '\n, b /* , c */, d)",
    "CREATE TABLE t(a INTEGER, PRIMARY KEY(a DESC))",
    "CREATE TABLE t(a INTEGER PRIMARY KEY DESC, b)",
    "CREATE TABLE t(a INT PRIMARY KEY, b)",
    "CREATE TABLE t(a integer primary key, b LONG INTEGER, c FLOATING POINT, d DOUBLE PRECISION, e CHARINT, f)",
    "CREATE TABLE t(b INT, a TEXT, c, PRIMARY KEY(c, a)) WITHOUT ROWID",
    'CREATE TABLE t(\'primary\' TEXT, "check" TEXT, [unique] TEXT, key TEXT, "constraint" INT)',
    "CREATE TABLE t(表 TEXT, 列 INT)",
    "CREATE TABLE t(a TEXT COLLATE NOCASE, b REFERENCES u(x) ON DELETE CASCADE DEFERRABLE, c DEFAULT (1+(2)))",
    "CREATE TABLE t(a INT, g INT AS (a) VIRTUAL, s TEXT GENERATED ALWAYS AS (a || ',' ) STORED, z)",
    "CREATE TABLE t(a REAL, b TEXT NOT NULL) STRICT",
]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_columns_as_sqlite_lists_them(sql):
    connection = sqlite3.connect(":memory:")
    connection.execute(sql)
    info = [row for row in connection.execute("PRAGMA table_xinfo(t)") if row[6] != 2]  # 2: virtual generated
    connection.close()
    shape = schema.parse(sql)
    assert shape is not None
    assert list(shape.names) == [row[1] for row in info]
    assert list(shape.not_null) == [bool(row[3]) for row in info]


def alias_of(sql):
    """Whether SQLite keeps the first column as the rowid, asked by storing a row and reading its rowid."""
    connection = sqlite3.connect(":memory:")
    connection.execute(sql)
    name = next(iter(connection.execute("PRAGMA table_info(t)")))[1]
    connection.execute(f'INSERT INTO t("{name}") VALUES(77)')
    rowid = connection.execute("SELECT rowid FROM t").fetchone()[0]
    connection.close()
    return 0 if rowid == 77 else None


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t(a INTEGER PRIMARY KEY)",
        "CREATE TABLE t(a integer CONSTRAINT x PRIMARY KEY ASC)",
        "CREATE TABLE t(a INTEGER PRIMARY KEY DESC)",
        "CREATE TABLE t(a INTEGER, PRIMARY KEY(a DESC))",
        "CREATE TABLE t(a INTEGER, b, PRIMARY KEY(a, b))",
        "CREATE TABLE t(a INT PRIMARY KEY)",
        "CREATE TABLE t(a BIGINT PRIMARY KEY)",
        "CREATE TABLE t('a' 'INTEGER' PRIMARY KEY)",
        "CREATE TABLE t(a INTEGER UNIQUE)",
    ],
)
def test_which_primary_key_is_the_rowid(sql):
    shape = schema.parse(sql)
    assert shape is not None
    assert shape.alias == alias_of(sql)


@pytest.mark.parametrize(
    "sql",
    ["", "CREATE", "CREATE TABLE", "CREATE TABLE t", "CREATE VIEW v AS SELECT 1", "CREATE TABLE t()", "((((", "'"],
)
def test_what_is_no_table_has_no_shape(sql):
    assert schema.parse(sql) is None


def test_an_unfinished_statement_still_gives_its_columns():
    shape = schema.parse("CREATE TABLE t(a INT, b TEXT")
    assert shape is not None
    assert shape.names == ("a", "b")


def test_tokens_of_hostile_text_end():
    text = "'" * 10_001 + "\"[`/*--x'" * 1000
    assert tokens(text)
