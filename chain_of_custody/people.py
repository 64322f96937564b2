"""The people who act on evidence, as the laboratory's list knows them."""

from dataclasses import asdict, dataclass
from datetime import date


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


def known_or_bare(name: str, people: list[Person]) -> Person:
    """The listed person of that name, else one of whom only the name is known."""
    return next((person for person in people if person.name == name), Person(name))
