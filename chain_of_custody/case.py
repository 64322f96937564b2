"""A case folder: the ledger, what it says now, and the places its files lie."""

import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chain_of_custody import disposal, keys, ledger_file, place
from chain_of_custody.artifact import Artifact, HeldFile
from chain_of_custody.clock import Clock
from chain_of_custody.errors import CannotWrite, CaseError, ForensicError, IntegrityError, UsageError
from chain_of_custody.ledger import Ledger
from chain_of_custody.parcel import flush_names
from chain_of_custody.people import Person
from chain_of_custody.place import Place
from chain_of_custody.register import CaseFacts, Register
from chain_of_custody.volumes import CASE, Volume

LEDGER = "custody.sqlite"
INDEX = "index.sqlite"
ENVIRONMENT = "FORENSIC_CASE"


class Case:
    """An open case. `writable` if its ledger was opened for appending."""

    def __init__(self, folder: Path, ledger: Ledger, *, writable: bool) -> None:
        self.folder = folder
        self.ledger = ledger
        self.writable = writable
        self.register = Register()
        try:
            self.register.update(ledger)
        except ForensicError:
            ledger.close()
            raise
        except (KeyError, TypeError, ValueError, OSError, RecursionError) as error:
            ledger.close()
            raise IntegrityError("ledger-damaged", path=str(folder / LEDGER), reason=repr(error)) from error

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        laboratory: str,
        number: str,
        title: str,
        zone: ZoneInfo,
        persons: Sequence[Person],
        authority: str = "",
        agency: str = "",
        training: bool = False,
        clock: Clock | None = None,
    ) -> "Case":
        """A new case in a new or empty folder. Raises `CaseError` where one stands already."""
        if not (laboratory.isascii() and laboratory.isalnum() and len(laboratory) <= 10):
            raise UsageError("laboratory-code-wrong", code=laboratory)
        if (folder / LEDGER).exists():
            raise CaseError("case-exists", path=str(folder))
        around = next((above for above in folder.absolute().parents if (above / LEDGER).exists()), None)
        if around:
            raise CaseError("case-inside-case", path=str(folder), around=str(around))
        draft = folder / f"{LEDGER}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob(f"{draft.name}*"):  # of a command that was cut off before the case was one
                path.unlink()
            occupied = any(folder.iterdir())
        except OSError as error:
            raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error
        if occupied:
            raise CaseError("case-folder-not-empty", path=str(folder))
        origin = f"{'training' if training else 'forensic'}/{laboratory}/{secrets.token_hex(6)}"
        key = keys.load_or_create()
        with Ledger.create(draft, origin, key, clock) as ledger, ledger.transaction() as transaction:
            transaction.add(
                "case.new",
                number=number,
                title=title,
                zone=zone.key,
                training=training,
                authority=authority,
                agency=agency,
                persons=[person.as_json() for person in persons],
                origin=origin,
                vkey=ledger.verifier_key,
            )
        draft.rename(folder / LEDGER)
        flush_names([folder / LEDGER], folder.parent)
        return cls(folder, Ledger.open(folder / LEDGER, key, clock), writable=True)

    @classmethod
    def open(cls, folder: Path, *, writable: bool = False, clock: Clock | None = None) -> "Case":
        """Raises `CaseError` if the folder holds no case, or holds one to be written that last stood elsewhere."""
        path = folder / LEDGER
        if not ledger_file.is_there(path):
            raise CaseError("case-none", path=str(folder))
        key = None
        if writable:
            key = keys.load()
            if key is None:
                ledger_file.open_reading(path).close()  # not a ledger at all is said before the missing key
                raise CaseError("ledger-other-key", hint="ledger-other-key-hint", path=str(path))
        try:
            case = cls(folder, Ledger.open(path, key, clock), writable=writable)
        except CaseError:
            if key:
                with cls.open(folder) as told:
                    told._refuse_elsewhere()  # where it stood says more than whose key it is
            raise
        if writable:
            case._refuse_elsewhere()
        return case

    @classmethod
    def open_to_adopt(cls, folder: Path, *, clock: Clock | None = None) -> "Case":
        """For writing by a workstation that takes the case over. Raises `CaseError` if the folder holds no case."""
        path = folder / LEDGER
        if not ledger_file.is_there(path):
            raise CaseError("case-none", path=str(folder))
        return cls(folder, Ledger.open_to_adopt(path, keys.load_or_create(), clock), writable=True)

    def _refuse_elsewhere(self) -> None:
        try:
            self.register.places.refuse_elsewhere(self.place(), self.zone)
        except CaseError:
            self.close()
            raise

    def place(self) -> Place:
        """Where the case stands now."""
        return place.here(self.folder, self.ledger.origin)

    def standing(self) -> int | None:
        """The standing session of this workstation and user."""
        return self.register.standing.here(self.place().machine)

    def close(self) -> None:
        self.ledger.close()

    def __enter__(self) -> "Case":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def as_of(self, size: int) -> "Case":
        """The same case as the ledger told it at `size` entries, for reading. It shares the open ledger."""
        earlier = Case.__new__(Case)
        earlier.folder, earlier.ledger, earlier.writable = self.folder, self.ledger, False
        earlier.register = Register()
        earlier.register.update(self.ledger, size)
        return earlier

    @property
    def facts(self) -> CaseFacts:
        if self.register.case is None:
            raise CaseError("case-unfinished", path=str(self.folder))
        return self.register.case

    @property
    def zone(self) -> ZoneInfo:
        return self.facts.zone

    def volumes(self) -> dict[str, Volume]:
        """The case folder itself and every further volume, connected or not. One that stands beside the case folder
        under its name and the volume's, as `case copy` puts it, goes before the place that was entered."""
        further = (self._beside(volume) for volume in self.register.volumes.values())
        return {CASE: Volume(CASE, self.folder), **{volume.id: volume for volume in further}}

    def _beside(self, volume: Volume) -> Volume:
        beside = Volume(volume.id, beside_of(self.folder, volume.id))
        return beside if beside.is_connected(self.ledger.origin) else volume

    def root_of(self, volume: str) -> Path:
        """The folder of a volume. Raises `Unavailable` while it is not connected."""
        return self.volumes()[volume].require(self.ledger.origin)

    def path_of(self, artifact: Artifact, file: HeldFile | None = None) -> Path:
        """Where a file of an artifact lies. What stands there is looked at: anything but a plain file of the size that
        was entered raises `IntegrityError`, so that nobody works on a part, follows a link or waits for a pipe. Of
        bytes that were disposed of it raises `CustodyRefusal`, naming who did."""
        disposal.refuse(artifact, self.register.disposed.get(artifact.seq), self.zone)
        file = file or artifact.main
        path = self.root_of(artifact.volume) / file.path
        try:
            found = path.lstat()
        except OSError as error:
            raise IntegrityError("verify-missing", seq=artifact.seq, path=str(path)) from error
        if not stat.S_ISREG(found.st_mode):
            raise IntegrityError("verify-not-a-file", seq=artifact.seq, path=str(path))
        if found.st_size != file.size:
            entered, size = file.size, found.st_size
            raise IntegrityError("verify-size", seq=artifact.seq, path=str(path), size=size, entered=entered)
        return path

    def head(self) -> dict[str, Any]:
        """The newest head as every writing command prints it."""
        head = self.ledger.head()
        return {"origin": head.origin, "size": head.size, "root": head.root.hex()}


def beside_of(folder: Path, volume: str) -> Path:
    """Where a copied case has its further volumes: `CASE.V2` for V2 of the case in `CASE`."""
    whole = folder.absolute()
    return whole.with_name(f"{whole.name}.{volume}")


def find(given: Path | None) -> Path:
    """The case folder meant: `--case`, then the environment, then the current folder and its parents, as git does.

    When the environment and the current folder name different cases, neither is guessed: `UsageError`.
    """
    if given:
        return given
    named = os.environ.get(ENVIRONMENT)
    here = Path.cwd()
    around = next((folder for folder in (here, *here.parents) if (folder / LEDGER).is_file()), None)
    if named and around and Path(named).resolve() != around.resolve():
        raise UsageError("case-two-named", environment=named, folder=str(around))
    if named:
        return Path(named)
    if around:
        return around
    raise CaseError("case-not-found", hint="case-not-found-hint", path=str(here))
