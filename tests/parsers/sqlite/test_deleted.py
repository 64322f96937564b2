"""Rows that are no longer live, in databases whose whole history the test itself wrote down."""

import random

import pytest

from parsers.records import State
from parsers.sqlite.database import Basis, Database

PEOPLE = "CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT, note TEXT)"


@pytest.fixture
def people(made):
    """Forty people on one page, in a database that does not overwrite what it frees."""

    def make(*before, rows=40):
        db = made("PRAGMA secure_delete=0", *before, PEOPLE)
        db.connection.execute("BEGIN")
        db.connection.executemany("INSERT INTO people VALUES(?, ?, ?, ?)", [person(n) for n in range(1, rows + 1)])
        db.connection.execute("COMMIT")
        return db

    return make


def person(n):
    return (n, f"name {n}", 20 + n, f"note of {n}" * (n % 4))


def values(database, table="people"):
    return sorted((row.values for row in database.deleted(table)), key=repr)


def test_rows_freed_one_by_one_lose_their_rowid_and_nothing_else(people):
    db = people()
    db.run("DELETE FROM people WHERE id IN (5, 17, 30)")
    rows = sorted(db.open().deleted("people"), key=lambda row: row["name"])
    assert [row.values[1:] for row in rows] == [person(17)[1:], person(30)[1:], person(5)[1:]]
    data = db.path.read_bytes()
    for row in rows:
        assert (row.rowid, row["id"], row.state, row.basis) == (None, None, State.DELETED, Basis.HEADLESS)
        assert row["name"].encode() in data[row.offset : row.offset + 40]


def test_neighbours_freed_together_keep_all_but_one_rowid(people):
    db = people()
    db.run(*(f"DELETE FROM people WHERE id = {n}" for n in (12, 11, 10)))
    found = values(db.open())
    assert {row[1:] for row in found} == {person(n)[1:] for n in (10, 11, 12)}
    assert {row[0] for row in found} - {None}


def test_a_table_emptied_at_once_comes_back_whole(people):
    db = people()
    db.run("DELETE FROM people")
    rows = list(db.open().deleted("people"))
    assert sorted(row.values for row in rows) == [person(n) for n in range(1, 41)]
    assert {row.basis for row in rows} == {Basis.WHOLE}
    assert all(row.rowid == row["id"] for row in rows)


def test_pages_given_to_the_freelist_come_back_whole(people):
    db = people("PRAGMA page_size=512", rows=300)
    db.run("DELETE FROM people WHERE id BETWEEN 20 AND 280")
    rows = list(db.open().deleted("people"))
    named = {row.values for row in rows if row.rowid is not None}
    assert named <= {person(n) for n in range(20, 281)}
    assert len(named) > 200
    assert Basis.CELL in {row.basis for row in rows}


def test_secure_delete_leaves_nothing_and_nothing_is_made_up(people):
    db = people()
    db.run("PRAGMA secure_delete=1", "DELETE FROM people WHERE id % 3 = 0", "UPDATE people SET note = 'x'")
    assert values(db.open()) == []


def test_an_untouched_database_has_no_deleted_rows(people):
    database = people(rows=2000).open()
    assert values(database) == []
    assert dict(database.dropped) == {}


def test_an_earlier_version_of_a_live_row_is_told_from_a_deleted_row(people):
    db = people("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0")
    db.run("UPDATE people SET note = 'rewritten' WHERE id = 8", "DELETE FROM people WHERE id = 9")
    database = db.open()
    by_state = {row.state: row for row in database.deleted("people") if row.basis is Basis.CELL}
    assert by_state[State.EARLIER].values == person(8)
    assert by_state[State.DELETED].values == person(9)
    assert {row.commit for row in by_state.values()} == {2}
    assert {row.file for row in by_state.values()} == {"wal"}


def test_the_main_file_below_its_log_is_searched_too(people):
    db = people("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0")
    db.run("PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA secure_delete=1", "DELETE FROM people WHERE id = 9")
    (row,) = db.open().deleted("people")
    assert (row.values, row.file, row.commit, row.basis) == (person(9), "main", None, Basis.CELL)


