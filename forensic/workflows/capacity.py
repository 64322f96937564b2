"""Capacities as people write them on a label."""

import re
import unicodedata

from chain_of_custody.errors import UsageError

LONGEST = 40
_UNITS = {"": 1, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15}


def in_bytes(text: str) -> int | None:
    """`64GB`, `512 MiB`, `1,000,204,886,016`: bytes, decimal unless the unit says binary; None if unclear or 0."""
    match = re.fullmatch(r"([0-9][0-9,]*(?:\.[0-9]+)?)\s*([KMGTP]?)(I?)(B|字节)?", _plain(text))
    if not match or len(text) > LONGEST:
        return None
    number, unit, binary, _ = match.groups()
    if not unit:
        return int(number.replace(",", "")) or None if "." not in number else None
    power = _UNITS[unit]
    scale = 1 << (power // 3 * 10) if binary else 10**power
    whole, _, part = number.replace(",", "").partition(".")
    return int(whole) * scale + (int(part) * scale // 10 ** len(part) if part else 0) or None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().upper()


def check(text: str) -> None:
    """Raises `UsageError` for a capacity that cannot be compared with a device's: "about 64"."""
    if text and in_bytes(text) is None:
        raise UsageError("exhibit-capacity-unclear", hint="exhibit-capacity-hint", capacity=text)
