"""Inflating a raw deflate stream (RFC 1951) to learn where it ends, keeping nothing of the output."""

import zlib
from dataclasses import dataclass
from enum import StrEnum

from forensic.carve.reading import crc32
from forensic.sources.medium import Medium, Window

OUTPUT = 1 << 31  # bytes of output after which a stream is given up
PIECE = 1 << 16
HEAD = 512


class Ending(StrEnum):
    """How a stream ended."""

    DONE = "done"
    CUT = "cut"
    BROKEN = "broken"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Inflated:
    """`consumed` bytes of input made `size` bytes of output with this CRC-32 and these first 512 bytes.

    `consumed` is exact when done; else it is where the last piece begins that inflated without an error.
    """

    ending: Ending
    consumed: int
    size: int
    crc: int
    head: bytes


def inflate(medium: Medium, offset: int, limit: int) -> Inflated:
    """Inflate from `offset` until the stream ends, the medium ends, it breaks, or `limit` bytes came out."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    at, size, crc, head = offset, 0, 0, b""
    step = HEAD
    while data := medium.read(at, step):
        begun, at = at, at + len(data)
        while True:
            try:
                out = stream.decompress(data, PIECE)
            except zlib.error:
                return Inflated(Ending.BROKEN, begun - offset, size, crc, head)
            size += len(out)
            crc = zlib.crc32(out, crc)
            head = head if len(head) >= HEAD else (head + out)[:HEAD]
            if stream.eof:
                return Inflated(Ending.DONE, at - len(stream.unused_data) - offset, size, crc, head)
            if size >= limit:
                return Inflated(Ending.LIMIT, begun - offset, size, crc, head)
            data = stream.unconsumed_tail
            if not data and len(out) < PIECE:
                break
        step = min(step * 2, PIECE)
    return Inflated(Ending.CUT, at - offset, size, crc, head)


def stored(medium: Medium, offset: int, length: int) -> Inflated:
    """The same account of `length` bytes that were never deflated."""
    body = Window(medium, offset, length)
    ending = Ending.DONE if body.size == length else Ending.CUT
    return Inflated(ending, body.size, body.size, crc32(body, 0, body.size), body.read(0, HEAD))
