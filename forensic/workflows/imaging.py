"""`acquire disk`: a device imaged into the case."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from chain_of_custody.artifact import Artifact, Room
from chain_of_custody.case import Case
from chain_of_custody.custody import State
from chain_of_custody.errors import CustodyRefusal, ForensicError, IntegrityError, UsageError
from chain_of_custody.exhibit import Exhibit
from chain_of_custody.finding import Fact, Finding, Severity
from chain_of_custody.intake import Delivery
from chain_of_custody.parcel import Incoming
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from chain_of_custody.volumes import CASE
from forensic.acquire import checks, devices, hash_list, pipeline, read_back
from forensic.acquire.checks import Check, Standing, Stated
from forensic.acquire.devices import Device, RegularFile, Unfit
from forensic.acquire.origin import opened
from forensic.sources.raw import RawImage
from forensic.workflows import capacity, custody, custody_faults, media
from forensic.workflows.config import FORMATS
from forensic.workflows.media import HASH_LIST, IMAGE, PARTIAL
from forensic.workflows.work import Outcome, described

SEALED = "sealed"  # the check that --anyway lets pass
LISTED = 200  # unreadable runs kept in the entry; the outcome and the holes' list have all


@dataclass(frozen=True, slots=True)
class Job:
    """What to image, as typed. `differs` is the reason why the source may differ from what the exhibit says, `anyway`
    why the original is read though the exhibit is sealed."""

    source: Path
    exhibit: str
    format: str = "raw"
    volume: str = CASE
    hashes: tuple[str, ...] = ("md5", "sha256")
    differs: str = ""
    anyway: str = ""


def examined(case: Case, job: Job) -> tuple[Device | RegularFile | Unfit, tuple[Check, ...]]:
    """The source, and how it stands to every rule. Nothing is read of it yet."""
    if job.format not in FORMATS:
        raise UsageError("acquire-format-unknown", format=job.format, known=", ".join(FORMATS))
    if job.volume not in case.volumes():
        raise UsageError("volume-unknown", volume=job.volume)
    exhibit = case.register.exhibit(job.exhibit)
    stated = Stated(exhibit.model or None, exhibit.serial or None, capacity.in_bytes(exhibit.capacity))
    source = devices.identify(job.source, case.folder)
    standing = checks.check(source, devices.place(case.root_of(job.volume)), stated)
    if isinstance(source, Unfit):
        return source, standing
    own = (_not_swapped(source, exhibit), _not_taken(case, source, job.exhibit), _not_sealed(case, job.exhibit))
    return source, (*standing, *own)


def refusal(standing: Iterable[Check], job: Job) -> Check | None:
    """The first failure that the job gives no reason to pass over."""
    reasons = {SEALED: job.anyway}
    failed = (check for check in standing if not check.ok)
    return next((c for c in failed if not (c.overridable and reasons.get(c.name, job.differs).strip())), None)


def _not_sealed(case: Case, exhibit: str) -> Check:
    """The original is read while it is out of its seal, and in our custody."""
    closed = custody.sealed(case, exhibit)
    if closed is None:
        return Check(SEALED, Standing.PASSED, "acquire-not-sealed", {"exhibit": exhibit})
    code = "acquire-sealed" if closed.state is State.SEALED else "acquire-returned"
    facts: dict[str, Fact] = {
        "exhibit": exhibit,
        "seals": ", ".join(closed.seals) or "-",
        "whole": closed.under or exhibit,
    }
    return Check(SEALED, Standing.FAILED, code, facts, overridable=True)


def _not_swapped(source: Device | RegularFile, exhibit: Exhibit) -> Check:
    """The serial that the exhibit bears must not be another attached device's. A file has none and is exempt."""
    passed = Check("swapped", Standing.PASSED, "acquire-not-swapped", {"path": source.path})
    if isinstance(source, RegularFile) or not exhibit.serial or exhibit.serial in names_of(source):
        return passed
    others = (device for device in devices.attached() if device.path not in (source.path, source.disk))
    bearer = next((device for device in others if exhibit.serial in names_of(device)), None)
    if bearer is None:
        return passed
    facts = {"serial": exhibit.serial, "path": source.path, "other": bearer.path}
    return Check("swapped", Standing.FAILED, "acquire-swapped", facts, overridable=True)


