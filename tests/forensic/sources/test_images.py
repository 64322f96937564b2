"""Images: every container of the same disk gives the same bytes, and nothing incomplete opens."""

import hashlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody.errors import EvidenceError
from forensic.sources.images import Image, open_image, segments_of
from forensic.sources.medium import blocks

needs_ewf = pytest.mark.skipif(not shutil.which("ewfacquirestream"), reason="ewf-tools are not installed")


def digest(image: Image, algorithm: str = "sha256") -> str:
    running = hashlib.new(algorithm)
    for block in blocks(image):
        running.update(block)
    return running.hexdigest()


def refused(path: Path) -> str:
    with pytest.raises(EvidenceError) as caught:
        open_image(segments_of(path))
    assert caught.value.text("zh")
    assert caught.value.text("en")
    assert caught.value.exit_code == 4
    return caught.value.message_id


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """300 KiB: noise between zeros, so that chunks of both kinds, packed and plain, are stored."""
    path = tmp_path / "disk.dd"
    path.write_bytes(bytes(100 << 10) + random.Random(5).randbytes(100 << 10) + bytes(100 << 10))
    return path


@pytest.fixture
def ewf(disk: Path) -> Path:
    command = ["ewfacquirestream", "-q", "-t", str(disk.with_suffix("")), "-c", "fast", "-S", "1048576"]
    with disk.open("rb") as source:
        subprocess.run(command, stdin=source, check=True, capture_output=True, timeout=60)
    return disk.with_suffix(".E01")


def test_a_raw_image_is_its_bytes_at_any_offset(disk: Path) -> None:
    data = disk.read_bytes()
    image = open_image(segments_of(disk))
    assert (image.format, image.size, image.segments) == ("raw", len(data), (disk,))
    for offset, length in ((0, 10), (5000, 100_000), (len(data) - 3, 50), (len(data), 9), (-1, 4), (7, 0)):
        expected = data[offset : offset + length] if offset >= 0 else b""
        assert image.read(offset, length) == expected
    image.close()


@pytest.mark.parametrize("start", [0, 1])
def test_split_raw_segments_are_found_and_joined(tmp_path: Path, start: int) -> None:
    data = random.Random(1).randbytes(2500)
    for number in range(3):
        (tmp_path / f"disk.{number + start:03d}").write_bytes(data[1000 * number : 1000 * number + 1000])
    image = open_image(segments_of(tmp_path / f"disk.{start:03d}"))
    assert (image.format, len(image.segments)) == ("split-raw", 3)
    assert b"".join(blocks(image, 333)) == data
    assert image.read(900, 1500) == data[900:2400]
    assert refused(tmp_path / f"disk.{start + 1:03d}") == "sources-not-first-segment"
    (tmp_path / f"disk.{start + 1:03d}").unlink()
    assert refused(tmp_path / f"disk.{start:03d}") == "sources-segment-missing"


def test_a_short_segment_in_the_middle_is_refused(tmp_path: Path) -> None:
    for number, size in enumerate((1000, 900, 1000)):
        (tmp_path / f"disk.{number:03d}").write_bytes(bytes(size))
    assert refused(tmp_path / "disk.000") == "sources-segment-size"


def test_a_split_whose_own_partition_reaches_further_is_refused(tmp_path: Path) -> None:
    sector = bytearray(4096)
    sector[446:462] = bytes([0, 0, 0, 0, 0x83, 0, 0, 0]) + (8).to_bytes(4, "little") + (100).to_bytes(4, "little")
    sector[510:512] = b"\x55\xaa"
    (tmp_path / "disk.001").write_bytes(sector)
    assert refused(tmp_path / "disk.001") == "sources-segment-missing-end"


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"QFI\xfb\0\0\0\3", "QCOW2"),
        (b"KDMV\1\0\0\0", "VMDK"),
        (b"conectix", "VHD"),
        (b"vhdxfile", "VHDX"),
        (b"EVF2\x0d\x0a\x81\x00", "EnCase Ex01"),
        (b"LVF\x09\x0d\x0a\xff\x00", "EnCase L01"),
        (b"ADSEGMENTEDFILE\0", "AD1"),
        (b"PK\x03\x04....container.description aff4://x", "AFF4"),
        (b"\x1f\x8b\x08\0", "gzip"),
    ],
)
def test_known_containers_that_are_not_read_are_never_raw(tmp_path: Path, head: bytes, container: str) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(head + bytes(2000))
    with pytest.raises(EvidenceError) as caught:
        open_image([path])
    assert caught.value.facts["container"] == container


@pytest.mark.parametrize(("tail", "container"), [(b"koly", "DMG"), (b"conectix", "VHD")])
def test_containers_known_by_their_end(tmp_path: Path, tail: bytes, container: str) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(bytes(4096) + tail.ljust(512, b"\0"))
    with pytest.raises(EvidenceError) as caught:
        open_image([path])
    assert caught.value.facts["container"] == container


