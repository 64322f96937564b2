"""Every parser there is, found by walking the rooms, and which of them a file belongs to."""

import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass
from functools import cache

from chain_of_custody.finding import Finding
from parsers.parser import HEAD, SQLITE_MAGIC, Parser, path_pattern
from parsers.payments.layout import BILL_MARKS
from parsers.source import Found

ROOMS = ("parsers.chats", "parsers.payments", "parsers.phone")


@dataclass(frozen=True, slots=True)
class Match:
    """Who reads a file, and what is remarkable about it: a name that promises a content it does not have."""

    parsers: tuple[Parser, ...]
    findings: tuple[Finding, ...]


@cache
def parsers() -> tuple[Parser, ...]:
    """One of each parser, by name. A room that cannot be imported raises: a parser that silently did not run
    would be a false "nothing found". A name that stands twice raises `ValueError`."""
    found: dict[str, Parser] = {}
    for room in ROOMS:
        for info in sorted(pkgutil.iter_modules(importlib.import_module(room).__path__), key=lambda info: info.name):
            module = importlib.import_module(f"{room}.{info.name}")
            for _, kind in inspect.getmembers(module, inspect.isclass):
                if kind.__module__ == module.__name__ and issubclass(kind, Parser) and kind.name:
                    if kind.name in found:
                        raise ValueError(f"two parsers are called {kind.name}")
                    found[kind.name] = kind()
    return tuple(found[name] for name in sorted(found))


@cache
def _paths() -> re.Pattern[str]:
    return path_pattern(glob for parser in parsers() for glob in parser.globs)


def candidates(path: str) -> bool:
    """Whether the name alone makes a file worth opening: one expression over all globs."""
    return _paths().search(path.replace("\\", "/")) is not None


def sniff(head: bytes) -> bool:
    """Whether the first `HEAD` bytes make a file worth opening whatever its name: a SQLite database, a workbook,
    or a text with the words of a bill."""
    return head.startswith(SQLITE_MAGIC) or _workbook(head) or BILL_MARKS.search(head) is not None


def match(found: Found) -> Match:
    """Content first, path second: the parsers that claim the content, and a Finding for each whose path it has
    and whose content it has not."""
    head = found.main.read(0, HEAD)
    claimed: list[Parser] = []
    findings: list[Finding] = []
    for parser in parsers():
        if parser.claims(found, head):
            claimed.append(parser)
        elif found.path and parser.named(found.path):
            findings.append(parser.unrecognised(found, head))
    return Match(tuple(claimed), tuple(findings))


def _workbook(head: bytes) -> bool:
    """An Office Open XML container (ECMA-376 part 2) that is not openly a text or slide document."""
    return (
        head.startswith(b"PK\x03\x04") and (b"[Content_Types].xml" in head or b"xl/" in head) and b"word/" not in head
    )
