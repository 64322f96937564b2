"""What stands in a report, whatever it is printed as."""

from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import pytest

from reports import pdf
from reports.annex import INLINE
from reports.blocks import Group, Para, Row, Table
from reports.outline import SECTIONS, outline
from reports.words import LONGEST, Words


@pytest.mark.parametrize(("lang", "none"), [("zh", "无记录"), ("en", "None recorded")])
def test_an_empty_section_says_so_and_stays(made: ModuleType, lang: str, none: str) -> None:
    whole = outline(made.empty(), lang)
    assert len(whole.sections) == len(SECTIONS)
    without = [s for s in whole.sections if not any(none in getattr(b, "text", "") for b in s.blocks)]
    assert [s.title for s in without] == []
    assert whole.appendices == ()


def test_a_full_story_has_every_section_and_appendix(made: ModuleType) -> None:
    whole = outline(made.story(rows=60), "en")
    assert [a.number for a in whole.appendices] == list(range(1, len(whole.appendices) + 1))
    titles = [a.title for a in whole.appendices]
    assert titles[:3] == ["Recovered files", "Carved files", "Messages"]
    assert "Totals by counterparty: 某银行流水" in titles
    assert "Totals by counterparty: 微信支付账单（微信导出）" not in titles


def test_sources_of_payments_are_never_added(made: ModuleType) -> None:
    payments = outline(made.story(), "en").sections[6]
    tables = [b for b in payments.blocks if isinstance(b, Table)]
    lasts = [list(t.rows())[-1] for t in tables if t.columns[0].head == "Year"]
    assert [row[0] for row in lasts] == ["This source in all"] * 2
    assert lasts[0][1] == ("9,162,302.50 CNY", "count 6,020")
    assert any(isinstance(b, Para) and "must not be added" in b.text for b in payments.blocks)


def test_a_table_is_inline_up_to_its_limit(made: ModuleType) -> None:
    def limits(count: int) -> int:
        few = tuple(made.Limitation(f"parser {n}", "x") for n in range(count))
        return len(outline(replace(made.empty(), limitations=few), "zh").appendices)

    assert limits(INLINE) == 0
    assert limits(INLINE + 1) == 1


def test_a_volume_begins_with_the_heading_of_its_group() -> None:
    def rows() -> Iterator[Row | Group]:
        yield Group("first")
        yield from (("a",) for _ in range(pdf.ROWS))
        yield Group("second")
        yield ("b",)

    one, two = pdf.volumes(rows(), str)
    assert len(one) == pdf.ROWS
    assert two == [Group("first", again=True), ("a",), Group("second"), ("b",)]


def test_a_volume_is_full_when_its_text_is_long() -> None:
    rows = iter([("x" * 300_000,)] * 9)
    assert [len(v) for v in pdf.volumes(rows, str)] == [4, 4, 1]


def test_a_volume_is_full_when_its_cells_have_many_lines() -> None:
    rows = iter([(("x",) * 4000,)] * 9)
    assert [len(v) for v in pdf.volumes(rows, str)] == [4, 4, 1]


def test_text_from_evidence_is_counted_as_printed() -> None:
    rows = iter([("\x00" * 20_000,)] * 9)
    assert [len(v) for v in pdf.volumes(rows, lambda text: text * 13)] == [4, 4, 1]


def test_cells_are_counted_one_by_one() -> None:
    words = Words("en", "UTC")
    rows = iter([(("x" * LONGEST,) * 100,)] * 9)
    assert [len(v) for v in pdf.volumes(rows, words.cut)] == [3, 3, 3]


def test_a_very_long_signed_head_has_no_qr_code(made: ModuleType) -> None:
    story = made.story(rows=1)
    whole = outline(replace(story, head=replace(story.head, note="x" * 3000)), "en")
    assert isinstance(whole.cover.qr, Para)


def test_one_person_alone_is_printed(made: ModuleType) -> None:
    section = outline(made.story(), "zh").sections[9]
    assert section.title == "由一人单独完成的操作"
    (table,) = [b for b in section.blocks if isinstance(b, Table)]
    assert list(table.rows()) == [("15", "启封 EX-001", "李娜", "2026-03-05 09:10:00 +08:00")]
