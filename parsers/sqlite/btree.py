"""Walks a b-tree from its root and gives every cell with its whole payload, in key order.

Source: https://www.sqlite.org/fileformat2.html sections 1.6 (b-tree pages) and 1.7 (overflow chains).
Nothing here recurses; no page is used twice in a walk, so that a walk ends after at most every page.
"""

from collections.abc import Iterator
from typing import NamedTuple

from chain_of_custody.finding import Severity
from parsers.sqlite.findings import Findings
from parsers.sqlite.header import SIZE as FILE_HEADER
from parsers.sqlite.pages import Pages, Place
from parsers.sqlite.record import Malformed, varint

LARGEST_PAYLOAD = 128 << 20
_WHOLE_PAGE = 0
_OVERLAP = 4  # how many times its own size the cells of a damaged page may claim before it is given up


class Cell(NamedTuple):
    """One cell that holds a record; `at` is its first byte inside the page, `place` that of the page."""

    place: Place
    page: int
    at: int
    rowid: int | None
    payload: bytes


class Kind(NamedTuple):
    """The page types of one sort of b-tree."""

    leaf: int
    interior: int


TABLE = Kind(0x0D, 0x05)
INDEX = Kind(0x0A, 0x02)


def local_size(total: int, usable: int, kind: Kind) -> int:
    """How many of a payload's bytes stand in the cell itself (section 1.6, "Cell Payload Overflow Pages")."""
    most = usable - 35 if kind is TABLE else (usable - 12) * 64 // 255 - 23
    if total <= most:
        return total
    least = (usable - 12) * 32 // 255 - 23
    fitting = least + (total - least) % (usable - 4)
    return fitting if fitting <= most else least


def start_of(page: int) -> int:
    """Where the b-tree header of a page begins: after the file header on page 1."""
    return FILE_HEADER if page == 1 else 0


def pointers(data: bytes, start: int) -> list[int]:
    """The cell pointers of a page whose b-tree header begins at `start`, no more than the page has room for."""
    array = start + (12 if data[start] in (TABLE.interior, INDEX.interior) else 8)
    count = int.from_bytes(data[start + 3 : start + 5], "big")
    end = min(array + 2 * count, len(data) - 1)
    return [data[at] << 8 | data[at + 1] for at in range(array, end, 2)]


class Walk:
    """One pass over one b-tree."""

    def __init__(self, pages: Pages, findings: Findings, kind: Kind) -> None:
        self._pages = pages
        self._findings = findings
        self._kind = kind
        self._seen = bytearray((pages.limit >> 3) + 1)

    def cells(self, root: int) -> Iterator[Cell]:
        stack = [(root, _WHOLE_PAGE)]
        while stack:
            page, at = stack.pop()
            if at != _WHOLE_PAGE:
                yield from self._some(page, self._pages.read(page), [at])
            elif (data := self._open(page)) is not None:
                if data[start_of(page)] == self._kind.leaf:
                    yield from self._some(page, data, pointers(data, start_of(page)))
                else:
                    stack.extend(reversed(self._children(page, data)))

    def on(self, page: int) -> Iterator[Cell]:
        """The cells that one leaf page points at, whether or not it belongs to a tree."""
        data = self._pages.read(page)
        return self._some(page, data, pointers(data, start_of(page)))

    def _open(self, page: int) -> bytes | None:
        """The page if it is one of this tree and new to this walk, else a finding."""
        if not self._claim(page):
            return None
        data = self._pages.read(page)
        start = start_of(page)
        if len(data) < start + 8:
            self._findings.add("sqlite-page-missing", Severity.ERROR, page=page)
            return None
        if data[start] not in self._kind:
            self._findings.add("sqlite-page-malformed", Severity.ERROR, page=page)
            return None
        return data

    def _claim(self, page: int) -> bool:
        """Marks a page as used; False, with a finding, if it cannot be used."""
        if not 0 < page <= self._pages.limit or page == self._pages.header.lock_page:
            self._findings.add("sqlite-page-missing", Severity.ERROR, page=page)
            return False
        if self._seen[page >> 3] >> (page & 7) & 1:
            self._findings.add("sqlite-page-twice", Severity.ERROR, page=page)
            return False
        self._seen[page >> 3] |= 1 << (page & 7)
        if page > self._pages.count:
            self._findings.add("sqlite-page-beyond", page=page)
        return True

    def _children(self, page: int, data: bytes) -> list[tuple[int, int]]:
        """The children of an interior page in key order; between them, in an index, its own cells."""
        start = start_of(page)
        steps: list[tuple[int, int]] = []
        for at in pointers(data, start):
            if not start + 12 <= at <= len(data) - 4:
                self._bad_cell(page, at)
                continue
            steps.append((int.from_bytes(data[at : at + 4], "big"), _WHOLE_PAGE))
            if self._kind is INDEX:
                steps.append((page, at))
        return [*steps, (int.from_bytes(data[start + 8 : start + 12], "big"), _WHOLE_PAGE)]

    def _some(self, page: int, data: bytes, places: list[int]) -> Iterator[Cell]:
        """The cells at some places of a page."""
        place = self._pages.place(page)
        budget = _OVERLAP * len(data)
        for at in places:
            try:
                cell, length = self._cell(place, page, data, at)
            except (Malformed, IndexError):
                self._bad_cell(page, at)
                continue
            yield cell
            budget -= length
            if budget < 0:
                self._findings.add("sqlite-page-malformed", Severity.ERROR, page=page)
                return

    def _cell(self, place: Place, page: int, data: bytes, at: int) -> tuple[Cell, int]:
        """The cell at `at` and how many bytes of the page it takes; raises `Malformed` or `IndexError`."""
        start = start_of(page)
        end = min(len(data), self._pages.header.usable)
        if not start + 8 <= at < end:
            raise Malformed("cell outside the page")
        after = at + 4 if data[start] == INDEX.interior else at
        total, after = varint(data, after)
        rowid: int | None = None
        if self._kind is TABLE:
            rowid, after = varint(data, after)
        usable = self._pages.header.usable
        local = total if 0 <= total <= usable >> 3 else self._local(total)
        if after + local > end:
            raise Malformed("payload outside the page")
        payload = data[after : after + local]
        after += local
        if local < total:
            first = int.from_bytes(data[after : after + 4], "big")
            payload += self._overflow(first, total - local)
        return Cell(place, page, at, rowid, payload), after - at

    def _local(self, total: int) -> int:
        if not 0 <= total <= min(LARGEST_PAYLOAD, self._pages.limit * self._pages.header.page_size):
            raise Malformed("payload size")
        return local_size(total, self._pages.header.usable, self._kind)

    def _overflow(self, page: int, missing: int) -> bytes:
        """The next `missing` bytes of a payload from its chain of overflow pages."""
        parts: list[bytes] = []
        usable = self._pages.header.usable
        while missing > 0:
            if not self._claim(page):
                raise Malformed("overflow chain")
            data = self._pages.read(page)
            part = data[4 : min(usable, 4 + missing)]
            if len(part) < min(usable - 4, missing):
                raise Malformed("overflow page cut off")
            parts.append(part)
            missing -= len(part)
            page = int.from_bytes(data[:4], "big")
        return b"".join(parts)

    def _bad_cell(self, page: int, at: int) -> None:
        place = self._pages.place(page)
        self._findings.add(
            "sqlite-cell-malformed", Severity.ERROR, page=page, file=place.file, offset=place.offset + at
        )
