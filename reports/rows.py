"""How a story gives what can be long, and times.

A time is ISO 8601 in UTC with Z (`2026-01-02T03:04:05Z`), as the ledger and `Instant.utc` hold it, or None where none
is known. `Rows` is a callable that starts a new iterator at each call, so that a hundred thousand rows never stand in
memory; a report may call it more than once.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")
Rows = Callable[[], Iterator[T]]
Time = str | None


def nothing() -> Iterator[T]:
    """The rows of what has none."""
    return iter(())
