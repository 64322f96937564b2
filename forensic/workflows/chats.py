"""Conversations, counted from the record sets, and their messages in order of time."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from chain_of_custody.case import Case
from forensic.workflows import belonging, views
from forensic.workflows.views import Period

PLACEHOLDER = "placeholder"


@dataclass(slots=True)
class Conversation:
    """`live` and `other` (deleted, earlier, unknown) count messages; placeholders, which carry none, are apart."""

    exhibit: str
    app: str
    account: str
    conversation: str
    title: str | None = None
    live: int = 0
    other: int = 0
    placeholders: int = 0
    first: str | None = None
    last: str | None = None

    def add(self, message: dict[str, Any]) -> None:
        self.title = self.title or message["title"]
        if message["content"] == PLACEHOLDER:
            self.placeholders += 1
        elif message["state"] == "live":
            self.live += 1
        else:
            self.other += 1
        when = message["time"]["utc"]
        if when:
            self.first = min(self.first or when, when)
            self.last = max(self.last or when, when)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def conversations(case: Case, period: Period, exhibit: str | None = None) -> list[Conversation]:
    """By app and conversation. A conversation that stands in two databases counts in each record set once."""
    found: dict[tuple[str, ...], Conversation] = {}
    for artifact, message in views.records(case, "message", exhibit):
        if period.holds(message["time"]["utc"]):
            owner = belonging.exhibit_of(case, artifact) or ""
            key = (owner, message["app"], message["account"] or "", message["conversation"])
            found.setdefault(key, Conversation(*key)).add(message)
    return [found[key] for key in sorted(found)]


def messages(case: Case, conversation: str, period: Period, exhibit: str | None = None) -> Iterator[dict[str, Any]]:
    """The messages of one conversation, by its identifier or title; those of unknown time last."""
    chosen = [
        {"set": artifact.seq, **message}
        for artifact, message in views.records(case, "message", exhibit)
        if conversation in (message["conversation"], message["title"]) and period.holds(message["time"]["utc"])
    ]
    yield from sorted(chosen, key=lambda message: (message["time"]["utc"] is None, message["time"]["utc"] or ""))
