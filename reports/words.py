"""The words of the papers in one language, and how times, sizes and codes are put into words."""

import tomllib
from datetime import datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chain_of_custody.errors import UsageError
from chain_of_custody.messages import Lang
from reports.rows import Time

_DIGITS = "零一二三四五六七八九"
_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")

LONGEST = 4000
"""Characters of one text that are printed; the whole stands in the record set."""

_MOST_LINES = 60
_LINE_BREAK = "⏎"


@cache
def table() -> dict[str, dict[str, str]]:
    """Every word by its id and language."""
    return tomllib.loads(resources.files("reports.templates").joinpath("words.toml").read_text("utf-8"))


class Words:
    """The words in `lang`, with times in `zone`, an IANA name; one that is not known raises `UsageError`."""

    def __init__(self, lang: Lang, zone: str) -> None:
        self.lang: Lang = lang
        try:
            self.zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise UsageError("reports-bad-zone", zone=zone) from error

    def __call__(self, word_id: str, /, **facts: object) -> str:
        """The words of `word_id` with its facts filled in. An unknown id raises `KeyError`."""
        return table()[word_id][self.lang].format(**facts)

    def term(self, family: str, code: str) -> str:
        """A code in words, or the code itself where the table has none."""
        words = table().get(f"{family}-{code}")
        return words[self.lang] if words else code

    def told(self, text: str) -> str:
        """The text, or that none is recorded."""
        return text or self("unknown")

    def time(self, utc: Time, stored: str = "") -> str:
        """Local time with its UTC offset. A time that is not ISO 8601 with an offset is printed as it is."""
        if not utc:
            return self("no-time-stored", stored=stored) if stored else self("no-time")
        try:
            moment = datetime.fromisoformat(utc)
            if moment.tzinfo is None:
                return utc
            local = moment.astimezone(self.zone)
        except (ValueError, OverflowError):
            return utc
        offset = local.strftime("%z")
        return f"{local.strftime('%Y-%m-%d %H:%M:%S')} {offset[:3]}:{offset[3:5]}"

    def size(self, count: int) -> str:
        """Exact bytes with thousands separators, and a rounded size from one KiB up."""
        if count < 1024:
            return self("bytes", size=f"{count:,}")
        power = min((count.bit_length() - 1) // 10, len(_UNITS))
        tenths = count * 10 >> 10 * power
        return self("bytes-short", size=f"{count:,}", short=f"{tenths // 10:,}.{tenths % 10} {_UNITS[power - 1]}")

    def entry(self, seq: int | None) -> str:
        return self("unknown") if seq is None else self("entry", seq=seq)

    def comma(self, *parts: str) -> str:
        """The parts that are not empty, as a list in a sentence."""
        return self("list-comma").join(part for part in parts if part)

    def semicolon(self, *parts: str) -> str:
        return self("list-semicolon").join(part for part in parts if part)

    def cut(self, text: str) -> str:
        """The text, or its beginning with a remark of how much there is."""
        if len(text) <= LONGEST:
            return text
        return text[:LONGEST] + self("cut", length=f"{len(text):,}", printed=f"{LONGEST:,}")

    def long(self, text: str) -> tuple[str, ...]:
        """A text of the evidence as lines, each line break marked; what is too long is cut."""
        lines = self.cut(text).replace("\r\n", "\n").split("\n", _MOST_LINES)
        return (*(line + _LINE_BREAK for line in lines[:-1]), lines[-1])

    def numeral(self, number: int) -> str:
        """What stands before a section's title: 十二、 or "12. " (below a hundred)."""
        if self.lang == "en":
            return f"{number}. "
        tens, ones = divmod(number, 10)
        leading = ("" if tens == 1 else _DIGITS[tens]) + "十" if tens else ""
        return leading + (_DIGITS[ones] if ones else "") + "、"
