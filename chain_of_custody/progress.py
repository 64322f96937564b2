"""How long work tells how far it has come, and how it is stopped.

Every long function takes a `Progress`. The command line lends one that draws; `silent` is the null one.
`advance` is also where a requested stop falls: it raises `Cancelled`, so stops lie between blocks.
"""

from typing import Protocol


class Progress(Protocol):
    """`total` and `advance` count in the unit named by `start` (bytes or items)."""

    def start(self, phase: str, total: int | None, unit: str = "bytes") -> None: ...
    def advance(self, amount: int) -> None: ...
    def remark(self, message_id: str, /, **facts: object) -> None: ...


class Silent:
    """Draws nothing and never stops."""

    def start(self, phase: str, total: int | None, unit: str = "bytes") -> None:
        return

    def advance(self, amount: int) -> None:
        return

    def remark(self, message_id: str, /, **facts: object) -> None:
        return


silent: Progress = Silent()
