"""A run of bytes that can be read at any offset: an image, a volume, a file inside one."""

from collections.abc import Iterator
from typing import Protocol

BLOCK = 1 << 20


class Medium(Protocol):
    """`size` in bytes. `read` gives exactly what lies in [offset, offset+length), shorter only at the end.

    A read that fails raises `EvidenceError`; an offset at or past the end gives b"".
    """

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes: ...


class Window:
    """Part of a medium, addressed from its own zero."""

    def __init__(self, medium: Medium, offset: int, size: int) -> None:
        self._medium = medium
        self.offset = offset
        self._size = max(0, min(size, medium.size - offset))

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        length = min(length, self._size - offset)
        return self._medium.read(self.offset + offset, length) if length > 0 and offset >= 0 else b""


class Memory:
    """Bytes at hand, as a medium."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length] if offset >= 0 and length > 0 else b""


def blocks(medium: Medium, block: int = BLOCK) -> Iterator[bytes]:
    """The whole medium in order, `block` bytes at a time."""
    offset = 0
    while offset < medium.size:
        data = medium.read(offset, block)
        if not data:
            return
        yield data
        offset += len(data)
