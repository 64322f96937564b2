"""What stands in a report, whatever it is printed as."""

from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import pytest

from chain_of_custody.messages import Lang
from reports import pdf
from reports.about_signatures import signed
from reports.annex import INLINE
from reports.blocks import Cell, Fields, Group, Para, Row, Section, Table
from reports.outline import SECTIONS, outline
from reports.story import Story
from reports.story_trust import Signed
from reports.words import LONGEST, Words


def section(story: Story, lang: Lang, title: str) -> Section:
    (found,) = (one for one in outline(story, lang).sections if one.title == title)
    return found


def fields_of(section: Section) -> list[dict[str, Cell]]:
    return [{one.label: one.value for one in b.fields} for b in section.blocks if isinstance(b, Fields)]


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
    payments = section(made.story(), "en", "Payments")
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
    alone = section(made.story(), "zh", "由一人单独完成的操作")
    (table,) = [b for b in alone.blocks if isinstance(b, Table)]
    assert list(table.rows()) == [("15", "启封 EX-001", "李娜", "2026-03-05 09:10:00 +08:00")]


def test_a_secret_is_told_by_where_it_came_from(made: ModuleType) -> None:
    secrets = section(made.story(), "en", "Passcodes and other secrets")
    told, other = fields_of(secrets)
    assert (told["Kind"], told["Supplied by"], told["Authority"]) == ("passcode", "王某某", "not stated")
    assert (told["Given voluntarily"], told["Explicit notice"]) == ("yes", "yes")
    assert told["Entered"] == "张伟, 李娜; 2026-03-05 09:12:00 +08:00; entry 18"
    assert (other["Opens"], other["Given voluntarily"], other["Explicit notice"]) == ("保密柜", "no", "not stated")
    lacking = [b.text for b in secrets.blocks if isinstance(b, Para) and b.tone == "strong"]
    assert [text.split()[0] for text in lacking] == ["Lacking:"] * 2
    (table,) = [b for b in secrets.blocks if isinstance(b, Table)]
    assert list(table.rows()) == [("2026-03-05 09:15:00 +08:00", "张伟, 李娜", "解锁手机以便提取", "19")]


def test_who_signed_what_by_which_key(made: ModuleType) -> None:
    keys, acts = [b for b in section(made.story(), "en", "How to verify").blocks if isinstance(b, Table)]
    first, second = keys.rows()
    assert first[:2] == ("张伟", "99887766")
    assert first[4] == ("replaced by entry 12", "2026-03-02 10:00:00 +08:00")
    assert second[4] == "valid"
    sealed, corrected, _ = acts.rows()
    assert sealed[1:] == (
        "sealing",
        ("EX-001",),
        "2026-03-02 11:10:00 +08:00",
        ("李娜: unsigned, had no key enrolled then",),
    )
    assert corrected[2] == ("entry 3",)
    assert corrected[4] == ("张伟: signed (0a1b2c3d)", "李娜: unsigned, had no key enrolled then")


def test_a_change_names_who_signed_it(made: ModuleType) -> None:
    changes = section(made.story(), "zh", "更正、排除、改属、处置与备注")
    (table,) = [b for b in changes.blocks if isinstance(b, Table)]
    correction, exclusion = table.rows()
    assert correction[1] == ("更正", "序列号")
    assert correction[6] == ("张伟：已签（0a1b2c3d）", "李娜：未签，当时没有登记密钥", "2026-03-06 08:00:00 +08:00")
    assert exclusion[6][0] == "李娜：未签，当时没有登记密钥"


def test_a_signature_that_does_not_hold_is_said_to() -> None:
    words = Words("en", "UTC")
    owed = Signed((("A", "00"),), (), ("B",), holds=False)
    assert signed(owed, words)[1:] == ("B: had a key and did not sign", "A SIGNATURE DOES NOT HOLD")
    assert signed(Signed(holds=None), words) == ("signature not verified: no program here can",)


def test_where_a_finding_was_made_is_told_in_words(made: ModuleType) -> None:
    (table,) = [b for b in section(made.story(), "en", "Findings").blocks if isinstance(b, Table)]
    assert [row[2] for row in table.rows()] == [
        ("file of entry: 57", "offset: 4096"),
        ("file of entry: 61", "table: message"),
    ]
