"""What the report tells of an exhibit's custody: seizure, seals, hand-overs and return, in the order they happened."""

from collections.abc import Iterator

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.custody import HANDOVER, RETURN, SEAL, SEIZED, Event
from chain_of_custody.messages import Lang, say
from forensic.workflows import secrets as entered
from forensic.workflows.exhibit_history import CODED, persons
from reports import story_custody

TOLD = ("purpose", "reason", "covers", "form", "isolation", "note", "approved_by", "video", "receipt", "place")
"""The facts of an act that stand in its row beside who, when and which seal."""

SIDES = ("front", "back", "left", "right", "top", "bottom", "port", "seal", "screen", "label", "bag")
"""What a photo shows, where the papers have words for it."""


def transfers(case: Case, exhibit: str, lang: Lang) -> tuple[story_custody.Transfer, ...]:
    """An exhibit's own events, and those of what it lay in."""
    events = sorted(case.register.custody.of(exhibit).events, key=lambda event: (event.at or event.entered, event.seq))
    return tuple(_transfer(case, exhibit, event, lang) for event in events)


def _transfer(case: Case, exhibit: str, event: Event, lang: Lang) -> story_custody.Transfer:
    facts = event.facts
    acting = "、".join(persons(case, event.session))
    giver, taker = acting, ""
    if event.kind == SEIZED:
        giver, taker = facts.get("seized_from", ""), acting
    elif event.kind in (HANDOVER, RETURN):
        giver, taker = facts["from"], " ".join(part for part in (facts.get("to_unit", ""), facts["to"]) if part)
    told = () if event.kind == SEIZED else _told(event, lang)
    along = () if event.item == exhibit else (say("custody-goes-with", lang, whole=event.item),)
    return story_custody.Transfer(
        at=event.at or None,
        giver=giver,
        taker=taker,
        purpose=(*along, *told),
        seal=", ".join(event.seals),
        seq=event.seq,
        act=event.kind.removeprefix("exhibit."),
        found=facts.get("found", ""),
        late=event.entered if event.late or not event.at else None,
    )


def _told(event: Event, lang: Lang) -> Iterator[str]:
    for name in TOLD:
        value = event.facts.get(name)
        if value:
            text = ", ".join(value) if isinstance(value, list) else str(value)
            text = say(f"custody-is-{text}", lang) if name in CODED else text
            yield say("report-told", lang, name=say(f"custody-fact-{name}", lang), value=text)


def secrets(case: Case) -> tuple[story_custody.Secret, ...]:
    """Where each secret came from and who read it; neither commitment nor value."""
    return tuple(
        story_custody.Secret(
            one.item,
            one.part,
            one.kind,
            one.seq,
            one.time,
            one.persons,
            one.given_by,
            one.how,
            one.authority,
            one.voluntary,
            one.notice,
            one.lacking,
            one.readers,
            tuple(story_custody.Reveal(each.seq, each.time, each.persons, each.reason) for each in one.reveals),
        )
        for one in entered.provenance(case)
    )


def caption(photo: Artifact, lang: Lang) -> str:
    """What stands under a photo: when it was taken, and what it shows."""
    act, when = str(photo.facts.get("act", SEIZED)), photo.facts["when"]
    if act in (SEIZED, SEAL):
        told = say(f"photo-{when}", lang)
    else:
        told = say(f"custody-photo-{when}", lang, act=say(f"custody-event-{act.removeprefix('exhibit.')}", lang))
    side = str(photo.facts["side"])
    return f"{told} · {say(f'photo-side-{side}', lang) if side in SIDES else side}"
