"""Text from evidence can be looked at without harm."""

import unicodedata

import pytest
from fontTools.ttLib import TTCollection
from hypothesis import given
from hypothesis import strategies as st

from chain_of_custody.errors import Unavailable
from reports import font
from reports.visible import Visible, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("invoice\u202egpj.exe", "invoice[U+202E RIGHT-TO-LEFT OVERRIDE]gpj.exe"),
        ("\x1b[31m", "[U+001B ESCAPE][31m"),
        ("a\nb\tc\x7f", "a[U+000A LINE FEED]b[U+0009 HORIZONTAL TABULATION]c[U+007F DELETE]"),
        ("\x85", "[U+0085 CONTROL]"),
        ("\ud83d", "[U+D83D SURROGATE]"),
        ("\ue000", "[U+E000 PRIVATE USE]"),
        ("\u200b\ufeff", "[U+200B ZERO WIDTH SPACE][U+FEFF ZERO WIDTH NO-BREAK SPACE]"),
        ("\u3164", "[U+3164 HANGUL FILLER]"),
        ("\U000e0041", "[U+E0041 TAG LATIN CAPITAL LETTER A]"),
        ("红包 ¥88.00　😀", "红包 ¥88.00　😀"),
        ("e\u0301 é", "e\u0301 é"),
    ],
)
def test_shown_on_a_terminal(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(alphabet=st.characters(), max_size=60))
def test_nothing_unseen_is_left(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    if shown == text:
        assert visible(shown) == shown


def test_a_printable_text_is_unchanged() -> None:
    text = "".join(c for c in map(chr, range(0x20, 0x3000)) if c.isprintable() and c not in "\u034f\u115f\u1160\u2800")
    assert visible(text.replace("\u17b4", "").replace("\u17b5", "")) == text.replace("\u17b4", "").replace("\u17b5", "")


def test_the_font_covers_what_fonttools_says() -> None:
    face = font.find()
    assert TTCollection(str(face.path)).fonts[0].getBestCmap().keys() == face.covered
    assert 0x836F in face.covered
    assert 0x1F600 not in face.covered


def test_a_character_without_glyph_is_spelt_out() -> None:
    shown = Visible(font.find().covered.__contains__)
    assert shown("药😀") == "药[U+1F600 GRINNING FACE]"


@pytest.mark.parametrize("data", [b"", b"ttcf", b"ttcf" + b"\xff" * 60, b"OTTO" + b"\0" * 40, b"\xff" * 4096])
def test_a_damaged_font_is_refused(data: bytes) -> None:
    with pytest.raises(Unavailable):
        font.covered(data)
