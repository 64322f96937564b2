"""Where passphrases come from: files and descriptors that the command line names, else the terminal."""

import getpass
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

from chain_of_custody import plain_file
from chain_of_custody.errors import UsageError
from chain_of_custody.people import alike
from forensic.cli.language import words
from reports.visible import visible

LARGEST = 4096  # bytes


class Passphrases:
    """Answers for a person's name, or for `name+hash` of one of several keys of his. A source with no name stands for
    the one person who is asked for."""

    def __init__(self, files: Sequence[str] = (), descriptors: Sequence[str] = ()) -> None:
        self._sources: dict[str, Callable[[], bytes]] = {}
        for read, named in ((_from_file, files), (_from_descriptor, descriptors)):
            for name, source in map(_split, named):
                self._sources[alike(name)] = cache(partial(read, source))  # a descriptor is read once
        self._typed: dict[str, bytes | None] = {}
        self._nameless: str | None = None

    def __call__(self, whose: str) -> bytes | None:
        given = self._given(whose)
        if given is None and _is_terminal():
            if whose not in self._typed:
                self._typed[whose] = _typed("ask-passphrase", whose)
            given = self._typed[whose]
        return given

    def twice(self, whose: str) -> bytes | None:
        """For a new key: asked twice where somebody types."""
        given = self._given(whose)
        if given is None and _is_terminal():
            given = _typed("ask-passphrase-new", whose)
            if given is not None and _typed("ask-passphrase-again", whose) != given:
                raise UsageError("key-passphrase-differs")
        return given

    def _given(self, whose: str) -> bytes | None:
        person = whose.rpartition("+")[0] or whose
        source = self._sources.get(alike(whose)) or self._sources.get(alike(person))
        if source is None and "" in self._sources:
            if self._nameless not in (None, person):
                raise UsageError("key-passphrase-whose", hint="key-passphrase-whose-hint", person=person)
            self._nameless = person
            source = self._sources[""]
        return source() if source else None


def _split(given: str) -> tuple[str, str]:
    """`NAME=SOURCE`, or a source alone: a name has no slash."""
    name, equals, source = given.partition("=")
    return (name.strip(), source) if equals and "/" not in name else ("", given)


def _is_terminal() -> bool:
    return bool(sys.stdin) and sys.stdin.isatty()


def _typed(question: str, whose: str) -> bytes | None:
    """What is typed, unseen; None at the end of input. Ctrl-C stops at once: nothing is under way."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return getpass.getpass(visible(words(question, person=whose))).encode("utf-8", "surrogateescape")
    except EOFError:
        return None
    finally:
        signal.signal(signal.SIGINT, before)


def _from_file(name: str) -> bytes:
    try:
        return _line(plain_file.start(Path(name).expanduser(), LARGEST + 1), name)
    except OSError as error:
        raise UsageError("key-passphrase-source", given=name, reason=error.strerror or str(error)) from error


def _from_descriptor(number: str) -> bytes:
    try:
        with os.fdopen(int(number), "rb") as file:
            return _line(file.read(LARGEST + 1), number)
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError("key-passphrase-source", given=number, reason=str(error)) from error


def _line(content: bytes, given: str) -> bytes:
    """Without the end of the line."""
    if len(content) > LARGEST:
        raise UsageError("key-passphrase-source", given=given, reason=f"> {LARGEST}")
    return content.removesuffix(b"\n").removesuffix(b"\r")
