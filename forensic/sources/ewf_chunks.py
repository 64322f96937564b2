"""The sections of an EWF (E01) image, and where each chunk of the medium stands in its segments.

Structures after J. Metz, "Expert Witness Compression Format specification" (libewf), EWF version 1. Integers are
little-endian; checksums are Adler-32.
"""

import struct
import zlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from chain_of_custody.errors import EvidenceError

SIGNATURES = (b"EVF\x09\x0d\x0a\xff\x00",)
FILE_HEADER = 13
_DESCRIPTOR = 76
_TABLE_HEADER = 24
_COMPRESSED = 0x80000000
_MAX_SECTIONS = 1_000_000
_MAX_CHUNK = 64 << 20

ReadAt = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Section:
    """`start` is the offset of its 76-byte descriptor, `end` the offset past its data; both in the segment file."""

    kind: str
    start: int
    end: int

    @property
    def data(self) -> int:
        return self.start + _DESCRIPTOR


def segment_number(head: bytes) -> int:
    return int(struct.unpack_from("<H", head, 9)[0])


def sections(read: ReadAt, size: int, segment: str) -> Iterator[Section]:
    """The sections of one segment in order; the last one is `next` or `done`. A broken chain raises
    `EvidenceError`: the rest of the segment is not there or not readable."""
    at = FILE_HEADER
    for _ in range(_MAX_SECTIONS):
        raw = read(at, _DESCRIPTOR)
        if len(raw) < _DESCRIPTOR:
            raise EvidenceError("sources-ewf-truncated", segment=segment, offset=at)
        (check,) = struct.unpack_from("<I", raw, 72)
        if zlib.adler32(raw[:72]) != check:
            raise EvidenceError("sources-ewf-damaged", segment=segment, offset=at, part="section")
        kind = raw[:16].split(b"\0", 1)[0].decode("ascii", "replace")
        following, length = struct.unpack_from("<QQ", raw, 16)
        if kind in ("next", "done"):
            yield Section(kind, at, at + _DESCRIPTOR)
            return
        end = at + length if length else following
        if following <= at or end > size or following > size:
            raise EvidenceError("sources-ewf-truncated", segment=segment, offset=at)
        yield Section(kind, at, end)
        at = following
    raise EvidenceError("sources-ewf-damaged", segment=segment, offset=at, part="section")


@dataclass(frozen=True, slots=True)
class Geometry:
    """Chunks and sectors of the medium, as the volume section states them."""

    chunks: int
    chunk_size: int
    media_size: int

    @classmethod
    def read(cls, data: bytes, segment: str) -> "Geometry":
        if len(data) < 94:
            raise EvidenceError("sources-ewf-damaged", segment=segment, offset=0, part="volume")
        chunks, per_chunk, sector = struct.unpack_from("<III", data, 4)
        sectors = struct.unpack_from("<Q" if len(data) >= 1052 else "<I", data, 16)[0]
        (check,) = struct.unpack_from("<I", data, len(data) - 4)
        geometry = cls(chunks, per_chunk * sector, sectors * sector)
        sound = 0 < geometry.chunk_size <= _MAX_CHUNK and chunks == -(-geometry.media_size // geometry.chunk_size)
        if not sound or zlib.adler32(data[:-4]) != check:
            raise EvidenceError("sources-ewf-damaged", segment=segment, offset=0, part="volume")
        return geometry


class ChunkTable:
    """For each chunk of the medium: segment index, offset, stored length, and whether it is compressed."""

    def __init__(self) -> None:
        self._offsets = array("Q")
        self._lengths = array("I")
        self._packed = bytearray()
        self._segments = array("H")

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, index: int) -> tuple[int, int, int, bool]:
        return self._segments[index], self._offsets[index], self._lengths[index], bool(self._packed[index])

    def add(self, segment_index: int, entries: list[int], base: int, end: int, most: int) -> bool:
        """Adds one table. `end` is where the chunk data ends. False where the offsets make no sense."""
        offsets = [base + (entry & ~_COMPRESSED) for entry in entries]
        lengths = [following - offset for offset, following in pairwise([*offsets, end])]
        if lengths and (min(lengths) <= 0 or max(lengths[:-1], default=0) > most):
            return False
        self._offsets.extend(offsets)
        self._lengths.extend(min(length, most) for length in lengths)
        self._packed.extend(entry >= _COMPRESSED for entry in entries)
        self._segments.extend([segment_index] * len(entries))
        return True


def table_entries(data: bytes) -> tuple[list[int], int] | None:
    """The offset entries of a table section and their base offset, or None where its checksums do not hold."""
    if len(data) < _TABLE_HEADER:
        return None
    (count,) = struct.unpack_from("<I", data, 0)
    (base,) = struct.unpack_from("<Q", data, 8)
    (check,) = struct.unpack_from("<I", data, 20)
    end = _TABLE_HEADER + 4 * count
    if zlib.adler32(data[:20]) != check or end > len(data):
        return None
    if len(data) >= end + 4 and zlib.adler32(data[_TABLE_HEADER:end]) != struct.unpack_from("<I", data, end)[0]:
        return None
    return list(struct.unpack_from(f"<{count}I", data, _TABLE_HEADER)), base
