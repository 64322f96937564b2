"""The one font of the papers, and which code points it can draw."""

import hashlib
import struct
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from chain_of_custody.errors import Unavailable

FILE = "NotoSansCJK-Regular.ttc"
PACKAGE = "noto_cjk_sans_otc"
PACKAGE_SHA256 = "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a"

_SYSTEM_FOLDERS = (
    Path("/usr/share/fonts/opentype/noto"),
    Path("/usr/share/fonts/noto-cjk"),
    Path("/usr/share/fonts/google-noto-cjk"),
    Path("/usr/local/share/fonts"),
)


@dataclass(frozen=True, slots=True)
class Font:
    """A font file, its SHA-256, and the code points that have a glyph in it."""

    path: Path
    sha256: str
    covered: frozenset[int]


@cache
def find() -> Font:
    """The font of the wheel, where it is the pinned file, else the system's Noto Sans CJK, else `Unavailable`."""
    for path, pinned in _candidates():
        try:
            data = path.read_bytes()
        except OSError:
            continue
        digest = hashlib.sha256(data).hexdigest()
        if pinned and digest != PACKAGE_SHA256:
            continue
        return Font(path, digest, covered(data))
    raise Unavailable("reports-no-font", hint="reports-no-font-hint", file=FILE)


def _candidates() -> list[tuple[Path, bool]]:
    system = [(folder / FILE, False) for folder in _SYSTEM_FOLDERS]
    try:
        package = Path(str(resources.files(PACKAGE)))
    except ModuleNotFoundError:
        return system
    return [(package / FILE, True), *system]


def covered(data: bytes) -> frozenset[int]:
    """The code points of the first face of a font file or collection: its `cmap` table's format 12 subtable.

    OpenType 1.9, "otff" (TTC header, table directory), "cmap" (encoding records, format 12), big-endian.
    A file that is not such a font raises `Unavailable`.
    """
    try:
        (face,) = struct.unpack_from(">I", data, 12) if data[:4] == b"ttcf" else (0,)
        (tables,) = struct.unpack_from(">H", data, face + 4)
        directory = (struct.unpack_from(">4sIII", data, face + 12 + 16 * n) for n in range(tables))
        cmap = next(offset for tag, _, offset, _ in directory if tag == b"cmap")
        (records,) = struct.unpack_from(">H", data, cmap + 2)
        subtables = (cmap + struct.unpack_from(">HHI", data, cmap + 4 + 8 * n)[2] for n in range(records))
        table = next(at for at in subtables if struct.unpack_from(">H", data, at)[0] == 12)
        (groups,) = struct.unpack_from(">I", data, table + 12)
        spans = [struct.unpack_from(">III", data, table + 16 + 12 * n) for n in range(min(groups, 0x110000))]
    except (struct.error, StopIteration) as error:
        raise Unavailable("reports-bad-font") from error
    return frozenset(
        code for first, last, glyph in spans for code in range(first, min(last, 0x10FFFF) + 1) if glyph + code - first
    )
