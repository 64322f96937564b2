"""Capacities as people write them on a label."""

import re

_UNITS = {"": 1, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15}


def in_bytes(text: str) -> int | None:
    """`64GB`, `512 MiB`, `1,000,204,886,016`: bytes, decimal units unless the unit says binary; None if unclear."""
    match = re.fullmatch(r"([0-9][0-9,]*(?:\.[0-9]+)?)\s*([KMGTP]?)(I?)(B|字节)?", text.strip().upper())
    if not match:
        return None
    number, unit, binary, _ = match.groups()
    if not unit:
        return int(number.replace(",", "")) if "." not in number else None
    power = _UNITS[unit]
    scale = 1 << (power // 3 * 10) if binary else 10**power
    whole, _, part = number.replace(",", "").partition(".")
    return int(whole) * scale + (int(part) * scale // 10 ** len(part) if part else 0)
