"""Physical custody: under which seals each exhibit lies and who holds it, replayed from the entries.

A part that bears no seal of its own lies under the seal of what it is part of and goes with it: sealed, opened, handed
over and returned with it. A seal, an unsealing, a hand-over or a return entered of the part itself sets it apart, and
from then on it goes its own way.

A correction of the seizure or of an act is told from there on: the acts after it opened the seals and had the holder
that it says.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from chain_of_custody import exhibit as exhibits
from chain_of_custody.clock import parse_iso
from chain_of_custody.errors import CaseError, UsageError
from chain_of_custody.exhibit import Exhibit
from chain_of_custody.ledger import Entry

SEIZED, SEAL, UNSEAL = "exhibit.add", "exhibit.seal", "exhibit.unseal"
HANDOVER, RETURN = "exhibit.handover", "exhibit.return"
ACTS = frozenset({SEAL, UNSEAL, HANDOVER, RETURN})
LATE = timedelta(minutes=15)
CORRECTABLE = {
    SEAL: frozenset({"seals", "form", "covers", "isolation", "place", "note", "at"}),
    UNSEAL: frozenset({"found", "place", "note", "video", "at"}),
    HANDOVER: frozenset({"to", "to_unit", "purpose", "place", "receipt", "note", "at"}),
    RETURN: frozenset({"to", "to_unit", "purpose", "place", "receipt", "note", "at"}),
}
"""What a correction can mend of each act. An unsealing's seals and a hand-over's follow from what went before."""


def numbers(text: str) -> list[str]:
    """The seal numbers that a correction names: `F0001, F0002`, a Chinese comma being one too."""
    return [number.strip() for number in re.split("[,，、]", text)]


class State(StrEnum):
    """Of an exhibit's seal. `RETURNED`: it is no longer in custody."""

    NEVER = "never-sealed"
    SEALED = "sealed"
    UNSEALED = "unsealed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an exhibit. `at` is when, in UTC, '' where nobody said; `entered` when it was entered.

    `kind` is its entry's; `facts` that entry's body, for the seizure what is said of the exhibit, corrections applied.
    """

    seq: int
    kind: str
    item: str
    at: str
    entered: str
    session: int
    facts: dict[str, Any]

    @property
    def late(self) -> bool:
        """Whether an act was entered more than a quarter of an hour after it happened."""
        return self.kind in ACTS and parse_iso(self.entered) - parse_iso(self.at) > LATE

    @property
    def seals(self) -> tuple[str, ...]:
        """The numbers put on, opened, or there at the time."""
        if self.kind == SEIZED:
            return (self.facts["seal"],) if self.facts.get("seal") else ()
        return tuple(map(str, self.facts.get("seals", ())))

    def told(self, name: str) -> str:
        """A fact as a correction names it."""
        return ", ".join(self.seals) if name == "seals" else str(self.facts.get(name) or "")

    def corrected(self, name: str, value: str) -> "Event":
        """With another value of a fact, given as `told` gives it."""
        facts = {**self.facts, name: numbers(value) if name == "seals" else value}
        return replace(self, facts=facts, at=facts.get("seized_at", "") if self.kind == SEIZED else facts["at"])

    def following(self, holding: "Holding") -> "Event":
        """With the seals and the holder that were there before it."""
        if self.kind in (SEIZED, SEAL):
            return self
        before = {"seals": list(holding.seals or self.seals), "holder": holding.holder}
        return replace(self, facts={**self.facts, **before})


@dataclass(slots=True)
class Holding:
    """Where an exhibit stands. `events` are its own and those of what it went along with, in the order entered, `since`
    the states they made, each with the time (UTC) from which on.

    `holder` is '' before the first hand-over; `opened` the unsealing that no reseal or return has followed; `under` is
    the exhibit under whose seal it lies, '' where it goes its own way.
    """

    exhibit: str
    events: list[Event] = field(default_factory=list)
    state: State = State.NEVER
    seals: tuple[str, ...] = ()
    holder: str = ""
    opened: Event | None = None
    under: str = ""
    since: list[tuple[str, State]] = field(default_factory=list)

    @property
    def last(self) -> Event:
        return self.events[-1]

    def take(self, event: Event) -> None:
        """What the event makes of it."""
        self.events.append(event)
        match event.kind:
            case "exhibit.add" | "exhibit.seal" if event.seals:
                self.state, self.seals, self.opened = State.SEALED, event.seals, None
            case "exhibit.unseal":
                self.state, self.seals, self.opened = State.UNSEALED, (), event
            case "exhibit.handover":
                self.holder = str(event.facts["to"])
            case "exhibit.return":
                self.state, self.seals, self.opened = State.RETURNED, (), None
                self.holder = str(event.facts["to"])
            case _:
                pass
        self.since.append((event.at or event.entered, self.state))

    def was_closed(self, begin: str, end: str) -> bool:
        """Whether it lay under a seal or was out of custody at any moment between two times (UTC)."""
        before = [state for time, state in self.since if time <= begin][-1:]
        while_ = [state for time, state in self.since if begin < time < end]
        return any(state in (State.SEALED, State.RETURNED) for state in (*before, *while_))

    def follow(self, whole: "Holding") -> None:
        """Lies under the seal of what it is part of from now on."""
        self.state, self.seals, self.holder, self.opened = whole.state, whole.seals, whole.holder, whole.opened
        self.under = whole.exhibit
        self.since.append((self.last.entered, self.state))


@dataclass(frozen=True, slots=True)
class OpenUnseal:
    """An exhibit that entry `seq` unsealed at `at`, and that nobody has sealed again or returned since."""

    exhibit: str
    seq: int
    at: str


class Book:
    """Every exhibit's custody, by its id."""

    def __init__(self) -> None:
        self.holdings: dict[str, Holding] = {}
        self._events: list[Event] = []

    def read(self, entry: Entry) -> None:
        """Takes in exhibits, what happened to them, and corrections of what was said at the seizure."""
        body = entry.body
        if entry.kind == SEIZED:
            facts = body["exhibit"]
            self._add(
                Event(entry.seq, SEIZED, facts["id"], facts.get("seized_at", ""), entry.time, body["sess"], facts)
            )
        elif entry.kind in ACTS:
            self._add(Event(entry.seq, entry.kind, body["item"], body["at"], entry.time, body["sess"], body))
        elif entry.kind == "correct":
            told = self.corrected(body["target"], body["field"], body["new"])
            self.holdings, self._events = told.holdings, told._events

    def corrected(self, target: int, name: str, value: str) -> "Book":
        """Everything told again, with another value of a fact of the seizure or the act that entry `target` is."""
        told = Book()
        for event in self._events:
            mended = event.corrected(name, value) if event.seq == target else event
            told._add(mended.following(told.holdings.get(event.item, Holding(event.item))))
        return told

    def of(self, exhibit_id: str) -> Holding:
        """Raises `CaseError` if the case has no such exhibit."""
        if exhibit_id not in self.holdings:
            raise CaseError("exhibit-none", exhibit=exhibit_id)
        return self.holdings[exhibit_id]

    def bearer(self, seal: str) -> Event | None:
        """The event at which an exhibit got the seal of this number, whatever became of it since."""
        number = exhibits.mark(seal)
        bearing = (event for event in self._events if event.kind in (SEIZED, SEAL))
        return next((event for event in bearing if number in map(exhibits.mark, event.seals)), None)

    def check(self, exhibit: Exhibit) -> None:
        """Refuses what cannot be said of an exhibit after what happened since: a seal that another got, `CaseError`, or
        a seizure after an act, `UsageError`."""
        bearer = self.bearer(exhibit.seal) if exhibit.seal else None
        if bearer and bearer.kind == SEAL and bearer.item != exhibit.part_of:
            raise CaseError("exhibit-taken", field="seal", value=exhibit.seal, exhibit=bearer.item)
        acts = [event for event in self._events if event.item == exhibit.id and event.kind in ACTS]
        if acts and exhibit.seized_at and parse_iso(exhibit.seized_at) > parse_iso(acts[0].at):
            raise UsageError("custody-seized-after", exhibit=exhibit.id, seq=acts[0].seq)

    def parts(self, whole: str) -> list[str]:
        """What lies under the seal of an exhibit, and what lies under the seal of that."""
        found, above = [whole], {whole}
        while above:
            above = {each.exhibit for each in self.holdings.values() if each.under in above} - set(found)
            found += sorted(above)
        return found[1:]

    def events(self) -> list[Event]:
        """All that happened, in the order entered."""
        return list(self._events)

    def _add(self, event: Event) -> None:
        self._events.append(event)
        self._take(event)

    def _take(self, event: Event) -> None:
        if event.kind == SEIZED:
            self._seized(event)
            return
        own = self.holdings[event.item]
        own.under = ""
        own.take(event)
        for part in self.parts(own.exhibit):
            self.holdings[part].take(event)

    def _seized(self, event: Event) -> None:
        holding = Holding(event.item)
        holding.take(event)
        self.holdings[event.item] = holding
        above = self.holdings.get(event.facts.get("part_of", ""))
        if above and _bears_none_of_its_own(holding, above):
            holding.follow(above)
        for part in self._named_parts(event.item):
            if part.last.kind == SEIZED and _bears_none_of_its_own(part, holding):  # entered before the whole
                part.follow(holding)

    def _named_parts(self, whole: str) -> list[Holding]:
        return [each for each in self.holdings.values() if each.events[0].facts.get("part_of") == whole]


def _bears_none_of_its_own(part: Holding, whole: Holding) -> bool:
    known = {exhibits.mark(seal) for event in whole.events for seal in event.seals}
    return all(exhibits.mark(seal) in known for seal in part.seals)


def open_unseals(book: Book) -> list[OpenUnseal]:
    """Every unsealing that neither a reseal nor a return has followed. What lies in something open is not named."""
    return [
        OpenUnseal(holding.exhibit, holding.opened.seq, holding.opened.at)
        for holding in book.holdings.values()
        if holding.opened and not holding.under
    ]
