"""The SHA-256 of each MiB of an image as a text file, so that a later difference can be named by its place.

The first line is `forensic-block-hashes 1`, the algorithm, the block length and the image's size in bytes; each
further line is the byte offset of a block and its digest in lower-case hexadecimal. Fields are parted by a tab, lines
end in a newline, and the last block is shorter where the size asks for it. Any block can be checked with
`dd bs=1M skip=N count=1 | sha256sum`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chain_of_custody.errors import IntegrityError
from forensic.acquire.pipeline import BLOCK_DIGEST
from forensic.sources.medium import BLOCK

_TITLE = "forensic-block-hashes 1"
_HEADER = re.compile(rf"{_TITLE}\tsha256\t{BLOCK}\t(0|[1-9][0-9]{{0,19}})\n".encode())
_LINE = re.compile(rb"(0|[1-9][0-9]{0,19})\t([0-9a-f]{64})\n")


@dataclass(frozen=True, slots=True)
class HashList:
    """`size` of the image in bytes; `block_hashes` holds 32 bytes for each MiB."""

    size: int
    block_hashes: bytes


def lines(size: int, block_hashes: bytes) -> Iterator[bytes]:
    """The file, line by line. `ValueError` where the number of hashes does not fit the size."""
    if len(block_hashes) != _blocks(size) * BLOCK_DIGEST:
        raise ValueError(f"{len(block_hashes)} bytes of hashes for {size} bytes")
    yield f"{_TITLE}\tsha256\t{BLOCK}\t{size}\n".encode()
    for index in range(_blocks(size)):
        digest = block_hashes[index * BLOCK_DIGEST : (index + 1) * BLOCK_DIGEST]
        yield f"{index * BLOCK}\t{digest.hex()}\n".encode()


def parsed(text: Iterable[bytes]) -> HashList:
    """Reads the lines back. `IntegrityError`, naming the line, for anything `lines` would not have written."""
    every = iter(text)
    header = _HEADER.fullmatch(next(every, b""))
    if header is None:
        raise IntegrityError("acquire-hash-list-broken", line=1)
    size = int(header[1])
    hashes = bytearray()
    for index, line in enumerate(every):
        fields = _LINE.fullmatch(line)
        if fields is None or index >= _blocks(size) or int(fields[1]) != index * BLOCK:
            raise IntegrityError("acquire-hash-list-broken", line=index + 2)
        hashes += bytes.fromhex(fields[2].decode())
    if len(hashes) != _blocks(size) * BLOCK_DIGEST:
        raise IntegrityError("acquire-hash-list-broken", line=len(hashes) // BLOCK_DIGEST + 2)
    return HashList(size, bytes(hashes))


def _blocks(size: int) -> int:
    return -(-size // BLOCK)
