"""Rows of a delimited text, each with its line number, its byte offset, and whether its bytes were text."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

MAX_BYTES = 64 * 1024 * 1024
"""A bill is far smaller: a person's five years are about 2 MB."""

MAX_LINES = 1_000_000
_MAX_JOIN = 16  # physical lines that one quoted cell may run over

_BLANKS = " \t\r\n\v\f\u00a0\u3000\ufeff\u200b"


@dataclass(frozen=True, slots=True)
class Line:
    """One row: `number` counts from 1, `offset` is the byte at which it begins (None in a workbook).

    `numbers` are the cells that were stored as numbers, not text; `damaged` says that bytes were not text in the
    encoding, and stand in the cells as `\\xNN`; `ended` is False where the file stops without a line end.
    """

    number: int
    offset: int | None
    cells: tuple[str, ...]
    damaged: bool = False
    ended: bool = True
    numbers: frozenset[int] = frozenset()

    @property
    def text(self) -> str:
        """The row in one piece, without the empty cells that pad it."""
        return ",".join(self.cells).rstrip("," + _BLANKS)

    @property
    def filled(self) -> int:
        """How many cells there are up to the last that says anything."""
        return max((i for i, cell in enumerate(self.cells, 1) if cell), default=0)


def clean(cell: str) -> str:
    """A cell without the padding of exports: tabs, spaces of every width, byte order marks, and the
    `="..."` that keeps spreadsheets from reading a number."""
    bare = cell.strip(_BLANKS)
    if bare.startswith('="') and bare.endswith('"') and len(bare) > 2:
        bare = bare[2:-1].strip(_BLANKS)
    return bare


def encodings(data: bytes) -> tuple[tuple[str, int], ...]:
    """The encodings to try, in order, each with the length of its byte order mark: what the mark says, UTF-8,
    then GB18030 (GB 18030-2005, of which GBK is a part)."""
    tried = [("utf-8", 0), ("gb18030", 0)]
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            tried.insert(0, (encoding, len(mark)))
    return tuple(tried)


def is_text(data: bytes, encoding: str) -> bool:
    """Whether every byte is valid in the encoding."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def lines(data: bytes, encoding: str, start: int = 0) -> Iterator[Line]:
    """The rows from byte `start` on. A quoted cell may run over several lines; a quote that is never closed
    does not swallow the rows after it."""
    pending = list(_physical(data, encoding, start))
    at = 0
    while at < len(pending):
        taken = 1
        cells, is_open = _split(pending[at][1])
        while is_open and taken < _MAX_JOIN and at + taken < len(pending):
            taken += 1
            joined, is_open = _split("".join(text for _, text, _ in pending[at : at + taken]))
            if not is_open:
                cells = joined
        if is_open:
            taken = 1
        damaged = any(broken for _, _, broken in pending[at : at + taken])
        ended = at + taken < len(pending) or data.endswith("\n".encode(encoding))
        yield Line(at + 1, pending[at][0], tuple(clean(cell) for cell in cells), damaged, ended)
        at += taken


def _physical(data: bytes, encoding: str, start: int) -> Iterator[tuple[int, str, bool]]:
    newline = "\n".encode(encoding)
    offset = start
    for _ in range(MAX_LINES):
        if offset >= len(data):
            return
        end = data.find(newline, offset)
        while end != -1 and (end - start) % len(newline):
            end = data.find(newline, end + 1)
        stop = len(data) if end == -1 else end + len(newline)
        piece = data[offset:stop]
        try:
            yield offset, _one_line(piece.decode(encoding)), False
        except UnicodeDecodeError:
            yield offset, _one_line(piece.decode(encoding, errors="backslashreplace")), True
        offset = stop


def _one_line(text: str) -> str:
    return text.rstrip("\r\n").replace("\r", " ") + "\n"


def _split(text: str) -> tuple[list[str], bool]:
    """Cells, and whether a quote is still open: the csv reader then leaves the line's end in the last cell."""
    try:
        cells = next(csv.reader([text]), [])
    except csv.Error:
        return [text], False
    return cells, bool(cells) and cells[-1].endswith("\n")
