"""The report as one HTML file that fetches nothing and runs nothing, in chunks.

A content security policy allows its one style sheet, by hash, and pictures that stand in the file. Every text is
escaped by the template engine and made visible first; the whole appendices stand at the end.
"""

import base64
import hashlib
from collections.abc import Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chain_of_custody.messages import Lang
from reports import qr
from reports.blocks import Outline, Para, Section, lines
from reports.outline import outline
from reports.pictures import printable
from reports.story import Story
from reports.story_custody import Photo
from reports.visible import visible
from reports.words import Words

_CHUNK = 256  # pieces of the template engine that go together


def build(story: Story, lang: Lang = "zh") -> Iterator[bytes]:
    """The file, UTF-8, in chunks of some kilobytes; the same bytes for the same story."""
    words = Words(lang, story.case.zone)
    whole = outline(story, lang)
    sheets = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined)
    style = sheets.get_template("style.html").render()

    def shown(text: str) -> str:
        return visible(words.cut(text))

    sheets.globals |= {
        "shown": shown,
        "code": lambda text: "\n".join(map(visible, text.split("\n"))),
        "cell_lines": lambda cell, kind: map(shown, lines(cell, kind)),
        "type_of": lambda block: type(block).__name__,
        "qr": lambda payload: data_uri("image/svg+xml", qr.svg(payload)),
        "photo": photo_uri,
    }
    stream = sheets.get_template("report.html").stream(
        outline=whole,
        sections=(*whole.sections, _appendices(whole, words), whole.closing),
        words=words,
        fault=words("photo-fault"),
        style=Markup(style),  # noqa: S704 our own file, without a word from outside
        policy=policy(style),
    )
    stream.enable_buffering(_CHUNK)
    for chunk in stream:
        yield chunk.encode()


def policy(style: str) -> str:
    """Content Security Policy Level 3: nothing but this style sheet and pictures within the file."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def photo_uri(photo: Photo) -> str | None:
    picture = printable(photo.image())
    return None if picture is None else data_uri("image/jpeg", picture)


def data_uri(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def _appendices(whole: Outline, words: Words) -> Section:
    number, title = whole.appendix_title
    return Section(number, title, (Para(words("appendices-here" if whole.appendices else "none")),))
