"""What kind of file something is, by its first bytes: our own table first, libmagic for the rest.

The answer names files in a case, so it is a short suffix of ours, never a part of a name found in evidence.
"""

import ctypes
import mimetypes
import re
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from chain_of_custody.errors import Unavailable

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "jpg"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"GIF8", "gif"),
    (0, b"%PDF-", "pdf"),
    (0, b"SQLite format 3\x00", "sqlite"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (0, b"\x1f\x8b\x08", "gz"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (8, b"WEBP", "webp"),
    (8, b"AVI ", "avi"),
    (8, b"WAVE", "wav"),
    (4, b"ftyp", "mp4"),
    (0, b"ID3", "mp3"),
    (0, b"BM", "bmp"),
    (0, b"PK\x03\x04", "zip"),
)
TEXT_SUFFIXES = frozenset({"csv", "txt", "html", "xml", "json", "eml", "vcf"})
ZIP_SUFFIXES = frozenset({"xlsx", "docx", "pptx", "odt", "ods", "odp", "apk", "epub", "jar"})


def suffix_for(head: bytes, name: str = "") -> str:
    """A suffix for a file that begins with `head`. `name` decides only between kinds that begin alike."""
    claimed = re.sub(r"[^a-z0-9]", "", Path(name).suffix.lower())
    for offset, signature, suffix in SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return claimed if suffix == "zip" and claimed in ZIP_SUFFIXES else suffix
    if head and claimed in TEXT_SUFFIXES and b"\x00" not in head:
        return claimed
    guessed = mimetypes.guess_extension(_libmagic().from_buffer(head)) if head else None
    return guessed[1:] if guessed and re.fullmatch(r"\.[a-z0-9]{1,8}", guessed) else "bin"


class Guesser(Protocol):
    def from_buffer(self, data: bytes) -> str: ...


@cache
def _libmagic() -> Guesser:
    """libmagic with its own database, both from one wheel.

    The wheel's library is loaded first: python-magic asks the loader for `libmagic.so.1` and then gets this one, not a
    system copy of another version that refuses the database.
    """
    wheel = find_spec("pylibmagic")
    if wheel is None or not wheel.submodule_search_locations:
        raise Unavailable("filetype-no-libmagic")
    folder = Path(wheel.submodule_search_locations[0])
    ctypes.CDLL(str(folder / "libmagic.so.1"))
    magic = import_module("magic")  # it binds the library when it is imported, so not before
    guesser: Guesser = magic.Magic(mime=True, magic_file=str(folder / "magic.mgc"))
    return guesser


def suffix_of(path: Path) -> str:
    """The suffix for a file on disk; "bin" if it cannot be read, or is no plain file: to open a pipe would hang."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                return suffix_for(file.read(4096), path.name)
    except OSError:
        pass
    return "bin"
