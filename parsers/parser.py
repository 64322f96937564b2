"""What a parser declares of itself, and how it says whether a file is its own."""

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Protocol

from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.messages import Lang, say
from parsers.records import Record, State, Where
from parsers.source import Found
from parsers.sqlite.database import Database
from parsers.sqlite.rows import Row

HEAD = 4096
"""How many bytes of a file's beginning are read to see what it may be."""

SQLITE_MAGIC = b"SQLite format 3\0"

Needs = Mapping[str, tuple[str, ...]]
"""Tables and, for each, the columns without which it cannot be read."""


class Rows(Protocol):
    """What a parser reads of a database. A `Database` is one; so is anything that adds recovered rows to it."""

    def has(self, table: str, *columns: str) -> bool: ...
    def rows(self, table: str) -> Iterator[Row]: ...


class Everything:
    """The live rows of a database, then those that are deleted or earlier versions, each with its state."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def has(self, table: str, *columns: str) -> bool:
        return self._database.has(table, *columns)

    def rows(self, table: str) -> Iterator[Row]:
        yield from self._database.rows(table)
        yield from self._database.deleted(table)


class Parser(ABC):
    """One app's records on one platform: a file of `chats/`, `payments/` or `phone/`.

    A class that gives itself a `name` is enrolled. `title` and `limitations` are message ids, so that reports
    print them in both languages; `version` changes whenever the output does; `globs` are matched against the
    end of a path, ignoring case, `*` and `?` within one component.
    """

    name: ClassVar[str] = ""
    version: ClassVar[str]
    title: ClassVar[str]
    app: ClassVar[str]
    globs: ClassVar[tuple[str, ...]]
    limitations: ClassVar[tuple[str, ...]] = ()
    tested_on: ClassVar[tuple[str, ...]] = ()
    references: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def title_text(cls, lang: Lang = "en") -> str:
        return say(cls.title, lang)

    @classmethod
    def limitation_texts(cls, lang: Lang = "en") -> tuple[str, ...]:
        return tuple(say(message_id, lang) for message_id in cls.limitations)

    def named(self, path: str) -> bool:
        """Whether the path is one where the app keeps this file."""
        return path_pattern(self.globs).search(path.replace("\\", "/")) is not None

    @abstractmethod
    def claims(self, found: Found, head: bytes) -> bool:
        """Whether the content is this parser's; `head` is the first `HEAD` bytes. Never raises for bad evidence."""

    @abstractmethod
    def read(self, found: Found) -> Iterator[Record | Finding]:
        """Every record of a file that `claims` accepted, and what is wrong with it. Never raises for bad evidence."""

    def unrecognised(self, found: Found, head: bytes) -> Finding:
        """What to report of a file that stands at this parser's path and is not claimed by it."""
        return Finding(
            "parsers-layout-unknown",
            facts={"parser": self.name, "path": found.path},
            where={"artifact": found.sha256},
        )


class SqliteParser(Parser):
    """A parser of a SQLite database. It fits where every table and column of one of the `needs` is there."""

    needs: ClassVar[tuple[Needs, ...]]

    def fits(self, database: Rows) -> bool:
        return any(has_all(database, need) for need in self.needs)

    def claims(self, found: Found, head: bytes) -> bool:
        if not head.startswith(SQLITE_MAGIC):
            return False
        try:
            return self.fits(Database(found.main, found.wal, found.journal))
        except EvidenceError:
            return False

    def read(self, found: Found) -> Iterator[Record | Finding]:
        try:
            database = Database(found.main, found.wal, found.journal)
        except EvidenceError as error:
            yield _not_a_database(self.name, found, str(error))
            return
        if not self.fits(database):
            yield self.unrecognised(found, SQLITE_MAGIC)
            return
        try:
            yield from self.records(Everything(database), found)
        except EvidenceError as error:
            yield _not_a_database(self.name, found, str(error))
        for finding in database.findings:
            yield replace(finding, where={"artifact": found.sha256, **finding.where})

    @abstractmethod
    def records(self, database: Rows, found: Found) -> Iterator[Record | Finding]:
        """The rows as records, each with the state of its row."""

    def unrecognised(self, found: Found, head: bytes) -> Finding:
        if not head.startswith(SQLITE_MAGIC):
            return _not_a_database(self.name, found, "no SQLite header")
        try:
            tables = sorted(Database(found.main, found.wal, found.journal).tables)
        except EvidenceError as error:
            return _not_a_database(self.name, found, str(error))
        return Finding(
            "parsers-schema-unknown",
            facts={"parser": self.name, "path": found.path, "tables": ", ".join(tables)[:2000]},
            where={"artifact": found.sha256},
        )


def has_all(database: Rows, need: Needs) -> bool:
    """Whether every table and column of a need is there."""
    return all(database.has(table, *columns) for table, columns in need.items())


def row_place(found: Found, row: Row) -> Where:
    """The bytes of a database row. One without a rowid is named by its offset."""
    name = f"@{row.offset}" if row.rowid is None else row.rowid
    basis = "" if row.state is State.LIVE else str(row.basis)
    return Where(found.sha256, row.table.name, name, row.offset, row.file, basis)


def whole(row: Row, column: str) -> int | None:
    """A cell as a whole number, also where it was stored as text; None for anything else."""
    value = row.get(column)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, flags=re.ASCII):
        return int(value)
    return value if isinstance(value, int) else None


def extras(row: Row, *columns: str) -> dict[str, str]:
    """Stored cells that say something, as text, by their column's name."""
    found = {column: row.text(column) for column in columns}
    return {column: text for column, text in found.items() if text}


def by_number(rows: Iterable[Row], column: str) -> dict[int, Row]:
    """Rows by a number in them. Where several carry the same, a live one goes before any other."""
    found: dict[int, Row] = {}
    for row in rows:
        number = whole(row, column)
        if number is not None and (number not in found or _before(row, found[number])):
            found[number] = row
    return found


def grouped(database: Rows, table: str, column: str) -> defaultdict[int, list[Row]]:
    """A table's rows by a number in them; nothing where there is no such table or column."""
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    if database.has(table, column):
        for row in database.rows(table):
            number = whole(row, column)
            if number is not None:
                groups[number].append(row)
    return groups


def belonging(rows: Iterable[Row], owner: Row) -> list[Row]:
    """Those that may be said to belong to the owner: a deleted row is no part of a live one."""
    return [row for row in rows if row.state is State.LIVE or owner.state is not State.LIVE]


def _before(row: Row, other: Row) -> bool:
    return row.state is State.LIVE and other.state is not State.LIVE


def path_pattern(globs: Iterable[str]) -> re.Pattern[str]:
    """One expression for many globs, each matched against the end of a path with `/` between components."""
    return re.compile(r"(?:^|/)(?:" + "|".join(sorted(map(_glob, globs))) + r")\Z", re.IGNORECASE)


def _glob(pattern: str) -> str:
    return "".join({"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)) for char in pattern)


def _not_a_database(parser: str, found: Found, reason: str) -> Finding:
    return Finding(
        "parsers-not-a-database",
        severity=Severity.ERROR,
        facts={"parser": parser, "path": found.path, "reason": reason},
        where={"artifact": found.sha256},
    )