def names_of(device: Device) -> set[str]:
    """What tells this device from others: its serial numbers, or the file behind a loop device."""
    backing = {device.backing, Path(device.backing).name} if device.backing else set()
    return {name for name in (device.hardware.serial, device.hardware.usb_serial, *backing) if name}


def _not_taken(case: Case, source: Device | RegularFile, exhibit: str) -> Check:
    """One device belongs to one exhibit: it must not have been acquired under another."""
    identity = identity_of(source)
    for seq, body in case.register.acquisitions.items():
        done = body["end"] and body["end"].get("verdict")
        if identity and body.get("identity") == identity and body["item"] != exhibit and done:
            facts = {"path": source.path, "exhibit": body["item"], "seq": seq}
            return Check("taken", Standing.FAILED, "acquire-taken", facts, overridable=True)
    return Check("taken", Standing.PASSED, "acquire-not-taken", {"path": source.path})


def identity_of(source: Device | RegularFile) -> str | None:
    """What stays the same of a device when it is plugged in again. A file has nothing of the kind."""
    if isinstance(source, RegularFile):
        return None
    names = (source.hardware.wwn, source.hardware.serial, source.hardware.usb_serial, source.backing)
    own = next((name for name in names if name), None)
    part = source.path.rsplit("/", 1)[-1] if source.disk else ""
    return f"{own} {part}".strip() if own else None


def acquire(session: Session, job: Job, progress: Progress) -> Outcome:
    """Images the source. Whatever was read is entered: whole, with holes, or incomplete.

    Raises the error that stopped it once the part that was read has been taken in.
    """
    case = session.case
    source, standing = examined(case, job)
    overridden = checks.enforce((check for check in standing if check.name != SEALED), reason=job.differs)
    assert not isinstance(source, Unfit)
    with session.transaction() as writing:
        seals = _seals_passed_over(case, job)
        begin = writing.add(
            "acquire.begin",
            item=job.exhibit,
            method="device",
            source={"path": source.path, "size": source.size, **_device_facts(source)},
            identity=identity_of(source),
            format=job.format,
            volume=job.volume,
            hashes=list(job.hashes),
            overridden=[{"check": check.name, **check.facts} for check in overridden] or None,
            differs=job.differs or None,
            anyway=None if seals is None else job.anyway.strip(),
            sealed=seals,
        )
    try:
        outcome = _imaged(session, job, begin, progress)
    except ForensicError as error:
        if not case.register.acquisitions[begin]["end"]:
            session.enter("acquire.abort", begin=begin, item=job.exhibit, error=error.message_id)
        raise
    if seals is not None:
        outcome.findings.append(custody_faults.read_anyway(begin, job.exhibit, seals, job.anyway.strip()))
    return outcome


def _seals_passed_over(case: Case, job: Job) -> list[str] | None:
    """The seals under which the original is read for the job's reason; None where it is open. Without a reason:
    `CustodyRefusal`."""
    check = _not_sealed(case, job.exhibit)
    if check.ok:
        return None
    if not job.anyway.strip():
        raise check.error(check.code, hint=f"{check.code}-hint", **check.facts)
    return list(case.register.custody.of(job.exhibit).seals)


def _device_facts(source: Device | RegularFile) -> dict[str, Any]:
    if isinstance(source, RegularFile):
        return {"kind": "file"}
    hardware = {name: value for name, value in asdict(source.hardware).items() if value}
    facts = {
        "kind": str(source.kind),
        "sector": source.sector,
        "read_only": source.read_only,
        "backing": source.backing,
    }
    return {**hardware, **{name: value for name, value in facts.items() if value is not None}}


