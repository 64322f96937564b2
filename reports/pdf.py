"""The report as PDF/A-3b: volumes of the appendices first, then the main paper, which lists them by SHA-256.

The same story gives the same bytes in every run: the date is that of the ledger head, the font is one file named by
its hash, and nothing of the machine or the hour enters.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata

from chain_of_custody.errors import ForensicError
from chain_of_custody.hashing import sha256_hex
from chain_of_custody.messages import Lang
from reports import font
from reports.blocks import Appendix, Column, Group, Kind, Outline, Para, Row, Section, Table, lines
from reports.layout import Json, Layout
from reports.outline import outline
from reports.story import Story
from reports.story_trust import Head
from reports.visible import Visible
from reports.words import Words
from reports.workshop import Workshop, template_hashes

ROWS = 2000
"""Rows of one volume; more would cost the typesetter gigabytes."""

LINES = 16_000
CHARACTERS = 1_000_000
"""Lines of cells and printed characters after which a volume is full, for the same reason."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One finished file. `name` has no suffix and nothing of the evidence in it; `rows` only a volume has."""

    name: str
    title: str
    content: bytes
    rows: int | None = None
    suffix: str = ".pdf"


@dataclass(frozen=True, slots=True)
class _Volume:
    """What the main paper says of a volume."""

    file: str
    title: str
    rows: int
    sha256: str


def build(story: Story, lang: Lang = "zh") -> Iterator[Paper]:
    """Every paper of the report, one at a time, the main paper (`report`) last.

    Raises `Unavailable` without the typesetter or a font, `CannotWrite` without room in the temporary folder,
    `ForensicError` where the typesetter fails.
    """
    words = Words(lang, story.case.zone)
    printer = _Printer(outline(story, lang), words, font.find(), date_of(story.head.at))
    made: list[_Volume] = []
    for paper in printer.volumes():
        made.append(_Volume(paper.name + paper.suffix, paper.title, paper.rows or 0, sha256_hex(paper.content)))
        yield paper
    yield printer.main(story.head, made)


class _Printer:
    """Prints one outline."""

    def __init__(self, whole: Outline, words: Words, face: font.Font, date: Json) -> None:
        self._whole = whole
        self._words = words
        self._face = face
        self._date = date
        self._visible = Visible(face.covered.__contains__)

    def volumes(self) -> Iterator[Paper]:
        for appendix in self._whole.appendices:
            for number, rows in enumerate(volumes(appendix.table.rows(), self._shown), 1):
                yield self._volume(appendix, number, rows)

    def main(self, head: Head, made: list[_Volume]) -> Paper:
        whole, fault = self._whole, self._words("photo-fault")
        cover = whole.cover
        with Workshop(self._face) as workshop:
            layout = Layout(self._shown, workshop.keep)
            sections = (*whole.sections, self._appendices(made))
            data = self._common(layout, f"{cover.title} {whole.case_number}")
            data |= {
                "contents": self._words("contents"),
                "cover": {
                    "agency": layout.line(cover.agency),
                    "title": cover.title,
                    "subtitle": layout.line(cover.subtitle),
                    "remarks": list(cover.remarks),
                    "fields": layout.fields(cover.fields),
                    "qr": layout.block(cover.qr, fault),
                },
                "sections": [layout.section(section, fault) for section in sections],
                "closing": layout.section(whole.closing, fault),
            }
            manifest = self._manifest(head, made)
            content = workshop.typeset("report", "report.typ", data, manifest)
        return Paper("report", cover.title, content)

    def _shown(self, text: str) -> str:
        return self._visible(self._words.cut(text))

    def _volume(self, appendix: Appendix, number: int, rows: list[Row | Group]) -> Paper:
        name = f"appendix-{appendix.number:02}-{number:03}"
        title = self._words("volume", number=appendix.number, title=appendix.title, volume=number)
        with Workshop(self._face) as workshop:
            layout = Layout(self._shown, workshop.keep)
            data = self._common(layout, title)
            data |= {"heading": layout.line(title), "table": layout.table(appendix.table, rows)}
            content = workshop.typeset(name, "volume.typ", data, tags=False)
        return Paper(name, self._shown(title), content, sum(not isinstance(row, Group) for row in rows))

    def _common(self, layout: Layout, title: str) -> dict[str, Json]:
        margin = self._whole.margin
        return {
            "lang": self._whole.lang,
            "title": self._shown(title),
            "date": self._date,
            "margin": {
                "case": layout.line(margin.case),
                "title": margin.title,
                "head": layout.line(margin.head),
                "pages": margin.pages,
                "marks": list(margin.marks),
                "continued": margin.continued,
            },
        }

    def _appendices(self, made: list[_Volume]) -> Section:
        words = self._words
        number, title = self._whole.appendix_title
        if not made:
            return Section(number, title, (Para(words("none")),))
        columns = (
            Column(words("file"), 1.7, Kind.CODE),
            Column(words("title"), 2.2),
            Column(words("rows"), 0.7, Kind.NUMBER),
            Column("SHA-256", 2.6, Kind.HASH),
        )
        table = Table(columns, lambda: ((v.file, v.title, f"{v.rows:,}", v.sha256) for v in made))
        return Section(number, title, (Para(words("appendices-note")), table))

    def _manifest(self, head: Head, made: list[_Volume]) -> Json:
        """What made the paper and what belongs to it, for a program to read."""
        return {
            "schema": 1,
            "case": self._whole.case_number,
            "head": {
                "size": head.size,
                "root": head.root,
                "note": head.note,
                "public_key": head.public_key,
                "at": head.at,
            },
            "font": {"file": self._face.path.name, "sha256": self._face.sha256},
            "templates": template_hashes(),
            "typesetter": {"typst": metadata.version("typst")},
            "appendices": [{"file": v.file, "rows": v.rows, "sha256": v.sha256} for v in made],
        }


def volumes(rows: Iterator[Row | Group], shown: Callable[[str], str]) -> Iterator[list[Row | Group]]:
    """The rows in lists that one volume holds; a list that begins within a group begins with its heading.

    `shown` gives a text as it will be printed, which is what is counted.
    """
    volume: list[Row | Group] = []
    written = characters = 0
    group: Group | None = None
    for row in rows:
        if len(volume) >= ROWS or written >= LINES or characters >= CHARACTERS:
            yield volume
            volume = [Group(group.text, again=True)] if group and not isinstance(row, Group) else []
            written = characters = 0
        if isinstance(row, Group):
            group = row
        else:
            texts = [text for cell in row for text in lines(cell, Kind.TEXT)]
            written += len(texts)
            characters += sum(len(shown(text)) for text in texts)
        volume.append(row)
    if volume:
        yield volume


def date_of(at: str) -> dict[str, Json]:
    """The date of the paper, in UTC, as the typesetter takes it."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise ForensicError("reports-bad-time", time=at) from error
    if moment.tzinfo is None:
        raise ForensicError("reports-bad-time", time=at)
    moment = moment.astimezone(UTC)
    return {part: getattr(moment, part) for part in ("year", "month", "day", "hour", "minute", "second")}
