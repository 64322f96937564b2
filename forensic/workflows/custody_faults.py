"""What is wrong with acts of physical custody, told from the entries alone: the same at once and in a report.

The rules are those of the joint provisions on electronic data in criminal cases (法发〔2016〕22号, article 8: photos
before and after sealing) and of the procuratorates' rules of examination (article 15: every unsealing is followed by a
new seal), which administrative cases are measured by when they are transferred.
"""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from chain_of_custody import clock
from chain_of_custody.case import Case
from chain_of_custody.custody import ACTS, HANDOVER, RETURN, SEAL, UNSEAL, Event, State, open_unseals
from chain_of_custody.finding import Fact, Finding, Severity
from chain_of_custody.people import alike


def of(event: Event) -> Iterator[Finding]:
    """What the rules of sealing and of hand-overs miss in it."""
    where: dict[str, Fact] = {"exhibit": event.item, "entry": event.seq}
    facts = event.facts
    views = {photo["when"] for photo in facts.get("photos", ())}
    if event.kind == SEAL:
        for when in ("before", "after"):
            if when not in views:
                yield Finding(f"custody-no-photo-{when}", Severity.WARNING, {"exhibit": event.item}, where)
    if event.kind == UNSEAL and not views:
        yield Finding("custody-no-photo-found", Severity.WARNING, {"exhibit": event.item}, where)
    if facts.get("found") in ("broken", "missing"):
        told = {"exhibit": event.item, "seals": ", ".join(event.seals)}
        yield Finding(f"custody-seal-{facts['found']}", Severity.ERROR, told, where)
    if event.kind in (HANDOVER, RETURN):
        if event.kind == HANDOVER and facts["state"] != State.SEALED and not facts.get("note"):
            yield Finding("custody-passed-open", Severity.WARNING, {"exhibit": event.item}, where)
        if facts.get("holder") and alike(facts["holder"]) != alike(facts["from"]):
            names = {"exhibit": event.item, "holder": facts["holder"], "giver": facts["from"]}
            yield Finding("custody-other-holder", Severity.WARNING, names, where)


def remarks(events: Sequence[Event], persons: Sequence[str], zone: ZoneInfo) -> Iterator[Finding]:
    """What is worth saying of acts just entered and changes nothing: entered late, or by one person alone."""
    if events[0].late:
        times = {"at": clock.local(events[0].at, zone), "entered": clock.local(events[0].entered, zone)}
        yield Finding("custody-late", Severity.NOTE, times)
    if len(persons) < 2:
        yield Finding("custody-alone", Severity.NOTE, {"person": persons[0]})


def of_case(case: Case) -> Iterator[Finding]:
    """Every fault in a case's custody: of each act, what stands open, and what was read under its seal."""
    for event in case.register.custody.events():
        if event.kind in ACTS:
            yield from of(event)
    for begin, body in case.register.acquisitions.items():
        if body.get("anyway"):
            yield read_anyway(begin, body["item"], body.get("sealed", ()), body["anyway"])
    for left in open_unseals(case.register.custody):
        where: dict[str, Fact] = {"exhibit": left.exhibit, "entry": left.seq}
        facts: dict[str, Fact] = {"exhibit": left.exhibit, "seq": left.seq, "time": clock.local(left.at, case.zone)}
        yield Finding("custody-left-open", Severity.WARNING, facts, where)


def read_anyway(begin: int, exhibit: str, seals: Sequence[str], reason: str) -> Finding:
    """That acquisition `begin` read an original that the ledger has as sealed or returned."""
    facts = {"exhibit": exhibit, "seals": ", ".join(seals) or "-", "reason": reason}
    return Finding("custody-read-anyway", Severity.ERROR, facts, {"exhibit": exhibit, "entry": begin})