def test_frames_of_an_earlier_round_of_the_log_are_searched(people):
    db = people("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "PRAGMA secure_delete=1")
    db.run(*(f"UPDATE people SET note = 'round {n}' WHERE id = 3" for n in range(5)))
    db.run(
        "DELETE FROM people WHERE id = 4", "PRAGMA wal_checkpoint(RESTART)", "UPDATE people SET age = 1 WHERE id = 40"
    )
    rows = list(db.open().deleted("people"))
    assert all(row.commit is None for row in rows if row.file == "wal")
    notes = {row["note"] for row in rows if row.rowid == 3}
    assert {"round 1", "round 2", "round 3"} <= notes
    assert person(4) in {row.values for row in rows}


def test_a_finished_journal_left_behind_shows_the_rows_of_before(people):
    db = people("PRAGMA journal_mode=PERSIST", "PRAGMA secure_delete=1")
    db.run("UPDATE people SET note = 'new' WHERE id = 6", "DELETE FROM people WHERE id = 7")
    rows = {row.rowid: row for row in db.open().deleted("people")}
    assert rows[7].values == person(7)
    assert rows[7].file == "journal"
    page = rows[7].page
    data = db.beside("-journal").read(0, 1 << 30)
    start = rows[7].offset - (rows[7].offset - 512) % 4104
    assert int.from_bytes(data[start : start + 4], "big") == page


def test_what_an_unfinished_transaction_wrote_is_neither_live_nor_deleted(made):
    db = made("PRAGMA page_size=512", "PRAGMA cache_size=2", PEOPLE)
    db.connection.executemany("INSERT INTO people VALUES(?, ?, ?, ?)", [person(n) for n in range(1, 100)])
    db.run("BEGIN", "UPDATE people SET note = 'never committed'")
    database = db.open()
    db.run("ROLLBACK")
    assert not [row for row in database.rows("people") if row["note"] == "never committed"]
    states = {row.state for row in database.deleted("people") if row["note"] == "never committed"}
    assert states == {State.UNKNOWN}


@pytest.mark.parametrize(("order", "basis"), [((2, 1), Basis.WHOLE), ((1, 2), Basis.HEADLESS)])
@pytest.mark.parametrize("page_size", [512, 4096])
def test_a_long_row_comes_back_with_its_overflow_pages(made, page_size, order, basis):
    """The first chain that is freed gives the freelist its trunk; the second, as leaves, stays as it was."""
    db = made(
        f"PRAGMA page_size={page_size}", "PRAGMA secure_delete=0", "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)"
    )
    texts = {n: f"{n}长" * (2046 * n + 125) for n in (1, 2, 3)}
    for n, text in texts.items():
        db.connection.execute("INSERT INTO t VALUES(?, ?)", (n, text))
    db.run(*(f"DELETE FROM t WHERE a = {n}" for n in order))
    (row,) = db.open().deleted("t")
    assert (row["b"], row.basis) == (texts[order[1]], basis)


def test_a_dropped_table_is_known_again_with_its_rows(people):
    db = people()
    db.run("CREATE TABLE other(x INT, y REAL)", "INSERT INTO other VALUES(1, 2.5)", "DROP TABLE people")
    database = db.open()
    assert list(database.dropped) == ["people"]
    assert values(database, "PEOPLE") == sorted((person(n) for n in range(1, 41)), key=repr)
    assert values(database, "other") == []
    with pytest.raises(KeyError):
        database.deleted("sqlite_schema")


def test_rows_of_a_free_page_that_fit_two_tables_are_given_to_neither(made):
    db = made(
        "PRAGMA page_size=512",
        "PRAGMA secure_delete=0",
        "CREATE TABLE a(x INT, y TEXT)",
        "CREATE TABLE b(x INT, y TEXT)",
    )
    for table in "ab":
        db.connection.executemany(f"INSERT INTO {table} VALUES(?, ?)", [(n + 1000, f"{table} {n}") for n in range(200)])
    db.run("DELETE FROM a WHERE rowid > 30")
    database = db.open()
    for row in (*database.deleted("a"), *database.deleted("b")):
        assert row["y"].startswith(row.table.name)
    assert "sqlite-free-page-ambiguous" in [finding.code for finding in database.findings]


def test_without_rowid_tables(made):
    db = made("PRAGMA secure_delete=0", "CREATE TABLE k(k TEXT PRIMARY KEY, v INT) WITHOUT ROWID")
    db.connection.executemany("INSERT INTO k VALUES(?, ?)", [(f"key {n}", n * 1000) for n in range(20)])
    db.run("DELETE FROM k")
    rows = list(db.open().deleted("k"))
    assert sorted(row.values for row in rows) == sorted((f"key {n}", n * 1000) for n in range(20))


KINDS = {
    "typed": (
        "CREATE TABLE typed(id INTEGER PRIMARY KEY, who TEXT NOT NULL, at INT, body TEXT, amount REAL)",
        lambda dice: (
            None,
            f"user{dice.randrange(50)}",
            dice.randrange(10**12),
            "文字" * dice.randrange(40),
            dice.random(),
        ),
    ),
    "plain": (
        "CREATE TABLE plain(a TEXT, b TEXT, c INT)",
        lambda dice: (f"name{dice.randrange(10**5)}", "v" * dice.randrange(30), dice.randrange(-500, 500)),
    ),
    "short": ("CREATE TABLE short(a INT, b INT)", lambda dice: (dice.randrange(10**6), dice.randrange(10**6))),
}


def churn(db, dice, steps):
    """Random inserts, deletes and updates; every version of every row that ever was committed, by table."""
    ever = {name: set() for name in KINDS}
    for _ in range(steps):
        name = dice.choice(list(KINDS))
        rowids = [rowid for (rowid,) in db.connection.execute(f"SELECT rowid FROM {name}")]
        kind = dice.random()
        if kind < 0.5 or not rowids:
            for _ in range(dice.choice([1, 1, 5, 20])):
                row = KINDS[name][1](dice)
                db.connection.execute(f"INSERT INTO {name} VALUES({', '.join('?' * len(row))})", row)
                ever[name] |= versions(db, name)
        elif kind < 0.85:
            for rowid in dice.sample(rowids, min(len(rowids), dice.choice([1, 3, 15]))):
                db.run(f"DELETE FROM {name} WHERE rowid = {rowid}")
        else:
            column = {"typed": "body", "plain": "b", "short": "b"}[name]
            db.run(f"UPDATE {name} SET {column} = '{dice.randrange(1000)}' WHERE rowid = {dice.choice(rowids)}")
        ever[name] |= versions(db, name)
    return ever


def versions(db, name):
    return {(row[0], row[1:]) for row in db.connection.execute(f"SELECT rowid, * FROM {name}")}


@pytest.mark.parametrize("mode", ["DELETE", "WAL", "PERSIST"])
@pytest.mark.parametrize("seed", [1, 2])
def test_random_histories(made, mode, seed):
    """No live row comes back as deleted; of the others at least 97 in 100 are versions that did exist."""
    dice = random.Random(seed)
    db = made(
        f"PRAGMA page_size={dice.choice([1024, 4096])}",
        f"PRAGMA journal_mode={mode}",
        "PRAGMA secure_delete=0",
        *(sql for sql, _ in KINDS.values()),
    )
    ever = churn(db, dice, 150)
    database: Database = db.open()
    right = wrong = 0
    for name in KINDS:
        live = versions(db, name)
        contents = {row[1:] if name == "typed" else row for _, row in ever[name]}
        for row in database.deleted(name):
            assert (row.rowid, row.values) not in live
            headless = row.values[1:] if name == "typed" else row.values
            known = (row.rowid, row.values) in ever[name] if row.rowid is not None else headless in contents
            right += known
            wrong += not known
    assert right > 50
    assert wrong <= 0.03 * (right + wrong)
