"""Tables and progress bars, drawn with rich. Loaded only when something is drawn: rich costs a tenth of a second."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

WIDE = 240  # columns where the output is no terminal: a table in a file must not be folded


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int]) -> None:
    """Draws to standard output. Cells are plain text, already made visible."""
    width = None if sys.stdout.isatty() else WIDE
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True, width=width)
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for place, heading in enumerate(headings):
        drawn.add_column(heading, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console.print(drawn)


class Bar:
    """One bar on standard error."""

    def __init__(self, phase: str, total: int | None, unit: str) -> None:
        amount = [DownloadColumn(), TransferSpeedColumn()] if unit == "bytes" else [MofNCompleteColumn()]
        words = TextColumn("{task.description}", markup=False)
        self._bars = Progress(words, BarColumn(), *amount, TimeRemainingColumn(), console=Console(stderr=True))
        self._task = self._bars.add_task(phase, total=total)
        self._bars.start()

    def advance(self, amount: int) -> None:
        self._bars.advance(self._task, amount)

    def stop(self) -> None:
        self._bars.stop()
