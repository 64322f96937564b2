"""Where in one view of the database rows of a table may stand that its b-tree does not show."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from parsers.sqlite.btree import INDEX, TABLE, Cell, Walk, start_of
from parsers.sqlite.deleted_cells import Sought, Stretch
from parsers.sqlite.deleted_headless import find
from parsers.sqlite.deleted_pages import freeblocks, is_btree_page, stretches
from parsers.sqlite.deleted_profile import Profile, profile
from parsers.sqlite.findings import Findings
from parsers.sqlite.owners import Owners
from parsers.sqlite.pages import Pages
from parsers.sqlite.reading import Tables
from parsers.sqlite.record import Malformed, Value, decode, serials
from parsers.sqlite.rows import Basis, Table

_LONGEST_CHAIN = 1 << 20  # bytes of a deleted row outside its cell


class Found(NamedTuple):
    """What may be a row: its values as stored, and where its cell begins in its page."""

    page: int
    at: int
    rowid: int | None
    stored: Sequence[Value]
    basis: Basis


class Profiles:
    """The profile of each table, learned from its live rows where it has any."""

    def __init__(self, pages: Pages, known: Tables) -> None:
        self._pages = pages
        self._known = known
        self._made: dict[tuple[str, str], Profile] = {}

    def of(self, table: Table) -> Profile:
        key = (table.name, table.sql)
        if key not in self._made:
            live = self._known.get(table.name)
            root = live.root_page if live and live.sql == table.sql else 0
            self._made[key] = profile(table, self._pages.header, self._payloads(root, table) if root else ())
        return self._made[key]

    def _payloads(self, root: int, table: Table) -> Iterator[bytes]:
        walk = Walk(self._pages, Findings(), INDEX if table.without_rowid else TABLE)
        return (cell.payload for cell in walk.cells(root))


class FreeOnly(Pages):
    """The free pages of a view that the freelist has left as they were; every other page reads as empty."""

    def __init__(self, pages: Pages, free: Mapping[int, int]) -> None:
        super().__init__(pages.files, pages.header, pages.count, pages.log, pages.originals, pages.limit)
        self._free = free

    def read(self, page: int) -> bytes:
        return super().read(page) if self._free.get(page) == 0 else b""


class Scene:
    """A view of the database, who owns its pages, and what rows of each table look like.

    `whole` says that the owners are those of this very view.
    """

    def __init__(self, pages: Pages, owned: Owners, profiles: Profiles, *, whole: bool) -> None:
        self.pages = pages
        self.owners = owned
        self._profiles = profiles
        self._whole = whole

    def between_cells(self, page: int, table: Table) -> Iterator[Found]:
        """Rows in the free bytes of a page that belongs to the table."""
        data, usable = self.pages.read(page), self.pages.header.usable
        if is_btree_page(data, page, usable):
            yield from self._between(page, data, table)

    def cells(self, page: int, table: Table) -> Iterator[Found]:
        """The rows to which a page of the table points in this view."""
        kind = INDEX if table.without_rowid else TABLE
        data = self.pages.read(page)
        if is_btree_page(data, page, self.pages.header.usable) and data[start_of(page)] != TABLE.interior:
            chosen = None if self._whole else self._profiles.of(table)
            yield from _decoded(Walk(self.pages, Findings(), kind).on(page), self.pages.header.encoding, chosen)

    def on_free_page(self, page: int, tables: Iterable[Table]) -> tuple[list[Table], list[Found]]:
        """The tables to which a page of the freelist can have belonged, and the rows on it if only one can.

        Tables WITHOUT ROWID are left out: their pages look like those of an index.
        """
        data, usable = self.pages.read(page), self.pages.header.usable
        begin = self.owners.free.get(page, 0)
        as_leaf = begin == 0 and is_btree_page(data, page, usable)
        if as_leaf and data[start_of(page)] != TABLE.leaf:
            return [], []
        listed: list[Cell] = []
        if as_leaf:
            listed = list(Walk(FreeOnly(self.pages, self.owners.free), Findings(), TABLE).on(page))
        most, best, rows = 0, list[Table](), list[Found]()
        for table in tables:
            chosen = self._profiles.of(table)
            cells = list(_decoded(listed, self.pages.header.encoding, chosen))
            if table.without_rowid or len(cells) < len(listed):
                continue
            if as_leaf:
                remains = list(self._between(page, data, table))
            else:
                remains = list(self._in(page, data, [Stretch(begin, min(usable, len(data)))], table, ()))
            score = len(cells) + len(remains)
            if score > most:
                most, best, rows = score, [table], cells + remains
            elif score == most and score:
                best.append(table)
        return best, rows if len(best) == 1 else []

    def _between(self, page: int, data: bytes, table: Table) -> Iterator[Found]:
        usable = self.pages.header.usable
        return self._in(page, data, stretches(data, page, usable), table, freeblocks(data, page, usable))

    def _in(
        self, page: int, data: bytes, places: Iterable[Stretch], table: Table, chain: Collection[int]
    ) -> Iterator[Found]:
        sought = Sought(self._profiles.of(table), self.pages.header.usable, self._overflow)
        for stretch in places:
            for remains in find(data, stretch, sought, chain):
                basis = Basis.HEADLESS if remains.headless else Basis.WHOLE
                yield Found(page, remains.at, remains.rowid, remains.values, basis)

    def _overflow(self, page: int, size: int) -> bytes | None:
        """A payload's bytes from a chain of free pages that nothing was written over, to the chain's very end."""
        usable, free = self.pages.header.usable, self.owners.free
        if size > _LONGEST_CHAIN:
            return None
        parts: list[bytes] = []
        while size > 0:
            data = self.pages.read(page) if free.get(page) == 0 else b""
            if len(data) < usable:
                return None
            parts.append(data[4 : min(usable, 4 + size)])
            size -= len(parts[-1])
            page = int.from_bytes(data[:4], "big")
        return b"".join(parts) if page == 0 else None


def _decoded(cells: Iterable[Cell], encoding: str, chosen: Profile | None) -> Iterator[Found]:
    """The cells that can be read and, where a profile is given, fit it."""
    for cell in cells:
        try:
            if chosen is None or chosen.fits(serials(cell.payload)[0]):
                yield Found(cell.page, cell.at, cell.rowid, decode(cell.payload, encoding), Basis.CELL)
        except Malformed:
            continue
