"""`export disc`: papers, cited artifacts, image blocks, ledger and programs to check them, as folders ready to burn.

The entry of the export comes first, so that the ledger on the disc holds it, with the hash of the list of contents. The
hash of each SHA256SUMS, which counts that ledger too, is entered when the folders are finished and stands on no disc.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from chain_of_custody import bundle, proof
from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.clock import local
from chain_of_custody.errors import CannotWrite, CaseError, UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.ledger import Ledger
from chain_of_custody.messages import Lang, say
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from forensic.workflows import disc_book, disc_content, disc_layout, exporting, media, withholding
from forensic.workflows.disc_layout import Disc, Item, Sized
from forensic.workflows.work import Outcome
from reports.visible import visible

CHECKER, README, LABEL, CONTENTS = "check.py", "README.txt", "disc.json", "contents.csv"
NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
GROWTH = 256 << 10  # bytes by which the ledger may grow between counting it and writing it
TEXT = 64 << 10  # bytes of README and label
LARGEST_ISO = (1 << 32) - 1  # bytes of a file, ECMA-119 without multi-extent files


@dataclass(frozen=True, slots=True)
class Job:
    """A disc as typed. Without `artifacts` it carries all that the report cites; `report` None means the newest."""

    folder: Path
    recipient: str
    number: str
    size: str
    artifacts: tuple[int, ...] = ()
    report: int | None = None
    withhold: str = ""
    reason: str = ""


def export(session: Session, job: Job, progress: Progress) -> Outcome:
    """Writes the disc, or discs, into a new or empty folder outside the case."""
    case = session.case
    size = disc_layout.capacity_of(job.size)
    _check(case, job)
    withheld = bundle.selected(case.ledger, job.withhold) if job.withhold else []
    report = disc_content.report_of(case, job.report)
    if report is None and not job.artifacts:
        raise CaseError("disc-no-report", hint="disc-no-report-hint")
    with ExitStack() as opened:
        discs, contents = _planned(case, job, report, withheld, size, disc_content.Shelf(case, opened))
        _refuse_withheld(discs, withheld)
        _check_space(job.folder, sum(disc.used for disc in discs))
        items = [item for disc in discs for item in disc.items.values()]
        carried = {item.seq for item in items if item.what not in (media.HASH_LIST, disc_content.BLOCK_OF_IMAGE)}
        facts: dict[str, Any] = {"withheld": bundle.ranges(withheld), "reason": job.reason} if withheld else {}
        with session.transaction() as writing:
            _refuse_number(case, job.number)
            seq = writing.add(
                "export",
                what=disc_book.DISC,
                no=job.number,
                to=job.recipient,
                size=size,
                discs=len(discs),
                files=len(items),
                bytes=sum(item.size for item in items),
                report=report.seq if report else None,
                artifacts=bundle.ranges(sorted(carried - {report.seq if report else -1})),
                contents=hashlib.sha256(contents).hexdigest(),
                **facts,
            )
        order = _Order(case, job, seq, len(discs), session.names, contents, withheld)
        made = _write(order, discs, size, progress)
    entered = [{name: disc[name] for name in ("disc", "files", "bytes", "sums")} for disc in made]
    done = session.enter("export.made", target=seq, discs=entered)
    head = case.ledger.head(seq + 1)
    told = {"number": job.number, "to": job.recipient, "report": report.seq if report else None, "discs": made}
    data = {"seq": seq, "made": done, "folder": str(job.folder), **told, "size": seq + 1, "root": head.root.hex()}
    return Outcome(data, [*_remarks(case, items, withheld)])


def _check(case: Case, job: Job) -> None:
    if not NUMBER.fullmatch(job.number):
        raise UsageError("disc-number-wrong", given=job.number)
    if not job.recipient.strip():
        raise UsageError("disc-nobody", option="--for")
    if job.withhold and not job.reason.strip():
        raise UsageError("reason-missing")
    if job.reason and not job.withhold:
        raise UsageError("bundle-reason-alone")
    _refuse_number(case, job.number)
    exporting.refuse_inside(case, job.folder)
    exporting.refuse_occupied(job.folder)


def _refuse_number(case: Case, number: str) -> None:
    """A number names one disc of the case; that of an export which was never finished is free again."""
    other = disc_book.numbered(disc_book.exports(case), number)
    if other and other.made:
        raise CaseError("disc-number-taken", number=number, seq=other.seq)


def _planned(
    case: Case,
    job: Job,
    report: Artifact | None,
    withheld: list[int],
    size: int,
    shelf: disc_content.Shelf,
) -> tuple[list[Disc], bytes]:
    """What stands on which disc, and the list that says so."""
    if job.artifacts:
        chosen = disc_content.named(case, job.artifacts)
    else:
        assert report is not None
        chosen = disc_content.cited(case, report)
    groups = [shelf.papers(report)] if report else []
    groups += [shelf.group(each) for each in chosen if report is None or each.seq != report.seq]
    longest = len(disc_layout.contents(item.row(10**6) for group in groups for item in group))
    on_each = [*_on_each_disc(case.ledger, withheld, job.reason), (CONTENTS, longest), (README, TEXT), (LABEL, TEXT)]
    discs = disc_layout.spread(groups, lambda seq: _length(case.ledger, seq), on_each, size)
    rows = (item.row(disc.number) for disc in discs for item in disc.items.values())
    return discs, disc_layout.contents(rows)


def _length(ledger: Ledger, seq: int) -> int:
    return len(_line(ledger, seq))


def _line(ledger: Ledger, seq: int) -> bytes:
    """The bytes of an entry, those whose hash behind a zero byte is its leaf."""
    entry = ledger.entry(seq)
    return f"{entry.text}\t{entry.sig}".encode()


def _on_each_disc(ledger: Ledger, withheld: list[int], reason: str) -> Iterator[Sized]:
    """The ledger as it is now and the programs, with room for the entries that are still to come."""
    for name, blocks in _ledger_files(ledger, len(ledger), withheld, reason):
        yield name, sum(map(len, blocks))
    yield "ledger/growth", GROWTH
    yield CHECKER, len(_checker())


def _ledger_files(ledger: Ledger, size: int, withheld: list[int], reason: str) -> bundle.Files:
    """The exported ledger in a folder of its own, its program beside the disc's other one."""
    for name, blocks in bundle.files(ledger, size, withheld, reason):
        if name != README:  # the disc has one
            yield name if name.endswith(".py") else f"ledger/{name}", blocks