def test_what_is_no_image_file_is_said(tmp_path: Path) -> None:
    empty = tmp_path / "empty.dd"
    empty.touch()
    os.mkfifo(tmp_path / "pipe")
    fake = tmp_path / "fake.E01"
    fake.write_bytes(bytes(600))
    assert refused(empty) == "sources-empty-file"
    assert refused(tmp_path) == "sources-is-a-folder"
    assert refused(tmp_path / "none.dd") == "sources-no-such-file"
    assert refused(tmp_path / "pipe") == "sources-not-a-file"
    assert refused(fake) == "sources-ewf-damaged"
    with pytest.raises(EvidenceError):
        open_image([])


@needs_ewf
@pytest.mark.parametrize("kind", ["ftk", "encase2", "encase5", "encase6", "encase7", "linen6", "ewfx"])
@pytest.mark.parametrize("packing", ["none", "empty-block", "best"])
def test_every_kind_of_e01_reads_the_same(disk: Path, kind: str, packing: str) -> None:
    command = ["ewfacquirestream", "-q", "-f", kind, "-c", packing, "-t", str(disk.with_suffix("")), "-d", "sha1"]
    with disk.open("rb") as source:
        subprocess.run(command, stdin=source, check=True, capture_output=True, timeout=60)
    image = open_image(segments_of(next(path for path in disk.parent.iterdir() if path.suffix.lower() == ".e01")))
    assert digest(image) == hashlib.sha256(disk.read_bytes()).hexdigest()


@needs_ewf
def test_segments_of_an_e01_are_found_and_a_gap_is_refused(tmp_path: Path) -> None:
    data = random.Random(8).randbytes(2_500_000)
    command = ["ewfacquirestream", "-q", "-c", "none", "-S", "1048576", "-t", str(tmp_path / "disk")]
    subprocess.run(command, input=data, check=True, capture_output=True, timeout=60)
    segments = segments_of(tmp_path / "disk.E01")
    assert [segment.name for segment in segments] == ["disk.E01", "disk.E02", "disk.E03"]
    assert digest(open_image(segments)) == hashlib.sha256(data[: len(data) // 512 * 512]).hexdigest()
    with pytest.raises(EvidenceError):
        open_image((segments[0], segments[2], segments[1]))
    segments[1].unlink()
    assert refused(segments[0]) == "sources-segment-missing"
    segments[2].unlink()
    assert refused(segments[0]) == "sources-segment-missing-after"


@needs_ewf
def test_an_e01_of_another_program_reads_the_same(disk: Path, ewf: Path) -> None:
    image = open_image(segments_of(ewf))
    assert image.format == "ewf"
    assert digest(image) == hashlib.sha256(disk.read_bytes()).hexdigest()
    assert image.stored_hashes["md5"] == hashlib.md5(disk.read_bytes()).hexdigest()
    assert image.read(90_000, 50_000) == disk.read_bytes()[90_000:140_000]


@needs_ewf
def test_a_flipped_bit_is_refused_or_harmless_and_never_read(disk: Path, ewf: Path) -> None:
    sound, truth = ewf.read_bytes(), hashlib.sha256(disk.read_bytes()).hexdigest()
    chance = random.Random(3)
    refusals = 0
    for _ in range(80):
        damaged = bytearray(sound)
        damaged[chance.randrange(len(sound))] ^= 1 << chance.randrange(8)
        ewf.write_bytes(damaged)
        try:
            image = open_image([ewf])
            assert digest(image) == truth
        except EvidenceError:
            refusals += 1
    assert refusals > 20


@needs_ewf
def test_a_truncated_e01_never_opens(ewf: Path) -> None:
    sound = ewf.read_bytes()
    for kept in (5, 13, 200, len(sound) // 2, len(sound) - 76, len(sound) - 1):
        ewf.write_bytes(sound[:kept])
        assert refused(ewf).startswith("sources-ewf")


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["ext2.E01", "ext2.split.E01", "ext2.splitraw.000"])
def test_published_containers_hold_the_same_disk(corpus: Callable[[str], Path], name: str) -> None:
    truth = json.loads(corpus("truth/ext2-same-disk-7-containers.json").read_text("utf-8"))
    image = open_image(segments_of(corpus(f"containers/{name}")))
    assert digest(image) == truth["expected_sha256"]
    if name.endswith("E01"):
        assert image.stored_hashes["md5"] == truth["expected_md5"]


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["ext2.split.E01", "ext2.splitraw.000"])
def test_a_missing_second_segment_is_refused(corpus: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    shutil.copy(corpus(f"containers/{name}"), tmp_path / name)
    assert refused(tmp_path / name).startswith("sources-segment-missing")


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["ext2.qcow2", "ext2.vhd", "ext2.vmdk"])
def test_published_containers_that_are_not_read(corpus: Callable[[str], Path], name: str) -> None:
    assert refused(corpus(f"containers/{name}")) == "sources-container-unread"


@pytest.mark.corpus
def test_the_stored_hash_of_a_published_e01_is_met(corpus: Callable[[str], Path]) -> None:
    image = open_image(segments_of(corpus("filesystems/CFReDS001.E01")))
    assert digest(image, "md5") == image.stored_hashes["md5"]
    assert image.facts["case_number"] == "CFReDS001"
