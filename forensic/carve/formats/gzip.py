"""gzip members: inflated, with CRC-32 and size of each checked."""

import struct

from forensic.carve import inflating
from forensic.carve.format import BROKEN, CUT, OUTPUT_LIMIT, Extent, Format, Signature, corrupt, truncated
from forensic.carve.inflating import Ending, inflate
from forensic.carve.reading import dense
from forensic.sources.medium import Medium

CHECKED = ("inflated", "crc32")
FHCRC, FEXTRA, FNAME, FCOMMENT = 2, 4, 8, 16
LONGEST_TEXT = 4096
LEAST = 512  # bytes of deflate that must read without an error before a broken stream counts as a beginning
REASONS = {Ending.CUT: CUT, Ending.BROKEN: BROKEN, Ending.LIMIT: OUTPUT_LIMIT}


def measure(medium: Medium) -> Extent | None:
    at, budget, good, suffix = 0, inflating.OUTPUT, True, "gz"
    parts: list[int] = []
    while (body := _body(medium, at)) is not None:
        member = inflate(medium, body, budget)
        suffix = "tgz" if at == 0 and member.head[257:262] == b"ustar" else suffix
        end = body + member.consumed + 8
        if member.ending is not Ending.DONE or end > medium.size:
            if at == 0 and member.ending is Ending.BROKEN and member.consumed < LEAST:
                return None
            reason = REASONS.get(member.ending, CUT)
            proven = dense(medium, body, min(body + member.consumed, medium.size))
            return truncated(proven, suffix, ("inflated",), reason=reason, parts=parts)
        good = good and struct.unpack("<II", medium.read(end - 8, 8)) == (member.crc, member.size & 0xFFFFFFFF)
        parts.append(at)
        at, budget = end, budget - member.size
        if budget <= 0 and _body(medium, at) is not None:
            return truncated(at, suffix, CHECKED, reason=OUTPUT_LIMIT, parts=parts)
    if at == 0:
        return None
    if not good:
        return corrupt(at, suffix, CHECKED, parts=parts)
    return Extent(at, suffix, checked=CHECKED, parts=frozenset(parts))


def _body(medium: Medium, at: int) -> int | None:
    """Where the deflate stream of the member at `at` begins; None where no member stands (RFC 1952, 2.3)."""
    head = medium.read(at, 12)
    if len(head) < 12 or head[:3] != b"\x1f\x8b\x08" or head[3] & 0xE0 or head[8] not in (0, 2, 4):
        return None
    if head[9] > 13 and head[9] != 255:
        return None
    flags, body = head[3], at + 10
    if flags & FEXTRA:
        body += 2 + int.from_bytes(head[10:12], "little")
    for flag in (FNAME, FCOMMENT):
        if flags & flag:
            length = medium.read(body, LONGEST_TEXT).find(b"\0")
            if length < 0:
                return None
            body += length + 1
    return body + 2 if flags & FHCRC else body


FORMAT = Format(
    name="gzip",
    suffixes=("gz", "tgz"),
    signatures=(Signature(rb"\x1f\x8b\x08[\x00-\x1f]"),),
    measure=measure,
    specification="RFC 1952, RFC 1951",
)
