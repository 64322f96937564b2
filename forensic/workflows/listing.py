"""`files`: what the file systems of an exhibit list, live and deleted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from chain_of_custody.case import Case
from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.progress import Progress
from forensic.sources import runs as byte_runs
from forensic.sources.entries import Entry
from forensic.sources.examined import Survey, survey
from forensic.sources.filesystem import FileSystem
from forensic.workflows import media

LIVE, DELETED = "live", "deleted"


@dataclass(frozen=True, slots=True)
class Listed:
    """One name of one file system of one image (by its ledger number)."""

    image: int
    filesystem: FileSystem
    entry: Entry


def surveyed(case: Case, exhibit: str, findings: list[Finding]) -> Iterator[tuple[int, Survey]]:
    """Each image of the exhibit and what stands on it; what is wrong with them goes into `findings`."""
    for artifact in media.images(case, exhibit):
        with media.opened(case, artifact) as image:
            found = survey(image)
            findings += of_image(artifact.seq, found.findings)
            yield artifact.seq, found
            findings += of_image(artifact.seq, arisen(found))


def of_image(image: int, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The same findings, each naming the image that it speaks of."""
    for finding in findings:
        yield replace(finding, where={"image": image, **finding.where})


def arisen(found: Survey) -> Iterator[Finding]:
    """What the file systems remarked while they were read."""
    for _, filesystem in found.filesystems:
        yield from filesystem.findings


def listed(case: Case, exhibit: str, findings: list[Finding], progress: Progress) -> Iterator[Listed]:
    """Every name, volume by volume, parents before their children."""
    for image, found in surveyed(case, exhibit, findings):
        for _, filesystem in found.filesystems:
            for entry in filesystem.entries(progress):
                yield Listed(image, filesystem, entry)


def as_json(item: Listed, *, hashed: bool) -> dict[str, Any]:
    """As `--json` lists it. A deleted name has no bytes here: what is left of it is for `recover` to say."""
    entry = item.entry
    live = entry.allocated
    runs = item.filesystem.runs(entry) if live and entry.kind == "file" else ()
    return {
        "name": entry.name,
        "path": entry.path,
        "stored": None,
        "inode": entry.inode,
        "size": entry.size,
        "sha256": sha256(item) if hashed and live and entry.kind == "file" else None,
        "status": LIVE if live else DELETED,
        "runs": [list(run) for run in runs],
        "kind": entry.kind,
        "stream": entry.stream,
        "flags": list(entry.flags),
        "times": entry.times._asdict(),
        "image": item.image,
        "volume": item.filesystem.start,
    }


def sha256(item: Listed) -> str | None:
    """Of a live file's content; None where it cannot be read."""
    content = item.filesystem.content(item.entry)
    try:
        return byte_runs.sha256(content, (byte_runs.Run(0, content.size),))
    except EvidenceError:
        return None


def unreadable(item: Listed) -> Finding:
    return Finding(
        "files-content-unreadable",
        Severity.ERROR,
        {"path": item.entry.path},
        {"image": item.image, "inode": item.entry.inode},
    )


def bodyfile(item: Listed, zone: ZoneInfo) -> str:
    """A line of the body file that mactime reads (The Sleuth Kit 3.0 and later): MD5|name|inode|mode|UID|GID|size|
    atime|mtime|ctime|crtime. Times without a zone are taken in the case's; the separator in a name is spelt out."""
    entry = item.entry
    times = entry.times
    modified, accessed, changed, created = (
        _seconds(text, zone) for text in (times.modified, times.accessed, times.changed, times.created)
    )
    name = entry.path.replace("|", "\\x7c") + (":" + entry.stream if entry.stream else "")
    name += "" if entry.allocated else " (deleted)"
    letter = {"dir": "d", "link": "l", "file": "r"}.get(entry.kind, "-")
    return (
        f"0|/{name}|{entry.inode}|{letter}/{letter}---------|0|0|{entry.size}|{accessed}|{modified}|{changed}|{created}"
    )


def _seconds(text: str | None, zone: ZoneInfo) -> int:
    if text is None:
        return 0
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())
