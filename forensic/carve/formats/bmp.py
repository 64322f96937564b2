"""Windows bitmaps: the header gives the size, which must agree with the dimensions."""

import struct

from forensic.carve.format import CUT, Extent, Format, Signature, truncated
from forensic.sources.medium import Medium

CHECKED = ("header-size",)
RGB, RLE8, RLE4, BITFIELDS, JPEG, PNG, ALPHA_BITFIELDS = 0, 1, 2, 3, 4, 5, 6
DEPTHS = {RGB: (1, 4, 8, 16, 24, 32), RLE8: (8,), RLE4: (4,), BITFIELDS: (16, 32), ALPHA_BITFIELDS: (16, 32)}
WIDEST = 1 << 17


def measure(medium: Medium) -> Extent | None:
    head = medium.read(0, 54)
    if len(head) < 54:
        return None
    size, pixels, header, width, height, planes, depth, compression, image = struct.unpack_from("<I4xIIiiHHII", head, 2)
    height = abs(height)
    if planes != 1 or depth not in DEPTHS.get(compression, ()):
        return None
    if not (0 < width <= WIDEST and 0 < height <= WIDEST and 14 + header <= pixels <= 14 + header + 4 * 256 + 64):
        return None
    needed = (width * depth + 31) // 32 * 4 * height
    if compression in (RLE8, RLE4):
        needed = image
    end = pixels + needed
    # Some writers round the size of the file up to a multiple of four or leave two bytes after the pixels.
    if not needed or not end <= size <= end + 4:
        return None
    if size > medium.size:
        return truncated(min(pixels, medium.size), "bmp", reason=CUT, claimed=size)
    return Extent(size, "bmp", checked=CHECKED)


FORMAT = Format(
    name="bmp",
    suffixes=("bmp",),
    signatures=(Signature(rb"BM.{4}\x00{4}..\x00\x00[\x28\x34\x38\x6c\x7c]\x00\x00\x00"),),
    measure=measure,
    specification="Microsoft, Bitmap Storage (BITMAPFILEHEADER, BITMAPINFOHEADER, BITMAPV5HEADER)",
    blind=True,
)
