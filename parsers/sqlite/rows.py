"""A table as its CREATE statement describes it, and a row of it with the place of its bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

from parsers.records import State
from parsers.sqlite.record import Value
from parsers.sqlite.schema import Shape, fold


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the schema. `root_page` counts from 1; `sql` is the statement as stored."""

    name: str
    sql: str
    root_page: int
    shape: Shape

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the stored columns in declared order; virtual generated ones hold no bytes: left out."""
        return self.shape.names

    @property
    def without_rowid(self) -> bool:
        return self.shape.without_rowid


class Basis(StrEnum):
    """On what a row rests: how sure it is that these bytes were this row."""

    CELL = "cell"  # a page points at it, or pointed at it when that version of the page was written
    WHOLE = "whole"  # complete in free bytes; part of its body may have been written over unseen
    HEADLESS = "headless"  # its first four bytes were overwritten and worked out again


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `values` in the order of `table.columns`.

    `file` is main, wal or journal; `offset` is the byte in that file at which the row's cell begins; `page`
    is the page number in the database; `commit` is the ordinal, from 1, of the WAL commit that wrote the
    page, None outside the WAL. `rowid` is None in WITHOUT ROWID tables and where it was overwritten.
    """

    table: Table
    values: tuple[Value, ...]
    rowid: int | None
    file: str
    offset: int
    page: int
    state: State = State.LIVE
    commit: int | None = None
    basis: Basis = Basis.CELL

    def __getitem__(self, column: str) -> Value:
        """The value of a column, its name in any case; a name that the table has not raises `KeyError`."""
        return self.values[self.table.shape.positions[fold(column)]]

    @overload
    def get(self, column: str) -> Value: ...
    @overload
    def get(self, column: str, default: Value) -> Value: ...
    def get(self, column: str, default: Value = None) -> Value:
        """The value of a column, or `default` where the table has no such column."""
        position = self.table.shape.positions.get(fold(column))
        return default if position is None else self.values[position]

    def text(self, column: str) -> str | None:
        """The value as text; None for NULL and for a column that the table has not.

        A blob is read as UTF-8, bytes that are not UTF-8 kept as visible `\\xNN`. Never raises.
        """
        value = self.get(column)
        if value is None or isinstance(value, str):
            return value
        return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def shaped(shape: Shape, stored: Sequence[Value], rowid: int | None) -> tuple[Value, ...]:
    """A record's values in declared order, as SQLite would show them.

    Columns that were added after the row was written take their default; an INTEGER PRIMARY KEY takes the
    rowid; whole numbers in a REAL column, stored as integers to save room, become floats again.
    """
    count = len(stored)
    values = [stored[at] if at < count else default for at, default in zip(shape.slots, shape.defaults, strict=True)]
    if shape.alias is not None and rowid is not None:
        values[shape.alias] = rowid
    for position in shape.reals:
        value = values[position]
        if isinstance(value, int):
            values[position] = float(value)
    return tuple(values)
