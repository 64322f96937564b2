"""Decides what stands in the main paper and what goes into an appendix."""

from itertools import islice

from reports.blocks import Appendix, Block, Para, Table
from reports.words import Words

INLINE = 40
"""Rows that a table of the main paper may have."""


class Annex:
    """Collects the appendices while the sections are written."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self.appendices: list[Appendix] = []

    def append(self, title: str, table: Table) -> Block:
        """Puts the table into an appendix, whatever its length, and says which; an empty one is said to be empty."""
        if next(table.rows(), None) is None:
            return Para(self._words("none"))
        number = len(self.appendices) + 1
        self.appendices.append(Appendix(number, title, table))
        return Para(self._words("in-appendix", number=number, title=title), "pointer")

    def fit(self, title: str, table: Table) -> Block:
        """The table itself where it is short, else its appendix."""
        rows = list(islice(table.rows(), INLINE + 1))
        if 0 < len(rows) <= INLINE:
            return Table(table.columns, lambda: iter(rows))
        return self.append(title, table)
