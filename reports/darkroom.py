"""Reduces one photograph for print in a limited process of its own, because decoders are attacked through pictures.

Run as a script by path, without our packages: the picture comes on stdin, a JPEG leaves on stdout; exit code 3 says
that it cannot be decoded.
"""

import io
import resource
import sys
import warnings

from PIL import Image, ImageOps

_LONGER_SIDE = 1400
_MEMORY = 2 << 30
_SECONDS = 30
_UNDECODABLE = 3


def reduce(picture: bytes) -> bytes:
    """JPEG or PNG in, upright JPEG without metadata out, at most 1,400 pixels a side."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as opened:
        opened.draft("RGB", (_LONGER_SIDE, _LONGER_SIDE))
        upright = ImageOps.exif_transpose(opened)
        upright.thumbnail((_LONGER_SIDE, _LONGER_SIDE))
        seen = upright.convert("RGBA")
    paper = Image.new("RGB", seen.size, "white")
    paper.paste(seen, mask=seen)
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=85)
    return out.getvalue()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    try:
        sys.stdout.buffer.write(reduce(sys.stdin.buffer.read()))
    except (OSError, ValueError, SyntaxError, MemoryError, Warning, Image.DecompressionBombError):
        sys.exit(_UNDECODABLE)
