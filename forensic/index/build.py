"""Builds `index.sqlite`: what was found, by exhibit, time and words.

`Line` is all it takes; the workflows say where lines come from. The index remembers a fingerprint of what it was built
from, so that a reader sees when it is out of date.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from sqlite_utils import Database

from chain_of_custody.errors import CannotWrite
from forensic.index.characters import spaced

VERSION = 1
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that can be found: a record, or a recovered or carved file.

    `set` is the ledger number of the record set it stands in and `offset` the byte where its line begins: the index is
    only the way there.
    """

    set: int
    offset: int
    exhibit: str
    kind: str
    app: str
    time: str | None
    place: str
    state: str
    text: str


def build(path: Path, fingerprint: str, lines: Iterable[Line]) -> int:
    """Makes the index anew at `path`, replacing what stood there. Returns how many lines it has.

    Raises `CannotWrite` where there is no room or no right.
    """
    try:
        for ending in ("", "-journal", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        return _built(Database(path), fingerprint, lines)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):  # half an index is of no use
            path.unlink(missing_ok=True)
        raise CannotWrite("index-not-written", path=str(path), reason=str(error)) from error


def _built(database: Database, fingerprint: str, lines: Iterable[Line]) -> int:
    try:
        database.conn.execute("PRAGMA journal_mode = OFF")
        database.conn.execute("PRAGMA synchronous = OFF")
        database.conn.executescript(_SCHEMA)
        count = _insert(database, lines)
        database.table("meta").insert_all(
            [
                {"k": "version", "v": str(VERSION)},
                {"k": "fingerprint", "v": fingerprint},
                {"k": "lines", "v": str(count)},
            ]
        )
        database.conn.commit()
    finally:
        database.close()
    return count


_SCHEMA = """
CREATE TABLE meta(k TEXT PRIMARY KEY, v TEXT NOT NULL);
CREATE TABLE line(id INTEGER PRIMARY KEY, "set" INTEGER, "offset" INTEGER, exhibit TEXT, kind TEXT, app TEXT, time TEXT,
  place TEXT, state TEXT, text TEXT);
CREATE INDEX line_place ON line(kind, place, time);
CREATE VIRTUAL TABLE words USING fts5(text, content = '', tokenize = "unicode61 remove_diacritics 0");
"""


def _insert(database: Database, lines: Iterable[Line]) -> int:
    count = 0
    for batch in _batches(lines):
        numbered = [(count + place, *astuple(line)) for place, line in enumerate(batch, 1)]
        database.conn.executemany("INSERT INTO line VALUES(?,?,?,?,?,?,?,?,?,?)", numbered)
        database.conn.executemany(
            "INSERT INTO words(rowid, text) VALUES(?,?)", ((row[0], spaced(row[-1])) for row in numbered)
        )
        count += len(batch)
    return count


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def fingerprint_of(path: Path) -> str | None:
    """What the index at `path` was built from; None if there is none that this release can read."""
    if not path.exists():
        return None
    try:
        database = Database(f"{path}")
        try:
            rows = {str(row["k"]): str(row["v"]) for row in database.table("meta").rows}
        finally:
            database.close()
    except (sqlite3.Error, KeyError):  # whatever is wrong with it, it is made anew
        return None
    return rows.get("fingerprint") if rows.get("version") == str(VERSION) else None
