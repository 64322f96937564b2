"""Where in one view of the database rows of a table may stand that its b-tree does not show."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from parsers.sqlite.btree import INDEX, TABLE, Cell, Walk, start_of
from parsers.sqlite.deleted_cells import Stretch, find
from parsers.sqlite.deleted_pages import is_btree_page, stretches
from parsers.sqlite.deleted_profile import Profile, profile
from parsers.sqlite.findings import Findings
from parsers.sqlite.owners import Owners
from parsers.sqlite.pages import Pages
from parsers.sqlite.reading import Tables
from parsers.sqlite.record import Malformed, Value, serials
from parsers.sqlite.rows import Table


class Found(NamedTuple):
    """What may be a row: its values as stored, and where its cell begins in its page."""

    page: int
    at: int
    rowid: int | None
    stored: Sequence[Value]


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
    """A view of the database, who owns its pages, and what rows of each table look like."""

    def __init__(self, pages: Pages, owned: Owners, profiles: Profiles) -> None:
        self.pages = pages
        self.owners = owned
        self._profiles = profiles

    def between_cells(self, page: int, table: Table) -> Iterator[Found]:
        """Rows in the free bytes of a page that belongs to the table."""
        data, usable = self.pages.read(page), self.pages.header.usable
        if is_btree_page(data, page, usable):
            yield from self._found(page, data, stretches(data, page, usable), table)

    def cells(self, page: int, table: Table) -> Iterator[Found]:
        """The rows that a page of the table shows in this view."""
        kind = INDEX if table.without_rowid else TABLE
        data = self.pages.read(page)
        if is_btree_page(data, page, self.pages.header.usable) and data[start_of(page)] != TABLE.interior:
            yield from _fitting(Walk(self.pages, Findings(), kind).on(page), self._profiles.of(table))

    def on_free_page(self, page: int, tables: Iterable[Table]) -> tuple[list[Table], list[Found]]:
        """The tables to which a page of the freelist can have belonged, and the rows on it if only one can."""
        data, usable = self.pages.read(page), self.pages.header.usable
        begin = self.owners.free.get(page, 0)
        as_leaf = begin == 0 and is_btree_page(data, page, usable)
        if as_leaf and data[start_of(page)] != TABLE.leaf:
            return [], []
        most, best, rows = 0, list[Table](), list[Found]()
        for table in tables:
            if table.without_rowid:
                continue
            if as_leaf:
                places = stretches(data, page, usable)
                listed = list(Walk(FreeOnly(self.pages, self.owners.free), Findings(), TABLE).on(page))
                fitting = list(_fitting(listed, self._profiles.of(table)))
                score = sum(len(cell.payload) for cell in listed) if len(fitting) == len(listed) else 0
            else:
                places, fitting, score = [Stretch(begin, min(usable, len(data)))], [], 0
            remains = list(self._found(page, data, places, table))
            score += len(remains)
            if score > most:
                most, best, rows = score, [table], fitting + remains
            elif score == most and score:
                best.append(table)
        return best, rows if len(best) == 1 else []

    def _found(self, page: int, data: bytes, places: Iterable[Stretch], table: Table) -> Iterator[Found]:
        chosen = self._profiles.of(table)
        for stretch in places:
            for remains in find(data, stretch, self.pages.header.usable, chosen):
                yield Found(page, remains.at, remains.rowid, remains.values)


def _fitting(cells: Iterable[Cell], chosen: Profile) -> Iterator[Found]:
    for cell in cells:
        try:
            types, body = serials(cell.payload)
            values = chosen.values(types, cell.payload, body) if chosen.fits(types) else None
        except Malformed:
            continue
        if values is not None:
            yield Found(cell.page, cell.at, cell.rowid, values)
