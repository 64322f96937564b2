"""`exhibit seal|unseal|handover|return`: what people do to an exhibit, one entry each, several exhibits at once.

Several exhibits are entered in one transaction, with the photos of all of them, or none is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chain_of_custody import clock
from chain_of_custody.case import Case
from chain_of_custody.clock import SystemClock, parse_iso
from chain_of_custody.custody import HANDOVER, RETURN, SEAL, UNSEAL, Holding, State
from chain_of_custody.errors import CaseError, CustodyRefusal, UsageError
from chain_of_custody.exhibit import Kind, mark
from chain_of_custody.intake import Planned
from chain_of_custody.people import alike, cleaned, distinct
from chain_of_custody.session import Session, Writing
from forensic.workflows import approval, custody_faults, photographed, typed
from forensic.workflows.photographed import Photo
from forensic.workflows.work import Outcome


class Form(StrEnum):
    """What kind of seal."""

    TAPE = "tape"
    BAG = "bag"
    BOX = "box"
    LEAD = "lead"
    OTHER = "other"


class Isolation(StrEnum):
    """How a device is kept from the networks while it lies under the seal."""

    AIRPLANE = "airplane"
    FARADAY_BAG = "faraday-bag"
    SHIELD_BOX = "shield-box"
    POWER_OFF = "power-off"
    SIM_REMOVED = "sim-removed"


class Found(StrEnum):
    """The state a seal was found in."""

    INTACT = "intact"
    BROKEN = "broken"
    MISSING = "missing"


RADIOS = frozenset({Kind.PHONE, Kind.TABLET, Kind.SIM})

Facts = dict[str, object]
Rule = Callable[[Case, str, str, Holding], Facts]
"""Is told the case, who acts first, an exhibit and where it stands; refuses, or gives the facts of its entry."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of every act, as typed: `at` in the case's zone, now where it is ''; a photo as `before:front=FILE`,
    behind the exhibit and a colon where there are several."""

    exhibits: tuple[str, ...]
    at: str = ""
    place: str = ""
    reason: str = ""
    note: str = ""
    approved_by: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()

    @property
    def approvers(self) -> tuple[str, ...]:
        return tuple(distinct(filter(None, map(cleaned, self.approved_by))))


@dataclass(frozen=True, slots=True)
class Seal:
    """`numbers` as typed, `EX-001=F0002` where there are several exhibits; `covers` says which openings they close."""

    numbers: tuple[str, ...]
    form: Form
    covers: str = ""
    isolation: Isolation | None = None


@dataclass(frozen=True, slots=True)
class Passing:
    """From whom to whom an exhibit goes; the giver is the session's first person where he is ''."""

    to: str
    giver: str = ""
    to_unit: str = ""
    purpose: str = ""
    found: Found | None = None
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """An act as it was asked for. `check` refuses what could not be entered, before a session opens; `enter` does it
    in one, where the same rules hold when the entries commit."""

    kind: str
    told: Told
    rule: Rule

    def check(self, case: Case, names: Sequence[str]) -> None:
        approval.check(names, self.told.approvers)
        photographed.admit(case, [photo for _, photo in self._photos()], self.kind)
        self._facts(case, names, self._at(case))

    def enter(self, session: Session) -> Outcome:
        case, told, at = session.case, self.told, self._at(session.case)
        photos = self._photos()
        common: Facts = {
            "at": at,
            "place": told.place.strip() or None,
            "reason": told.reason.strip() or None,
            "note": told.note.strip() or None,
            "approved_by": list(told.approvers) or None,
        }
        seqs: list[int] = []

        def entering(writing: Writing, planned: Sequence[Planned]) -> list[int]:
            facts = self._facts(case, session.names, at)
            held = [writing.hold(each) for each in planned]
            views = [_shown(seq, each) for seq, each in zip(held, planned, strict=True)]
            shown = [(exhibit, view) for (exhibit, _), view in zip(photos, views, strict=True)]
            for exhibit in _exhibits(told):
                own = [photo for of, photo in shown if of == exhibit]
                seqs.append(writing.act(self.kind, item=exhibit, **common, **facts[exhibit], photos=own or None))
            return held

        photographed.enter(session, photos, self.kind, entering)
        return _outcome(session, self.kind, seqs)

    def _at(self, case: Case) -> str:
        return typed.past(self.told.at, case.zone) if self.told.at else clock.iso(SystemClock().read().utc)

    def _photos(self) -> list[tuple[str, Photo]]:
        return [_photo(text, _exhibits(self.told)) for text in self.told.photos]

    def _facts(self, case: Case, names: Sequence[str], at: str) -> dict[str, Facts]:
        standing = {exhibit: _standing(case, exhibit, self.kind, at) for exhibit in _exhibits(self.told)}
        return {exhibit: self.rule(case, names[0], exhibit, holding) for exhibit, holding in standing.items()}


