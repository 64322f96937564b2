"""A physical thing that was seized, and what must be true of it before it is entered."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from chain_of_custody.clock import local, parse_iso
from chain_of_custody.errors import CaseError, UsageError
from chain_of_custody.people import alike


class Kind(StrEnum):
    PHONE = "phone"
    TABLET = "tablet"
    SIM = "sim"
    DISK = "disk"
    LAPTOP = "laptop"
    CARD = "card"
    USB = "usb"
    DVR = "dvr"
    CLOUD = "cloud"
    AV = "av"
    DOCUMENT = "document"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """`id` is ours (EX-001); `number` and `label` are the examiner's. Times are ISO 8601 with a zone."""

    id: str
    kind: str
    label: str
    number: str = ""
    part_of: str = ""
    serial: str = ""
    imei: str = ""
    model: str = ""
    capacity: str = ""
    seal: str = ""
    seized_at: str = ""
    seized_from: str = ""
    place: str = ""
    as_found: str = ""

    def as_json(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}


CORRECTABLE = frozenset(Exhibit.__dataclass_fields__) - {"id"}


def next_id(existing: Iterable[str]) -> str:
    numbers = [int(id_[3:]) for id_ in existing]
    return f"EX-{max(numbers, default=0) + 1:03d}"


def from_body(facts: Mapping[str, Any]) -> Exhibit:
    """The exhibit of an `exhibit.add` entry's `exhibit` object."""
    return Exhibit(**{name: str(facts[name]) for name in Exhibit.__dataclass_fields__ if name in facts})


def stripped(exhibit: Exhibit) -> Exhibit:
    """Without the blanks around what was typed."""
    return replace(exhibit, **{name: getattr(exhibit, name).strip() for name in CORRECTABLE})


def corrected(exhibit: Exhibit, field: str, value: str) -> Exhibit:
    return replace(exhibit, **{field: value})


def luhn_holds(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1 annex B, as IMEIs carry it (3GPP TS 23.003 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


UTC = ZoneInfo("UTC")


def check(exhibit: Exhibit, others: Iterable[Exhibit], now: datetime, zone: ZoneInfo = UTC) -> None:
    """Refuses what cannot be: raises `UsageError` or, where it collides with another exhibit, `CaseError`.

    Marks are the same if they look the same: case, blanks and full-width forms make no difference, and in a seal no
    dashes do; 1-11 and 11-1 are two numbers. `zone` is that of the times told.
    """
    if not exhibit.label.strip():
        raise UsageError("exhibit-no-label")
    if exhibit.kind not in set(Kind):
        raise UsageError("exhibit-kind-unknown", kind=exhibit.kind, known=", ".join(Kind))
    if exhibit.imei and not (re.fullmatch(r"[0-9]{15}", exhibit.imei) and luhn_holds(exhibit.imei)):
        raise UsageError("exhibit-imei-wrong", imei=exhibit.imei)
    if exhibit.seized_at and parse_iso(exhibit.seized_at) > now:
        raise UsageError("exhibit-in-the-future", time=local(exhibit.seized_at, zone))
    known = {other.id: other for other in others if other.id != exhibit.id}
    _check_whole(exhibit, known)
    for other in known.values():
        for field in ("number", "seal", "imei"):
            value = getattr(exhibit, field)
            spelt = mark if field == "seal" else alike
            same = bool(spelt(value)) and spelt(value) == spelt(getattr(other, field))
            if same and not (field == "seal" and _one_in_the_other(exhibit, other)):
                raise CaseError("exhibit-taken", field=field, value=value, exhibit=other.id)


def mark(text: str) -> str:
    """A seal as it is compared: case, width, blanks, dashes and what nobody sees make no other one of it."""
    return "".join(character for character in alike(text) if not _is_dash(character))


def _is_dash(character: str) -> bool:
    return character == "\N{MINUS SIGN}" or unicodedata.category(character) == "Pd"


def _check_whole(exhibit: Exhibit, others: Mapping[str, Exhibit]) -> None:
    """What an exhibit is part of is another, and no part of it in turn."""
    above = exhibit.part_of
    for _ in range(len(others) + 1):
        if not above:
            return
        if above == exhibit.id:
            break
        if above not in others:
            raise CaseError("exhibit-none", exhibit=above)
        above = others[above].part_of
    raise CaseError("exhibit-part-of-itself", exhibit=exhibit.id, part_of=exhibit.part_of)


def _one_in_the_other(one: Exhibit, other: Exhibit) -> bool:
    """A part lies under the seal of what it is part of."""
    return other.id == one.part_of or one.id == other.part_of
