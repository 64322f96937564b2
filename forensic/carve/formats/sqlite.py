"""SQLite databases: the header's page count, and every page looked at for what it can be."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from forensic.carve.format import BROKEN, CONTRADICTION, CUT, OPEN_END, Extent, Format, Signature, corrupt, truncated
from forensic.sources.medium import Medium

CHECKED = ("header", "pages")
TREES = frozenset({2, 5, 10, 13})
LEAVES = frozenset({10, 13})
LOCK_BYTE = 0x40000000
ASKED = 128


@dataclass(frozen=True, slots=True)
class _Header:
    """Sizes in bytes; `pages` is 0 where the header's count is not to be trusted."""

    page: int
    usable: int
    pages: int
    free: int
    mapped: bool


def measure(medium: Medium) -> Extent | None:
    header = _header(medium)
    if header is None or not _tree(medium, 100, header.usable, start=0):
        return None
    size = header.pages * header.page
    pages = _Pages(medium, header)
    good = pages.good()
    if not header.pages:
        return truncated(good * header.page, "sqlite", CHECKED, reason=OPEN_END)
    if good == header.pages:
        return Extent(size, "sqlite", checked=CHECKED)
    if size <= medium.size and pages.mostly(good + 1):
        return corrupt(size, "sqlite", CHECKED, reason=CONTRADICTION)
    reason = CUT if (good + 1) * header.page > medium.size else BROKEN
    return truncated(good * header.page, "sqlite", CHECKED, reason=reason, claimed=size)


def _header(medium: Medium) -> _Header | None:
    """The header of 100 bytes (file format, 1.3); the page count holds where version-valid-for says so (1.3.7)."""
    head = medium.read(0, 100)
    if len(head) < 100:
        return None
    page = struct.unpack_from(">H", head, 16)[0]
    page = 65536 if page == 1 else page
    if page < 512 or page & (page - 1) or head[18] not in (1, 2) or head[19] not in (1, 2):
        return None
    if head[21:24] != b"\x40\x20\x20" or page - head[20] < 480 or page > medium.size:
        return None
    changes, pages, trunk = struct.unpack_from(">III", head, 24)
    (root,) = struct.unpack_from(">I", head, 52)
    (valid_for,) = struct.unpack_from(">I", head, 92)
    return _Header(page, page - head[20], pages if valid_for == changes else 0, trunk, bool(root))


class _Pages:
    """The pages of one database, counted from 1."""

    def __init__(self, medium: Medium, header: _Header) -> None:
        self._medium = medium
        self._header = header
        here = medium.size // header.page
        self._limit = header.pages or here
        self._most = min(self._limit, here)
        self._free = set(_free_leaves(medium, header, self._most))

    def good(self) -> int:
        """How many pages from the first on can be pages of this database, wiped ones at the end left out."""
        good = next((n - 1 for n in range(2, self._most + 1) if not self._can_be(n)), self._most)
        return self._unwiped(good)

    def mostly(self, first: int) -> bool:
        """Whether the last page and at least half of those from `first` on can be; of many pages, some are asked."""
        if not self._can_be(self._limit) or self._unwiped(self._limit) < self._limit:
            return False
        asked = range(first, self._limit + 1, 1 + (self._limit - first) // ASKED)
        return 2 * sum(self._can_be(n) for n in asked) >= len(asked)

    def _unwiped(self, last: int) -> int:
        """The last page up to `last` that is not all zeros; `last` where only free pages of a whole file are."""
        page = last
        while page > 1 and not any(self._medium.read((page - 1) * self._header.page, self._header.page)):
            page -= 1
        return last if last == self._limit and self._free.issuperset(range(page + 1, last + 1)) else page

    def _can_be(self, number: int) -> bool:
        """A b-tree page, a pointer map, a free page, or an overflow page, which begins with a page number."""
        start = (number - 1) * self._header.page
        if start == LOCK_BYTE or number in self._free:
            return True
        head = self._medium.read(start, 4)
        if self._header.mapped and _is_map(number, self._header.usable):
            return 1 <= head[0] <= 5
        return (
            _tree(self._medium, start, self._header.usable, start=start) or int.from_bytes(head, "big") <= self._limit
        )


def _tree(medium: Medium, at: int, usable: int, *, start: int) -> bool:
    """Whether a b-tree page's header at `at` and its cell pointers can be (file format, 1.6)."""
    head = medium.read(at, 12)
    if len(head) < 12 or head[0] not in TREES:
        return False
    free, cells, content, fragments = struct.unpack_from(">HHHB", head, 1)
    body = at - start + (8 if head[0] in LEAVES else 12)
    content = content or 65536
    if free >= usable or fragments > 60 or content > usable or body + 2 * cells > content:
        return False
    pointers = medium.read(start + body, 2 * cells)
    return len(pointers) == 2 * cells and all(content <= p < usable for (p,) in struct.iter_unpack(">H", pointers))


def _is_map(number: int, usable: int) -> bool:
    """Whether the page is a pointer map page of an auto-vacuum database (file format, 1.8)."""
    return (number - 2) % (usable // 5 + 1) == 0


def _free_leaves(medium: Medium, header: _Header, most: int) -> Iterator[int]:
    """The free pages that the trunk chain lists; they may hold anything (file format, 1.5)."""
    trunk, seen = header.free, set[int]()
    while 1 < trunk <= most and trunk not in seen:
        seen.add(trunk)
        data = medium.read((trunk - 1) * header.page, header.usable)
        if len(data) < header.usable:
            return
        trunk, count = struct.unpack_from(">II", data)
        if count > header.usable // 4 - 2:
            return
        yield from struct.unpack_from(f">{count}I", data, 8)


FORMAT = Format(
    name="sqlite",
    suffixes=("sqlite",),
    signatures=(Signature(rb"SQLite format 3\x00"),),
    measure=measure,
    specification="SQLite, Database File Format (sqlite.org/fileformat2.html)",
)
