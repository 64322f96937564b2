"""The HTML: one file, no script, nothing fetched, text only text."""

import base64
import hashlib
import re
import sys
import tracemalloc
from html.parser import HTMLParser
from types import ModuleType

import pytest

from reports.html import build
from reports.visible import visible

VOID = {"meta", "br", "hr", "img", "col"}


class Page(HTMLParser):
    """Elements with their attributes, the text of each, and whether every element is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text.append(data)


def page(story: object, lang: str = "zh") -> str:
    return b"".join(build(story, lang)).decode()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_hostile_text_stays_text(made: ModuleType, lang: str) -> None:
    parsed = Page(page(made.hostile(), lang))
    plain = Page(page(made.story(rows=4), lang))
    assert {tag for tag, _ in parsed.elements} <= {tag for tag, _ in plain.elements}
    assert "script" not in {tag for tag, _ in parsed.elements}
    assert {name for _, attributes in parsed.elements for name in attributes} <= {
        name for _, attributes in plain.elements for name in attributes
    }
    text = "".join(parsed.text)
    assert visible(made.HOSTILE) in text
    assert not set(text) & set("\x1b\u202e\x00")


def test_nothing_is_fetched_and_nothing_runs(made: ModuleType) -> None:
    whole = page(made.story(rows=4))
    for tag, attributes in Page(whole).elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("src", "href", "action", "data", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:image/", "#")), (tag, value)
    style = re.search(r"<style>(.*?)</style>", whole, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src &#39;none&#39;; style-src &#39;sha256-{digest}&#39;; img-src data:" in whole
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_it_is_the_same_each_time(made: ModuleType) -> None:
    assert page(made.story(rows=9), "en") == page(made.story(rows=9), "en")


def test_rare_characters_are_written(made: ModuleType) -> None:
    text = "".join(Page(page(made.hostile(made.RARE))).text)
    assert "😀 𠮷" in text
    assert "[U+D800 SURROGATE]" in text
    assert "[U+E123 PRIVATE USE]" in text


def test_marks_and_empty_sections_stand(made: ModuleType) -> None:
    text = "".join(Page(page(made.empty(), "en")).text)
    assert "DRAFT · TRAINING CASE, NOT EVIDENCE" in text
    assert text.count("None recorded") > 20
    assert "no head has left the laboratory" in text


def test_hashes_are_in_two_lines(made: ModuleType) -> None:
    digest = made.sha("f0")
    assert f"{digest[:32]}<br>{digest[32:]}" in page(made.story(rows=1))


def test_rows_do_not_gather_in_memory(made: ModuleType) -> None:
    many = made.replace(made.empty(), recovered=made.Files(rows=lambda: made.file_rows(4000)))
    next(build(many))  # the templates are compiled once
    tracemalloc.start()
    size = sum(map(len, build(many)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 2_000_000
    assert peak < 2_000_000 if sys.version_info >= (3, 12) else peak < 4_000_000
