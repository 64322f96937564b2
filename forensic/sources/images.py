"""Opening a seized image: its format found by its first bytes, all its segments, read-only."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from string import ascii_uppercase
from typing import Protocol

from chain_of_custody.errors import EvidenceError
from forensic.sources import ewf_chunks
from forensic.sources.ewf import EwfImage
from forensic.sources.extent import claimed_size
from forensic.sources.raw import RawImage, open_file


class Image(Protocol):
    """An acquired medium: a `Medium` with the files it stands in and what its container says of itself.

    `format` is raw, split-raw or ewf; `stored_hashes` holds the container's own md5 and sha1, where it has them.
    """

    @property
    def size(self) -> int: ...
    @property
    def format(self) -> str: ...
    @property
    def segments(self) -> tuple[Path, ...]: ...
    @property
    def stored_hashes(self) -> Mapping[str, str]: ...
    @property
    def facts(self) -> Mapping[str, str]: ...
    def read(self, offset: int, length: int) -> bytes: ...
    def close(self) -> None: ...


# Containers that are known but not read: taking one for a raw image would give wrong bytes without a word.
_UNREAD = (
    (0, b"QFI\xfb", "QCOW2"),
    (0, b"KDMV", "VMDK"),
    (0, b"COWD", "VMDK"),
    (0, b"# Disk DescriptorFile", "VMDK"),
    (0, b"conectix", "VHD"),
    (0, b"vhdxfile", "VHDX"),
    (0, b"EVF2\x0d\x0a\x81\x00", "EnCase Ex01"),
    (0, b"LEF2\x0d\x0a\x81\x00", "EnCase Lx01"),
    (0, b"LVF\x09\x0d\x0a\xff\x00", "EnCase L01"),
    (0, b"ADSEGMENTEDFILE", "AD1"),
    (0, b"ADCRYPT", "AD encrypted image"),
    (0, b"AFF10\r\n", "AFF"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"BZh91AY&SY", "bzip2"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0x40, b"\x7f\x10\xda\xbe", "VDI"),
)
_NUMBERED = re.compile(r"(.*\.)(\d{3,4})\Z", re.DOTALL)
_EWF_NAME = re.compile(r"(.*\.)([A-Za-z])(\d\d|[A-Za-z]{2})\Z", re.DOTALL)
_EWF_FIRST = ("E01", "S01", "L01")
_MOST_SEGMENTS = 20_000


def open_image(paths: Sequence[Path]) -> Image:
    """Opens the segments in the order given. What cannot be opened whole raises `EvidenceError`."""
    if not paths:
        raise EvidenceError("sources-no-file")
    head, tail = _ends(paths[0])
    if head.startswith(ewf_chunks.SIGNATURES):
        return EwfImage(paths)
    name = _unread(head, tail)
    if name:
        raise EvidenceError("sources-container-unread", path=str(paths[0]), container=name)
    if _EWF_NAME.match(paths[0].name) and paths[0].suffix[1:].upper() in _EWF_FIRST:
        raise EvidenceError("sources-ewf-damaged", segment=paths[0].name, offset=0, part="signature")
    image = RawImage(paths)
    if _NUMBERED.match(paths[0].name):
        try:
            _whole(image)
        except EvidenceError:
            image.close()
            raise
    return image


def segments_of(first: Path) -> tuple[Path, ...]:
    """`first` and its siblings, in order: E01 to EZZ and on, or .000/.001 and on. A gap raises `EvidenceError`."""
    ewf = _EWF_NAME.match(first.name)
    if ewf and _is_ewf(first):
        return _siblings(first, ewf[1], list(_ewf_suffixes(ewf[2])), ewf[2] + ewf[3])
    numbered = _NUMBERED.match(first.name)
    if not numbered:
        return (first,)
    width, number = len(numbered[2]), int(numbered[2])
    start = 0 if number == 0 or first.with_name(f"{numbered[1]}{0:0{width}d}").exists() else 1
    suffixes = [f"{n:0{width}d}" for n in range(start, min(_MOST_SEGMENTS, 10**width))]
    return _siblings(first, numbered[1], suffixes, numbered[2])


def _siblings(first: Path, stem: str, suffixes: list[str], given: str) -> tuple[Path, ...]:
    if given != suffixes[0]:
        raise EvidenceError("sources-not-first-segment", path=str(first), first=stem + suffixes[0])
    order = {suffix: index for index, suffix in enumerate(suffixes)}
    try:
        names = [path.name for path in first.parent.iterdir() if path.name.startswith(stem)]
    except OSError as fault:
        raise EvidenceError("sources-unreadable", path=str(first.parent), reason=fault.strerror or "") from fault
    there = sorted({order[name[len(stem) :]] for name in names if name[len(stem) :] in order} | {0})
    for expected, index in enumerate(there):
        if index != expected:
            raise EvidenceError(
                "sources-segment-missing", missing=stem + suffixes[expected], after=stem + suffixes[index]
            )
    return tuple(first.with_name(stem + suffixes[index]) for index in there)


def _ewf_suffixes(letter: str) -> Iterator[str]:
    """E01 to E99, EAA to EZZ, then FAA to ZZZ, in the case of the first."""
    alphabet = ascii_uppercase if letter.isupper() else ascii_uppercase.lower()
    yield from (f"{letter}{n:02d}" for n in range(1, 100))
    for lead in alphabet[alphabet.index(letter) :]:
        yield from (lead + "".join(pair) for pair in product(alphabet, repeat=2))


def _ends(path: Path) -> tuple[bytes, bytes]:
    descriptor, size = open_file(path)
    with os.fdopen(descriptor, "rb") as file:
        head = file.read(4096)
        file.seek(max(0, size - 512))
        return head, file.read(512)


def _is_ewf(path: Path) -> bool:
    return _ends(path)[0].startswith(ewf_chunks.SIGNATURES)


def _unread(head: bytes, tail: bytes) -> str | None:
    for offset, magic, name in _UNREAD:
        if head.startswith(magic, offset):
            return name
    if head.startswith(b"PK\x03\x04") and b"aff4://" in head:
        return "AFF4"
    if tail.startswith(b"koly"):
        return "DMG"
    return "VHD" if tail.startswith(b"conectix") else None


def _whole(image: RawImage) -> None:
    """A numbered segment set whose own partition table or file system reaches past its end lacks its last part."""
    claimed = claimed_size(image)
    if claimed > image.size:
        raise EvidenceError(
            "sources-segment-missing-end", segment=image.segments[-1].name, size=image.size, claimed=claimed
        )
