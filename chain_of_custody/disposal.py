"""Bytes that were disposed of: the entry that says so stays as a tombstone, the files go.

The entries are committed first, then the files are removed; what a crash left lying is removed by the next opening for
writing. Removed is the name of a file; what a medium keeps of its blocks is for the medium's own erasure.
"""

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chain_of_custody.artifact import Artifact
from chain_of_custody.clock import local
from chain_of_custody.errors import CustodyRefusal
from chain_of_custody.ledger import Entry
from chain_of_custody.parcel import cannot_write

EVIDENCE = frozenset({"image", "image-partial", "file", "taken", "photo", "recovered", "carved", "leftover"})
"""What a held artifact may be to be disposed of: evidence, and what was taken out of it or of a stranger's hands.

Record sets, lists and block hashes are the record of the work that reports cite and stay; so do reports, receipts and
papers, which show what left the house and under what authority.
"""


@dataclass(frozen=True, slots=True)
class Disposal:
    """Entry `seq` disposed of the bytes of an artifact, on behalf of `persons`, approvers included, at `time` (UTC)."""

    seq: int
    time: str
    persons: tuple[str, ...]
    reason: str


def read(entry: Entry, session: Mapping[str, Any]) -> tuple[int, Disposal]:
    """The artifact's number and the disposal, of a `dispose` entry and the `session.open` body it stands under."""
    body = entry.body
    persons = (*(str(person["name"]) for person in session["persons"]), *map(str, body["approved_by"]))
    return int(body["target"]), Disposal(entry.seq, entry.time, persons, str(body["reason"]))


def refuse(artifact: Artifact, disposal: Disposal | None, zone: ZoneInfo) -> None:
    """Raises `CustodyRefusal` for an artifact whose bytes are gone, the time of that told in `zone`."""
    if disposal:
        time, persons = local(disposal.time, zone), ", ".join(disposal.persons)
        raise CustodyRefusal("artifact-disposed", seq=artifact.seq, by=disposal.seq, time=time, persons=persons)


def finish(root: Path, artifacts: Iterable[Artifact]) -> int:
    """Removes the files of disposed artifacts that still lie below a volume's folder. Returns how many those were.

    Anything that is no plain file was put there by somebody else and is left to verification.
    """
    removed = 0
    for artifact in artifacts:
        for path in (root / file.path for file in artifact.files):
            try:
                if not stat.S_ISREG(path.lstat().st_mode):
                    continue
                path.unlink()
                _flush(path.parent)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise cannot_write(path, error) from error
            removed += 1
    return removed


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
