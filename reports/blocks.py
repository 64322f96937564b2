"""What a page is made of, whatever it is printed as: PDF and HTML lay out the same blocks."""

from dataclasses import dataclass
from enum import StrEnum

from reports.rows import Rows
from reports.story_custody import Photo


class Kind(StrEnum):
    """How a cell is set."""

    TEXT = "text"
    HASH = "hash"  # fixed pitch, lines of 32 characters
    CODE = "code"  # fixed pitch
    NUMBER = "number"  # to the right


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is a share of the table's width."""

    head: str
    width: float = 1.0
    kind: Kind = Kind.TEXT


Cell = str | tuple[str, ...]
"""One text, or several lines of it."""
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A heading between the rows of a table; `again` where a volume begins within the group."""

    text: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[Column, ...]
    rows: Rows[Row | Group]


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Para:
    """`tone`: plain, remark (small and grey), pointer (to an appendix), strong (framed)."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Field:
    label: str
    value: Cell
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Fields:
    """Labels and values, a pair a line."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """Numbered sentences."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to be typed or compared, as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Photos:
    photos: tuple[Photo, ...]
    lines: tuple[tuple[str, ...], ...]
    """What stands under each picture."""


@dataclass(frozen=True, slots=True)
class Qr:
    payload: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Signatures:
    """A place to sign for each, with the word that stands before the date."""

    places: tuple[str, ...]
    date: str


Block = Heading | Para | Fields | Steps | Code | Table | Photos | Qr | Signatures


@dataclass(frozen=True, slots=True)
class Section:
    """`number` is printed before the title."""

    number: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Appendix:
    """A table too long for the main paper."""

    number: int
    title: str
    table: Table


@dataclass(frozen=True, slots=True)
class Cover:
    agency: str
    title: str
    subtitle: str
    fields: Fields
    remarks: tuple[str, ...]
    qr: Block


@dataclass(frozen=True, slots=True)
class Margin:
    """What stands on every page. `pages` holds `{page}` and `{total}`; `marks` are a draft's or a training case's."""

    case: str
    title: str
    head: str
    pages: str
    marks: tuple[str, ...]
    continued: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole report in one language, ready to be laid out."""

    lang: str
    case_number: str
    date: str
    cover: Cover
    margin: Margin
    sections: tuple[Section, ...]
    appendices: tuple[Appendix, ...]
    appendix_title: tuple[str, str]
    """Number and title of the section that lists the appendices; it stands before the closing."""
    closing: Section
    """The signatures."""


HASH_LINE = 32
"""Characters of a hash that are printed on one line."""


def lines(cell: Cell, kind: Kind) -> list[str]:
    """The lines of a cell; an empty one has one empty line."""
    texts = [cell] if isinstance(cell, str) else list(cell)
    if kind is Kind.HASH:
        texts = [text[at : at + HASH_LINE] for text in texts for at in range(0, len(text), HASH_LINE)]
    return texts or [""]
