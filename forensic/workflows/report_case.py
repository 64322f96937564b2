"""What the report tells of the case itself: exhibits, acquisitions, changes, and who acted alone."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from chain_of_custody import custody
from chain_of_custody.case import Case
from chain_of_custody.ledger import Entry
from chain_of_custody.messages import Lang, say
from forensic.workflows import media, report_custody, report_signatures
from reports import story_case, story_custody, story_finds, story_trust

CHANGES = {
    "correct": "correction",
    "artifact.reassign": "reassignment",
    "artifact.exclude": "exclusion",
    "dispose": "disposal",
    "note.add": "note",
    "approve": "approval",
    "report.issue": "issue",
    "case.close": "closing",
    "case.reopen": "reopening",
    "case.adopt": "adoption",
}
ACTS = {
    "exhibit.add": "add",
    "acquire.begin": "acquire",
    "secret.add": "secret",
    **{kind: kind.removeprefix("exhibit.") for kind in sorted(custody.ACTS)},
}
"""What the law wants two people for: kinds of entry, and what the papers call them."""


def case(case_: Case) -> story_case.Case:
    facts = case_.facts
    people: dict[str, story_case.Person] = {}
    for body in [case_.ledger.entry(0).body, *case_.register.sessions.values()]:
        for person in body["persons"]:
            name = person["name"]
            people[name] = story_case.Person(name, person.get("unit", ""), person.get("certificate", ""))
    return story_case.Case(
        number=facts.number,
        title=facts.title,
        agency=facts.agency,
        origin=case_.ledger.origin,
        examiners=tuple(people.values()),
        zone=facts.zone.key,
        training=facts.training,
        draft=True,
    )


def exhibits(case_: Case, lang: Lang) -> tuple[story_custody.Exhibit, ...]:
    told = []
    for exhibit in case_.register.exhibits.values():
        photos = tuple(
            story_custody.Photo(
                report_custody.caption(photo, lang),
                _reader(case_.path_of(photo)),
                photo.main.sha256,
                photo.seq,
            )
            for photo in case_.register.held(exhibit.id, "photo")
        )
        told.append(
            story_custody.Exhibit(
                id=exhibit.id,
                number=exhibit.number,
                kind=exhibit.kind,
                label=exhibit.label,
                model=exhibit.model,
                serial=exhibit.serial,
                imei=exhibit.imei,
                capacity=exhibit.capacity,
                seal=exhibit.seal,
                seized_at=exhibit.seized_at or None,
                seized_from=exhibit.seized_from,
                place=exhibit.place,
                as_found=exhibit.as_found,
                part_of=exhibit.part_of or None,
                seq=case_.register.exhibit_entries[exhibit.id],
                photos=photos,
                transfers=report_custody.transfers(case_, exhibit.id, lang),
                custody=str(case_.register.custody.of(exhibit.id).state),
                seals_now=", ".join(case_.register.custody.of(exhibit.id).seals),
            )
        )
    return tuple(told)


def _reader(path: Path) -> Callable[[], bytes]:
    return path.read_bytes


def acquisitions(case_: Case, lang: Lang) -> tuple[story_finds.Acquisition, ...]:
    """Those that left an image which is not excluded, whole or not."""
    told = []
    for begin, body in case_.register.acquisitions.items():
        end = body["end"]
        if end and "image" in end and end["image"] not in case_.register.excluded:
            told.append(_acquisition(case_, begin, body, end, lang))
    return tuple(told)


def _acquisition(
    case_: Case, begin: int, body: dict[str, Any], end: dict[str, Any], lang: Lang
) -> story_finds.Acquisition:
    session = case_.register.sessions[body["sess"]]
    stored = end.get("stored") or {}
    source = body["source"]
    again = end.get("read_back")
    device = " ".join(str(source[name]) for name in ("model", "serial", "backing", "path") if source.get(name))
    return story_finds.Acquisition(
        exhibit=case_.register.exhibit_of(end["image"], body["item"]) or "",
        seq=end["image"],
        method=say(f"method-{body['method']}", lang),
        format=body["format"],
        tool=f"{session['tool']['name']} {session['tool']['version']}",
        device=device or say("method-image-source", lang, segments=source.get("segments", 1)),
        size=end["bytes"],
        hashes=tuple(end["hashes"].items()),
        started=body["t"],
        finished=end["t"],
        persons=tuple(person["name"] for person in session["persons"]),
        verdict=end["verdict"],
        read_back="not-done" if again is None else "matches" if again["same"] else "differs",
        unreadable_bytes=end["unreadable_bytes"],
        unreadable=lambda: (story_finds.Run(*run) for run in end["unreadable"]),
        stored_hashes=tuple(
            story_finds.StoredHash(name, value, end["hashes"][name], matches=end["hashes"][name] == value.lower())
            for name, value in stored.items()
        ),
        remarks=tuple(
            say("report-overridden", lang, check=check["check"], reason=body.get("differs", ""))
            for check in body.get("overridden") or ()
        )
        + _read_sealed(body, lang),
    )


def _read_sealed(body: dict[str, Any], lang: Lang) -> tuple[str, ...]:
    """That an acquisition read an original under its seal, and why."""
    if not body.get("anyway"):
        return ()
    seals = ", ".join(body.get("sealed", ())) or "-"
    return (say("report-sealed-read", lang, seals=seals, reason=body["anyway"]),)


def changes(case_: Case, acts: Iterable[story_trust.Act], lang: Lang) -> Iterator[story_trust.Change]:
    """Whatever mends, removes or adds words to what was entered before, in the order it was entered, with who signed
    it among `acts`."""
    signed = {act.seq: act.signed for act in acts}
    for entry in case_.ledger.entries_without_located():
        if entry.seq >= case_.register.size:
            return
        if entry.kind in CHANGES:
            yield _change(case_, entry, signed[entry.seq], lang)


def _change(case_: Case, entry: Entry, signed: story_trust.Signed, lang: Lang) -> story_trust.Change:
    body = entry.body
    return story_trust.Change(
        kind=CHANGES[entry.kind],
        seq=entry.seq,
        subject=body.get("target", body.get("about")),
        field=body.get("field", body.get("item", "")),
        old=body.get("old", ""),
        new=" · ".join(_said(body, lang)),
        reason=body.get("reason", ""),
        persons=report_signatures.persons(case_, entry),
        at=entry.time,
        signed=signed,
    )


def _said(body: dict[str, Any], lang: Lang) -> Iterator[str]:
    """What an entry says besides its reason: the new value, the note's words, the plan's hash, who got the report."""
    yield from (str(body[name]) for name in ("new", "text") if body.get(name))
    for name in ("sha256", "to", "number", "vkey"):
        if body.get(name):
            yield say("report-told", lang, name=say(f"report-said-{name}", lang), value=body[name])


def alone(case_: Case, size: int) -> Iterator[story_trust.Alone]:
    """Acts recorded by one person alone where the law wants two."""
    for entry in case_.ledger.entries_without_located():
        if entry.seq >= size:
            return
        if entry.kind in ACTS:
            persons = case_.register.sessions[entry.body["sess"]]["persons"]
            if len(persons) < 2:
                yield story_trust.Alone(ACTS[entry.kind], entry.seq, entry.time, persons[0]["name"])


def images(case_: Case) -> int:
    return sum(1 for _ in case_.register.held(what=media.IMAGE))
