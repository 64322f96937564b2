"""Every word exists in both languages, is used, and has the same facts in both."""

import re
import string
from pathlib import Path

import pytest

import reports
from chain_of_custody.errors import UsageError
from reports.words import LONGEST, Words, table

SOURCES = "".join(
    path.read_text("utf-8") for path in Path(reports.__file__).parent.rglob("*") if path.suffix in (".py", ".html")
)
FAMILIES = {
    *("status", "time", "state", "direction", "sent", "content", "channel", "severity", "change", "verdict"),
    *("readback", "kind", "cannot", "section", "mark", "by", "cover", "clock", "custody", "found"),
    *("secret", "lacks", "act", "algorithm", "signer", "at", "field", "app", "standing"),
}


def facts(template: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_say_the_same_facts() -> None:
    for word_id, by_lang in table().items():
        assert set(by_lang) == {"zh", "en"}, word_id
        assert facts(by_lang["zh"]) == facts(by_lang["en"]), word_id
        assert all(by_lang.values()), word_id


def test_every_word_that_is_asked_for_exists() -> None:
    asked = set(re.findall(r'words\(\s*"([a-z0-9-]+)"', SOURCES)) | set(re.findall(r'self\("([a-z0-9-]+)"', SOURCES))
    assert asked
    assert asked <= set(table())


def test_no_word_is_idle() -> None:
    idle = {w for w in table() if f'"{w}"' not in SOURCES and w.partition("-")[0] not in FAMILIES}
    assert idle == set()


def test_times_are_local_with_their_offset() -> None:
    shanghai = Words("zh", "Asia/Shanghai")
    assert shanghai.time("2026-03-20T16:30:00Z") == "2026-03-21 00:30:00 +08:00"
    assert shanghai.time("1989-07-01T00:00:00Z") == "1989-07-01 09:00:00 +09:00"
    assert shanghai.time(None, "0") == "时间不明（所存值 0）"
    assert shanghai.time("yesterday") == "yesterday"
    assert shanghai.time("2026-03-20T16:30:00") == "2026-03-20T16:30:00"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", ""])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(UsageError):
        Words("en", zone)


def test_sizes_are_exact_first() -> None:
    words = Words("en", "UTC")
    assert words.size(0) == "0 bytes"
    assert words.size(1023) == "1,023 bytes"
    assert words.size(1024) == "1,024 bytes (1.0 KiB)"
    assert words.size(118_111_600_640) == "118,111,600,640 bytes (110.0 GiB)"
    assert words.size(2**63) == "9,223,372,036,854,775,808 bytes (8.0 EiB)"


@pytest.mark.parametrize(
    ("number", "zh"), [(1, "一、"), (10, "十、"), (16, "十六、"), (20, "二十、"), (35, "三十五、")]
)
def test_sections_are_numbered_in_chinese(number: int, zh: str) -> None:
    assert Words("zh", "UTC").numeral(number) == zh


def test_a_long_text_is_cut_and_says_so() -> None:
    words = Words("en", "UTC")
    (line,) = words.long("x" * (LONGEST + 1))
    assert line.startswith("x" * LONGEST)
    assert line.endswith(f"[the first {LONGEST:,} of {LONGEST + 1:,} characters]")
    assert words.long("a\r\nb\nc") == ("a⏎", "b⏎", "c")
    assert len(words.long("\n" * 3000)) < 100


def test_an_unknown_code_is_printed_as_it_is() -> None:
    assert Words("zh", "UTC").term("status", "{evil}") == "{evil}"
