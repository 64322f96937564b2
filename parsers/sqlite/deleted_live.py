"""What is live in one table, kept small, so that nothing live is ever called deleted."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from parsers.sqlite.record import Value
from parsers.sqlite.rows import Row, Table


class Live:
    """Three sorted arrays of 64-bit digests, 24 bytes a live row."""

    def __init__(self, table: Table, rows: Iterable[Row]) -> None:
        self._table = table
        identities, pairs, contents = array("q"), array("q"), array("q")
        for row in rows:
            identity = self._identity(row.rowid, row.values)
            identities.append(identity)
            pairs.append(hash((identity, repr(row.values))))
            contents.append(self.content(row.values))
        self._identities, self._pairs, self._contents = (
            array("q", sorted(digests)) for digests in (identities, pairs, contents)
        )

    def holds(self, rowid: int | None, values: Sequence[Value]) -> bool:
        """Whether these very values are live: under this rowid, or under any where the rowid is lost."""
        if rowid is None and not self._table.without_rowid:
            return _among(self._contents, self.content(values))
        return _among(self._pairs, hash((self._identity(rowid, values), repr(tuple(values)))))

    def knows(self, rowid: int | None, values: Sequence[Value]) -> bool:
        """Whether a live row has this rowid, or in a table WITHOUT ROWID this primary key."""
        if rowid is None and not self._table.without_rowid:
            return False
        return _among(self._identities, self._identity(rowid, values))

    def content(self, values: Sequence[Value]) -> int:
        """A digest of the values without the column that is the rowid."""
        alias = self._table.shape.alias
        return hash(repr([value for at, value in enumerate(values) if at != alias]))

    def _identity(self, rowid: int | None, values: Sequence[Value]) -> int:
        if self._table.without_rowid:
            return hash(repr([values[at] for at in self._table.shape.key]))
        return rowid or 0


def _among(digests: "array[int]", digest: int) -> bool:
    at = bisect_left(digests, digest)
    return at < len(digests) and digests[at] == digest
