"""The one door: every file of a case comes in through here.

A redo log. A parcel is filled, hashed as bytes pass, made durable and read-only; one ledger transaction then enters it,
naming parcel, final path and hash; then each file is renamed into place, never over anything. A crash before the
transaction leaves a nameless parcel; after it, the next opening for writing finishes the renames. So there is never an
entry without its bytes.

Names are ours: exhibit, room, and the ledger number. No word of them comes from evidence.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol

from chain_of_custody.artifact import Artifact, HeldFile, Room
from chain_of_custody.errors import Cancelled, IntegrityError
from chain_of_custody.ledger import Transaction
from chain_of_custody.parcel import (
    INTAKE,
    Incoming,
    Leftover,
    Parcel,
    Parcelled,
    cannot_write,
    flush_names,
    make_durable,
)

PER_FOLDER = 1000
PARTIAL = "image-partial"
NO_ACQUISITIONS: Mapping[int, str] = {}


class Pen(Protocol):
    """What the intake needs of a session: a way to enter, and where the volumes are."""

    def enter_all(self, entries: "Sequence[Planned]") -> list[Artifact]: ...
    def volume_root(self, volume: str) -> Path: ...


@dataclass(frozen=True, slots=True)
class Planned:
    """An artifact whose files lie in a parcel and that has no number yet."""

    what: str
    room: Room
    exhibit: str | None
    volume: str
    parcel: str
    parcelled: tuple[Parcelled, ...]
    facts: Mapping[str, object]

    def enter(self, transaction: Transaction, session: int) -> int:
        """Appends its `artifact.held` entry."""
        files = self.files(transaction.next_seq)
        return transaction.add(
            "artifact.held",
            sess=session,
            item=self.exhibit,
            what=self.what,
            volume=self.volume,
            parcel=[self.parcel, *(file.path.name for file in self.parcelled)],
            files=[file.as_json() for file in files],
            **self.facts,
        )

    def files(self, seq: int) -> tuple[HeldFile, ...]:
        return tuple(
            HeldFile(
                final_path(self.room, self.exhibit, seq, file.suffix),
                file.hashes["sha256"],
                file.size,
                file.role,
                {name: value for name, value in file.hashes.items() if name != "sha256"},
            )
            for file in self.parcelled
        )


def final_path(room: Room, exhibit: str | None, seq: int, suffix: str) -> str:
    """Where entry `seq` lies, relative to its volume: `EX-001/files/00000/00000017.jpg`,
    `EX-001/image/00000042_EX-001.dd`, `reports/00000/00000051.pdf`."""
    if not re.fullmatch(r"[A-Za-z0-9]{1,8}([.-][A-Za-z0-9]{1,8}){0,2}", suffix):
        raise ValueError(f"suffix {suffix!r} is not one of ours")
    if room is Room.IMAGE:
        return f"{exhibit}/image/{seq:08d}_{exhibit}.{suffix}"
    folder = f"{seq // PER_FOLDER:05d}"
    place = f"{exhibit}/{room}" if exhibit else str(room)
    return f"{place}/{folder}/{seq:08d}.{suffix}"


class Delivery:
    """Artifacts coming in together: one flush and one transaction for all that `add` named since the last `commit`.

    A context manager: leaving it commits; an error drops what was not committed, unless the parcel was declared
    resumable and the error is a stop. What was on its way into the ledger when the error came is never dropped: it
    may be entered already, and the next session finishes it.
    """

    def __init__(self, pen: Pen, volume: str, about: Mapping[str, object] | None) -> None:
        self._pen = pen
        self._volume = volume
        self._about = about
        self._parcel: Parcel | None = None
        self._planned: list[Planned] = []
        self._entering = False

    def receive(self, suffix: str, role: str = "main", algorithms: Iterable[str] = ("sha256",)) -> Incoming:
        """A new file to write into."""
        self._parcel = self._parcel or Parcel.open(self._pen.volume_root(self._volume), self._about)
        return self._parcel.receive(suffix, role, algorithms)

    def add(
        self, what: str, room: Room, exhibit: str | None, incoming: Sequence[Incoming], facts: Mapping[str, object]
    ) -> None:
        """Says what the files received are. Entered by the next `commit`."""
        assert self._parcel is not None
        assert all(file.path.parent == self._parcel.folder for file in incoming), "received before the last commit"
        planned = Planned(what, room, exhibit, self._volume, self._parcel.id, tuple(incoming), dict(facts))
        self._planned.append(planned)

    @property
    def waiting(self) -> int:
        return len(self._planned)

    def commit(self) -> list[Artifact]:
        """Enters and places what was added. Returns the artifacts in the order they were added."""
        if not self._parcel or not self._planned:
            return []
        self._parcel.make_durable()
        self._entering = True
        artifacts = self._pen.enter_all(self._planned)
        root = self._pen.volume_root(self._volume)
        for planned, artifact in zip(self._planned, artifacts, strict=True):
            for parcelled, file in zip(planned.parcelled, artifact.files, strict=True):
                place(parcelled.path, root / file.path)
        flush_names((root / file.path for artifact in artifacts for file in artifact.files), root)
        self._parcel.close()
        self._parcel, self._planned, self._entering = None, [], False
        return artifacts

    def __enter__(self) -> "Delivery":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self._end(stopped=kind is not None and issubclass(kind, Cancelled | KeyboardInterrupt))

    def _end(self, *, stopped: bool) -> None:
        if self._parcel:
            for incoming in self._parcel.incoming:
                incoming.close()
            if self._entering or (stopped and (self._about or {}).get("resumable")):
                self._parcel.leave()
            else:
                self._parcel.close()
            self._parcel = None


def place(parcelled: Path, final: Path) -> None:
    """Renames a file to its place. Never replaces: a file that stands there already raises `IntegrityError`."""
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(final):
            raise IntegrityError("intake-place-taken", path=str(final))
        parcelled.rename(final)
    except OSError as error:
        raise cannot_write(final, error) from error


def dead_parcels(root: Path) -> list[Parcel]:
    """Parcels whose process is gone, each now locked by us. The caller closes or leaves them."""
    waiting = root / INTAKE
    if not waiting.is_dir() or waiting.is_symlink():
        return []
    adopted = (Parcel.adopt(folder) for folder in sorted(waiting.iterdir()))
    return [parcel for parcel in adopted if parcel]


def finish_renames(parcels: Iterable[Parcel], root: Path, artifacts: Iterable[Artifact], volume: str) -> int:
    """Puts into place what was entered but not yet renamed when a command ended. Returns how many files that were.

    Only from `parcels`, which are ours now: a living command places its own.
    """
    ours = {parcel.folder for parcel in parcels}
    moved: list[Path] = []
    for artifact in artifacts if ours else ():
        if artifact.volume == volume:
            for file in artifact.files:
                parcelled = root / INTAKE / file.parcelled
                if parcelled.parent in ours and parcelled.exists():
                    place(parcelled, root / file.path)
                    moved.append(root / file.path)
    flush_names(moved, root)
    return len(moved)


def enter_leftovers(
    pen: Pen, parcels: Iterable[Parcel], root: Path, volume: str, acquisitions: Mapping[int, str] = NO_ACQUISITIONS
) -> list[Artifact]:
    """Enters the files of dead parcels as what they are. A resumable parcel stays as it lies while it holds any.

    `acquisitions` are those that left no image, by the entry that began them, with their exhibit.
    """
    entered: list[Artifact] = []
    for parcel in parcels:
        if parcel.about().get("resumable") and parcel.files():
            parcel.leave()
            continue
        for path in parcel.files():
            make_durable(path)
            (artifact,) = pen.enter_all([_leftover(parcel, path, volume, acquisitions)])
            place(path, root / artifact.main.path)
            flush_names([root / artifact.main.path], root)
            entered.append(artifact)
        parcel.close()
    return entered


def _leftover(parcel: Parcel, path: Path, volume: str, acquisitions: Mapping[int, str]) -> Planned:
    """What a file of a dead parcel is: the part of an image that was read, where the parcel says so and the ledger
    knows of that acquisition, else a leftover."""
    about = parcel.about()
    facts: dict[str, object] = {"finding": "intake-leftover"}
    begin = about.get("begin")
    exhibit = acquisitions.get(begin) if isinstance(begin, int) and not isinstance(begin, bool) else None
    is_image = about.get("what") == PARTIAL and path == parcel.files()[0] and path.stat().st_size > 0
    if exhibit and exhibit == about.get("exhibit") and is_image:
        facts |= {"begin": begin, "verdict": "incomplete"}
        leftover = replace(Leftover.of(path), suffix="dd")
        return Planned(PARTIAL, Room.IMAGE, exhibit, volume, parcel.id, (leftover,), facts)
    return Planned("leftover", Room.FILES, None, volume, parcel.id, (Leftover.of(path),), facts)
