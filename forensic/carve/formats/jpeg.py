"""JPEG pictures: marker segments, then entropy-coded scans, up to EOI.

The entropy-coded bytes are walked for stuffing, markers and the order and number of restarts; they are not decoded.
A thumbnail lies inside a segment of its parent and is stepped over with it.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from forensic.carve.format import BROKEN, CUT, Extent, Format, Signature, truncated
from forensic.carve.reading import dense, matches
from forensic.sources.medium import Medium, Window

SOI, EOI, SOS, DQT, DHT, DRI, COM, DAC, DNL, DHP, EXP = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xFE, 0xCC, 0xDC, 0xDE, 0xDF
FRAMES = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, DAC}
APPLICATION = frozenset(range(0xE0, 0xF0))
SEGMENTS = frozenset({SOS, DQT, DHT, DRI, COM, DAC, DNL, DHP, EXP}) | FRAMES | APPLICATION
SEQUENTIAL = frozenset({0xC0, 0xC1})
MARKER = re.compile(rb"\xff+[^\x00\xff]", re.DOTALL)
INSIDE = 4  # thumbnails that are looked for
BEGINNING = re.compile(rb"\xff\xd8\xff")
LEAST = 1 << 16  # bytes that a scan may take at least, however small the picture
FILL = 64
NAMED = (b"JFIF\0", b"Exif\0")


@dataclass(frozen=True, slots=True)
class _Picture:
    """What the segments have said so far.

    `frame` is the marker of the frame header, `restart` counts MCUs, `inside` are the offsets of pictures that begin
    in a segment (thumbnails).
    """

    frame: int | None = None
    width: int = 0
    height: int = 0
    sampling: tuple[tuple[int, int], ...] = ()
    restart: int = 0
    tables: bool = False
    scans: int = 0
    counted: bool = False
    inside: tuple[int, ...] = ()


def measure(medium: Medium) -> Extent | None:
    at, picture = 2, _Picture()
    while True:
        found = _marker(medium, at)
        if found is None:
            return _stopped(medium, at, picture)
        kind, body = found
        if kind == EOI:
            return Extent(body, "jpg", checked=_checked(picture)) if picture.scans else None
        if kind not in SEGMENTS:
            return _stopped(medium, at, picture)
        head = medium.read(body, 2)
        length = int.from_bytes(head, "big")
        if len(head) < 2 or length < 2 or body + length > medium.size:
            return _stopped(medium, at, picture)
        known = _learnt(picture, kind, medium.read(body + 2, length - 2))
        if known is None:
            return _stopped(medium, at, picture)
        if kind in APPLICATION and len(picture.inside) < INSIDE:
            known = replace(known, inside=(*known.inside, *_begun(medium, body, body + length)))
        picture, at = known, body + length
        if kind == SOS:
            good, at, restarts = _scan(medium, at, picture)
            if good and picture.restart and picture.frame in SEQUENTIAL and picture.scans == 1:
                good = restarts == _restarts(picture)
                picture = replace(picture, counted=True)
            if not good:
                return _stopped(medium, at, picture)


def _marker(medium: Medium, at: int) -> tuple[int, int] | None:
    """The marker at `at` and where its body begins; up to 64 fill bytes FF are allowed (ITU-T T.81 B.1.1.2)."""
    head = medium.read(at, FILL)
    code = head.lstrip(b"\xff")
    fill = len(head) - len(code)
    return (code[0], at + fill + 1) if fill and code else None


def _learnt(picture: _Picture, kind: int, body: bytes) -> _Picture | None:
    """The picture after one more segment, or None where the segment is not what its marker says."""
    if kind in FRAMES:
        if picture.frame is not None or len(body) < 6:
            return None
        precision, height, width, count = struct.unpack_from(">BHHB", body)
        if precision not in (8, 12, 16) or not width or not 1 <= count <= 4 or len(body) != 6 + 3 * count:
            return None
        sampling = tuple((body[i] >> 4, body[i] & 15) for i in range(7, len(body), 3))
        if not all(1 <= h <= 4 and 1 <= v <= 4 for h, v in sampling):
            return None
        return replace(picture, frame=kind, width=width, height=height, sampling=sampling)
    if kind == DRI:
        return replace(picture, restart=int.from_bytes(body, "big")) if len(body) == 2 else None
    if kind == DHT:
        return replace(picture, tables=True) if len(body) >= 17 and body[0] & 0xEC == 0 else None
    if kind == SOS:
        right = len(body) >= 4 and 1 <= body[0] <= len(picture.sampling) and len(body) == 4 + 2 * body[0]
        return replace(picture, scans=picture.scans + 1) if right and picture.frame is not None else None
    return picture


def _begun(medium: Medium, start: int, end: int) -> Iterator[int]:
    """Where pictures begin in [start, end): the first few."""
    return (at for at, _ in islice(matches(Window(medium, 0, end), BEGINNING, start, reach=3), INSIDE))


def _scan(medium: Medium, start: int, picture: _Picture) -> tuple[bool, int, int]:
    """Walk entropy-coded bytes: whether they end in a marker that may follow, where, and how many restarts."""
    restarts = 0
    longest = 4 * picture.width * (picture.height or 0xFFFF) * len(picture.sampling) + LEAST
    for at, match in matches(Window(medium, 0, start + longest), MARKER, start, reach=FILL):
        code = match[0][-1]
        if 0xD0 <= code <= 0xD7:
            if not picture.restart or code != 0xD0 + restarts % 8:
                return False, dense(medium, start, at), restarts
            restarts += 1
        elif at > start and (code == EOI or code in SEGMENTS):
            return True, at, restarts
        else:
            return False, dense(medium, start, at), restarts
    return False, dense(medium, start, medium.size), restarts


def _restarts(picture: _Picture) -> int:
    """How many restart markers a sequential picture in one scan must hold (ITU-T T.81 A.2, E.1.4)."""
    across = 8 * max(h for h, _ in picture.sampling) if len(picture.sampling) > 1 else 8
    down = 8 * max(v for _, v in picture.sampling) if len(picture.sampling) > 1 else 8
    units = -(-picture.width // across) * -(-picture.height // down)
    return max(0, -(-units // picture.restart) - 1)


def _checked(picture: _Picture) -> tuple[str, ...]:
    return ("markers", "restart-count") if picture.counted else ("markers",)


def _stopped(medium: Medium, at: int, picture: _Picture) -> Extent | None:
    """What stands up to `at`; before the frame header it counts only if the medium ends and the file names itself."""
    found = _marker(medium, at)
    cut = found is None or found[1] + int.from_bytes(medium.read(found[1], 2), "big") > medium.size
    cut = cut and at + (1 << 16) + FILL > medium.size
    if picture.frame is None and not (cut and medium.read(6, 5) in NAMED):
        return None
    return truncated(
        max(at, min(11, medium.size)), "jpg", ("markers",), reason=CUT if cut else BROKEN, parts=picture.inside
    )


FORMAT = Format(
    name="jpeg",
    suffixes=("jpg",),
    signatures=(Signature(rb"\xff\xd8\xff[\xc0-\xcf\xdb\xdd\xe0-\xef\xfe]"),),
    measure=measure,
    specification="ITU-T T.81 | ISO/IEC 10918-1",
)
