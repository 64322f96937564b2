"""WebP pictures: a RIFF form that begins with VP8, VP8L or VP8X."""

from forensic.carve import riff
from forensic.carve.format import BROKEN, CUT, Extent, Format, Signature, truncated
from forensic.sources.medium import Medium

CHECKED = ("chunk-tree",)
FIRST = (b"VP8 ", b"VP8L", b"VP8X")


def measure(medium: Medium) -> Extent | None:
    form = riff.walk(medium, b"WEBP")
    if form is None or not form.kinds or form.kinds[0] not in FIRST or not _begins(form.kinds[0], medium.read(20, 10)):
        return None
    if form.whole:
        return Extent(form.claimed, "webp", checked=CHECKED)
    return truncated(form.proven, "webp", CHECKED, reason=CUT if form.cut else BROKEN, claimed=form.claimed)


def _begins(kind: bytes, body: bytes) -> bool:
    """The start code of the bitstream, or the zero reserved bytes of VP8X."""
    if kind == b"VP8 ":
        return body[3:6] == b"\x9d\x01\x2a"
    return body[:1] == b"\x2f" if kind == b"VP8L" else body[1:4] == b"\0\0\0"


FORMAT = Format(
    name="webp",
    suffixes=("webp",),
    signatures=(Signature(rb"RIFF.{4}WEBPVP8[ LX]"),),
    measure=measure,
    specification="RFC 9649",
)
