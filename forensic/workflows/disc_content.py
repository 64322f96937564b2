"""What a disc carries of a case: the papers, and the artifacts they cite with the image blocks that hold them.

Cited are the entries that a report names as evidence: photos of exhibits, every recovered and carved file in its lists,
and the files whose messages and payments it prints.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from chain_of_custody.artifact import Artifact, HeldFile, Located, Room, located
from chain_of_custody.case import Case
from chain_of_custody.errors import CaseError, CustodyRefusal, IntegrityError, UsageError
from chain_of_custody.intake import final_path
from forensic.acquire import hash_list
from forensic.sources.filesystem import RunsMedium
from forensic.sources.medium import BLOCK, Medium, blocks
from forensic.sources.runs import SPARSE, Run
from forensic.workflows import belonging, finds, media, names, recordset, views
from forensic.workflows.disc_layout import Item

REPORT, BLOCK_OF_IMAGE, PHOTO = "report", "image-block", "photo"
SECTIONS = ("message", "payment")  # kinds of record that a report prints


@dataclass(frozen=True, slots=True)
class Cited:
    """An artifact by its entry, what it was called in the evidence, and how surely it was found."""

    seq: int
    name: str = ""
    status: str = ""


def report_of(case: Case, seq: int | None) -> Artifact | None:
    """The report of entry `seq`, else the newest. Raises `UsageError` for an entry that is none."""
    reports = list(case.register.held(what=REPORT))
    if seq is None:
        return reports[-1] if reports else None
    for report in reports:
        if report.seq == seq:
            return report
    raise UsageError("disc-no-such-report", seq=seq)


def cited(case: Case, report: Artifact) -> list[Cited]:
    """What the report cites and what nobody has excluded or disposed of since, in the order of the ledger."""
    told = case.as_of(int(report.facts["head"]["size"]))
    found = {photo.seq: Cited(photo.seq, str(photo.facts.get("side", ""))) for photo in told.register.held(what=PHOTO)}
    for line in (line for _, line in finds.files(told) if line["seq"] is not None):
        found[line["seq"]] = Cited(line["seq"], line["path"], line["status"])
    for set_ in views.record_sets(told):
        if any(set_.facts["counts"].get(kind) for kind in SECTIONS):
            source = int(set_.facts["input"])
            found.setdefault(source, Cited(source, recordset.header(told, set_)["path"]))
    gone = _Gone(case)
    return [found[seq] for seq in sorted(found) if not gone.says_so_of(seq)]


def named(case: Case, numbers: Iterable[int]) -> list[Cited]:
    """The artifacts asked for by number. One that is excluded or disposed of raises `CustodyRefusal`."""
    gone, known = _Gone(case), names.read(case)
    found = {line["seq"]: line for _, line in finds.files(case) if line["seq"] is not None}
    chosen = []
    for seq in sorted(set(numbers)):
        if gone.says_so_of(seq):
            raise CustodyRefusal("disc-artifact-gone", seq=seq)
        line = found.get(seq, {})
        name = line.get("path") or known.get(seq, {}).get("name") or ""
        chosen.append(Cited(seq, str(name), str(line.get("status", ""))))
    return chosen


class _Gone:
    """What was excluded or disposed of: the artifact, what it comes from, or the same bytes under another entry."""

    def __init__(self, case: Case) -> None:
        self._case = case
        register = case.register
        entries = (case.ledger.entry(seq) for seq in register.excluded)
        self._bytes = {self._place(located(entry)) for entry in entries if entry.kind == "artifact.located"}

    def says_so_of(self, seq: int) -> bool:
        register = self._case.register
        artifact = register.artifacts.get(seq)
        if artifact is None:
            place = place_of(self._case, seq)
            out = register.excluded.keys() | register.disposed.keys()
            return bool({seq, place.image} & out) or self._place(place) in self._bytes
        return seq in register.disposed or not belonging.counts(self._case, artifact)

    def _place(self, place: Located) -> tuple[object, ...]:
        medium = self._case.register.artifacts[place.image].facts["media"]["sha256"]
        return medium, place.runs, place.sha256


def place_of(case: Case, seq: int) -> Located:
    entry = case.ledger.entry(seq)
    if entry.kind != "artifact.located":
        raise UsageError("not-an-artifact", seq=seq, kind=entry.kind)
    return located(entry)


@dataclass(slots=True)
class Shelf:
    """Artifacts as items of a disc. Images are opened once; `opened` closes them."""

    case: Case
    opened: ExitStack
    _images: dict[int, Medium] = field(default_factory=dict)
    _lists: dict[int, tuple[Item, bytes]] = field(default_factory=dict)

    def papers(self, report: Artifact) -> list[Item]:
        return self._held(Cited(report.seq), report)

    def group(self, cited_: Cited) -> list[Item]:
        """The files of an artifact, and of a located one the hash list and the blocks of its image."""
        artifact = self.case.register.artifacts.get(cited_.seq)
        if artifact:
            return self._held(cited_, artifact)
        place = place_of(self.case, cited_.seq)
        path = final_path(Room.FILES, place.exhibit, place.seq, place.suffix)
        content = partial(self._located, place)
        file = Item(path, place.size, place.sha256, place.what, place.seq, content, cited_.status, cited_.name)
        return [file, *self._blocks(place)]

    def _held(self, cited_: Cited, artifact: Artifact) -> list[Item]:
        items = []
        for file in artifact.files:
            path = self.case.path_of(artifact, file)
            content = partial(_file, path, file, artifact.seq)
            items.append(Item(file.path, file.size, file.sha256, artifact.what, artifact.seq, content))
        return [replace(item, status=cited_.status, name=cited_.name) for item in items]

    def _located(self, place: Located) -> Iterator[bytes]:
        medium = RunsMedium(self._medium(place.image), tuple(Run(*piece) for piece in place.runs))
        return _compared(blocks(medium), place.sha256, place.seq)

    def _blocks(self, place: Located) -> Iterator[Item]:
        image = self.case.register.artifacts[place.image]
        listing, hashes = self._hash_list(image)
        yield listing
        size = int(image.facts["media"]["size"])
        for number in block_numbers(place.runs):
            path = f"{image.exhibit}/blocks/{image.seq:08d}/{number // 1000:05d}/{number:08d}.bin"
            digest = hashes[number * 32 : number * 32 + 32].hex()
            content = partial(self._block, image.seq, number, digest)
            length = min(BLOCK, size - number * BLOCK)
            yield Item(path, length, digest, BLOCK_OF_IMAGE, image.seq, content)

    def _block(self, image: int, number: int, digest: str) -> Iterator[bytes]:
        data = self._medium(image).read(number * BLOCK, BLOCK)
        if hashlib.sha256(data).hexdigest() != digest:
            raise IntegrityError("disc-block-differs", seq=image, block=number)
        yield data

    def _medium(self, image: int) -> Medium:
        if image not in self._images:
            artifact = self.case.register.artifacts[image]
            self._images[image] = self.opened.enter_context(media.opened(self.case, artifact))
        return self._images[image]

    def _hash_list(self, image: Artifact) -> tuple[Item, bytes]:
        """The list of block hashes that came into the case in one parcel with the image."""
        if image.seq not in self._lists:
            for file in image.files:
                self.case.path_of(image, file)
            parcel = image.facts["parcel"][0]
            lists = self.case.register.held(what=media.HASH_LIST)
            artifact = next((each for each in lists if each.facts["parcel"][0] == parcel), None)
            if artifact is None:
                raise CaseError("disc-no-block-hashes", seq=image.seq)
            (item,) = self._held(Cited(artifact.seq), artifact)
            lines = b"".join(item.content()).splitlines(keepends=True)
            self._lists[image.seq] = item, hash_list.parsed(lines).block_hashes
        return self._lists[image.seq]


def block_numbers(runs: Sequence[tuple[int, int]]) -> list[int]:
    """The blocks of one MiB that runs of (offset, length) touch, each once, in order."""
    touched: set[int] = set()
    for offset, length in runs:
        if offset != SPARSE and length:
            touched.update(range(offset // BLOCK, (offset + length - 1) // BLOCK + 1))
    return sorted(touched)


def _file(path: Path, file: HeldFile, seq: int) -> Iterator[bytes]:
    return _compared(_read(path, seq), file.sha256, seq)


def _read(path: Path, seq: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
    except OSError as error:
        raise IntegrityError("verify-unreadable", seq=seq, path=str(path), reason=error.strerror or "") from error


def _compared(pieces: Iterable[bytes], sha256: str, seq: int) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256:
        raise IntegrityError("export-hash-differs", seq=seq)
