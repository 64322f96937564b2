"""A seized SQLite database: its tables, and its rows with the byte offset of each."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from chain_of_custody.finding import Finding
from parsers.source import Bytes
from parsers.sqlite import reading, schema
from parsers.sqlite.deleted import Recovery
from parsers.sqlite.findings import Findings
from parsers.sqlite.header import Header
from parsers.sqlite.pages import Files, Pages, current
from parsers.sqlite.rows import Basis, Row, Table

__all__ = ["Basis", "Database", "Row", "Table"]


class Database:
    """Reads the files of one database; nothing is written, nothing is asked of SQLite.

    What is shown as live is what SQLite itself would show: committed frames of the write-ahead log on top of
    the main file, a hot rollback journal put back. Opening raises `EvidenceError` "sqlite-empty",
    "sqlite-not-a-database" or "sqlite-encrypted-or-damaged"; later faults are in `findings`.
    """

    def __init__(self, main: Bytes, wal: Bytes | None = None, journal: Bytes | None = None) -> None:
        self._findings = Findings()
        self._pages = current(Files(main, wal, journal), self._findings)
        self._tables = reading.tables(self._pages, self._findings)

    @property
    def header(self) -> Header:
        return self._pages.header

    @property
    def pages(self) -> Pages:
        return self._pages

    @property
    def tables(self) -> Mapping[str, Table]:
        """Every table that has rows of its own: no views, no virtual tables, not the schema itself."""
        return self._tables

    @property
    def dropped(self) -> Mapping[str, Table]:
        """Tables that the schema no longer has but whose CREATE statement still stands in free bytes."""
        return self._recovery.dropped

    @property
    def findings(self) -> list[Finding]:
        """The faults met so far; grows while rows are read."""
        return self._findings.all()

    def has(self, table: str, *columns: str) -> bool:
        """Whether there is such a table with at least these columns, names in any case."""
        found = self._tables.get(table)
        return found is not None and all(schema.fold(column) in found.shape.positions for column in columns)

    def rows(self, table: str) -> Iterator[Row]:
        """The live rows in key order, read as they are asked for. An unknown table raises `KeyError`."""
        return reading.live_rows(self._pages, self._tables[table], self._findings)

    def deleted(self, table: str) -> Iterator[Row]:
        """Rows that are not live but still stand in the files: deleted, or earlier versions of live ones.

        `table` may also be a dropped one. Where a row's rowid was overwritten it is None, and whether the row
        was deleted or changed cannot be told; its state is deleted. What a transaction wrote that never came
        to its end has the state unknown. `row.basis` says how sure the row is. An unknown table raises `KeyError`.
        """
        return self._recovery.rows(self._tables.get(table) or self._recovery.dropped[table])

    @cached_property
    def _recovery(self) -> Recovery:
        return Recovery(self._pages, self._tables, self._findings)
