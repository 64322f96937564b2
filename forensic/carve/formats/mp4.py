"""MP4, MOV, HEIC and their kin: top-level boxes, and whether the samples lie in the file."""

import struct
from collections.abc import Sequence

from forensic.carve.boxes import Box, box, descend
from forensic.carve.format import BROKEN, CONTRADICTION, CUT, OPEN_END, Extent, Format, Signature, corrupt, truncated
from forensic.sources.medium import Medium

TOP = frozenset(
    b"ftyp styp moov mdat moof mfra free skip wide uuid meta pdin pnot sidx ssix prft emsg udta idat jumb PICT".split()
)
BRANDS = {
    b"qt  ": "mov",
    b"heic": "heic", b"heix": "heic", b"heim": "heic", b"heis": "heic", b"hevc": "heic", b"hevx": "heic",
    b"mif1": "heif", b"msf1": "heif", b"avif": "avif", b"avis": "avif", b"crx ": "cr3",
    b"M4A ": "m4a", b"M4B ": "m4a", b"M4V ": "m4v",
}  # fmt: skip
STILL = frozenset({"heic", "heif", "avif"})
MOST = 1 << 16  # top-level boxes; a long fragmented recording has some ten thousand
OFFSETS = 1 << 20  # bytes of one chunk offset table that are looked at


def measure(medium: Medium) -> Extent | None:
    suffix = _suffix(medium)
    if suffix is None:
        return None
    boxes: list[Box] = []
    at = 0
    while len(boxes) < MOST and (found := box(medium, at, medium.size)) is not None:
        if found.kind not in TOP or (boxes and found.kind == b"ftyp"):
            break
        boxes.append(found)
        at = found.end
        if at > medium.size:
            break
    if len(boxes) < 2:
        return None
    claimed = at if at > medium.size else None
    proven = boxes[-1].offset if claimed else at
    if int.from_bytes(medium.read(boxes[-1].offset, 4), "big") == 0:
        return truncated(boxes[-1].offset, suffix, ("boxes",), reason=OPEN_END)
    if claimed or not _complete(boxes, suffix):
        if boxes[-1].kind == b"mdat":
            proven = boxes[-1].offset  # nothing after it says that it ends where its header claims
        return truncated(proven, suffix, ("boxes",), reason=CUT if claimed else BROKEN, claimed=claimed)
    inside = _samples_inside(medium, boxes)
    if inside is None:
        return Extent(at, suffix, checked=("boxes",))
    checked = ("boxes", "chunk-offsets")
    return Extent(at, suffix, checked=checked) if inside else corrupt(at, suffix, checked, reason=CONTRADICTION)


def _suffix(medium: Medium) -> str | None:
    """By the major brand, then by the compatible ones; None where the first box is no file type box."""
    first = box(medium, 0, medium.size)
    if first is None or first.kind != b"ftyp" or not 16 <= first.end <= 4096 or first.body != 8:
        return None
    body = medium.read(8, first.end - 8)
    if len(body) % 4 or not all(0x20 <= c < 0x7F for c in body[:4]):
        return None
    brands = [body[:4], *(body[i : i + 4] for i in range(8, len(body), 4))]
    if brands[0][:3] in (b"3gp", b"3g2"):
        return brands[0][:3].decode("ascii")
    if brands[0] in (b"mif1", b"msf1"):
        return next((BRANDS[b] for b in brands[1:] if BRANDS.get(b) in ("heic", "avif")), "heif")
    return BRANDS.get(brands[0], "mp4")


def _complete(boxes: Sequence[Box], suffix: str) -> bool:
    kinds = {b.kind for b in boxes}
    if suffix in STILL and b"meta" in kinds:
        return bool(kinds & {b"mdat", b"idat"})
    return b"moov" in kinds and bool(kinds & {b"mdat", b"moof"})


def _samples_inside(medium: Medium, boxes: Sequence[Box]) -> bool | None:
    """Whether every chunk offset of every track lies in a media data box; None where no table says any."""
    media = [(b.body, b.end) for b in boxes if b.kind == b"mdat"]
    seen = False
    for moov in (b for b in boxes if b.kind == b"moov"):
        for kind, width in ((b"stco", 4), (b"co64", 8)):
            for table in descend(medium, moov, b"trak", b"mdia", b"minf", b"stbl", kind):
                data = medium.read(table.body, min(table.end - table.body, OFFSETS))
                count = int.from_bytes(data[4:8], "big")
                if count * width > table.end - table.body - 8:
                    return False
                entries = data[8 : 8 + min(count, (len(data) - 8) // width) * width] if count else b""
                for (offset,) in struct.iter_unpack(">I" if width == 4 else ">Q", entries):
                    seen = True
                    if not any(start <= offset < end for start, end in media):
                        return False
    return True if seen else None


FORMAT = Format(
    name="mp4",
    suffixes=("mp4", "mov", "heic", "heif", "avif", "m4a", "m4v", "3gp", "3g2", "cr3"),
    signatures=(Signature(rb"ftyp[ -~]{4}", offset=4),),
    measure=measure,
    specification="ISO/IEC 14496-12, ISO/IEC 23008-12; Apple, QuickTime File Format",
)
