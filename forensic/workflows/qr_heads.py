"""The head of a ledger out of a photo or scan of the QR code that a receipt or report bears."""

from dataclasses import dataclass
from pathlib import Path

import zxingcpp
from PIL import Image, ImageOps

from chain_of_custody import checkpoint, plain_file
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.errors import UsageError

FORMATS = ("PNG", "JPEG")
LARGEST = 40_000_000  # pixels; a page scanned at 600 dpi has 35 million


@dataclass(frozen=True, slots=True)
class Shown:
    """A head as a picture shows it: `note` is its signed note."""

    head: Checkpoint
    note: str


def read(path: Path) -> Shown:
    """The one head in a PNG or JPEG. Raises `UsageError` for a picture that is unreadable, too large, or shows none."""
    codes = zxingcpp.read_barcodes(_grey(path), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    payloads = [_text(code.bytes) for code in codes]
    if not payloads:
        raise UsageError("verify-qr-none", hint="verify-qr-none-hint", path=str(path))
    for note in payloads:
        try:
            head, _ = checkpoint.parse(note)
        except ValueError:
            continue
        return Shown(head, note)
    raise UsageError("verify-qr-no-head", path=str(path))


def _grey(path: Path) -> Image.Image:
    try:
        with plain_file.opened(path) as file, Image.open(file, formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > LARGEST:
                limit = f"{LARGEST:,}"
                raise UsageError("verify-qr-too-large", path=str(path), width=width, height=height, limit=limit)
            picture.draft("L", picture.size)  # a JPEG is decoded without its colours
            return ImageOps.exif_transpose(picture.convert("L"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError("verify-qr-unreadable", path=str(path), reason=reason) from error


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""
