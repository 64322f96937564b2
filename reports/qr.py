"""A QR code (ISO/IEC 18004) as a picture, error correction M, bytes exactly as given."""

import io

import segno
from segno.encoder import DataOverflowError


def matrix(payload: bytes) -> segno.QRCode | None:
    """The code, or None where the payload is more than one code can hold."""
    try:
        return segno.make_qr(payload, error="m", mode="byte", boost_error=False)
    except DataOverflowError:
        return None


def svg(payload: bytes) -> bytes:
    """The picture with its quiet zone, the same bytes each time. A payload that is too long raises `ValueError`."""
    code = matrix(payload)
    if code is None:
        raise ValueError(f"{len(payload)} bytes are too many for one QR code")
    out = io.BytesIO()
    code.save(out, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, svgclass=None, lineclass=None)
    return out.getvalue()
