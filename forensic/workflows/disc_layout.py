"""What stands on which disc: files put onto discs in order, each disc counted as a burning program will fill it.

Counted are blocks of 2048 bytes (ECMA-119, 6.1.2; ECMA-167 and UDF on optical media use the same). A file takes its own
blocks and two more, for its UDF file entry (ECMA-167, 4/14.9) and its directory records in ISO 9660, Joliet and UDF; a
folder takes four; a disc two MiB for descriptors, path tables, UDF anchors and the padding that burning programs add.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from chain_of_custody.errors import UsageError
from forensic.workflows import capacity
from forensic.workflows.exporting import inert
from reports.visible import visible

BLOCK = 2048
PER_FILE, PER_FOLDER, PER_DISC = 2 * BLOCK, 4 * BLOCK, 2 << 20
SUM = 64 + 3  # of a line of SHA256SUMS, besides the path
PROOF = 8 << 10  # a proof of inclusion, but for the entry in it, is shorter: at most 64 hashes and a head
HEADINGS = ("光盘 disc", "文件 file", "台账条目 entry", "类别 kind", "状态 status", "字节 size", "SHA-256", "原名 name")

Sized = tuple[str, int]  # path on the disc, bytes


@dataclass(frozen=True, slots=True)
class Item:
    """A file for a disc: `path` on it, the entry `seq` that it belongs to, `name` what it was called in the evidence.
    `content` gives its bytes and raises `IntegrityError` where they are not those of `sha256`."""

    path: str
    size: int
    sha256: str
    what: str
    seq: int
    content: Callable[[], Iterator[bytes]] = field(compare=False)
    status: str = ""
    name: str = ""

    def row(self, disc: int) -> tuple[str, ...]:
        cells = (disc, self.path, self.seq, self.what, self.status, self.size, self.sha256, visible(self.name))
        return tuple(inert(str(cell)) for cell in cells)


def proof_paths(seq: int) -> tuple[str, str]:
    """Where the proof of an entry and its exact bytes stand."""
    stem = f"proofs/{seq // 1000:05d}/{seq:08d}"
    return f"{stem}.tlog-proof", f"{stem}.entry"


def contents(rows: Iterable[Sequence[str]]) -> bytes:
    """contents.csv: what stands on which disc. UTF-8 with a byte order mark, for spreadsheets."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(HEADINGS)
    table.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def capacity_of(text: str) -> int:
    """The bytes of a disc as printed on it: `4.7G` are 4,700,000,000. Raises `UsageError`."""
    size = capacity.in_bytes(text)
    if size is None:
        raise UsageError("disc-size-unclear", hint="disc-size-hint", given=text)
    return size


@dataclass(slots=True)
class Disc:
    """One disc while it is filled. `used` counts the bytes it will take once burned."""

    number: int
    used: int = PER_DISC
    items: dict[str, Item] = field(default_factory=dict)
    _there: set[str] = field(default_factory=set)

    def with_all(self, files: Iterable[Sized]) -> int:
        """The bytes it would take with these files too; one that stands on it already takes no more."""
        return self.used + sum(self._weights(files).values())

    def put(self, files: Iterable[Sized], items: Iterable[Item] = ()) -> None:
        weights = self._weights(files)
        self.used += sum(weights.values())
        self._there.update(weights)
        self.items |= {item.path: item for item in items}

    def _weights(self, files: Iterable[Sized]) -> dict[str, int]:
        new: dict[str, int] = {}
        for path, size in files:
            if path not in self._there:
                new[path] = -(-size // BLOCK) * BLOCK + PER_FILE + len(path) + SUM
                above = (str(folder) for folder in PurePosixPath(path).parents)
                new |= {folder: PER_FOLDER for folder in above if folder not in self._there}
        return new


Group = Sequence[Item]
"""Files that belong on one disc: a found file and the image blocks that hold it."""


def spread(
    groups: Iterable[Group], entry_size: Callable[[int], int], on_each: Sequence[Sized], size: int
) -> list[Disc]:
    """The discs, filled in the order given, with `on_each` on every one. With a file go its entry, `entry_size` bytes,
    and the proof of it. A group that no disc can hold is put file by file; a file that none can hold raises
    `UsageError`."""
    discs = [_empty(1, on_each, size)]
    least = discs[0].used
    for group in groups:
        whole = Disc(0, least).with_all(_with_proofs(group, entry_size)) <= size
        for part in [group] if whole else [[item] for item in group]:
            files = list(_with_proofs(part, entry_size))
            if discs[-1].items and discs[-1].with_all(files) > size:
                discs.append(_empty(len(discs) + 1, on_each, size))
            if discs[-1].with_all(files) > size:
                item = part[0]
                raise UsageError("disc-file-too-large", hint="disc-file-too-large-hint", seq=item.seq, bytes=item.size)
            discs[-1].put(files, part)
    return discs


def _empty(number: int, on_each: Sequence[Sized], size: int) -> Disc:
    disc = Disc(number)
    disc.put(on_each)
    if disc.used >= size:
        raise UsageError("disc-too-small", size=size, needed=disc.used)
    return disc


def _with_proofs(items: Iterable[Item], entry_size: Callable[[int], int]) -> Iterator[Sized]:
    for item in items:
        proof, entry = proof_paths(item.seq)
        length = entry_size(item.seq)
        yield from ((item.path, item.size), (proof, PROOF + -(-length // 3) * 4), (entry, length))
