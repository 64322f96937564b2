"""Loose files taken in: a bank's workbook, a bill sent by mail, a phone's databases, a camera's video, a signed scan.

What was passed over, and what changed while it was read, is kept in a list of its own beside the names.
"""

import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from chain_of_custody.anchors import RECEIPT, SCAN
from chain_of_custody.artifact import Artifact, Room
from chain_of_custody.errors import EvidenceError, UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.intake import Delivery
from chain_of_custody.parcel import Incoming
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from forensic.workflows import names
from forensic.workflows.filetype import suffix_of
from forensic.workflows.folders import Loose, found, passed_over, shown, unreadable
from forensic.workflows.work import Outcome, described

KINDS = ("bill", "av", "paper", "photo", "other")
GROUP = 500
TAKEN = "taken"
MAIN = "main"
REMARKS = "taken-findings"
BLOCK = 1 << 20


def copy_in(
    delivery: Delivery,
    source: Path,
    suffix: str,
    *,
    role: str = MAIN,
    name: str = "",
    progress: Progress | None = None,
    findings: list[Finding] | None = None,
) -> Incoming:
    """One file through the door. A file that cannot be read raises `EvidenceError`; one that is written to meanwhile
    is taken as it was read, with a Finding that calls it `name`."""
    with os.fdopen(_open(source), "rb") as file, delivery.receive(suffix, role, ("md5", "sha256")) as incoming:
        before = os.fstat(file.fileno())
        read = 0
        while block := _block(file, source):
            read += incoming.write(block)
            if progress:
                progress.advance(len(block))
        after = os.fstat(file.fileno())
        steady = before.st_size == read == after.st_size and before.st_mtime_ns == after.st_mtime_ns
        if findings is not None and not steady:
            sizes = {"before": before.st_size, "read": read, "after": after.st_size}
            findings.append(Finding("take-changed", Severity.WARNING, {"path": name or shown(str(source)), **sizes}))
    return incoming


def _block(file: BinaryIO, source: Path) -> bytes:
    try:
        return file.read(BLOCK)
    except OSError as error:
        raise unreadable(source, error) from error


def _open(source: Path) -> int:
    """Only a plain file is opened: a pipe would hang, a device is for imaging."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise unreadable(source, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise EvidenceError("file-not-plain", path=str(source))
    return descriptor


def take_scan(
    session: Session, paths: Sequence[Path], receipt: int, exhibit: str, given_by: str, received_at: str
) -> Outcome:
    """Enters the signed scan of a receipt, one artifact a file, bound to the receipt's entry."""
    paper = session.case.register.artifacts.get(receipt)
    if paper is None or paper.what != RECEIPT or receipt in session.case.register.excluded:
        known = ", ".join(str(one.seq) for one in session.case.register.held(what=RECEIPT))
        raise UsageError("receipt-none", seq=receipt, known=known or "-")
    if exhibit:
        session.case.register.exhibit(exhibit)
    findings: list[Finding] = []
    files = found(paths, findings)
    if not files:
        raise UsageError("take-nothing")
    facts = {"receipt": receipt, "from": given_by, "received_at": received_at}
    with session.delivery() as delivery:
        for file in files:
            incoming = copy_in(delivery, file.path, suffix_of(file.path), name=file.name, findings=findings)
            delivery.add(SCAN, Room.REPORTS, exhibit or None, [incoming], facts)
        taken = delivery.commit()
    return Outcome({"receipt": receipt}, findings, [_described(artifact) for artifact in taken])


def take(
    session: Session,
    paths: Sequence[Path],
    exhibit: str,
    kind: str,
    given_by: str,
    received_at: str,
    progress: Progress,
) -> Outcome:
    """Enters the files under `exhibit`, a database with what belongs to it as one artifact.

    The names they came under are kept with them in a list of their own. Below a folder, what cannot be read is passed
    over with a Finding; a file that the examiner named raises `EvidenceError`.
    """
    session.case.register.exhibit(exhibit)
    if kind not in KINDS:
        raise UsageError("take-kind-unknown", kind=kind, known=", ".join(KINDS))
    findings: list[Finding] = []
    files = found(paths, findings)
    if not files and not findings:
        raise UsageError("take-nothing")
    progress.start("phase-take", sum(file.size() for file in files))
    facts = {"kind_of": kind, "from": given_by, "received_at": received_at}
    room = Room.PHOTOS if kind == "photo" else Room.FILES
    taken: list[Artifact] = []
    for start in range(0, len(files), GROUP):
        with session.delivery() as delivery:
            lines = []
            for file in files[start : start + GROUP]:
                for incoming, line in _artifacts(delivery, file, progress, findings):
                    delivery.add(TAKEN, room, exhibit, incoming, facts)
                    lines.append(line)
            if lines:
                names.add_list(delivery, exhibit, lines)
                taken += delivery.commit()[:-1]
    if findings:
        _keep(session, exhibit, findings)
    return Outcome(findings=findings, artifacts=[_described(artifact) for artifact in taken])


def _artifacts(
    delivery: Delivery, file: Loose, progress: Progress, findings: list[Finding]
) -> Iterator[tuple[list[Incoming], dict[str, object]]]:
    """The files of an artifact and its line in the list of names. Where the main file cannot be read, those that
    belong to it come one by one."""
    suffix = suffix_of(file.path)

    def copied(role: str, path: Path) -> Incoming | None:
        name = file.name_of(role)
        try:
            own = suffix if role == MAIN else f"{suffix}-{role}"
            return copy_in(delivery, path, own, role=role, name=name, progress=progress, findings=findings)
        except EvidenceError as error:
            if file.named and role == MAIN:
                raise
            findings.append(passed_over(name, "take-skipped-unreadable", str(error.facts.get("reason") or error)))
            return None

    main = copied(MAIN, file.path)
    if main is None:
        for role, path in file.members.items():
            yield from _artifacts(delivery, Loose(path, file.name_of(role), named=False), progress, findings)
        return
    members = [member for role, path in file.members.items() if (member := copied(role, path))]
    told = {member.role: file.name_of(member.role) for member in members}
    yield [main, *members], {"name": file.name, **({"members": told} if told else {})}


def _keep(session: Session, exhibit: str, findings: list[Finding]) -> None:
    """The findings of the taking, as JSON Lines held in the case."""
    with session.delivery() as delivery:
        with delivery.receive("jsonl") as incoming:
            for finding in findings:
                incoming.write(json.dumps(finding.as_json(), separators=(",", ":")).encode() + b"\n")
        delivery.add(REMARKS, Room.RECORDS, exhibit, [incoming], {"lines": len(findings)})


def _described(artifact: Artifact) -> dict[str, object]:
    members = [{"role": file.role, "path": file.path, "sha256": file.sha256} for file in artifact.files[1:]]
    return {**described(artifact), **({"members": members} if members else {})}
