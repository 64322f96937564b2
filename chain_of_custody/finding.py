"""Something wrong with the evidence: a value that is reported, never an exception or a log line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chain_of_custody import foreign
from chain_of_custody.messages import Lang, say

Fact = str | int | bool | None


class Severity(StrEnum):
    """How much a reader of the report must care."""

    NOTE = "note"  # worth knowing, changes no result
    WARNING = "warning"  # a result is partial or unsure
    ERROR = "error"  # something could not be read or does not match


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is a message id; `facts` fill its words; `where` says in which artifact, at which offset or row."""

    code: str
    severity: Severity = Severity.WARNING
    facts: Mapping[str, Fact] = field(default_factory=dict)
    where: Mapping[str, Fact] = field(default_factory=dict)

    def text(self, lang: Lang = "en") -> str:
        return say(self.code, lang, **foreign.facts(self.facts, lang))

    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "severity": str(self.severity),
            "facts": dict(self.facts),
            "where": dict(self.where),
        }
