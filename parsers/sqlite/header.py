"""The 100-byte header on page 1 of a database.

Source: https://www.sqlite.org/fileformat2.html section 1.3. All numbers are big-endian.
"""

import math
import struct
from collections import Counter
from dataclasses import dataclass

from chain_of_custody.errors import EvidenceError, KeyNeeded
from parsers.source import Bytes

MAGIC = b"SQLite format 3\0"
SIZE = 100
PAGE_SIZES = tuple(1 << power for power in range(9, 17))
_LOCK_BYTE = 1 << 30
_FIELDS = struct.Struct(">16sHBBBBBBIIIIIIIIIIII20xII")
_ENCODINGS = ("utf-8", "utf-8", "utf-16-le", "utf-16-be")
_SCHEMA_PAGES = (0x05, 0x0D)  # interior and leaf of a table b-tree
_RANDOM_BITS = 7.2  # bits a byte: cipher text of 1 KiB measures 7.7 and more, text and tables stay below 6


@dataclass(frozen=True, slots=True)
class Header:
    """`page_size` and `reserved` in bytes; `encoding` is a Python codec name; page numbers count from 1."""

    page_size: int
    write_version: int
    read_version: int
    reserved: int
    change_counter: int
    page_count: int
    freelist_trunk: int
    freelist_count: int
    schema_format: int
    largest_root: int
    encoding: str
    valid_for: int

    @property
    def usable(self) -> int:
        """Bytes of a page that b-trees and overflow chains use."""
        return self.page_size - self.reserved

    @property
    def trusted_count(self) -> int | None:
        """The database's size in pages, None where the header's count is stale (section 1.3.7)."""
        return self.page_count if self.page_count and self.change_counter == self.valid_for else None

    @property
    def lock_page(self) -> int:
        """The page that holds byte 2^30: it is locked, never written."""
        return _LOCK_BYTE // self.page_size + 1


def page_size_of(stored: int) -> int | None:
    """The page size that two bytes stand for, 1 meaning 65536; None if it is none."""
    size = 65536 if stored == 1 else stored
    return size if size in PAGE_SIZES else None


def parse(page: bytes) -> Header | None:
    """The header at the start of page 1, None where it makes no sense."""
    if len(page) < SIZE or not page.startswith(MAGIC):
        return None
    f = _FIELDS.unpack_from(page)
    page_size = page_size_of(f[1])
    if page_size is None or page_size - f[4] < 480 or f[5:8] != (64, 32, 32):
        return None
    return Header(
        page_size=page_size,
        write_version=f[2],
        read_version=f[3],
        reserved=f[4],
        change_counter=f[8],
        page_count=f[9],
        freelist_trunk=f[10],
        freelist_count=f[11],
        schema_format=f[13],
        largest_root=f[15],
        encoding=_ENCODINGS[f[16] & 3],
        valid_for=f[20],
    )


def checked(page: bytes) -> Header:
    """The header of a page 1 that also holds the root of the schema.

    Raises `EvidenceError` "sqlite-not-a-database" for something else, `KeyNeeded`
    "sqlite-encrypted-or-damaged" where the bytes are as even as cipher text or the magic stands over nonsense.
    """
    header = parse(page)
    if header is not None and len(page) >= SIZE + 8 and page[SIZE] in _SCHEMA_PAGES:
        return header
    if page.startswith(MAGIC) or looks_random(page):
        raise KeyNeeded("sqlite-encrypted-or-damaged")
    raise EvidenceError("sqlite-not-a-database")


def looks_random(data: bytes) -> bool:
    """Whether the first 4 KiB are as even as cipher text; fewer than 1 KiB cannot tell."""
    sample = data[:4096]
    if len(sample) < 1024:
        return False
    shares = (count / len(sample) for count in Counter(sample).values())
    return -sum(share * math.log2(share) for share in shares) > _RANDOM_BITS


def first_page(main: Bytes) -> bytes:
    """Page 1 of the main file as far as it is there; 4 KiB where its size cannot be told."""
    start = main.read(0, SIZE)
    size = page_size_of(int.from_bytes(start[16:18], "big")) if start.startswith(MAGIC) else None
    return main.read(0, size or 4096)
