"""Photos that come in with what they show: one transaction for both, or neither."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chain_of_custody import closing
from chain_of_custody.artifact import Artifact, Room
from chain_of_custody.case import Case
from chain_of_custody.errors import UsageError
from chain_of_custody.intake import Delivery, Planned
from chain_of_custody.session import Session, Writing
from chain_of_custody.volumes import CASE
from forensic.workflows.filetype import suffix_of
from forensic.workflows.folders import kind_of
from forensic.workflows.loose import copy_in

PHOTO = "photo"

Enter = Callable[[Writing, Sequence[Planned]], list[int]]
"""Enters the photos and what they show; returns the photos' entry numbers in their order."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of an exhibit: `when` is before or after, `side` what it shows (front, back, port, seal...)."""

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


def enter(session: Session, photos: Sequence[tuple[str, Photo]], act: str, entering: Enter) -> None:
    """Copies the photos of each exhibit in, then enters them and what they show by `entering`, which refuses nothing
    that was not refused before. `act` is the kind of entry they belong to. What cannot be read leaves nothing."""
    admit(session.case, [photo for _, photo in photos], act)
    pen = _Pen(session, entering)
    with Delivery(pen, CASE, None) as delivery:
        for exhibit, photo in photos:
            incoming = copy_in(delivery, photo.path, suffix_of(photo.path))
            facts = {"when": photo.when, "side": photo.side, "act": act}
            delivery.add(PHOTO, Room.PHOTOS, exhibit, [incoming], facts)
        if delivery.waiting:
            delivery.commit()
        else:
            pen.enter_all([])


def admit(case: Case, photos: Sequence[Photo], act: str) -> None:
    """Raises for photos that cannot be looked at, and for what a closed case does not take."""
    closing.check(case.register.closed, case.zone, act, {})
    if photos:
        closing.check(case.register.closed, case.zone, "artifact.held", {"what": PHOTO})
    check(photos)


def check(photos: Iterable[Photo]) -> None:
    """Raises `UsageError` or `EvidenceError` for a file that is not there or cannot be looked at."""
    for photo in photos:
        kind_of(photo.path)


class _Pen:
    """Enters the photos in the transaction of what they show."""

    def __init__(self, session: Session, entering: Enter) -> None:
        self._session = session
        self._entering = entering

    def enter_all(self, entries: Sequence[Planned]) -> list[Artifact]:
        with self._session.transaction() as writing:
            numbers = self._entering(writing, entries)
        return [self._session.case.register.artifacts[seq] for seq in numbers]

    def volume_root(self, volume: str) -> Path:
        return self._session.volume_root(volume)
