"""OLE2 compound files (old Office documents): the FAT says how many sectors, the directory says what it is."""

import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forensic.carve.format import BROKEN, CONTRADICTION, CUT, Extent, Format, Signature, corrupt, truncated
from forensic.sources.medium import Medium

CHECKED = ("fat", "fat-chains")
HEADER = 512
FREE, END, FAT, DIFAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
ENTRY = 128
ENTRIES = 1 << 14  # directory entries that are looked at
STREAM, ROOT = 2, 5
NAMES = {
    "WordDocument": "doc",
    "Workbook": "xls",
    "Book": "xls",
    "PowerPoint Document": "ppt",
    "__properties_version1.0": "msg",
    "VisioDocument": "vsd",
    "Catalog": "db",
}


@dataclass(frozen=True, slots=True)
class _File:
    """A compound file whose FAT was read: `fat` holds for each sector the next one of its chain."""

    medium: Medium
    sector: int
    cutoff: int
    fat: Sequence[int]

    @property
    def size(self) -> int:
        last = len(self.fat)
        while last and self.fat[last - 1] == FREE:
            last -= 1
        return (last + 1) * self.sector

    def at(self, number: int) -> int:
        return (number + 1) * self.sector

    def chain(self, first: int) -> Iterator[int]:
        """The sectors of a chain; one that leads outside or in a circle ends in a sector that does not exist."""
        left = len(self.fat)
        while first != END:
            if first >= len(self.fat) or not left:
                yield FREE
                return
            yield first
            left -= 1
            first = self.fat[first]


def measure(medium: Medium) -> Extent | None:
    head = medium.read(0, HEADER)
    if len(head) < HEADER:
        return None
    major, order, shift, mini = struct.unpack_from("<HHHH", head, 26)
    if (major, shift) not in ((3, 9), (4, 12)) or order != 0xFFFE or mini != 6 or any(head[34:40]):
        return None
    sector = 1 << shift
    fats, directory = struct.unpack_from("<II", head, 44)
    if not fats or fats > (1 << 32) // sector:
        return None
    (cutoff,) = struct.unpack_from("<I", head, 56)
    places = list(_fat_sectors(medium, head, sector, fats))
    reach = max((p + 2) * sector for p in places) if places else 0
    if len(places) < fats or reach > medium.size:
        return truncated(HEADER, "ole", reason=CUT if reach > medium.size or not places else BROKEN)
    table = array("I")
    for place in places:
        table.extend(struct.unpack(f"<{sector // 4}I", medium.read((place + 1) * sector, sector)))
    if any(place >= len(table) or table[place] != FAT for place in places):
        return truncated(HEADER, "ole", reason=BROKEN)
    return _judged(_File(medium, sector, cutoff, table), directory, reach)


def _judged(file: _File, directory: int, proven: int) -> Extent:
    size = file.size
    suffix, right = _directory(file, directory)
    if size > file.medium.size:
        return truncated(min(proven, size), suffix, CHECKED[:1], reason=CUT, claimed=size)
    return Extent(size, suffix, checked=CHECKED) if right else corrupt(size, suffix, CHECKED, reason=CONTRADICTION)


def _fat_sectors(medium: Medium, head: bytes, sector: int, count: int) -> Iterator[int]:
    """The numbers of the FAT sectors, from the header and the DIFAT chain ([MS-CFB] 2.5); stops where it breaks."""
    listed: Sequence[int] = struct.unpack_from("<109I", head, 76)
    following, _ = struct.unpack_from("<II", head, 68)
    seen = set[int]()
    while True:
        for number in listed:
            if count == 0:
                return
            if number >= DIFAT or (number + 1) * sector >= medium.size:
                return
            yield number
            count -= 1
        if count == 0 or following >= DIFAT or following in seen:
            return
        seen.add(following)
        data = medium.read((following + 1) * sector, sector)
        if len(data) < sector:
            return
        *listed, following = struct.unpack(f"<{sector // 4}I", data)


def _directory(file: _File, first: int) -> tuple[str, bool]:
    """The suffix by the streams of the root, and whether every stream's chain is as long as its size needs."""
    entries: list[bytes] = []
    for number in file.chain(first):
        data = file.medium.read(file.at(number), file.sector)
        if len(data) < file.sector:
            return "ole", False
        entries += [data[at : at + ENTRY] for at in range(0, file.sector, ENTRY)]
        if len(entries) >= ENTRIES:
            break
    if not entries or entries[0][66] != ROOT:
        return "ole", False
    suffix = next((NAMES[name] for name in _in_root(entries) if name in NAMES), "ole")
    return suffix, all(_stream_fits(file, entry) for entry in entries)


def _in_root(entries: Sequence[bytes]) -> Iterator[str]:
    """The names directly in the root storage: its child and that one's siblings on both sides ([MS-CFB] 2.6)."""
    seen = set[int]()
    todo = [struct.unpack_from("<I", entries[0], 76)[0]]
    while todo:
        number = todo.pop()
        if number >= len(entries) or number in seen:
            continue
        seen.add(number)
        length, left, right = struct.unpack_from("<H2xII", entries[number], 64)
        yield entries[number][: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        todo += [left, right]


def _stream_fits(file: _File, entry: bytes) -> bool:
    """Whether a stream that lies in whole sectors has as many of them as its size says."""
    kind = entry[66]
    first, size = struct.unpack_from("<II", entry, 116)
    if kind not in (STREAM, ROOT) or not size or (kind == STREAM and size < file.cutoff):
        return True
    sectors = 0
    for number in file.chain(first):
        if number == FREE:
            return False
        sectors += 1
    return sectors * file.sector >= int(size)


FORMAT = Format(
    name="ole2",
    suffixes=("doc", "xls", "ppt", "msg", "vsd", "db", "ole"),
    signatures=(Signature(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1.{20}\xfe\xff"),),
    measure=measure,
    specification="Microsoft [MS-CFB]",
)
