"""Raw images: the bytes of the medium themselves, in one file or split over several."""

import os
import stat
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from chain_of_custody.errors import EvidenceError


def open_file(path: Path) -> tuple[int, int]:
    """A read-only descriptor and the size in bytes. What is no readable regular file raises `EvidenceError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise EvidenceError("sources-no-such-file", path=str(path)) from None
    except OSError as fault:
        raise EvidenceError("sources-unreadable", path=str(path), reason=fault.strerror or str(fault)) from fault
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        is_folder = stat.S_ISDIR(status.st_mode)
        raise EvidenceError("sources-is-a-folder" if is_folder else "sources-not-a-file", path=str(path))
    if status.st_size == 0:
        os.close(descriptor)
        raise EvidenceError("sources-empty-file", path=str(path))
    return descriptor, status.st_size


class RawImage:
    """Segments one after another; all but the last have the same size, as every program that splits leaves them."""

    stored_hashes: Mapping[str, str] = {}
    facts: Mapping[str, str] = {}

    def __init__(self, segments: Sequence[Path]) -> None:
        self.segments = tuple(segments)
        self.format = "raw" if len(self.segments) == 1 else "split-raw"
        self._files: list[int] = []
        sizes: list[int] = []
        try:
            for segment in self.segments:
                descriptor, size = open_file(segment)
                self._files.append(descriptor)
                sizes.append(size)
            for segment, size in zip(self.segments[1:-1], sizes[1:-1], strict=True):
                if size != sizes[0]:
                    raise EvidenceError("sources-segment-size", segment=segment.name, size=size, expected=sizes[0])
            if sizes[-1] > sizes[0]:
                raise EvidenceError(
                    "sources-segment-size", segment=self.segments[-1].name, size=sizes[-1], expected=sizes[0]
                )
        except EvidenceError:
            self.close()
            raise
        self._starts = [0, *accumulate(sizes)]

    @property
    def size(self) -> int:
        return self._starts[-1]

    def read(self, offset: int, length: int) -> bytes:
        length = min(length, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        parts: list[bytes] = []
        while length > 0:
            index = bisect_right(self._starts, offset) - 1
            want = min(length, self._starts[index + 1] - offset)
            data = self._pread(index, want, offset - self._starts[index])
            parts.append(data)
            offset += want
            length -= want
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _pread(self, index: int, length: int, offset: int) -> bytes:
        data = b""
        while len(data) < length:
            try:
                more = os.pread(self._files[index], length - len(data), offset + len(data))
            except OSError as fault:
                raise EvidenceError(
                    "sources-read-failed",
                    segment=self.segments[index].name,
                    offset=offset,
                    reason=fault.strerror or str(fault),
                ) from fault
            if not more:
                raise EvidenceError("sources-segment-shrank", segment=self.segments[index].name, offset=offset)
            data = data + more if data else more
        return data

    def close(self) -> None:
        for descriptor in self._files:
            os.close(descriptor)
        self._files = []
