"""Failures of our own side, each with its exit code.

A fault of the evidence is a `Finding`, not an error. Every error names a message of the table, so that
the command line can say it in either language; `str()` gives English.
"""

from typing import ClassVar

from chain_of_custody import foreign
from chain_of_custody.messages import Lang, say


class ForensicError(Exception):
    """Stops the command. `message_id` and `facts` make the words, `hint` is a message id of what to do."""

    exit_code: ClassVar[int] = 70

    def __init__(self, message_id: str, /, *, hint: str | None = None, **facts: object) -> None:
        super().__init__(message_id)
        self.message_id = message_id
        self.facts = facts
        self.hint = hint

    def text(self, lang: Lang = "en") -> str:
        return say(self.message_id, lang, **foreign.facts(self.facts, lang))

    def hint_text(self, lang: Lang = "en") -> str | None:
        return say(self.hint, lang, **self.facts) if self.hint else None

    def __str__(self) -> str:
        return self.text()


class UsageError(ForensicError):
    """The command was given something it cannot mean."""

    exit_code = 2


class EvidenceError(ForensicError):
    """The evidence cannot be opened, or is not what it claims."""

    exit_code = 4


class KeyNeeded(EvidenceError):
    """The evidence is encrypted and no key was given."""


class CaseError(ForensicError):
    """No such case, it exists already, or another process holds it."""

    exit_code = 5


class CustodyRefusal(CaseError):
    """The custody rules forbid it."""


class IntegrityError(ForensicError):
    """A chain, a hash or a signature does not hold."""

    exit_code = 6


class CannotWrite(ForensicError):
    """No space, no right, or a read-only medium."""

    exit_code = 7


class Unavailable(ForensicError):
    """A tool or device is missing or went away."""

    exit_code = 8


class Cancelled(ForensicError):
    """The examiner stopped the command."""

    exit_code = 130


class Terminated(Cancelled):
    """The system asked the command to stop."""

    exit_code = 143