def _imaged(session: Session, job: Job, begin: int, progress: Progress) -> Outcome:
    about = {"what": PARTIAL, "exhibit": job.exhibit, "begin": begin}
    with session.delivery(job.volume, about) as delivery, opened(job.source) as origin:
        incoming = delivery.receive("dd")
        algorithms = tuple(dict.fromkeys((*job.hashes, "sha256")))
        room = devices.place(incoming.path.parent)
        progress.remark("acquire-space-ok", path=room.path, needed=origin.size, free=room.free)
        result = pipeline.image(origin, [incoming.file], algorithms, progress)
        if result.reached == 0:
            raise result.stopped or UsageError("acquire-nothing-read")
        incoming.hashed_elsewhere(result.reached, result.digests)
        again, look = None, media.FirstLook(needs_key=False, findings=())
        if not result.stopped:
            with incoming.path.open("rb") as held:
                again = read_back.read_back(held.fileno(), result.reached, result.block_hashes, progress)
            look = _look(incoming.path)
        verdict = "mismatch" if again and not again.same else result.verdict
        _refuse_same_media(session.case, job, result.digests["sha256"])
        facts = {"begin": begin, "verdict": verdict, "media": media_facts(result.reached, result.digests)}
        what = PARTIAL if verdict in ("incomplete", "mismatch") else IMAGE
        delivery.add(what, Room.IMAGE, job.exhibit, [incoming], facts)
        add_hash_list(delivery, job.exhibit, result.reached, result.block_hashes)
        artifacts = delivery.commit()
    end = session.enter(
        "acquire.end",
        begin=begin,
        item=job.exhibit,
        image=artifacts[0].seq,
        verdict=verdict,
        bytes=result.reached,
        size=result.size,
        hashes=result.digests,
        read_back=None if again is None else {"same": again.same, "differs_at": again.differs_at},
        unreadable=[list(run) for run in result.unreadable[:LISTED]],
        unreadable_runs=len(result.unreadable),
        unreadable_bytes=sum(run.length for run in result.unreadable),
        stopped=result.stopped.message_id if result.stopped else None,
        needs_key=look.needs_key,
    )
    outcome = _outcome(artifacts, verdict, result.digests, result.reached, result.unreadable)
    outcome.findings += look.findings
    outcome.data |= {"needs_key": look.needs_key, "begin": begin, "end": end, "seconds": str(round(result.seconds, 2))}
    if result.stopped:
        progress.remark("acquire-part-kept", seq=artifacts[0].seq, bytes=result.reached)
        raise result.stopped
    if again and not again.same:
        raise IntegrityError("acquire-read-back-differs", seq=artifacts[0].seq, offset=again.differs_at)
    return outcome


def _look(path: Path) -> media.FirstLook:
    """A first look at the copy. That nothing on a device is known is a note: it may well be blank."""
    with closing(RawImage([path])) as image:
        look = media.first_look(image)
    softened = (
        replace(finding, severity=Severity.NOTE) if finding.code == media.UNKNOWN else finding
        for finding in look.findings
    )
    return media.FirstLook(look.needs_key, tuple(softened))


def _refuse_same_media(case: Case, job: Job, sha256: str) -> None:
    twin = same_media(case, job.exhibit, sha256)
    if twin and not job.differs:
        raise CustodyRefusal("acquire-same-media", exhibit=twin.exhibit, seq=twin.seq)


def same_media(case: Case, exhibit: str, sha256: str) -> Artifact | None:
    """An image of another exhibit with the same media hash."""
    for artifact in case.register.held(what=IMAGE):
        belongs = case.register.exhibit_of(artifact.seq, artifact.exhibit)
        if belongs != exhibit and artifact.facts["media"]["sha256"] == sha256:
            return artifact
    return None


def media_facts(size: int, hashes: dict[str, str]) -> dict[str, object]:
    """Of the medium's bytes, which are not those of the files where the format is a container."""
    return {"size": size, **hashes}


def add_hash_list(delivery: Delivery, exhibit: str, size: int, block_hashes: bytes) -> Incoming:
    with delivery.receive("txt") as incoming:
        for line in hash_list.lines(size, block_hashes):
            incoming.write(line)
    delivery.add(HASH_LIST, Room.RECORDS, exhibit, [incoming], {"block": 1 << 20})
    return incoming


def _outcome(
    artifacts: Iterable[Artifact],
    verdict: str,
    hashes: dict[str, str],
    size: int,
    unreadable: Iterable[tuple[int, int]],
) -> Outcome:
    holes = [list(run) for run in unreadable]
    findings = []
    if holes:
        total = sum(length for _, length in holes)
        findings.append(Finding("acquire-holes", Severity.ERROR, {"runs": len(holes), "bytes": total}))
    return Outcome(
        {**hashes, "bytes": size, "unreadable": holes, "verdict": verdict},
        findings,
        [described(artifact) for artifact in artifacts],
    )
