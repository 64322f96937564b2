"""A file that we hold, or a run of bytes in one: hashed and entered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chain_of_custody.ledger import Entry


class Room(StrEnum):
    """The folder of an exhibit that a held artifact lies in."""

    IMAGE = "image"
    FILES = "files"
    RECORDS = "records"
    PHOTOS = "photos"
    REPORTS = "reports"


@dataclass(frozen=True, slots=True)
class HeldFile:
    """One file of an artifact. `path` is relative to its volume; `role` tells a database from its -wal.

    `parcelled` is where it lay on its way in, relative to the intake.
    """

    path: str
    sha256: str
    size: int
    role: str = "main"
    hashes: Mapping[str, str] = field(default_factory=dict)
    parcelled: str = ""

    def as_json(self) -> dict[str, object]:
        facts: dict[str, object] = {"path": self.path, "sha256": self.sha256, "size": self.size}
        if self.role != "main":
            facts["role"] = self.role
        if self.hashes:
            facts["hashes"] = dict(self.hashes)
        return facts


@dataclass(frozen=True, slots=True)
class Artifact:
    """A held artifact: one or several files that belong together, under one ledger number.

    `what` says what it is (image, block-hashes, file, photo, paper, record-set, recovered-list, report, ...);
    `volume` is "case" or the id of a further volume; `facts` is the rest of its entry.
    """

    seq: int
    exhibit: str | None
    what: str
    volume: str
    files: tuple[HeldFile, ...]
    time: str
    facts: Mapping[str, Any]

    @property
    def main(self) -> HeldFile:
        return self.files[0]


@dataclass(frozen=True, slots=True)
class Located:
    """Bytes of a held image: `runs` of (offset, length) in bytes of image artifact `image`'s medium.

    `run` is the entry that began the run that found it; `what` is recovered or carved.
    """

    seq: int
    exhibit: str
    image: int
    run: int
    what: str
    suffix: str
    runs: tuple[tuple[int, int], ...]
    size: int
    sha256: str
    status: str


def held(entry: Entry) -> Artifact:
    """The artifact of an `artifact.held` entry."""
    body = entry.body
    parcel, *names = map(str, body["parcel"])
    files = tuple(
        HeldFile(
            _inside(str(f["path"])),
            f["sha256"],
            int(f["size"]),
            f.get("role", "main"),
            f.get("hashes", {}),
            _inside(f"{parcel}/{name}"),
        )
        for f, name in zip(body["files"], names, strict=True)
    )
    return Artifact(entry.seq, body.get("item"), body["what"], body["volume"], files, entry.time, body)


def _inside(path: str) -> str:
    """A path that stays within its volume; a ledger that was tampered with can say another. Raises `ValueError`."""
    if path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise ValueError(f"{path!r} leads out of the case")
    return path


def located(entry: Entry) -> Located:
    """The artifact of an `artifact.located` entry."""
    body = entry.body
    return Located(
        entry.seq,
        body["item"],
        body["image"],
        body["run"],
        body["what"],
        body["suffix"],
        tuple((offset, length) for offset, length in body["runs"]),
        body["size"],
        body["sha256"],
        body["status"],
    )
