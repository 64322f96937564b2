"""The rollback journal: the pages as they were before a transaction that never finished.

Source: https://www.sqlite.org/fileformat2.html section 3. All numbers are big-endian.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from parsers.source import Bytes
from parsers.sqlite.header import PAGE_SIZES

MAGIC = bytes.fromhex("d9d505f920a163d7")
_HEADER = struct.Struct(">8s5I")
_TO_THE_END = 0xFFFFFFFF
_SECTORS = (512, 4096, 1024, 2048, 8192, 16384, 32768, 65536)


class Original(NamedTuple):
    """A page before the transaction; `offset` in the journal is that of the page's first byte."""

    page: int
    offset: int


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal whose header stands: SQLite would roll it back before reading.

    `originals` in file order; `page_count` is the database's size in pages before the transaction;
    `damaged` says that a record's checksum ended the reading; `super_name` is the other journal on which
    this one depends in a transaction over several databases, None for the usual single one.
    """

    page_size: int
    page_count: int
    originals: tuple[Original, ...]
    damaged: bool
    super_name: str | None


def load(file: Bytes) -> Journal | None:
    """The journal as SQLite would play it back; None where there is nothing to roll back (no or a zeroed header)."""
    head = file.read(0, _HEADER.size)
    if len(head) < _HEADER.size:
        return None
    magic, _, _, page_count, sector, page_size = _HEADER.unpack(head)
    if magic != MAGIC or page_size not in PAGE_SIZES or not _is_sector(sector):
        return None
    originals: list[Original] = []
    damaged = False
    for original in _records(file, sector, page_size):
        if original is None:
            damaged = True
        else:
            originals.append(original)
    return Journal(page_size, page_count, tuple(originals), damaged, _super_name(file))


def _is_sector(size: int) -> bool:
    return 32 <= size <= 65536 and size & (size - 1) == 0


def _records(file: Bytes, sector: int, page_size: int) -> Iterator[Original | None]:
    """The page records of every segment; None, as the last, where a checksum does not match."""
    step = page_size + 8
    start = 0
    while True:
        head = file.read(start, _HEADER.size)
        if len(head) < _HEADER.size:
            return
        magic, count, nonce, _, _, _ = _HEADER.unpack(head)
        if magic != MAGIC:
            return
        room = max(0, file.size - start - sector) // step
        count = room if count == _TO_THE_END else min(count, room)
        for at in range(start + sector, start + sector + count * step, step):
            record = file.read(at, step)
            page, stored = int.from_bytes(record[:4], "big"), int.from_bytes(record[-4:], "big")
            if len(record) < step or page == 0 or checksum(record[4:-4], nonce) != stored:
                yield None
                return
            yield Original(page, at + 4)
        end = start + sector + count * step
        start = (end + sector - 1) // sector * sector


def checksum(page: bytes, nonce: int) -> int:
    """The nonce plus every two-hundredth byte, counted from 200 before the end down to the first above zero."""
    return (nonce + sum(page[len(page) - 200 : 0 : -200])) & 0xFFFFFFFF


def leftover(file: Bytes, page_size: int, limit: int) -> Iterator[list[Original]]:
    """The page records of a finished journal whose header was zeroed but not its pages (journal_mode PERSIST).

    One list for each transaction that still shows: the nonce is gone, but the records of one transaction
    agree on it. Only pages up to `limit` count; the first number that is none ends the reading.
    """
    step = page_size + 8
    for sector in _SECTORS:
        if 0 < _number(file, sector) <= limit:
            break
    else:
        return
    group: list[Original] = []
    last: int | None = None
    for at in range(sector, file.size - step + 1, step):
        record = file.read(at, step)
        page = int.from_bytes(record[:4], "big")
        if len(record) < step or not 0 < page <= limit:
            break
        nonce = (int.from_bytes(record[-4:], "big") - checksum(record[4:-4], 0)) & 0xFFFFFFFF
        if group and nonce != last:
            yield group
            group = []
        last = nonce
        group.append(Original(page, at + 4))
    if group:
        yield group


def _number(file: Bytes, at: int) -> int:
    return int.from_bytes(file.read(at, 4), "big")


def _super_name(file: Bytes) -> str | None:
    """The super-journal's name from the end of the journal: name, length, checksum (the sum of its bytes), magic."""
    tail = file.read(max(0, file.size - 16), 16)
    if len(tail) < 16 or tail[8:] != MAGIC:
        return None
    length, stored = struct.unpack(">2I", tail[:8])
    if not 0 < length <= min(4096, file.size - 16):
        return None
    name = file.read(file.size - 16 - length, length)
    return name.decode("utf-8", "backslashreplace") if sum(name) & 0xFFFFFFFF == stored else None
