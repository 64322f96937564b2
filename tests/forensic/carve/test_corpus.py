"""The published JPEG search medium (DFTT 8): every JPEG that lies in one piece, with its hash."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody.progress import silent
from forensic.carve.enrolled import formats
from forensic.carve.format import Status
from forensic.carve.sweep import Find, sweep
from forensic.sources.medium import Memory
from forensic.sources.runs import Run

Corpus = Callable[[str], Path]
BEGINNINGS = (b"\xff\xd8", b"PK", b"\x1f\x8b", b"\xd0\xcf")


@pytest.fixture
def image(corpus: Corpus) -> bytes:
    with zipfile.ZipFile(corpus("carving/8-jpeg-search.zip")) as archive:
        return archive.read("8-jpeg-search/8-jpeg-search.dd")


def found(image: bytes, *, nested: bool) -> dict[str, Find]:
    """The valid finds by the SHA-256 of their bytes."""
    finds = sweep(Memory(image), [Run(0, len(image))], formats(), silent, nested=nested)
    return {hashlib.sha256(image[f.offset : f.end]).hexdigest(): f for f in finds if f.status is Status.VALID}


@pytest.mark.corpus
def test_files_in_one_piece_are_found_with_their_hash(image: bytes, corpus: Corpus) -> None:
    files = json.loads(corpus("truth/jpeg-search-8.json").read_text("utf-8"))["files"]
    finds = found(image, nested=False)
    wanted = [f for f in files if not f["name"].startswith("invalid/") and _lies_whole(image, f)]
    assert len(wanted) == 8
    assert [f["name"] for f in wanted if f["sha256"] not in finds] == []


@pytest.mark.corpus
def test_decoys_and_pieces_are_no_valid_files(image: bytes, corpus: Corpus) -> None:
    files = json.loads(corpus("truth/jpeg-search-8.json").read_text("utf-8"))["files"]
    finds = found(image, nested=True)
    assert not {f["sha256"] for f in files if f["name"].startswith("invalid/")} & finds.keys()
    assert {f.format for f in finds.values()} == {"jpeg", "zip", "gzip", "ole2"}


@pytest.mark.corpus
def test_picture_at_an_odd_offset_ends_with_its_file(image: bytes, corpus: Corpus) -> None:
    """The published file is 1572 random bytes, then a JPEG."""
    files = json.loads(corpus("truth/jpeg-search-8.json").read_text("utf-8"))["files"]
    (odd,) = (f for f in files if f["name"] == "misc/file11.dat")
    around = [hashlib.sha256(image[f.offset - 1572 : f.end]).hexdigest() for f in found(image, nested=False).values()]
    assert odd["sha256"] in around


@pytest.mark.corpus
def test_picture_inside_a_document_names_it(image: bytes) -> None:
    finds = found(image, nested=True).values()
    (document,) = (f for f in finds if f.suffix == "doc")
    assert [f.format for f in finds if f.parent == document.offset] == ["jpeg"]


def _lies_whole(image: bytes, file: dict[str, str | int]) -> bool:
    """Whether the bytes with the published hash lie in one piece on a sector that begins like a file."""
    size = int(file["size"])
    places = [at for at in range(0, len(image), 512) if image[at : at + 2] in BEGINNINGS]
    return any(hashlib.sha256(image[at : at + size]).hexdigest() == file["sha256"] for at in places)
