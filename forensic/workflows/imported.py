"""`acquire image`: an image that somebody else made, taken in and checked against the hash its container carries."""

import hashlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from chain_of_custody import hashing
from chain_of_custody.artifact import Room
from chain_of_custody.errors import CannotWrite, CustodyRefusal, ForensicError, UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.parcel import Incoming
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from chain_of_custody.volumes import CASE
from forensic.acquire import devices
from forensic.sources.images import Image, open_image, segments_of
from forensic.sources.medium import blocks
from forensic.workflows import custody
from forensic.workflows.imaging import add_hash_list, media_facts, same_media
from forensic.workflows.loose import BLOCK
from forensic.workflows.media import IMAGE, first_look
from forensic.workflows.work import Outcome, described

MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Job:
    """Which image, as typed. `differs` is the reason why the same media may stand under two exhibits."""

    file: Path
    exhibit: str
    volume: str = CASE
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """What one pass over an image's medium gave. `block_hashes`: SHA-256 of each MiB, 32 bytes each."""

    size: int
    hashes: dict[str, str]
    block_hashes: bytes


def take_in(session: Session, job: Job, progress: Progress) -> Outcome:
    """Copies every segment in, then reads the medium from the copy. An image whose stored hash does not match stays in
    the case, marked, with a Finding: the outcome's verdict says so, and the command's exit code is 6."""
    case = session.case
    case.register.exhibit(job.exhibit)
    if job.volume not in case.volumes():
        raise UsageError("volume-unknown", volume=job.volume)
    if job.file.resolve().is_relative_to(case.folder.resolve()):
        raise UsageError("take-from-case", path=str(job.file))
    segments = segments_of(job.file)
    with closing(open_image(segments)) as image:
        kind, facts, stored = image.format, dict(image.facts), dict(image.stored_hashes)
    total = sum(path.stat().st_size for path in segments)
    room = devices.place(case.root_of(job.volume))
    if room.free < total:
        raise CannotWrite("acquire-space-refused", path=room.path, size=total, needed=total, free=room.free)
    begin = session.enter(
        "acquire.begin",
        item=job.exhibit,
        method="image",
        source={"segments": len(segments), "size": total},
        format=kind,
        volume=job.volume,
        differs=job.differs or None,
        container=facts or None,
        stored=stored or None,
    )
    try:
        return _copied(session, job, begin, segments, progress)
    except ForensicError as error:
        session.enter("acquire.abort", begin=begin, item=job.exhibit, error=error.message_id)
        raise


def _copied(session: Session, job: Job, begin: int, segments: tuple[Path, ...], progress: Progress) -> Outcome:
    with session.delivery(job.volume) as delivery:
        progress.start("phase-copying", sum(path.stat().st_size for path in segments))
        incoming = [
            _copy(delivery.receive(_suffix(p, segments), "main" if n == 0 else "segment"), p, progress)
            for n, p in enumerate(segments)
        ]
        with closing(open_image([file.path for file in incoming])) as image:
            stored = dict(image.stored_hashes)
            media = read_media(image, stored, progress)
            look = first_look(image)
        _refuse_twin(session, job, media)
        wrong = [name for name, value in stored.items() if media.hashes[name] != value.lower()]
        verdict = MISMATCH if wrong else "complete"
        entered = {"begin": begin, "verdict": verdict, "media": media_facts(media.size, media.hashes)}
        delivery.add(IMAGE, Room.IMAGE, job.exhibit, incoming, entered)
        add_hash_list(delivery, job.exhibit, media.size, media.block_hashes)
        artifacts = delivery.commit()
    findings = [
        Finding(
            "acquire-stored-hash-differs",
            Severity.ERROR,
            {"algorithm": name, "stored": stored[name], "computed": media.hashes[name]},
            {"artifact": artifacts[0].seq},
        )
        for name in wrong
    ]
    end = session.enter(
        "acquire.end",
        begin=begin,
        item=job.exhibit,
        image=artifacts[0].seq,
        verdict=verdict,
        bytes=media.size,
        size=media.size,
        hashes=media.hashes,
        stored=stored or None,
        unreadable=[],
        unreadable_runs=0,
        unreadable_bytes=0,
        needs_key=look.needs_key,
    )
    findings += look.findings
    if closed := custody.sealed(session.case, job.exhibit):
        facts = {"exhibit": job.exhibit, "seals": ", ".join(closed.seals) or "-"}
        findings.append(Finding("acquire-copy-of-sealed", Severity.NOTE, facts, {"exhibit": job.exhibit}))
    data = {
        **media.hashes,
        "needs_key": look.needs_key,
        "bytes": media.size,
        "unreadable": [],
        "verdict": verdict,
        "stored": stored,
    }
    listed = [described(artifact) for artifact in artifacts]
    return Outcome({**data, "begin": begin, "end": end}, findings, listed)


def _suffix(path: Path, segments: tuple[Path, ...]) -> str:
    """E01, E02, ... and 001, 002, ... keep their ending, which tells their order; a single raw file is a dd."""
    ending = path.suffix[1:]
    is_segment = len(ending) == 3 and (ending.isdigit() or (ending[0].upper() in "ES" and ending.isascii()))
    return ending if is_segment and (len(segments) > 1 or not ending.isdigit()) and ending.isalnum() else "dd"


def _copy(incoming: Incoming, source: Path, progress: Progress) -> Incoming:
    try:
        with incoming, source.open("rb", buffering=0) as file:
            while block := file.read(BLOCK):
                incoming.write(block)
                progress.advance(len(block))
    except OSError as error:
        raise CannotWrite("file-unreadable", path=str(source), reason=error.strerror or str(error)) from error
    return incoming


def read_media(image: Image, stored: Mapping[str, str], progress: Progress) -> Media:
    """One pass: md5 and sha256 always, what the container carries besides, and each MiB."""
    digests = hashing.Digests(
        dict.fromkeys(("md5", "sha256", *(name for name in stored if name in hashing.ALGORITHMS)))
    )
    block_hashes = bytearray()
    progress.start("phase-media", image.size)
    for block in blocks(image):
        digests.update(block)
        block_hashes += hashlib.sha256(block).digest()
        progress.advance(len(block))
    return Media(digests.size, digests.hexdigests(), bytes(block_hashes))


def _refuse_twin(session: Session, job: Job, media: Media) -> None:
    twin = same_media(session.case, job.exhibit, media.hashes["sha256"])
    if twin and not job.differs:
        raise CustodyRefusal("acquire-same-media", exhibit=twin.exhibit, seq=twin.seq)
