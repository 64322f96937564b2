"""The files of an exhibit that a parser may want, wherever they stand: live in a file system, recovered, carved, or
taken in loose.

A live file that qualifies is entered as an artifact, with the files that belong to it (a database's -wal and -journal);
recovered and carved files are artifacts already and are read from their image.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain_of_custody.artifact import Artifact, Room, located
from chain_of_custody.case import Case
from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Finding
from chain_of_custody.parcel import Incoming
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from forensic.sources.entries import Entry
from forensic.sources.filesystem import FileSystem, RunsMedium
from forensic.sources.medium import BLOCK, Medium, blocks
from forensic.sources.raw import RawImage
from forensic.sources.runs import Run
from forensic.workflows import finds, listing, media, names
from forensic.workflows.filetype import suffix_for
from forensic.workflows.loose import TAKEN
from parsers import enrolled
from parsers.parser import HEAD
from parsers.source import Found

EXTRACTED = "file"
COMPANIONS = {"-wal": "wal", "-journal": "journal"}
READ = frozenset({"sqlite", "db", "csv", "txt", "xlsx", "xls", "zip", "bin"})  # suffixes of what a parser may claim
OFFERED = ("intact", "inferred", "valid", "corrupt", "truncated", "partial")  # statuses whose bytes are the file's own


@dataclass(frozen=True, slots=True)
class Candidate:
    """An artifact for the parsers. `path` is its name in the evidence; `origin` says where it stood: live, recovered,
    carved or taken."""

    seq: int
    path: str
    origin: str


@dataclass(slots=True)
class _Family:
    """A live file and those that belong to it, by role."""

    entry: Entry
    members: dict[str, Entry] = field(default_factory=dict)


def candidates(session: Session, exhibit: str, findings: list[Finding], progress: Progress) -> Iterator[Candidate]:
    case = session.case
    if any(case.register.held(exhibit, media.IMAGE)):
        yield from _live(session, exhibit, findings, progress)
    yield from _found(case, exhibit)
    known = names.read(case)
    for artifact in case.register.held(exhibit, TAKEN):
        yield Candidate(artifact.seq, str(known.get(artifact.seq, {}).get("name", "")), TAKEN)


def _live(session: Session, exhibit: str, findings: list[Finding], progress: Progress) -> Iterator[Candidate]:
    held = _already_held(session.case)
    for image, found in listing.surveyed(session.case, exhibit, findings):
        for _, filesystem in found.filesystems:
            for family in _families(filesystem, progress):
                source = {"image": image, "volume": filesystem.start, "inode": str(family.entry.inode)}
                seq = held.get(_place(source))
                if seq is None:
                    seq = _extract(session, exhibit, filesystem, family, source, findings)
                if seq is not None and seq not in session.case.register.excluded:
                    yield Candidate(seq, family.entry.path, "live")


def _families(filesystem: FileSystem, progress: Progress) -> list[_Family]:
    """The live files that qualify by name or by their first bytes, companions gathered to their main file."""
    progress.start("phase-candidates", None, "entries")
    chosen: dict[str, _Family] = {}
    companions: dict[str, Entry] = {}
    for entry in filesystem.entries(progress):
        if not entry.allocated or entry.kind != "file" or entry.stream or not entry.size:
            continue
        if entry.path.endswith(tuple(COMPANIONS)):
            companions[entry.path] = entry
        elif enrolled.candidates(entry.path) or _sniffed(filesystem, entry):
            chosen[entry.path] = _Family(entry)
    for path, family in chosen.items():
        for ending, role in COMPANIONS.items():
            if path + ending in companions:
                family.members[role] = companions[path + ending]
    return list(chosen.values())


def _sniffed(filesystem: FileSystem, entry: Entry) -> bool:
    try:
        return enrolled.sniff(filesystem.content(entry).read(0, HEAD))
    except EvidenceError:
        return False


def _already_held(case: Case) -> dict[tuple[Any, ...], int]:
    """By where it stood. What was excluded or given to another exhibit since is not taken out once more."""
    extracted = (artifact for artifact in case.register.artifacts.values() if artifact.what == EXTRACTED)
    return {_place(artifact.facts["source"]): artifact.seq for artifact in extracted}


def _place(source: dict[str, Any]) -> tuple[Any, ...]:
    return source["image"], source["volume"], source["inode"]


def _extract(
    session: Session,
    exhibit: str,
    filesystem: FileSystem,
    family: _Family,
    source: dict[str, Any],
    findings: list[Finding],
) -> int | None:
    """Enters a live file and its companions as one artifact; None where it cannot be read."""
    try:
        with session.delivery() as delivery:
            main = filesystem.content(family.entry)
            suffix = suffix_for(main.read(0, HEAD), family.entry.name)
            incoming = [_copied(delivery.receive(suffix), main)]
            for role, entry in sorted(family.members.items()):
                incoming.append(_copied(delivery.receive(f"{suffix}-{role}", role), filesystem.content(entry)))
            delivery.add(EXTRACTED, Room.FILES, exhibit, incoming, {"source": source})
            names.add_list(delivery, exhibit, [{"name": family.entry.path}])
            return delivery.commit()[0].seq
    except EvidenceError as error:
        findings.append(
            Finding("files-content-unreadable", facts={"path": family.entry.path}, where={"reason": str(error)})
        )
        return None


def _copied(incoming: Incoming, content: Medium) -> Incoming:
    with incoming:
        for block in blocks(content, BLOCK):
            incoming.write(block)
    return incoming


def _found(case: Case, exhibit: str) -> Iterator[Candidate]:
    """Recovered and carved files whose bytes are their own."""
    for artifact, line in finds.files(case, exhibit):
        if line["seq"] is not None and line["status"] in OFFERED and line["size"] and _may_be_read(line):
            origin = "carved" if artifact.what == finds.LISTS["carve"] else "recovered"
            yield Candidate(line["seq"], line["path"], origin)


def _may_be_read(line: dict[str, Any]) -> bool:
    return line["suffix"] in READ or enrolled.candidates(line["path"])


@contextmanager
def opened(case: Case, candidate: Candidate) -> Iterator[Found]:
    """The candidate's bytes as the parsers see them."""
    artifact = case.register.artifacts.get(candidate.seq)
    if artifact:
        with _held(case, artifact, candidate.path) as found:
            yield found
        return
    place = located(case.ledger.entry(candidate.seq))
    with media.opened(case, case.register.artifacts[place.image]) as image:
        content = RunsMedium(image, tuple(Run(*piece) for piece in place.runs))
        yield Found(candidate.path, place.sha256, content, case.zone)


@contextmanager
def _held(case: Case, artifact: Artifact, path: str) -> Iterator[Found]:
    files: dict[str, RawImage] = {}
    try:
        for file in (file for file in artifact.files if file.size):
            files[file.role] = RawImage([Path(case.path_of(artifact, file))])
        yield Found(
            path, artifact.main.sha256, files["main"], case.zone, wal=files.get("wal"), journal=files.get("journal")
        )
    finally:
        for opened_file in files.values():
            opened_file.close()
