"""ISO base media boxes: sized, typed, nested (ISO/IEC 14496-12, 4.2)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from forensic.sources.medium import Medium

MOST = 1 << 16  # boxes in one container


@dataclass(frozen=True, slots=True)
class Box:
    """A box at [offset, end); its content begins at `body`. `end` may lie past the medium."""

    kind: bytes
    offset: int
    body: int
    end: int


def box(medium: Medium, at: int, limit: int) -> Box | None:
    """The box at `at`; one of size 0 reaches to `limit`. None where no box header stands."""
    head = medium.read(at, 16)
    if len(head) < 8:
        return None
    size, kind = struct.unpack_from(">I4s", head)
    body = at + 8
    if size == 1 and len(head) == 16:
        (size,) = struct.unpack_from(">Q", head, 8)
        body = at + 16
    elif size == 0:
        size = limit - at
    return Box(kind, at, body, at + size) if at + size >= body else None


def children(medium: Medium, parent: Box, skip: int = 0) -> Iterator[Box]:
    """The boxes inside `parent` after `skip` bytes, as far as they nest rightly."""
    at = parent.body + skip
    for _ in range(MOST):
        found = box(medium, at, parent.end) if at < parent.end else None
        if found is None or found.end > parent.end:
            return
        yield found
        at = found.end


def descend(medium: Medium, parent: Box, *path: bytes) -> Iterator[Box]:
    """Every box that is reached from `parent` by this path of kinds."""
    for child in children(medium, parent):
        if child.kind == path[0]:
            if len(path) == 1:
                yield child
            else:
                yield from descend(medium, child, *path[1:])
