"""Where words go: results to standard output, remarks and progress to standard error, evidence made visible."""

import json
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

from chain_of_custody import foreign
from chain_of_custody.case import Case
from chain_of_custody.errors import Cancelled, Terminated
from chain_of_custody.messages import say
from chain_of_custody.people import Person
from forensic.cli.language import LANG, listed, words
from reports.visible import visible

if TYPE_CHECKING:
    from forensic.cli.drawing import Bar

SCHEMA = 1
UNREADABLE = "acquire-unreadable"  # the remark on bytes that a source did not give
EVERY = 60.0  # seconds between lines of progress where there is no terminal


def tell(message_id: str, /, **facts: object) -> None:
    """A remark of the table to standard error."""
    remark(words(message_id, **foreign.facts(facts, LANG)))


def remark(line: str) -> None:
    """One line to standard error."""
    sys.stderr.write(visible(line) + "\n")


def result(line: str) -> None:
    """One line of result."""
    sys.stdout.write(visible(line) + "\n")


class _Escapes(dict[int, str]):
    """A table for `str.translate` over JSON text: what `visible` would spell out is written `\\uXXXX` (RFC 8259,
    section 7), so that the value stays the same and a terminal is told nothing."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        harmless = character == "\n" or visible(character) == character
        self[code] = character if harmless else json.dumps(character)[1:-1]
        return self[code]


_JSON = _Escapes()


def result_json(data: dict[str, Any]) -> None:
    """The one object of `--json`."""
    for piece in json.JSONEncoder(ensure_ascii=False, indent=1).iterencode({"schema": SCHEMA, **data}):
        sys.stdout.write(piece.translate(_JSON))
    sys.stdout.write("\n")


def result_lines(rows: Iterable[dict[str, Any]]) -> None:
    """JSON Lines, for very long lists."""
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).translate(_JSON) + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> None:
    """A table of results; `headings` are message ids, the columns numbered in `right` are set right."""
    from forensic.cli import drawing

    cells = ([visible("" if cell is None else str(cell)) for cell in row] for row in rows)
    drawing.table([words(heading) for heading in headings], cells, right)


def announce(case: Case, persons: Sequence[Person], exhibit: str) -> None:
    """The first line of a writing command: which case, which exhibit, and who."""
    facts = case.facts
    training = say("cli-training", LANG) if facts.training else ""
    tell(
        "cli-announce",
        number=facts.number,
        title=facts.title,
        exhibit=_named(case, exhibit),
        persons=listed(person.name for person in persons),
        training=training,
    )


def _named(case: Case, exhibit: str) -> str:
    known = case.register.exhibits.get(exhibit)
    named = f"{exhibit} {known.number} {known.label}".replace("  ", " ") if known else exhibit
    return words("cli-announce-exhibit", exhibit=named) if named else ""


class Stop:
    """Ctrl-C asks for a stop between two blocks; a second one breaks off at once."""

    def __init__(self) -> None:
        self._asked: int | None = None
        signal.signal(signal.SIGINT, self._ask)
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked is not None:
            raise KeyboardInterrupt
        self._asked = number

    def check(self) -> None:
        if self._asked is not None:
            raise (Terminated if self._asked == signal.SIGTERM else Cancelled)("cli-stopped")


class Screen:
    """Progress as a bar on a terminal, else one plain line a minute. Draws nothing when told to be quiet."""

    def __init__(self, stop: Stop, *, quiet: bool) -> None:
        self._stop = stop
        self._quiet = quiet
        self._bar: Bar | None = None
        self._done = 0
        self._total: int | None = None
        self._phase = ""
        self._unreadable = 0
        self._begun = self._said = time.monotonic()

    def start(self, phase: str, total: int | None, unit: str = "bytes") -> None:
        self.finish()
        self._phase, self._total, self._done = words(phase), total, 0
        self._begun = self._said = time.monotonic()
        if not self._quiet and sys.stderr.isatty():
            from forensic.cli.drawing import Bar

            self._bar = Bar(self._phase, total, unit)

    def advance(self, amount: int) -> None:
        self._stop.check()
        self._done += amount
        if self._bar:
            self._bar.advance(amount)
        elif not self._quiet and time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            rate = self._done / (self._said - self._begun)
            left = int((self._total - self._done) / rate) if self._total and rate else None
            tell("cli-progress", phase=self._phase, done=self._done, total=self._total or "?", left=left or "?")

    def remark(self, message_id: str, /, **facts: object) -> None:
        if message_id == UNREADABLE:
            self._unreadable += int(str(facts["length"]))
        if self._bar and self._unreadable:
            self._bar.note(words("cli-unreadable", bytes=self._unreadable))
        if not self._quiet:
            tell(message_id, **facts)

    def finish(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None
