"""Databases made by SQLite itself, and its own view of them as the oracle."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from forensic.sources.medium import Memory
from parsers.sqlite.database import Database


@dataclass
class Made:
    """A database on disk with the connection that made it still open."""

    path: Path
    connection: sqlite3.Connection

    def run(self, *statements: str) -> None:
        for statement in statements:
            self.connection.execute(statement)

    def beside(self, suffix: str) -> Memory | None:
        file = self.path.with_name(self.path.name + suffix)
        return Memory(file.read_bytes()) if file.exists() else None

    def open(self) -> Database:
        """Our reading of the files as they lie on disk at this moment."""
        main = self.beside("")
        assert main is not None
        return Database(main, self.beside("-wal"), self.beside("-journal"))

    def expected(self, table: str) -> list[tuple[object, ...]]:
        return shown(self.connection, table)


def shown(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    connection.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
    quoted = table.replace('"', '""')
    return [tuple(row) for row in connection.execute(f'SELECT * FROM "{quoted}"')]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Made]]:
    """`made("PRAGMA ...", "CREATE ...")` runs the statements, each committed, in a new database."""
    open_ones: list[Made] = []

    def make(*statements: str) -> Made:
        path = tmp_path / f"{len(open_ones)}.db"
        one = Made(path, sqlite3.connect(path, isolation_level=None))
        open_ones.append(one)
        one.run(*statements)
        return one

    yield make
    for one in open_ones:
        one.connection.close()


@pytest.fixture
def sqlite_rows(tmp_path: Path) -> Callable[..., list[tuple[object, ...]]]:
    """What SQLite shows of a table when it opens these files, recovering and rolling back as it does."""

    def rows(table: str, **files: bytes) -> list[tuple[object, ...]]:
        folder = tmp_path / "oracle"
        folder.mkdir()
        for name, data in files.items():
            (folder / ("copy.db" if name == "main" else f"copy.db-{name}")).write_bytes(data)
        connection = sqlite3.connect(folder / "copy.db")
        try:
            return shown(connection, table)
        finally:
            connection.close()
            shutil.rmtree(folder)

    return rows
