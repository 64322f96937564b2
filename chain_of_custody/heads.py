"""The last head that somebody saw of each ledger, kept outside every case: what comes later must continue it.

One file a ledger, named by the hash of its origin: the verifier key that signed the head, and the head's signed note
(c2sp.org/signed-note). A file is replaced as a whole. A workstation keeps them in its home, a witness on its own
machine or stick.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chain_of_custody import checkpoint, keys, proof
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.errors import CannotWrite, CaseError, CustodyRefusal, IntegrityError
from chain_of_custody.ledger import Ledger
from chain_of_custody.verify import Breach, Verdict

FOLDER = "heads"


@dataclass(frozen=True, slots=True)
class Seen:
    """A head as it was seen: `note` is its signed note, `vkey` the key that signed it."""

    head: Checkpoint
    vkey: str
    note: str


class Heads:
    """The heads in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, origin: str) -> Path:
        return self.folder / (hashlib.sha256(origin.encode()).hexdigest()[:32] + ".note")

    def last(self, origin: str) -> Seen | None:
        """The last head seen of this ledger, None if none was. Raises `IntegrityError` for a file that is not ours."""
        path = self.path_of(origin)
        try:
            vkey, _, note = path.read_bytes().decode().partition("\n")
            head, _ = checkpoint.parse(note)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise IntegrityError("heads-unreadable", path=str(path), reason=error.strerror or str(error)) from error
        except ValueError as error:
            raise IntegrityError("heads-unreadable", path=str(path), reason=str(error)) from error
        if head.origin != origin:
            raise IntegrityError("heads-unreadable", path=str(path), reason=head.origin)
        return Seen(head, vkey, note)

    def keep(self, vkey: str, note: str) -> None:
        """Puts a head in the place of the last one, whole or not at all. Raises `CannotWrite`."""
        head, _ = checkpoint.parse(note)
        path = self.path_of(head.origin)
        draft = path.with_suffix(f".{os.getpid()}")
        try:
            with draft.open("wb") as file:
                file.write(f"{vkey}\n{note}".encode())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise CannotWrite("heads-not-kept", path=str(path), reason=error.strerror or str(error)) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else looks and keeps meanwhile. Makes the folder. Raises `CannotWrite`."""
        try:
            keys.make_private(self.folder)
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CannotWrite("heads-not-kept", path=str(self.folder), reason=error.strerror or str(error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def make_durable(folder: Path) -> None:
    """A rename in the folder is on the medium once this returns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def of_workstation() -> Heads:
    return Heads(keys.home() / FOLDER)


def check(ledger: Ledger) -> Breach | None:
    """What is wrong with a ledger in the eyes of this workstation: it must continue the last head that was seen of it
    here. A note that cannot be read raises `IntegrityError`."""
    seen = of_workstation().last(ledger.origin)
    if seen is None:
        return None
    head, size = seen.head, len(ledger)
    if head.size > size:
        return Breach("heads-rolled-back", {"seen": head.size, "size": size, "path": _path(ledger)})
    if not proof.continues(ledger, head.size, head.root):
        return Breach("heads-forked", {"seen": head.size, "root": head.root.hex(), "path": _path(ledger)})
    return None


def demand(ledger: Ledger) -> None:
    """As `check`, for a ledger that is to be continued here: `IntegrityError` for a breach, `CustodyRefusal` for a
    copy of a case that went on here without it."""
    breach = check(ledger)
    if breach and breach.code == "heads-rolled-back" and _is_copy(ledger):
        made = ledger.entry(len(ledger) - 1).body
        raise CustodyRefusal("copy-not-continued", hint="copy-not-continued-hint", dest=made["dest"], **breach.facts)
    if breach:
        raise IntegrityError(breach.code, hint="heads-hint", **breach.facts)


def judge(ledger: Ledger, verdict: Verdict, *, strict: bool = False) -> None:
    """What `check` says, for a verdict. A ledger that holds, by keys that are vouched for, is remembered where that can
    be written."""
    try:
        breach = check(ledger)
    except IntegrityError as error:
        breach = Breach(error.message_id, {name: str(fact) for name, fact in error.facts.items()})
    if breach and breach.code == "heads-rolled-back" and not strict and _is_copy(ledger):
        verdict.remarks.append(Breach("copy-behind", breach.facts))
    elif breach:
        verdict.breaches.append(breach)
    elif verdict.holds and not verdict.is_unsure:
        with suppress(CannotWrite, CaseError):
            remember(ledger)


def _is_copy(ledger: Ledger) -> bool:
    """Whether the newest entry is that of the making of this very copy: the case itself goes on after it."""
    newest = ledger.entry(len(ledger) - 1)
    if newest.kind != "export" or newest.body.get("what") != "copy":
        return False
    return Path(str(newest.body["dest"])).resolve() == ledger.path.parent.resolve()


def remember(ledger: Ledger) -> None:
    """Keeps the newest head of a ledger that continues what was seen, unless a later one is kept already."""
    note = ledger.head_note()
    head, _ = checkpoint.parse(note)
    kept = of_workstation()
    with kept.locked():
        seen = kept.last(ledger.origin)
        if seen is None or seen.head.size < head.size:
            kept.keep(ledger.key_in_force, note)


def _path(ledger: Ledger) -> str:
    return str(of_workstation().path_of(ledger.origin))
