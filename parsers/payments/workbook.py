"""Rows of a workbook's sheets, read within bounds: a workbook from evidence may be made to exhaust its reader."""

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import openpyxl

from chain_of_custody.errors import EvidenceError
from parsers.payments.delimited import Line, clean

MAX_UNPACKED = 64 * 1024 * 1024
MAX_MEMBERS = 2000
MAX_SHEETS = 20
MAX_ROWS = 200_000
MAX_COLUMNS = 64


class _Worksheet(Protocol):
    """As much of openpyxl's read-only worksheet as is used."""

    title: str

    def reset_dimensions(self) -> None: ...
    def iter_rows(self, *, max_row: int, max_col: int, values_only: bool) -> Iterator[tuple[object, ...]]: ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; `cut` says that it has more rows than were read."""

    name: str
    lines: tuple[Line, ...]
    cut: bool


def sheets(data: bytes, rows: int = MAX_ROWS) -> tuple[Sheet, ...]:
    """The first `rows` rows of each sheet (Office Open XML, ECMA-376 part 1). Raises `EvidenceError` for what is
    no workbook, is broken, is encrypted, or unpacks to more than `MAX_UNPACKED` bytes."""
    _check_container(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            return tuple(_sheet(sheet, rows) for sheet in book.worksheets[:MAX_SHEETS])
    except Exception as error:  # the border: a damaged workbook makes openpyxl raise anything
        raise EvidenceError("parsers-workbook-broken", reason=f"{type(error).__name__}: {error}"[:200]) from error


def _check_container(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as container:
            members = container.infolist()
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, EOFError, OverflowError) as error:
        raise EvidenceError("parsers-workbook-broken", reason=str(error)[:200]) from error
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED:
        raise EvidenceError("parsers-workbook-too-large", members=len(members), size=unpacked)
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise EvidenceError("parsers-workbook-broken", reason="no xl/workbook.xml")


def _sheet(sheet: _Worksheet, rows: int) -> Sheet:
    sheet.reset_dimensions()  # what a sheet declares of its size is not to be believed
    lines = tuple(_lines(sheet, rows + 1))
    return Sheet(sheet.title, lines[:rows], len(lines) > rows)


def _lines(sheet: _Worksheet, rows: int) -> Iterator[Line]:
    for number, values in enumerate(sheet.iter_rows(max_row=rows, max_col=MAX_COLUMNS, values_only=True), 1):
        numbers = frozenset(i for i, value in enumerate(values) if isinstance(value, int | float))
        yield Line(number, None, tuple(clean(_text(value)) for value in values), numbers=numbers)


def _text(value: object) -> str:
    """A cell as text: numbers in the shortest form that gives the same number again, dates as a bill prints them."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    return repr(value) if isinstance(value, float) else str(value)