def seal(told: Told, given: Seal) -> Act:
    """Seals exhibits that are open. A number that any exhibit ever bore raises `CaseError`."""
    numbers = _numbers(given.numbers, _exhibits(told))

    def rule(case: Case, _first: str, exhibit: str, holding: Holding) -> Facts:
        if holding.state is State.SEALED:
            raise CustodyRefusal("custody-sealed-already", exhibit=exhibit, seals=", ".join(holding.seals))
        _refuse_being_read(case, exhibit)
        for number in numbers[exhibit]:
            bearer = case.register.custody.bearer(number)
            if bearer:
                raise CaseError("custody-seal-used", seal=number, exhibit=bearer.item, seq=bearer.seq)
        if case.register.exhibit(exhibit).kind in RADIOS and not given.isolation:
            raise UsageError("custody-isolation-needed", hint="custody-isolation-hint", exhibit=exhibit)
        return {
            "seals": numbers[exhibit],
            "form": str(given.form),
            "covers": given.covers.strip() or None,
            "isolation": str(given.isolation) if given.isolation else None,
        }

    return Act(SEAL, told, rule)


def unseal(told: Told, found: Found, video: str = "") -> Act:
    """Opens sealed exhibits. Needs the reason, who approved it, and how the seal was found."""
    _need(told.reason, "reason-missing")
    _need("".join(told.approvers), "custody-approval-needed")

    def rule(_case: Case, _first: str, exhibit: str, holding: Holding) -> Facts:
        if holding.state is not State.SEALED:
            raise CustodyRefusal("custody-not-sealed", exhibit=exhibit)
        _refuse_within(exhibit, holding)
        return {"seals": list(holding.seals), "found": str(found), "video": video.strip() or None}

    return Act(UNSEAL, told, rule)


def handover(told: Told, passing: Passing) -> Act:
    """Hands exhibits to somebody else, who need not be in the list of people."""
    return _passed(HANDOVER, told, passing)


def give_back(told: Told, passing: Passing) -> Act:
    """Returns exhibits to their owner for a reason. Nothing happens to them in our custody afterwards."""
    _need(told.reason, "reason-missing")
    return _passed(RETURN, told, passing)


def _passed(kind: str, told: Told, passing: Passing) -> Act:
    _need(cleaned(passing.to), "custody-taker-needed")

    def rule(case: Case, first: str, exhibit: str, holding: Holding) -> Facts:
        giver = cleaned(passing.giver) or first
        if alike(giver) == alike(passing.to):
            raise UsageError("custody-to-himself", person=giver)
        sealed = [e for e in _exhibits(told) if case.register.custody.of(e).state is State.SEALED]
        if sealed and not passing.found:
            raise UsageError("custody-found-needed", exhibit=", ".join(sealed))
        if passing.found and not sealed:
            raise UsageError("custody-found-nothing", exhibit=", ".join(_exhibits(told)))
        if holding.state is State.SEALED:
            _refuse_within(exhibit, holding)
        _refuse_being_read(case, exhibit)
        return {
            "from": giver,
            "to": cleaned(passing.to),
            "to_unit": passing.to_unit.strip() or None,
            "purpose": passing.purpose.strip() or None,
            "holder": holding.holder or None,
            "state": str(holding.state),
            "seals": list(holding.seals) or None,
            "found": str(passing.found) if passing.found and holding.state is State.SEALED else None,
            "receipt": passing.receipt.strip() or None,
        }

    return Act(kind, told, rule)


def _outcome(session: Session, kind: str, seqs: Sequence[int]) -> Outcome:
    case = session.case
    events = [event for event in case.register.custody.events() if event.seq in set(seqs)]
    findings = [finding for event in events for finding in custody_faults.of(event)]
    findings += custody_faults.remarks(events, session.names, case.zone)
    listed = []
    for event in events:
        holding = case.register.custody.of(event.item)
        now = {"state": str(holding.state), "seals": list(holding.seals)}
        listed.append({"exhibit": event.item, "seq": event.seq, **now})
    held = [photo["seq"] for event in events for photo in event.facts.get("photos", ())]
    return Outcome(
        {"act": kind, "at": events[0].at, "late": events[0].late, "acts": listed, "photos": held}, findings=findings
    )


