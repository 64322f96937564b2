"""`exhibit history`: all that happened to one exhibit, in the order it happened."""

from collections.abc import Iterator, Mapping
from typing import Any

from chain_of_custody.case import Case
from chain_of_custody.custody import ACTS, SEIZED, Event
from forensic.workflows.photographed import PHOTO
from forensic.workflows.work import Outcome

TOLD = (
    *("seals", "form", "covers", "isolation", "found", "video", "from", "to", "to_unit", "purpose", "reason", "note"),
    *("place", "receipt", "approved_by", "seized_from"),
)
"""The facts of an entry that a history tells, in this order."""
CODED = frozenset({"form", "isolation", "found"})
"""Those whose values are codes; the message `custody-is-CODE` has them in words."""


def history(case: Case, exhibit: str) -> Outcome:
    """Seizure, seals, hand-overs and return, its own and those it went along with; readings; corrections."""
    holding = case.register.custody.of(exhibit)
    rows = [_event(case, exhibit, event) for event in holding.events]
    rows += [*_acquisitions(case, exhibit), *_corrections(case, exhibit)]
    rows.sort(key=lambda row: (row["at"], row["seq"]))
    return Outcome({"exhibit": exhibit, "custody": standing(case, exhibit), "history": rows}, head=case.head())


def standing(case: Case, exhibit: str) -> dict[str, Any]:
    """Where an exhibit stands now. Before the first hand-over those who entered it hold it."""
    holding = case.register.custody.of(exhibit)
    return {
        "state": str(holding.state),
        "seals": list(holding.seals),
        "holder": holding.holder or ", ".join(persons(case, holding.events[0].session)),
        "under": holding.under,
    }


def persons(case: Case, session: int) -> list[str]:
    return [str(person["name"]) for person in case.register.sessions[session]["persons"]]


def _event(case: Case, exhibit: str, event: Event) -> dict[str, Any]:
    facts = {**event.facts, "seals": list(event.seals)}
    told = {name: facts[name] for name in TOLD if facts.get(name)}
    photos = facts.get("photos", []) if event.kind in ACTS else _first_photos(case, exhibit)
    return {
        **_row(case, event.kind, event.seq, event.at or event.entered, event.entered, event.session, told),
        "late": event.late,
        "item": event.item,
        "photos": photos,
    }


def _first_photos(case: Case, exhibit: str) -> list[dict[str, Any]]:
    """Those that came in with the exhibit itself."""
    held = (photo for photo in case.register.held(exhibit, PHOTO) if photo.facts.get("act", SEIZED) == SEIZED)
    return [
        {"when": photo.facts["when"], "side": photo.facts["side"], "seq": photo.seq, "sha256": photo.main.sha256}
        for photo in held
    ]


def _acquisitions(case: Case, exhibit: str) -> Iterator[dict[str, Any]]:
    for begin, body in case.register.acquisitions.items():
        if body["item"] == exhibit:
            end = body["end"] or {}
            told = {"method": body["method"], "anyway": body.get("anyway")}
            told |= {name: end.get(name) for name in ("verdict", "image", "error")}
            facts = {name: value for name, value in told.items() if value is not None}
            yield _row(case, "acquire", begin, body["t"], body["t"], body["sess"], facts)


def _corrections(case: Case, exhibit: str) -> Iterator[dict[str, Any]]:
    """Of the seizure and of every act, those it went along with included; the rows of these tell the new value."""
    told_of = {event.seq for event in case.register.custody.of(exhibit).events}
    for change in case.register.changes:
        if change.target in told_of:
            session = int(case.ledger.entry(change.seq).body["sess"])
            told = {"target": change.target, "field": change.field, "old": change.old, "new": change.new}
            told["reason"] = change.reason
            yield _row(case, "correct", change.seq, change.time, change.time, session, told)


def _row(
    case: Case, event: str, seq: int, at: str, entered: str, session: int, facts: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "event": event.removeprefix("exhibit."),
        "seq": seq,
        "at": at,
        "entered": entered,
        "late": False,
        "persons": persons(case, session),
        "facts": dict(facts),
        "photos": [],
    }
