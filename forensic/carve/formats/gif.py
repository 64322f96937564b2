"""GIF pictures: blocks and sub-blocks up to the trailer, the pixels of each image counted through its LZW codes."""

import struct

from forensic.carve.format import BROKEN, CONTRADICTION, CUT, Extent, Format, Signature, corrupt, truncated
from forensic.sources.medium import Medium

EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
LABELS = (0x01, 0xF9, 0xFE, 0xFF)
COUNTED = 1 << 22  # bytes of LZW data of one image that are counted; longer ones are only walked


def measure(medium: Medium) -> Extent | None:
    head = medium.read(0, 13)
    if len(head) < 13 or not any(head[6:8]) or not any(head[8:10]):
        return None
    first = at = proven = 13 + _table(head[10])
    images, counts = 0, set[bool | None]()
    while True:
        kind = medium.read(at, 2)
        if kind[:1] == bytes((TRAILER,)) and images:
            break
        end = None
        if len(kind) == 2 and kind[0] == EXTENSION and kind[1] in LABELS:
            end, _ = _sub_blocks(medium, at + 2, 0)
        elif len(kind) == 2 and kind[0] == IMAGE:
            start, end, right = _image(medium, at)
            proven = proven if False in counts else max(proven, start)
            images += 1
            counts.add(right)
        if end is None:
            reason = CUT if _runs_out(medium, at) else BROKEN
            return truncated(proven, "gif", ("blocks",), reason=reason) if proven > first else None
        at = end
        proven = proven if False in counts else end
    if False in counts:
        return corrupt(at + 1, "gif", ("blocks", "pixel-count"), reason=CONTRADICTION)
    return Extent(at + 1, "gif", checked=("blocks",) if None in counts else ("blocks", "pixel-count"))


def _table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _image(medium: Medium, at: int) -> tuple[int, int | None, bool | None]:
    """Where the data of the image at `at` begin, and end; whether it has all its pixels.

    The beginning is 0 where no image stands, the end None where it is not reached, the last None where not counted.
    """
    head = medium.read(at + 1, 9)
    if len(head) < 9:
        return 0, None, None
    width, height, flags = struct.unpack_from("<HHB", head, 4)
    start = at + 10 + _table(flags) + 1
    depth = medium.read(start - 1, 1)
    if not width or not height or not depth or not 1 <= depth[0] <= 8:
        return 0, None, None
    end, data = _sub_blocks(medium, start, COUNTED)
    if end is None or len(data) >= COUNTED:
        return start, end, None
    return start, end, _pixels(data, depth[0], width * height) == width * height


def _sub_blocks(medium: Medium, at: int, keep: int) -> tuple[int | None, bytes]:
    """Where the chain of sub-blocks ends, None where the medium ends first; the first `keep` bytes of their data."""
    data = bytearray()
    while size := medium.read(at, 1):
        if not size[0]:
            return at + 1, bytes(data)
        if len(data) < keep:
            data += medium.read(at + 1, size[0])
        at += 1 + size[0]
    return None, b""


def _pixels(data: bytes, depth: int, most: int) -> int:
    """How many pixels the LZW codes stand for, -1 for codes that cannot be (GIF89a, appendix F).

    Only the length of each string is kept, not the string.
    """
    clear, stop = 1 << depth, (1 << depth) + 1
    fresh = [1] * clear + [0, 0]
    lengths, width, before = fresh.copy(), depth + 1, 0
    count = bits = held = 0
    for byte in data:
        held |= byte << bits
        bits += 8
        while bits >= width:
            code = held & ((1 << width) - 1)
            held >>= width
            bits -= width
            if code == clear:
                lengths, width, before = fresh.copy(), depth + 1, 0
                continue
            if code == stop:
                return count
            if code > len(lengths) or (code == len(lengths) and not before):
                return -1
            if before and len(lengths) < 4096:
                lengths.append(before + 1)
            if code >= len(lengths):
                return -1
            before = lengths[code]
            count += before
            if count > most:
                return -1
            if len(lengths) == 1 << width and width < 12:
                width += 1
    return count


def _runs_out(medium: Medium, at: int) -> bool:
    """Whether the block at `at` is walked past the end of the medium."""
    kind = medium.read(at, 10)
    if len(kind) < 10:
        return True
    start = at + 2 if kind[0] == EXTENSION else at + 11 + _table(kind[9])
    return kind[0] in (EXTENSION, IMAGE) and _sub_blocks(medium, start, 0)[0] is None


FORMAT = Format(
    name="gif",
    suffixes=("gif",),
    signatures=(Signature(rb"GIF8[79]a"),),
    measure=measure,
    specification="CompuServe, GIF Version 89a, 1990",
)
