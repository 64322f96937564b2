"""A deleted object, and how far its bytes can be said to be its own."""

from dataclasses import dataclass
from enum import StrEnum

from forensic.sources.entries import Entry, Kind, Times
from forensic.sources.filesystem import FileSystem, RunsMedium
from forensic.sources.medium import Medium
from forensic.sources.runs import Run


class Status(StrEnum):
    """How sure it is that the attributed bytes are those the object had when it was deleted."""

    INTACT = "intact"  # the record says where they stood, and nothing that survives had the chance to overwrite them
    INFERRED = "inferred"  # exactly one assignment of blocks is left
    PARTIAL = "partial"  # some of its blocks belong to others now; the rest is attributed, its bytes unproven
    OVERWRITTEN = "overwritten"  # its first block, or all of them, belong to others now; nothing is attributed
    UNCERTAIN = "uncertain"  # nothing is attributed; candidates may be looked at


@dataclass(frozen=True, slots=True)
class Recovered:
    """`runs` are the bytes of the whole medium attributed to the object, in order, cut to its size; no other object
    has any of them. `gaps` are parts of it that belong to others now. `candidates` are bytes that may have been
    its own: to be looked at, proof of nothing. `held` says that the content is no plain runs and is to be had from
    `content`. `evidence` are stable words (messages recover-why-*), most telling first."""

    entry: Entry
    status: Status
    evidence: tuple[str, ...]
    runs: tuple[Run, ...] = ()
    gaps: tuple[Run, ...] = ()
    candidates: tuple[Run, ...] = ()
    held: bool = False

    @property
    def path(self) -> str:
        return self.entry.path

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def inode(self) -> int:
        return self.entry.inode

    @property
    def size(self) -> int:
        return self.entry.size

    @property
    def kind(self) -> Kind:
        return self.entry.kind

    @property
    def times(self) -> Times:
        return self.entry.times


def content(filesystem: FileSystem, recovered: Recovered) -> Medium:
    """The attributed bytes of the object, readable at any offset."""
    if recovered.held:
        return filesystem.content(recovered.entry)
    return RunsMedium(filesystem.medium, recovered.runs)
