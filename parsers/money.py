"""Amounts of money: whole minor units and a currency, never a float."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` counts hundredths (fen for CNY); the sign is the payment's direction, so it is not negative."""

    minor: int
    currency: str = "CNY"

    def __str__(self) -> str:
        sign = "-" if self.minor < 0 else ""
        whole, part = divmod(abs(self.minor), 100)
        return f"{sign}{whole:,}.{part:02d} {self.currency}"


_DECORATION = re.compile(r"[\s,￥¥元\u200b\ufeff\"]|CNY|RMB|人民币")


def parse_cny(text: str) -> Money | None:
    """An amount in yuan as bills print it (`¥1,234.50`, `１２元`, `="3.20"`); None if it is not one.

    More than two decimals are refused rather than rounded, and so are more digits than any account holds.
    """
    bare = _DECORATION.sub("", unicodedata.normalize("NFKC", text)).lstrip("=")
    if not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,2})?", bare, flags=re.ASCII):
        return None
    try:
        return Money(int(Decimal(bare) * 100))
    except InvalidOperation:
        return None