def _standing(case: Case, exhibit: str, kind: str, at: str) -> Holding:
    """Where an exhibit stands, for something that happened to it at `at`: after everything that is entered of it."""
    case.register.exhibit(exhibit)
    holding = case.register.custody.of(exhibit)
    if holding.state is State.RETURNED:
        raise CustodyRefusal("custody-returned", exhibit=exhibit, seq=holding.last.seq)
    before = [event for event in holding.events if event.at and parse_iso(event.at) > parse_iso(at)]
    if before:
        times = {"at": clock.local(at, case.zone), "time": clock.local(before[-1].at, case.zone)}
        raise UsageError("custody-out-of-order", exhibit=exhibit, seq=before[-1].seq, **times)
    read = [end for end in _readings(case, exhibit) if end and parse_iso(str(end["t"])) > parse_iso(at)]
    if kind in (SEAL, RETURN) and read:
        times = {"at": clock.local(at, case.zone), "time": clock.local(str(read[-1]["t"]), case.zone)}
        raise UsageError("custody-read-after", exhibit=exhibit, seq=read[-1]["seq"], **times)
    return holding


def _readings(case: Case, exhibit: str) -> list[Mapping[str, object] | None]:
    """How each reading of the original ended, and of what lies in it; None for one that goes on."""
    read = {exhibit, *case.register.custody.parts(exhibit)}
    bodies = case.register.acquisitions.values()
    return [body["end"] for body in bodies if body["item"] in read and body["method"] == "device"]


def _refuse_being_read(case: Case, exhibit: str) -> None:
    if None in _readings(case, exhibit):
        raise CustodyRefusal("custody-being-read", exhibit=exhibit)


def _refuse_within(exhibit: str, holding: Holding) -> None:
    if holding.under:
        raise CustodyRefusal("custody-within", hint="custody-within-hint", exhibit=exhibit, whole=holding.under)


def _exhibits(told: Told) -> tuple[str, ...]:
    return tuple(dict.fromkeys(told.exhibits))


def _numbers(given: Iterable[str], chosen: Sequence[str]) -> dict[str, list[str]]:
    """The seal numbers of each exhibit. One that is given twice, or to nobody, raises `UsageError`."""
    numbers: dict[str, list[str]] = {exhibit: [] for exhibit in chosen}
    seen: set[str] = set()
    for text in given:
        head, equals, tail = text.partition("=")
        named = bool(equals) and (head in numbers or head.startswith("EX-"))
        exhibit, number = (head, tail.strip()) if named else (chosen[0], text.strip())
        if exhibit not in numbers or (not named and len(chosen) > 1):
            raise UsageError("custody-seal-whose", given=text, exhibits=", ".join(chosen))
        if not mark(number) or mark(number) in seen:
            raise UsageError("custody-seal-twice" if mark(number) else "custody-seal-empty", given=text)
        seen.add(mark(number))
        numbers[exhibit].append(number)
    without = [exhibit for exhibit, own in numbers.items() if not own]
    if without:
        raise UsageError("custody-seal-needed", exhibits=", ".join(without))
    return numbers


def _photo(text: str, chosen: Sequence[str]) -> tuple[str, Photo]:
    exhibit, colon, rest = text.partition(":")
    if colon and exhibit in chosen:
        return exhibit, Photo.typed(rest)
    if len(chosen) > 1:
        raise UsageError("custody-photo-whose", given=text, exhibits=", ".join(chosen))
    return chosen[0], Photo.typed(text)


def _shown(seq: int, photo: Planned) -> Facts:
    view = {"when": photo.facts["when"], "side": photo.facts["side"]}
    return {**view, "seq": seq, "sha256": photo.parcelled[0].hashes["sha256"]}


def _need(text: str, message_id: str) -> None:
    if not text.strip():
        raise UsageError(message_id)


def sealed(case: Case, exhibit: str) -> Holding | None:
    """Where an exhibit stands if its original may not be read: it is sealed, or no longer in custody."""
    holding = case.register.custody.of(exhibit)
    return holding if holding.state in (State.SEALED, State.RETURNED) else None
