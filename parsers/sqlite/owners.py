"""To which table each page of a view belongs, and which pages are free.

Source: https://www.sqlite.org/fileformat2.html sections 1.5 (the freelist) and 1.6 (b-tree pages).
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parsers.sqlite.btree import INDEX, TABLE, pointers, start_of
from parsers.sqlite.pages import Pages
from parsers.sqlite.rows import Table

_TRUNK_HEADER = 8


@dataclass(frozen=True, slots=True)
class Owners:
    """`places` runs over page numbers and holds 1 + the place of the owner in `tables`, 0 for other pages.

    `free` gives for each page of the freelist how many of its first bytes the freelist itself has written.
    """

    tables: Sequence[Table]
    places: "array[int]"
    free: dict[int, int]

    def of(self, page: int) -> Table | None:
        place = self.places[page] if 0 <= page < len(self.places) else 0
        return self.tables[place - 1] if place else None

    def pages_of(self, table: Table) -> Iterable[int]:
        place = self.tables.index(table) + 1
        return (page for page, owner in enumerate(self.places) if owner == place)


def owners(pages: Pages, tables: Iterable[Table]) -> Owners:
    """Follows the interior pages of every table and the freelist; a page keeps the first owner found."""
    listed = list(tables)
    places = array("H" if len(listed) < 0xFFFF else "I", [0]) * (pages.limit + 1)
    for place, table in enumerate(listed, 1):
        _claim(pages, table, place, places)
    return Owners(listed, places, _freelist(pages, places))


def _claim(pages: Pages, table: Table, place: int, places: "array[int]") -> None:
    kind = INDEX if table.without_rowid else TABLE
    stack = [table.root_page]
    while stack:
        page = stack.pop()
        if not 0 < page < len(places) or places[page]:
            continue
        places[page] = place
        data = pages.read(page)
        start = start_of(page)
        if len(data) < start + 12 or data[start] != kind.interior:
            continue
        children = [
            int.from_bytes(data[at : at + 4], "big")
            for at in [*pointers(data, start), start + 8]
            if at + 4 <= len(data)
        ]
        if _is_leaf(pages, children[0], kind.leaf):
            # All leaves of a b-tree lie at one depth: the others need not be read.
            for child in children:
                if 0 < child < len(places) and not places[child]:
                    places[child] = place
        else:
            stack.extend(children)


def _is_leaf(pages: Pages, page: int, leaf: int) -> bool:
    data = pages.read(page)
    return len(data) > start_of(page) and data[start_of(page)] == leaf


def _freelist(pages: Pages, places: "array[int]") -> dict[int, int]:
    free: dict[int, int] = {}
    trunk = pages.header.freelist_trunk
    while 0 < trunk < len(places) and not places[trunk] and free.get(trunk, 0) == 0:
        data = pages.read(trunk)
        count = min(int.from_bytes(data[4:8], "big"), (len(data) - _TRUNK_HEADER) // 4)
        if count < 0:
            break
        free[trunk] = _TRUNK_HEADER + 4 * count
        for at in range(_TRUNK_HEADER, _TRUNK_HEADER + 4 * count, 4):
            leaf = int.from_bytes(data[at : at + 4], "big")
            if 0 < leaf < len(places) and not places[leaf]:
                free.setdefault(leaf, 0)
        trunk = int.from_bytes(data[:4], "big")
    return free
