"""What a parser may see of a file: its bytes, its name in the evidence, and the case's time zone."""

from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo


class Bytes(Protocol):
    """Read-only bytes at any offset; `read` is shorter only at the end."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Found:
    """One file that came up for parsing, with the files that belong to it.

    `path` is the name in the evidence (hostile text, for matching and display only; "" where a carved
    file has none); `sha256` is that of `main`; `zone` is the case's.
    """

    path: str
    sha256: str
    main: Bytes
    zone: ZoneInfo
    wal: Bytes | None = None
    journal: Bytes | None = None
