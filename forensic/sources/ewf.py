"""E01 images: every chunk is checked against its checksum as it is read.

libewf gives the case data and the stored hashes. It hands out zeros for a chunk whose checksum fails and
its Python binding cannot say so, therefore the chunks are read here.
"""

import os
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import pyewf
from isal import isal_zlib
from isal.igzip_lib import IsalError

from chain_of_custody.errors import EvidenceError
from forensic.sources.ewf_chunks import (
    FILE_HEADER,
    SIGNATURES,
    ChunkTable,
    Geometry,
    Section,
    sections,
    segment_number,
    table_entries,
)
from forensic.sources.raw import open_file

_CACHE = 16 << 20
_CORRUPT = cast(type[Exception], IsalError)  # its stub calls the class an instance
_MAX_TABLE = 256 << 20


class EwfImage:
    """`stored_hashes` by algorithm (md5, sha1) in lower-case hexadecimal; `facts` as the header words them.

    A segment that is missing, truncated or out of order, and a chunk that fails its checksum, raise `EvidenceError`.
    """

    format = "ewf"

    def __init__(self, segments: Sequence[Path]) -> None:
        self.segments = tuple(segments)
        self._files: list[int] = []
        self._geometry: Geometry | None = None
        self._table = ChunkTable()
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._keep = 2
        try:
            for index, segment in enumerate(self.segments):
                self._map(index, segment)
            if self._geometry is None or len(self._table) != self._geometry.chunks:
                expected = self._geometry.chunks if self._geometry else 0
                raise EvidenceError("sources-ewf-chunks", found=len(self._table), expected=expected)
            self.stored_hashes, self.facts = self._described(self._geometry.media_size)
        except EvidenceError:
            self.close()
            raise
        self._keep = max(self._keep, _CACHE // self._geometry.chunk_size)

    @property
    def size(self) -> int:
        assert self._geometry is not None
        return self._geometry.media_size

    def read(self, offset: int, length: int) -> bytes:
        assert self._geometry is not None
        length = min(length, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        step = self._geometry.chunk_size
        first, last = offset // step, (offset + length - 1) // step
        data = self._chunk(first) if first == last else b"".join(map(self._chunk, range(first, last + 1)))
        skip = offset - first * step
        return data[skip : skip + length]

    def close(self) -> None:
        for descriptor in self._files:
            os.close(descriptor)
        self._files = []
        self._cache.clear()

    def _pread(self, index: int, offset: int, length: int) -> bytes:
        try:
            return os.pread(self._files[index], length, offset)
        except (OSError, OverflowError) as fault:
            raise EvidenceError(
                "sources-read-failed", segment=self.segments[index].name, offset=offset, reason=str(fault)
            ) from fault

    def _map(self, index: int, segment: Path) -> None:
        descriptor, size = open_file(segment)
        self._files.append(descriptor)
        head = self._pread(index, 0, FILE_HEADER)
        if len(head) < FILE_HEADER or not head.startswith(SIGNATURES):
            raise EvidenceError("sources-ewf-damaged", segment=segment.name, offset=0, part="header")
        if segment_number(head) != index + 1:
            raise EvidenceError(
                "sources-ewf-order", segment=segment.name, found=segment_number(head), expected=index + 1
            )
        parts = list(sections(lambda at, length: self._pread(index, at, length), size, segment.name))
        for place, part in enumerate(parts):
            if part.kind in ("volume", "disk") and self._geometry is None:
                self._geometry = Geometry.read(self._pread(index, part.data, part.end - part.data), segment.name)
            elif part.kind == "table":
                self._add_table(index, parts, place)
        is_last = index == len(self.segments) - 1
        if parts[-1].kind == "next" and is_last:
            raise EvidenceError("sources-segment-missing-after", segment=segment.name)
        if parts[-1].kind == "done" and not is_last:
            raise EvidenceError("sources-ewf-too-many", segment=segment.name)

    def _add_table(self, index: int, parts: list[Section], place: int) -> None:
        segment, table = self.segments[index].name, parts[place]
        before = parts[place - 1]
        second = parts[place + 1 : place + 2]
        copies = [table, *(part for part in second if part.kind == "table2")]
        for copy in copies:
            read = table_entries(self._pread(index, copy.data, min(copy.end - copy.data, _MAX_TABLE)))
            if read is None:
                continue
            entries, base = read
            # Chunk data stands in the sectors section before its table; SMART images put it inside the table section.
            end = before.end if before.kind == "sectors" else table.end
            most = 2 * self._geometry.chunk_size + 4096 if self._geometry else 0
            if self._table.add(index, entries, base, end, most):
                return
        raise EvidenceError("sources-ewf-damaged", segment=segment, offset=table.start, part="table")

    def _chunk(self, number: int) -> bytes:
        cached = self._cache.get(number)
        if cached is not None:
            self._cache.move_to_end(number)
            return cached
        assert self._geometry is not None
        segment, offset, stored, packed = self._table[number]
        size = min(self._geometry.chunk_size, self.size - number * self._geometry.chunk_size)
        if packed:
            data = self._unpacked(segment, offset, stored, size)
        else:
            # The last chunk may hold part of a sector more than the medium is said to have.
            data = self._plain(segment, offset, size)
            if data is None and stored - 4 > size:
                data = self._plain(segment, offset, stored - 4)
        if data is None:
            raise EvidenceError(
                "sources-ewf-chunk",
                chunk=number,
                segment=self.segments[segment].name,
                offset=offset,
                start=number * self._geometry.chunk_size,
                length=size,
            )
        self._cache[number] = data = data[:size]
        if len(self._cache) > self._keep:
            self._cache.popitem(last=False)
        return data

    def _plain(self, segment: int, offset: int, size: int) -> bytes | None:
        raw = self._pread(segment, offset, size + 4)
        data, check = raw[:size], raw[size:]
        return data if len(check) == 4 and zlib.adler32(data) == int.from_bytes(check, "little") else None

    def _unpacked(self, segment: int, offset: int, stored: int, size: int) -> bytes | None:
        assert self._geometry is not None
        inflate = isal_zlib.decompressobj()
        try:
            data: bytes = inflate.decompress(self._pread(segment, offset, stored), self._geometry.chunk_size)
            if not inflate.eof:
                # The end mark and the Adler-32 may still be unread when the output limit was met exactly.
                inflate.decompress(inflate.unconsumed_tail, 1)
        except _CORRUPT:
            return None
        return data if len(data) >= size and inflate.eof else None

    def _described(self, media_size: int) -> tuple[Mapping[str, str], Mapping[str, str]]:
        handle = pyewf.handle()
        try:
            handle.open([str(segment) for segment in self.segments])
            try:
                hashes = {name.lower(): value.lower() for name, value in handle.get_hash_values().items() if value}
                facts = {name: value for name, value in handle.get_header_values().items() if value}
                size = handle.get_media_size()
            finally:
                handle.close()
        except (OSError, ValueError) as fault:
            raise EvidenceError("sources-ewf-library", path=str(self.segments[0]), reason=str(fault)[:200]) from fault
        if size != media_size:
            raise EvidenceError("sources-ewf-size", found=media_size, library=size)
        return hashes, facts
