"""What goes with every writing command: the case must continue the last head seen here, and its new head goes out.

Out means: into this workstation's memory, into the laboratory's ledger, and onto the stick that the configuration
names. None of it stops the work: what could not be done is said.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chain_of_custody import heads, keys, laboratory
from chain_of_custody.case import Case
from chain_of_custody.errors import ForensicError
from forensic.workflows.config import Config

Tell = Callable[..., None]  # is told a message id and its facts


def unheard(_message_id: str, /, **_facts: object) -> None:
    """For those who have nobody to tell."""


@contextmanager
def followed(case: Case, config: Config, tell: Tell = unheard) -> Iterator[None]:
    """Raises `IntegrityError` for a case that does not continue the last head seen here; afterwards, however the work
    inside ended, the head that it left goes out."""
    heads.demand(case.ledger)
    try:
        yield
    finally:
        with suppress(ForensicError):  # whatever made the ledger unreadable is told already
            if _is_new(case):
                _leave(case, config, tell)


def _is_new(case: Case) -> bool:
    seen = heads.of_workstation().last(case.ledger.origin)
    return seen is None or seen.head != case.ledger.head()


def _leave(case: Case, config: Config, tell: Tell) -> None:
    head = case.ledger.head()
    try:
        key = keys.load()
        if key is not None:
            laboratory.record(config.laboratory, head, key)
    except ForensicError as error:
        tell("laboratory-not-written", path=str(laboratory.path()), reason=error.text())
    if config.heads_to:
        _to_stick(case, Path(config.heads_to), tell)
    try:
        heads.remember(case.ledger)
    except ForensicError as error:
        tell(error.message_id, **error.facts)


def file_on_stick(folder: Path, origin: str, size: int) -> Path:
    return folder / origin.replace("/", "-") / f"{size:08d}.note"


def _to_stick(case: Case, folder: Path, tell: Tell) -> None:
    """The folder itself is never made: where the stick is not plugged in, its mount point is no stick."""
    head, note = case.ledger.head(), case.ledger.head_note()
    file = file_on_stick(folder, head.origin, head.size)
    try:
        if not folder.is_dir():
            tell("heads-to-missing", path=str(folder))
            return
        file.parent.mkdir(exist_ok=True)
        if file.exists():
            if file.read_bytes() != note.encode():
                tell("heads-to-differs", path=str(file))
            return
        with file.open("xb") as out:
            out.write(note.encode())
            out.flush()
            os.fsync(out.fileno())
        heads.make_durable(file.parent)
    except OSError as error:
        tell("heads-to-failed", path=str(file), reason=error.strerror or str(error))
