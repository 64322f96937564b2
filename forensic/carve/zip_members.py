"""The members of a ZIP archive, walked one after another from its first local header (PKWARE APPNOTE 4.3, 4.4)."""

import struct
from dataclasses import dataclass

from forensic.carve.inflating import Ending, inflate, stored
from forensic.sources.medium import Medium, Window

LOCAL, DESCRIPTOR, DIRECTORY = b"PK\x03\x04", b"PK\x07\x08", b"PK\x01\x02"
LOCAL_SIZE = 30
STORED, DEFLATED = 0, 8
METHODS = frozenset({0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 18, 19, 20, 93, 94, 95, 96, 97, 98, 99})
ENCRYPTED, STREAMED = 1, 8
ZIP64 = 0xFFFFFFFF
APK_BLOCK = b"APK Sig Block 42"


@dataclass(frozen=True, slots=True)
class Header:
    """A local header. `body` is where its content begins; `packed` and `size` count bytes of content and output."""

    name: bytes
    body: int
    flags: int
    method: int
    crc: int
    packed: int
    size: int

    @property
    def streamed(self) -> bool:
        """Sizes and CRC follow the content in a descriptor."""
        return bool(self.flags & STREAMED)

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & ENCRYPTED)


@dataclass(frozen=True, slots=True)
class Member:
    """A header with its content.

    `end` is where the member ends with its descriptor, `start` the first bytes of its output. `intact`: its CRC-32
    was checked and holds or not; None where it could not be checked (encrypted, another method, over the output
    limit). `output` counts bytes made.
    """

    name: bytes
    start: bytes
    end: int
    intact: bool | None
    output: int


def local_header(medium: Medium, at: int) -> Header | None:
    """The local header at `at`; None where there is none."""
    head = medium.read(at, LOCAL_SIZE)
    if len(head) < LOCAL_SIZE or head[:4] != LOCAL:
        return None
    version, flags, method, crc, packed, size, name_length, extra_length = struct.unpack_from("<HHH4xIIIHH", head, 4)
    name = medium.read(at + LOCAL_SIZE, name_length)
    extra = medium.read(at + LOCAL_SIZE + name_length, extra_length)
    body = at + LOCAL_SIZE + name_length + extra_length
    if version & 0xFF > 64 or method not in METHODS or not name or min(name) < 0x20 or body > medium.size:
        return None
    if ZIP64 in (packed, size):
        size, packed = _zip64(extra, size, packed)
    return Header(name, body, flags, method, crc, packed, size)


def member(medium: Medium, header: Header, budget: int) -> Member | None:
    """The member of this header, with at most `budget` bytes inflated; None where its end cannot be told."""
    if header.streamed and not header.packed:
        return _streamed(medium, header, budget)
    end, crc = header.body + header.packed, header.crc
    if end > medium.size:
        return None
    if header.streamed and (found := _descriptor(medium, end)) is not None:
        crc, end = found
    if header.encrypted or header.method not in (STORED, DEFLATED) or budget <= 0:
        return Member(header.name, b"", end, None, 0)
    if header.method == STORED:
        content = stored(medium, header.body, header.packed)
    else:
        content = inflate(Window(medium, header.body, header.packed), 0, budget)
    if content.ending is Ending.LIMIT:
        return Member(header.name, content.head, end, None, content.size)
    whole = content.ending is Ending.DONE and content.consumed == header.packed
    return Member(header.name, content.head, end, whole and content.crc == crc, content.size)


def signing_block(medium: Medium, at: int) -> int:
    """Where an APK signing block at `at` ends; `at` where there is none (Android, APK Signature Scheme v2)."""
    size = int.from_bytes(medium.read(at, 8), "little")
    end = at + 8 + size
    return end if size >= 24 and end <= medium.size and medium.read(end - 16, 16) == APK_BLOCK else at


def _streamed(medium: Medium, header: Header, budget: int) -> Member | None:
    """A member whose sizes follow it: the end is where its deflate stream ends."""
    if header.method == STORED and (found := _descriptor(medium, header.body)) is not None:
        return Member(header.name, b"", found[1], found[0] == 0, 0)
    if header.encrypted or header.method != DEFLATED:
        return None
    content = inflate(medium, header.body, max(1, budget))
    if content.ending is not Ending.DONE:
        return None
    found = _descriptor(medium, header.body + content.consumed)
    return Member(header.name, content.head, found[1], found[0] == content.crc, content.size) if found else None


def _descriptor(medium: Medium, at: int) -> tuple[int, int] | None:
    """CRC and end of the data descriptor at `at`: with or without its mark, sizes of four or eight bytes."""
    data = medium.read(at, 28)
    mark = 4 if data[:4] == DESCRIPTOR else 0
    for length in (12, 20):
        following = data[mark + length : mark + length + 4]
        if len(following) < 4:
            following = medium.read(at + mark + length, 4)
        if following in (LOCAL, DIRECTORY) or (mark and signing_block(medium, at + mark + length) > at + mark + length):
            return int.from_bytes(data[mark : mark + 4], "little"), at + mark + length
    return None


def _zip64(extra: bytes, size: int, packed: int) -> tuple[int, int]:
    """The sizes with those replaced that stand in the ZIP64 field of `extra` (APPNOTE 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = [v for (v,) in struct.iter_unpack("<Q", extra[at + 4 : at + 4 + length // 8 * 8])]
            if size == ZIP64 and values:
                size = values.pop(0)
            if packed == ZIP64 and values:
                packed = values.pop(0)
            break
        at += 4 + length
    return size, packed
