"""Rows of a table that are no longer live but still stand somewhere in the database's files.

Sought in the free bytes of the table's pages, on the pages of the freelist, and in every older version of a
page that the write-ahead log or a rollback journal holds. A row counts only if it fits the table's
declaration in every column; a free page that could be of two tables is given to neither.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import chain

from chain_of_custody.finding import Severity
from parsers.records import State
from parsers.sqlite import schema
from parsers.sqlite.btree import INDEX, TABLE, start_of
from parsers.sqlite.deleted_images import View, views
from parsers.sqlite.deleted_live import Live
from parsers.sqlite.deleted_scene import Found, FreeOnly, Profiles, Scene
from parsers.sqlite.findings import Findings
from parsers.sqlite.owners import Owners, owners
from parsers.sqlite.pages import Pages
from parsers.sqlite.reading import Tables, live_rows, schema_table, tables
from parsers.sqlite.rows import Basis, Row, Table, shaped

_REBUILDS = 5000  # how often the owners of pages are worked out anew in one pass over the log


class Recovery:
    """Seeks the rows of one database that are not live."""

    def __init__(self, pages: Pages, known: Tables, findings: Findings) -> None:
        self._pages = pages
        self._known = known
        self._findings = findings
        self._schema = schema_table()
        self._profiles = Profiles(pages, known)
        self._free: dict[str, list[Found]] | None = None

    @cached_property
    def dropped(self) -> Tables:
        """Tables whose description is deleted and whose name no live table has."""
        gone: dict[str, Table] = {}
        for row in self.rows(self._schema):
            name, sql, root = row.text("name") or "", row.text("sql") or "", row["rootpage"]
            shape = schema.parse(sql)
            if row["type"] == "table" and shape and name not in self._known and isinstance(root, int):
                gone[schema.fold(name)] = Table(name, sql, root, shape)
        return Tables(gone.values())

    def rows(self, table: Table) -> Iterator[Row]:
        """See `Database.deleted`."""
        is_live = table is self._schema or table.name in self._known
        live = Live(table, live_rows(self._pages, table, Findings()) if is_live else ())
        seen: set[int] = set()
        headless: list[Row] = []
        for row in chain(self._earlier(table), self._current(table)):
            if live.holds(row.rowid, row.values):
                continue
            if row.basis is Basis.HEADLESS:
                headless.append(row)
                continue
            content = live.content(row.values)
            key = hash((row.rowid, content))
            if key not in seen:
                seen.update((key, content))
                known = row.state is State.DELETED and live.knows(row.rowid, row.values)
                yield replace(row, state=State.EARLIER) if known else row
        # A row without its rowid counts only if the same row was not found with it.
        for row in headless:
            content = live.content(row.values)
            if content not in seen:
                seen.add(content)
                yield row

    @cached_property
    def _scene(self) -> Scene:
        owned = owners(self._pages, [self._schema, *self._known.values()])
        return Scene(self._pages, owned, self._profiles, whole=True)

    def _current(self, table: Table) -> Iterator[Row]:
        """What stands in free bytes of the current view."""
        if table is self._schema or table.name in self._known:
            for page in self._scene.owners.pages_of(table):
                for found in self._scene.between_cells(page, table):
                    yield _row(self._pages, table, found)
        if table is not self._schema:
            for found in self._on_free_pages().get(schema.fold(table.name), ()):
                yield _row(self._pages, table, found)

    def _on_free_pages(self) -> dict[str, list[Found]]:
        """The rows on the pages of the freelist by table, worked out once for all tables."""
        if self._free is None:
            self._free = {}
            for page in self._scene.owners.free:
                best, rows = self._on_free_page(self._scene, page)
                if len(best) > 1:
                    self._findings.add("sqlite-free-page-ambiguous", Severity.NOTE, page=page)
                for table in best[:1] if rows else ():
                    self._free.setdefault(schema.fold(table.name), []).extend(rows)
        return self._free

    def _on_free_page(self, scene: Scene, page: int) -> tuple[list[Table], list[Found]]:
        """The page as one of the dropped table to whose b-tree it belonged; failing that, of any that fits."""
        former = self._former.of(page)
        if former:
            best, rows = scene.on_free_page(page, [former])
            if best:
                return best, rows
        return scene.on_free_page(page, [*self._known.values(), *self.dropped.values()])

    @cached_property
    def _former(self) -> Owners:
        """Which free pages the b-trees of dropped tables still claim; a root that two of them name proves nothing."""
        roots = Counter(table.root_page for table in self.dropped.values())
        certain = [table for table in self.dropped.values() if roots[table.root_page] == 1]
        return owners(FreeOnly(self._pages, self._scene.owners.free), certain)

    def _earlier(self, table: Table) -> Iterator[Row]:
        """What older versions of pages show, cells and free bytes."""
        scene, rebuilds = self._scene, 0
        for view in views(self._pages):
            if not view.whole:
                scene = Scene(view.pages, self._scene.owners, self._profiles, whole=False)
            elif rebuilds < _REBUILDS and _is_structural(view, scene):
                rebuilds += 1
                known = [self._schema, *tables(view.pages, Findings()).values()]
                scene = Scene(view.pages, owners(view.pages, known), self._profiles, whole=True)
            else:
                scene = Scene(view.pages, scene.owners, self._profiles, whole=rebuilds < _REBUILDS)
            for page in view.changed:
                for then, found in self._on_earlier_page(scene, page, table):
                    state = State.DELETED if view.committed else State.UNKNOWN
                    yield replace(_row(view.pages, then, found), state=state)

    def _on_earlier_page(self, scene: Scene, page: int, table: Table) -> Iterator[tuple[Table, Found]]:
        owner = scene.owners.of(page)
        if owner and schema.fold(owner.name) == schema.fold(table.name):
            as_then = table if owner.columns == table.columns else owner
            for found in chain(scene.cells(page, owner), scene.between_cells(page, owner)):
                yield as_then, found
        elif owner is None and page in scene.owners.free and table is not self._schema:
            best, rows = self._on_free_page(scene, page)
            if rows and schema.fold(best[0].name) == schema.fold(table.name):
                for found in rows:
                    yield table, found


def _is_structural(view: View, scene: Scene) -> bool:
    """Whether the pages written since the view before can have changed who owns what."""
    for page in view.touched:
        data = view.pages.read(page)
        interior = len(data) > start_of(page) and data[start_of(page)] in (TABLE.interior, INDEX.interior)
        if page == 1 or interior or scene.owners.of(page) is None:
            return True
    return False


def _row(pages: Pages, table: Table, found: Found) -> Row:
    place = pages.place(found.page)
    values = shaped(table.shape, found.stored, found.rowid)
    offset = place.offset + found.at
    return Row(table, values, found.rowid, place.file, offset, found.page, State.DELETED, place.commit, found.basis)
