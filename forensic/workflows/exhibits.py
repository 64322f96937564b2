"""Exhibits entered with their photos, all of them in one transaction or none."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from chain_of_custody import exhibit
from chain_of_custody.case import Case
from chain_of_custody.clock import SystemClock
from chain_of_custody.custody import SEIZED
from chain_of_custody.exhibit import Exhibit
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.intake import Planned
from chain_of_custody.session import Session, Writing
from forensic.workflows import capacity, photographed, typed
from forensic.workflows.custody import RADIOS
from forensic.workflows.photographed import Photo


@dataclass(frozen=True, slots=True)
class New:
    """An exhibit as typed: `seized_at` still in the case's zone, photos still outside."""

    exhibit: Exhibit
    photos: tuple[Photo, ...] = field(default=())


def add(session: Session, new: Sequence[New]) -> list[Exhibit]:
    """Checks all and copies every photo in, then enters all: whatever cannot be entered or read leaves nothing."""
    photographed.check(photo for item in new for photo in item.photos)
    read = [_read(item.exhibit, session.case) for item in new]
    provisional = _numbered(read, session.case)
    entered: list[Exhibit] = []

    def entering(writing: Writing, photos: Sequence[Planned]) -> list[int]:
        """Another command may have entered exhibits meanwhile: then these take the numbers after them."""
        entered.extend(_numbered(read, session.case))
        for each in entered:
            writing.add(SEIZED, item=each.id, exhibit=each.as_json())
        ids = {before.id: now.id for before, now in zip(provisional, entered, strict=True)}
        return [writing.hold(replace(photo, exhibit=ids[str(photo.exhibit)])) for photo in photos]

    pictures = [(each.id, photo) for each, item in zip(provisional, new, strict=True) for photo in item.photos]
    photographed.enter(session, pictures, SEIZED, entering)
    return entered


def remarks(session: Session, entered: Sequence[Exhibit]) -> Iterator[Finding]:
    """That what receives signals came in sealed and no photo shows it before or after that."""
    for each in entered:
        if each.seal and each.kind in RADIOS:
            shown = {photo.facts["when"] for photo in session.case.register.held(each.id, photographed.PHOTO)}
            for when in ("before", "after"):
                if when not in shown:
                    yield Finding(f"custody-no-photo-{when}", Severity.NOTE, {"exhibit": each.id})


def _read(given: Exhibit, case: Case) -> Exhibit:
    """Stripped, the time of seizure in UTC, the capacity one that can be compared."""
    ready = exhibit.stripped(given)
    capacity.check(ready.capacity)
    return replace(ready, seized_at=typed.moment(ready.seized_at, case.zone)) if ready.seized_at else ready


def _numbered(new: Iterable[Exhibit], case: Case) -> list[Exhibit]:
    """Each with the next free id, checked against all that are there and those before it."""
    known = dict(case.register.exhibits)
    now = SystemClock().read().utc
    numbered = []
    for each in new:
        ready = replace(each, id=exhibit.next_id(known))
        exhibit.check(ready, known.values(), now, case.zone)
        case.register.custody.check(ready)
        known[ready.id] = ready
        numbered.append(ready)
    return numbered