def _checker() -> bytes:
    return resources.files("chain_of_custody").joinpath("check_disc.py").read_bytes()


def _refuse_withheld(discs: Iterable[Disc], withheld: list[int]) -> None:
    both = sorted({item.seq for disc in discs for item in disc.items.values()} & set(withheld))
    if both:
        raise UsageError("disc-withholds-what-it-carries", hint="disc-withholds-hint", entries=bundle.ranges(both))


def _check_space(folder: Path, needed: int) -> None:
    there = next(above for above in (folder.absolute(), *folder.absolute().parents) if above.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise CannotWrite("disc-no-room", path=str(folder), needed=needed, free=free)


def _remarks(case: Case, items: Iterable[Item], withheld: list[int]) -> Iterator[Finding]:
    if any(item.size > LARGEST_ISO for item in items):
        yield Finding("disc-needs-udf", Severity.NOTE)
    yield from withholding.remarks(case, withheld)


@dataclass(frozen=True, slots=True)
class _Order:
    """What every disc of one export is told. `seq` is the entry of the export, the last on the disc's ledger."""

    case: Case
    job: Job
    seq: int
    discs: int
    persons: tuple[str, ...]
    contents: bytes
    withheld: list[int]


def _write(order: _Order, discs: list[Disc], size: int, progress: Progress) -> list[dict[str, Any]]:
    """Writes the discs. Only when all of them are there is each given its SHA256SUMS."""
    folder = order.job.folder
    folders = [folder] if len(discs) == 1 else [folder / f"{order.job.number}-{disc.number}" for disc in discs]
    progress.start("phase-export", sum(item.size for disc in discs for item in disc.items.values()))
    try:
        pens = [_Pen(place, progress) for place in folders]
        for pen, disc in zip(pens, discs, strict=True):
            _write_one(pen, order, disc)
            taken = Disc(disc.number)
            taken.put(pen.sizes)
            if taken.used > size:
                raise CannotWrite("disc-outgrown", disc=disc.number, size=size, needed=taken.used)
        return [{"disc": disc.number, **pen.close()} for pen, disc in zip(pens, discs, strict=True)]
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error


class _Pen:
    """Writes the files of one disc and keeps their hashes."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._folder = folder
        self._progress = progress
        self._sums: dict[str, str] = {}
        self.sizes: list[Sized] = []

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        path, digest, size = self._folder / name, hashlib.sha256(), 0
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
                size += len(piece)
                self._progress.advance(len(piece))
        self._sums[name] = digest.hexdigest()
        self.sizes.append((name, size))

    def close(self) -> dict[str, Any]:
        """Writes SHA256SUMS, which ends the disc, and tells of it."""
        files, counted = len(self._sums), sum(size for _, size in self.sizes)
        lines = "".join(f"{self._sums[name]}  {name}\n" for name in sorted(self._sums))
        self.write(bundle.SUMS, [lines.encode("ascii")])
        sums = self._sums[bundle.SUMS]
        return {"folder": str(self._folder), "files": files, "bytes": counted, "sums": sums}


def _write_one(pen: _Pen, order: _Order, disc: Disc) -> None:
    ledger, size = order.case.ledger, order.seq + 1
    for item in disc.items.values():
        pen.write(item.path, item.content())
    for seq in sorted({item.seq for item in disc.items.values()}):
        inclusion, line = disc_layout.proof_paths(seq)
        pen.write(inclusion, [proof.prove(ledger, seq, size).text().encode()])
        pen.write(line, [_line(ledger, seq)])
    for name, blocks in _ledger_files(ledger, size, order.withheld, order.job.reason):
        pen.write(name, blocks)
    pen.write(CHECKER, [_checker()])
    pen.write(CONTENTS, [order.contents])
    pen.write(LABEL, [_label(order, disc)])
    pen.write(README, [readme(order, disc)])


def _label(order: _Order, disc: Disc) -> bytes:
    """Which disc this is, for programs."""
    head = order.case.ledger.head(order.seq + 1)
    facts = {"schema": 1, "number": order.job.number, "disc": disc.number, "discs": order.discs, "entry": order.seq}
    facts |= {"origin": head.origin, "size": head.size, "root": head.root.hex(), "vkey": order.case.ledger.verifier_key}
    return json.dumps(facts, indent=1).encode("ascii") + b"\n"


def readme(order: _Order, disc: Disc) -> bytes:
    """README.txt as Windows Notepad shows it: UTF-8 with a byte order mark, lines ended by CR LF."""
    case, head = order.case, order.case.ledger.head(order.seq + 1)
    first = next(iter(disc.items), CONTENTS)
    facts = {
        "number": order.job.number,
        "disc": disc.number,
        "discs": order.discs,
        "case": visible(f"{case.facts.number} {case.facts.title}"),
        "recipient": visible(order.job.recipient),
        "persons": visible("、".join(order.persons)),
        "time": local(case.ledger.entry(order.seq).time, case.zone),
        "origin": head.origin,
        "entry": order.seq,
        "file": first.replace("/", "\\"),
        "head": f"{head.size}:{head.root.hex()}",
        "vkey": " --key ".join(dict.fromkeys((case.ledger.verifier_key, *case.ledger.adopted_keys()))),
        "images": "\n".join(_images(case, disc)) or "  -",
    }
    languages: tuple[Lang, ...] = ("zh", "en")
    words = []
    for lang in languages:
        mark = say("disc-training", lang) if case.facts.training else ""
        words.append((mark + say("disc-readme", lang, **facts)).strip() + "\n")
    return "\n".join(words).replace("\n", "\r\n").encode("utf-8-sig")


def _images(case: Case, disc: Disc) -> Iterator[str]:
    """The whole images that this disc does not carry."""
    there = {item.seq for item in disc.items.values() if item.what == media.IMAGE}
    for image in case.register.held(what=media.IMAGE):
        if image.seq not in there:
            of = image.facts["media"]
            yield f"  {image.exhibit}  #{image.seq}  {of['size']:,} B  SHA-256 {of['sha256']}"
