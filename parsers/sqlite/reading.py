"""The tables of one view of the database, and the live rows of each."""

from collections.abc import Iterable, Iterator, Mapping

from chain_of_custody.finding import Severity
from parsers.sqlite import schema
from parsers.sqlite.btree import INDEX, TABLE, Walk
from parsers.sqlite.findings import Findings
from parsers.sqlite.pages import Pages
from parsers.sqlite.record import Malformed, decode
from parsers.sqlite.rows import Row, Table, shaped

_SCHEMA_SQL = "CREATE TABLE sqlite_schema(type TEXT, name TEXT, tbl_name TEXT, rootpage INT, sql TEXT)"


class Tables(Mapping[str, Table]):
    """Tables by name, ASCII letters in any case; iterates in the schema's order and spelling."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self._tables = {schema.fold(table.name): table for table in tables}

    def __getitem__(self, name: str) -> Table:
        return self._tables[schema.fold(name)]

    def __iter__(self) -> Iterator[str]:
        return (table.name for table in self._tables.values())

    def __len__(self) -> int:
        return len(self._tables)


def schema_table() -> Table:
    """The table on page 1 that describes all others."""
    shape = schema.parse(_SCHEMA_SQL)
    assert shape is not None
    return Table("sqlite_schema", _SCHEMA_SQL, 1, shape)


def tables(pages: Pages, findings: Findings) -> Tables:
    """The tables of the schema; a second one of the same name, or one whose SQL says nothing, is a finding."""
    found: dict[str, Table] = {}
    for row in live_rows(pages, schema_table(), findings):
        name, root = row.text("name") or "", row["rootpage"]
        if row["type"] != "table" or not isinstance(root, int) or root <= 0:
            continue
        sql = row.text("sql") or ""
        shape = schema.parse(sql)
        if shape is None or schema.fold(name) in found:
            findings.add("sqlite-schema-unreadable", Severity.ERROR, facts={"table": name}, row=row.rowid)
            continue
        found[schema.fold(name)] = Table(name, sql, root, shape)
    return Tables(found.values())


def live_rows(pages: Pages, table: Table, findings: Findings) -> Iterator[Row]:
    """The rows that a table's b-tree holds, in key order; what cannot be read is a finding."""
    encoding = pages.header.encoding
    walk = Walk(pages, findings, INDEX if table.without_rowid else TABLE)
    for cell in walk.cells(table.root_page):
        place = cell.place
        offset = place.offset + cell.at
        try:
            values = shaped(table.shape, decode(cell.payload, encoding), cell.rowid)
        except Malformed:
            findings.add("sqlite-cell-malformed", Severity.ERROR, page=cell.page, file=place.file, offset=offset)
            continue
        yield Row(table, values, cell.rowid, place.file, offset, cell.page, commit=place.commit)
