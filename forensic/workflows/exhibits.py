"""Exhibits entered with their photos, all of them in one transaction or none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from chain_of_custody import exhibit
from chain_of_custody.artifact import Artifact, Room
from chain_of_custody.case import Case
from chain_of_custody.clock import SystemClock
from chain_of_custody.errors import UsageError
from chain_of_custody.exhibit import Exhibit
from chain_of_custody.intake import Delivery, Planned
from chain_of_custody.session import Session
from chain_of_custody.volumes import CASE
from forensic.workflows import capacity, typed
from forensic.workflows.filetype import suffix_of
from forensic.workflows.folders import kind_of
from forensic.workflows.loose import copy_in


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of an exhibit: `when` is before or after sealing, `side` what it shows (front, back, port, seal...)."""

    when: str
    side: str
    path: Path

    @classmethod
    def typed(cls, text: str) -> "Photo":
        """From `before:front=FILE`. Anything else raises `UsageError`."""
        view, _, path = text.partition("=")
        when, _, side = view.partition(":")
        if when not in ("before", "after") or not side.isidentifier() or not path:
            raise UsageError("exhibit-photo-wrong", given=text)
        return cls(when, side, Path(path))


@dataclass(frozen=True, slots=True)
class New:
    """An exhibit as typed: `seized_at` still in the case's zone, photos still outside."""

    exhibit: Exhibit
    photos: tuple[Photo, ...] = field(default=())


def add(session: Session, new: Sequence[New]) -> list[Exhibit]:
    """Checks all and copies every photo in, then enters all: whatever cannot be entered or read leaves nothing."""
    for item in new:
        for photo in item.photos:
            kind_of(photo.path)
    pen = _Pen(session, new)
    provisional = pen.checked()
    with Delivery(pen, CASE, None) as delivery:
        for ready, item in zip(provisional, new, strict=True):
            for photo in item.photos:
                incoming = copy_in(delivery, photo.path, suffix_of(photo.path))
                delivery.add("photo", Room.PHOTOS, ready.id, [incoming], {"when": photo.when, "side": photo.side})
        if delivery.waiting:
            delivery.commit()
        else:
            pen.enter_all([])
    return pen.entered


class _Pen:
    """Enters the exhibits in the transaction that enters their photos."""

    def __init__(self, session: Session, new: Sequence[New]) -> None:
        self._session = session
        self._new = [_read(item.exhibit, session.case) for item in new]
        self._provisional: list[Exhibit] = []
        self.entered: list[Exhibit] = []

    def checked(self) -> list[Exhibit]:
        """The exhibits with the ids they take if nobody enters another one meanwhile."""
        self._provisional = _numbered(self._new, self._session.case)
        return self._provisional

    def enter_all(self, entries: Sequence[Planned]) -> list[Artifact]:
        case = self._session.case
        with case.ledger.transaction() as transaction:
            case.register.update(case.ledger)
            ready = _numbered(self._new, case)
            for each in ready:
                transaction.add("exhibit.add", sess=self._session.seq, item=each.id, exhibit=each.as_json())
            ids = {before.id: now.id for before, now in zip(self._provisional, ready, strict=True)}
            placed = [replace(planned, exhibit=ids[str(planned.exhibit)]) for planned in entries]
            numbers = [planned.enter(transaction, self._session.seq) for planned in placed]
        case.register.update(case.ledger)
        self.entered = ready
        return [case.register.artifacts[seq] for seq in numbers]

    def volume_root(self, volume: str) -> Path:
        return self._session.volume_root(volume)


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
        known[ready.id] = ready
        numbered.append(ready)
    return numbered
