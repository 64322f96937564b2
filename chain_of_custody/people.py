"""The people who act on evidence, as the laboratory's list knows them."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date

_IGNORABLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
"""Of Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt) what is not of category Cf."""


@dataclass(frozen=True, slots=True)
class Person:
    """`certificate` is the number of the enforcement or examiner's certificate; `valid_until` an ISO date."""

    name: str
    unit: str = ""
    certificate: str = ""
    valid_until: str = ""

    def as_json(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}

    def certificate_expired(self, on: date) -> bool:
        """Whether the list says that the certificate ran out before `on`. An unknown validity has not."""
        return bool(self.valid_until) and date.fromisoformat(self.valid_until) < on


def alike(name: str) -> str:
    """A name as it is compared: two that differ only in width, case, blanks or what nobody sees are one person's (NFKC
    of Unicode; White_Space, general categories Cc and Cf, and the rest of Default_Ignorable_Code_Point left out)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(character for character in folded if not character.isspace() and not _is_unseen(character))


def cleaned(name: str) -> str:
    """A name as it is entered: without what nobody sees, blanks inside it one space each; '' where nothing is left."""
    seen = (character for character in name if character.isspace() or not _is_unseen(character))
    return " ".join("".join(seen).split()) if alike(name) else ""


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf") or _IGNORABLE.match(character) is not None


def distinct(names: Iterable[str]) -> list[str]:
    """The names in their order, each person once, as he is written first."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(alike(name), name)
    return list(first.values())


def known_or_bare(name: str, people: list[Person]) -> Person:
    """The listed person of that name, else one of whom only the name is known."""
    return next((person for person in people if alike(person.name) == alike(name)), Person(cleaned(name)))
