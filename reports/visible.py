"""Text from evidence made harmless to look at: what would be invisible or steer the display is spelt out.

A control, format, bidirectional, private-use, unassigned or blank-looking character becomes visible text
such as `[U+202E RIGHT-TO-LEFT OVERRIDE]`. Nothing else is changed and nothing is normalised.
"""

import unicodedata
from collections.abc import Callable

# Categories of The Unicode Standard, chapter 4.5: controls, format, surrogates, private use, unassigned,
# line and paragraph separators.
_SPELT_OUT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Letters, marks and symbols that are drawn as nothing: combining grapheme joiner, Hangul fillers, Khmer inherent
# vowels, blank braille pattern.
_BLANK = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0})

_KINDS = {"Cc": "CONTROL", "Cs": "SURROGATE", "Co": "PRIVATE USE", "Cn": "UNASSIGNED"}


def spelt_out(code: int) -> str:
    """The visible text for one code point, `[U+XXXX NAME]`."""
    character = chr(code)
    if code < 0x20 or code == 0x7F:
        # Controls have no name of their own, but each has a picture that has one: SYMBOL FOR ESCAPE.
        name = unicodedata.name(chr(0x2421 if code == 0x7F else 0x2400 + code)).removeprefix("SYMBOL FOR ")
    else:
        name = unicodedata.name(character, "") or _KINDS.get(unicodedata.category(character), "UNNAMED")
    return f"[U+{code:04X} {name}]"


class _Table(dict[int, str | int]):
    """A table for `str.translate` that decides about each code point when it is first met."""

    def __init__(self, drawable: Callable[[int], bool]) -> None:
        super().__init__()
        self._drawable = drawable

    def __missing__(self, code: int) -> str | int:
        shown = unicodedata.category(chr(code)) not in _SPELT_OUT and code not in _BLANK and self._drawable(code)
        self[code] = code if shown else spelt_out(code)
        return self[code]


class Visible:
    """Makes text visible for a display whose font draws the code points in `drawable`."""

    def __init__(self, drawable: Callable[[int], bool]) -> None:
        self._table = _Table(drawable)
        self._all_ascii = all(map(drawable, range(0x20, 0x7F)))

    def __call__(self, text: str) -> str:
        plain = text.isascii() and text.isprintable()  # most text is, and this is told ten times as fast
        return text if plain and self._all_ascii else text.translate(self._table)


visible = Visible(lambda code: True)
"""For terminals and browsers, which find a font by themselves."""
