"""One report, as pure data that a workflow fills.

Times and long lists are as `rows` says; the papers show times in the case's zone. Hashes are lower-case hexadecimal,
`seq` is a ledger entry. Free text is given in the language of the report. Words with a fixed set of values (`kind`,
`status`, `verdict`, `state`, `direction`, ...) are the English codes of the room that made them; the report translates
those it knows and prints the others as they are.
"""

from dataclasses import dataclass, field

from chain_of_custody.finding import Finding
from reports.rows import Rows, nothing
from reports.story_case import Case, Request
from reports.story_custody import Exhibit, Secret
from reports.story_finds import Acquisition, Conversation, Files, PaymentSource
from reports.story_trust import Act, Alone, Change, Check, Head, Limitation, PersonKey, Software


@dataclass(frozen=True, slots=True)
class Story:
    """One report."""

    case: Case
    head: Head
    request: Request = field(default_factory=Request)
    exhibits: tuple[Exhibit, ...] = ()
    secrets: tuple[Secret, ...] = ()
    acquisitions: tuple[Acquisition, ...] = ()
    recovered: Files = field(default_factory=Files)
    carved: Files = field(default_factory=Files)
    conversations: Rows[Conversation] = nothing
    payments: tuple[PaymentSource, ...] = ()
    findings: Rows[Finding] = nothing
    changes: Rows[Change] = nothing
    alone: Rows[Alone] = nothing
    limitations: tuple[Limitation, ...] = ()
    software: tuple[Software, ...] = ()
    checks: tuple[Check, ...] = ()
    keys: tuple[PersonKey, ...] = ()
    acts: tuple[Act, ...] = ()
