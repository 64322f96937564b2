"""Blocks as plain JSON values for the typesetter: text made visible, long runs of characters made breakable."""

import re
from collections.abc import Callable, Iterable

from reports.blocks import (
    Block,
    Cell,
    Code,
    Fields,
    Group,
    Heading,
    Kind,
    Para,
    Photos,
    Qr,
    Row,
    Section,
    Signatures,
    Steps,
    Table,
    lines,
)
from reports.pictures import printable
from reports.qr import svg

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

# Twelve or more characters of a script that breaks lines only at spaces (CJK, from U+2E80 on, breaks anywhere),
# unless they are an ordinary long word.
_LONG_RUN = re.compile("((?=[!-\u2e7f]{12})(?![\"'(]?[A-Za-z'’]{1,19}[\"').,;:]*(?![!-\u2e7f]))[!-\u2e7f]+)")
_PIECE = 4


class Layout:
    """`shown` makes a text fit to be printed; `keep` takes a picture's bytes and suffix and gives the name under
    which the typesetter finds it."""

    def __init__(self, shown: Callable[[str], str], keep: Callable[[bytes, str], str]) -> None:
        self.shown = shown
        self._keep = keep

    def line(self, text: str) -> Json:
        """A string; where it has long runs, a list in which these are one-element lists to break between."""
        pieces = _LONG_RUN.split(self.shown(text))
        if len(pieces) == 1:
            return pieces[0]
        line: list[Json] = []
        for number, piece in enumerate(pieces):
            if number % 2:
                line.extend([piece[at : at + _PIECE]] for at in range(0, len(piece), _PIECE))
            elif piece:
                line.append(piece)
        return line

    def cell(self, cell: Cell, kind: Kind) -> Json:
        """The lines of a cell."""
        if kind in (Kind.HASH, Kind.NUMBER):
            return [self.shown(text) for text in lines(cell, kind)]
        return [self.line(text) for text in lines(cell, kind)]

    def fields(self, fields: Fields) -> Json:
        return [
            {"label": self.line(one.label), "value": self.cell(one.value, one.kind), "kind": str(one.kind)}
            for one in fields.fields
        ]

    def table(self, table: Table, rows: Iterable[Row | Group]) -> dict[str, Json]:
        kinds = [column.kind for column in table.columns]
        columns: list[Json] = [
            {"head": self.line(column.head), "width": column.width, "kind": str(column.kind)}
            for column in table.columns
        ]
        return {"type": "table", "columns": columns, "rows": [self._row(row, kinds) for row in rows]}

    def _row(self, row: Row | Group, kinds: list[Kind]) -> Json:
        if isinstance(row, Group):
            return {"group": self.line(row.text), "again": row.again}
        return [self.cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)]

    def section(self, section: Section, fault: str) -> dict[str, Json]:
        """`fault` stands in the place of a picture that cannot be decoded."""
        blocks: list[Json] = [self.block(block, fault) for block in section.blocks]
        return {"number": section.number, "title": section.title, "blocks": blocks}

    def block(self, block: Block, fault: str) -> dict[str, Json]:
        match block:
            case Heading(text):
                return {"type": "heading", "text": self.line(text)}
            case Para(text, tone):
                return {"type": "para", "text": self.line(text), "tone": tone}
            case Fields():
                return {"type": "fields", "fields": self.fields(block)}
            case Steps(texts):
                return {"type": "steps", "texts": [self.line(text) for text in texts]}
            case Code(text):
                return {"type": "code", "lines": [self.line(text) for text in text.rstrip("\n").split("\n")]}
            case Table():
                return self.table(block, block.rows())
            case Photos():
                return {"type": "photos", "photos": self._photos(block), "fault": fault}
            case Qr(payload, text):
                return {"type": "qr", "image": self._keep(svg(payload), ".svg"), "text": self.line(text)}
            case Signatures(places, date):
                return {"type": "signatures", "places": [self.line(place) for place in places], "date": date}

    def _photos(self, block: Photos) -> list[Json]:
        photos: list[Json] = []
        for photo, under in zip(block.photos, block.lines, strict=True):
            picture = printable(photo.image())
            name = None if picture is None else self._keep(picture, ".jpg")
            photos.append({"image": name, "lines": [self.line(line) for line in under]})
        return photos
