"""Tables and progress bars, drawn with rich. Loaded only when something is drawn: rich costs a tenth of a second."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
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


class FinishColumn(ProgressColumn):
    """The time of day at which the work will be done, if it goes on as it does."""

    def render(self, task: Task) -> Text:
        left = task.time_remaining
        return Text((datetime.now().astimezone() + timedelta(seconds=left)).strftime("→ %H:%M") if left else "")


class Bar:
    """One bar on standard error: how far, how fast, how long still, when done, and what was remarked on the way."""

    def __init__(self, phase: str, total: int | None, unit: str) -> None:
        amount = [DownloadColumn(), TransferSpeedColumn()] if unit == "bytes" else [MofNCompleteColumn()]
        words = TextColumn("{task.description}", markup=False)
        note = TextColumn("{task.fields[note]}", markup=False)
        console = Console(stderr=True)
        self._bars = Progress(words, BarColumn(), *amount, TimeRemainingColumn(), FinishColumn(), note, console=console)
        self._task = self._bars.add_task(phase, total=total, note="")
        self._bars.start()

    def advance(self, amount: int) -> None:
        self._bars.advance(self._task, amount)

    def note(self, text: str) -> None:
        self._bars.update(self._task, note=text)

    def stop(self) -> None:
        self._bars.stop()
