"""The files of an exhibit that a parser may want, wherever they stand: live in a file system, recovered, carved, or
taken in loose.

A live file that qualifies is entered as an artifact, with the files that belong to it (a database's -wal and -journal);
recovered and carved files are artifacts already and are read from their image.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from chain_of_custody.artifact import Room, located
from chain_of_custody.case import Case
from chain_of_custody.errors import EvidenceError, IntegrityError
from chain_of_custody.finding import Fact, Finding
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
from forensic.workflows.recognised import recognised
from parsers import enrolled
from parsers.parser import HEAD
from parsers.source import Found

EXTRACTED = "file"
COMPANIONS = {"-wal": "wal", "-journal": "journal"}
READ = frozenset({"sqlite", "db", "csv", "txt", "xlsx", "xls", "zip", "bin"})  # suffixes of what a parser may claim
OFFERED = ("intact", "inferred", "valid", "corrupt", "truncated", "partial")  # statuses that attribute bytes
LIVE, RECOVERED, CARVED = "live", "recovered", "carved"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An artifact for the parsers. `path` is its name in the evidence; `origin` says where it stood: live, recovered,
    carved or taken; `status` how sure a found file is; `members` are artifacts that belong to it, by role."""

    seq: int
    path: str
    origin: str
    status: str = ""
    members: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class _Family:
    """A live file and those that belong to it, by role."""

    entry: Entry
    members: dict[str, Entry] = field(default_factory=dict)


def candidates(session: Session, exhibit: str, findings: list[Finding], progress: Progress) -> Iterator[Candidate]:
    case = session.case
    if gone := _disposed(case, exhibit):
        findings.append(Finding("parse-disposed", facts={"number": gone}))
    if any(case.register.held(exhibit, media.IMAGE)):
        yield from _live(session, exhibit, findings, progress)
    yield from _found(case, exhibit)
    known = names.read(case)
    for artifact in case.register.held(exhibit, TAKEN):
        if artifact.main.size:
            yield Candidate(artifact.seq, str(known.get(artifact.seq, {}).get("name", "")), TAKEN)


def _disposed(case: Case, exhibit: str) -> int:
    """How many artifacts of the exhibit have no bytes left to be read."""
    artifacts = (case.register.artifacts[seq] for seq in case.register.disposed)
    return sum(case.register.exhibit_of(artifact.seq, artifact.exhibit) == exhibit for artifact in artifacts)


def _live(session: Session, exhibit: str, findings: list[Finding], progress: Progress) -> Iterator[Candidate]:
    held = _already_held(session.case)
    for image, found in listing.surveyed(session.case, exhibit, findings):
        for _, filesystem in found.filesystems:
            for family in _families(filesystem, image, findings, progress):
                source = {"image": image, "volume": filesystem.start, "inode": str(family.entry.inode)}
                seq = held.get(_place(source))
                if seq is None:
                    seq = _extract(session, exhibit, filesystem, family, source, findings)
                register = session.case.register
                if seq is not None and seq not in register.excluded and seq not in register.disposed:
                    yield Candidate(seq, family.entry.path, LIVE)


def _families(filesystem: FileSystem, image: int, findings: list[Finding], progress: Progress) -> list[_Family]:
    """The live files that qualify by name or by their first bytes, companions gathered to their main file. A file that
    is known by its name and read by nobody is a finding."""
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
        elif what := recognised(entry.path):
            where: dict[str, Fact] = {"image": image, "inode": entry.inode}
            findings.append(Finding("parse-recognised-unread", facts={"path": entry.path, "what": what}, where=where))
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
    """Recovered and carved files, a database's log and journal with it where they were recovered under its name."""
    wanted: list[tuple[str, dict[str, Any]]] = []
    companions: dict[str, int] = {}
    for artifact, line in finds.files(case, exhibit):
        if not finds.has_bytes(case, artifact, line) or line["status"] not in OFFERED or not line["size"]:
            continue
        if line["path"].endswith(tuple(COMPANIONS)):
            companions[line["path"]] = line["seq"]
        elif line["suffix"] in READ or enrolled.candidates(line["path"]):
            wanted.append((CARVED if artifact.what == finds.LISTS["carve"] else RECOVERED, line))
    for origin, line in wanted:
        named = ((role, companions.get(line["path"] + ending)) for ending, role in COMPANIONS.items() if line["path"])
        members = tuple((role, seq) for role, seq in named if seq is not None)
        yield Candidate(line["seq"], line["path"], origin, line["status"], members)


@dataclass(frozen=True, slots=True)
class Opened:
    """A candidate's bytes as the parsers see them. `content` tells them, companions included, from any others."""

    found: Found
    content: str


@contextmanager
def opened(case: Case, candidate: Candidate) -> Iterator[Opened]:
    """Opens a candidate after comparing its bytes with the hash that was entered: a difference is `IntegrityError`."""
    with ExitStack() as closing:
        files = _files(case, candidate.seq, closing)
        if "main" not in files:
            raise EvidenceError("candidate-empty", path=candidate.path)
        for role, seq in candidate.members:
            files[role] = _files(case, seq, closing)["main"]
        media_of = {role: medium for role, (medium, _) in files.items()}
        found = Found(
            candidate.path,
            files["main"][1],
            media_of["main"],
            case.zone,
            wal=media_of.get("wal"),
            journal=media_of.get("journal"),
        )
        yield Opened(found, " ".join(f"{role}:{sha256}" for role, (_, sha256) in sorted(files.items())))


def _files(case: Case, seq: int, closing: ExitStack) -> dict[str, tuple[Medium, str]]:
    """The files of an artifact that have bytes, by role, each with its hash."""
    artifact = case.register.artifacts.get(seq)
    if artifact is None:
        place = located(case.ledger.entry(seq))
        image = closing.enter_context(media.opened(case, case.register.artifacts[place.image]))
        medium: Medium = RunsMedium(image, tuple(Run(*piece) for piece in place.runs))
        return {"main": (_compared(medium, place.sha256, seq), place.sha256)}
    files: dict[str, tuple[Medium, str]] = {}
    for file in artifact.files:
        if file.size and (file.role == "main" or file.role in COMPANIONS.values()):
            held = RawImage([case.path_of(artifact, file)])
            closing.callback(held.close)
            files[file.role] = (_compared(held, file.sha256, seq), file.sha256)
    return files


def _compared(medium: Medium, sha256: str, seq: int) -> Medium:
    digest = hashlib.sha256()
    for block in blocks(medium):
        digest.update(block)
    if digest.hexdigest() != sha256:
        raise IntegrityError("export-hash-differs", seq=seq)
    return medium
