"""MPEG layer III sound: a chain of frames, with its ID3v2 before and its ID3v1 or APE tag after.

The format marks no end. A chain is whole where a Xing, Info or VBRI header counts its frames, or a tag closes it.
"""

from dataclasses import dataclass

from forensic.carve.format import BROKEN, CUT, OPEN_END, Extent, Format, Signature, truncated
from forensic.sources.medium import Medium

KBIT_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KBIT_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
LEAST = 4  # frames that must follow each other before they count as a file
PADDING = 1 << 16


@dataclass(frozen=True, slots=True)
class _Frame:
    """One frame header: its length in bytes, and what all frames of a file share (version, rate)."""

    length: int
    kind: tuple[int, int]
    mono: bool


def measure(medium: Medium) -> Extent | None:
    tag = _id3v2(medium)
    if tag is None:
        return None
    start = _first_frame(medium, tag)
    first = _frame(medium, start)
    if first is None or medium.read(start, 4) == medium.read(start + 4, 4):
        return None
    at = last = start
    parts: list[int] = []
    while (frame := _frame(medium, at)) is not None and frame.kind == first.kind:
        last, at = at, at + frame.length
        parts.append(last)
    cut = at > medium.size
    if len(parts) - cut < LEAST:
        return None
    told = _told(medium, start, first)
    if told is not None and (cut or len(parts) != told + 1):
        return truncated(last, "mp3", ("frames",), reason=CUT if at >= medium.size else BROKEN, parts=parts)
    end = last if cut else _tags(medium, at)
    if told is not None:
        return Extent(end, "mp3", checked=("frames", "frame-count"), parts=frozenset(parts))
    if end > at:
        return Extent(end, "mp3", checked=("frames", "end-tag"), parts=frozenset(parts))
    return truncated(end, "mp3", ("frames",), reason=CUT if cut else OPEN_END, parts=parts)


def _id3v2(medium: Medium) -> int | None:
    """Length of the ID3v2 tag at the start, 0 where there is none, None for a bad one (id3.org, ID3v2.4, 3.1)."""
    head = medium.read(0, 10)
    if head[:3] != b"ID3":
        return 0
    if len(head) < 10 or head[3] not in (2, 3, 4) or head[4] == 0xFF or max(head[6:10]) > 0x7F:
        return None
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return size + (20 if head[3] == 4 and head[5] & 0x10 else 10)


def _first_frame(medium: Medium, at: int) -> int:
    """Where the frames begin: some writers leave zeros after the tag."""
    gap = medium.read(at, PADDING) if at else b""
    return at + len(gap) - len(gap.lstrip(b"\0"))


def _frame(medium: Medium, at: int) -> _Frame | None:
    """The layer III frame header at `at` (ISO/IEC 11172-3, 2.4.1.3; 13818-3 for the lower rates)."""
    head = medium.read(at, 4)
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, kbit, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or kbit in (0, 15) or rate == 3 or head[3] & 3 == 2:
        return None
    hertz = RATES[version][rate]
    table, samples = (KBIT_1, 144) if version == 3 else (KBIT_2, 72)
    length = samples * table[kbit] * 1000 // hertz + (head[2] >> 1 & 1)
    return _Frame(length, (version, rate), head[3] >> 6 == 3)


def _told(medium: Medium, start: int, first: _Frame) -> int | None:
    """The number of frames after the first that the first one announces, where it does."""
    side = (17 if first.mono else 32) if first.kind[0] == 3 else (9 if first.mono else 17)
    mark = medium.read(start + 4 + side, 12)
    if mark[:4] in (b"Xing", b"Info") and len(mark) == 12 and mark[7] & 1:
        return int.from_bytes(mark[8:12], "big")
    mark = medium.read(start + 36, 18)
    return int.from_bytes(mark[14:18], "big") if mark[:4] == b"VBRI" and len(mark) == 18 else None


def _tags(medium: Medium, at: int) -> int:
    """Where the tags after the last frame end: an APEv2 tag, then ID3v1."""
    head = medium.read(at, 32)
    if head[:8] == b"APETAGEX" and len(head) == 32:
        end = at + 32 + int.from_bytes(head[12:16], "little")
        at = end if end <= medium.size and medium.read(end - 32, 8) == b"APETAGEX" else at
    return at + 128 if medium.read(at, 3) == b"TAG" and at + 128 <= medium.size else at


FORMAT = Format(
    name="mp3",
    suffixes=("mp3",),
    signatures=(
        Signature(rb"ID3[\x02-\x04][\x00-\x0f].[\x00-\x7f]{4}"),
        Signature(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xeb]."),
    ),
    measure=measure,
    specification="ISO/IEC 11172-3, ISO/IEC 13818-3; id3.org, ID3v2.4",
)
