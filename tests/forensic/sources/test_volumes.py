"""Volumes and file systems, with mmls, fls, icat and blkls as oracles."""

import re
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from forensic.sources.examined import open_filesystem, survey
from forensic.sources.images import open_image, segments_of
from forensic.sources.medium import Memory, blocks
from forensic.sources.volumes import gaps, volumes

needs_tsk = pytest.mark.skipif(not shutil.which("mmls"), reason="The Sleuth Kit's programs are not installed")


def mmls(path: Path) -> list[tuple[int, int]]:
    lines = subprocess.run(["mmls", "-a", str(path)], check=True, capture_output=True, text=True, timeout=60).stdout
    found = re.findall(r"^\d+:\s+\S+\s+(\d+)\s+\d+\s+(\d+)", lines, re.MULTILINE)
    return [(int(start) * 512, int(length) * 512) for start, length in found]


@pytest.mark.corpus
@needs_tsk
@pytest.mark.parametrize("name", ["filesystems/CFReDS001.E01", "containers/imageformat_mmls_1.E01"])
def test_volumes_are_those_of_mmls(corpus: Callable[[str], Path], name: str) -> None:
    medium = open_image(segments_of(corpus(name)))
    found, _findings = volumes(medium)
    assert [(volume.start, volume.size) for volume in found] == mmls(corpus(name))


@pytest.mark.corpus
@needs_tsk
def test_logical_volumes_inside_an_extended_one(corpus: Callable[[str], Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(corpus("filesystems/1-extend-part.zip")) as archive:
        path = Path(archive.extract("1-extend-part/ext-part-test-2.dd", tmp_path))
    medium = open_image([path])
    found, _findings = volumes(medium)
    assert [(volume.start, volume.size) for volume in found] == mmls(path)
    covered = sum(volume.size for volume in found) + sum(gap.length for gap in gaps(found, medium.size))
    assert covered == medium.size


def table(*parts: tuple[int, int, int]) -> bytearray:
    disk = bytearray(64 * 512)
    for index, (kind, first, count) in enumerate(parts):
        struct.pack_into("<BxxxBxxxII", disk, 446 + 16 * index, 0, kind, first, count)
    disk[510:512] = b"\x55\xaa"
    return disk


def guid_table(sector: int, *parts: tuple[int, int, str]) -> bytes:
    """After the UEFI specification 2.10, 5.3: a protective record, one header, 128 entries."""
    disk = bytearray(256 * sector)
    struct.pack_into("<BxxxBxxxII", disk, 446, 0, 0xEE, 1, 255)
    disk[510:512] = b"\x55\xaa"
    entries = bytearray(128 * 128)
    for index, (first, last, name) in enumerate(parts):
        kind = bytes.fromhex("af3dc60f838472478e793d69d8477de4")
        struct.pack_into(
            "<16s16sQQQ72s", entries, 128 * index, kind, bytes([index]) * 16, first, last, 0, name.encode("utf-16-le")
        )
    fields = (0x10000, 92, 0, 0, 1, 255, 40, 250, b"d" * 16, 2, 128, 128, zlib.crc32(entries))
    header = bytearray(struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", *fields))
    struct.pack_into("<I", header, 16, zlib.crc32(header))
    disk[sector : sector + 92] = header
    disk[2 * sector : 2 * sector + len(entries)] = entries
    return bytes(disk)


@pytest.mark.parametrize("sector", [512, 4096])
def test_a_guid_table_of_disks_and_of_phone_storage(sector: int) -> None:
    medium = Memory(guid_table(sector, (40, 99, "boot"), (120, 250, "userdata")))
    found, findings = volumes(medium)
    assert [(v.scheme, v.start, v.size, v.text) for v in found] == [
        ("gpt", 40 * sector, 60 * sector, "boot"),
        ("gpt", 120 * sector, 131 * sector, "userdata"),
    ]
    assert not findings


def test_a_volume_past_the_end_is_cut_and_said() -> None:
    found, findings = volumes(Memory(bytes(table((0x83, 8, 16), (0x83, 32, 100)))))
    assert [(volume.start, volume.size) for volume in found] == [(8 * 512, 16 * 512), (32 * 512, 32 * 512)]
    assert {finding.code for finding in findings} == {"sources-medium-too-short", "sources-volume-cut"}
    assert all(finding.text("zh") for finding in findings)


def test_a_medium_without_a_table_is_one_volume() -> None:
    medium = Memory(bytes(40_000))
    found, findings = volumes(medium)
    assert [(volume.scheme, volume.start, volume.size) for volume in found] == [("none", 0, 40_000)]
    assert not findings
    assert sum(run.length for run in survey(medium).unallocated()) == 40_000


@pytest.mark.parametrize(
    ("offset", "magic", "kind", "code"),
    [
        (3, b"-FVE-FS-", "BitLocker", "sources-encrypted-volume"),
        (0, b"LUKS\xba\xbe", "LUKS", "sources-encrypted-volume"),
        (32, b"NXSB", "APFS", "sources-filesystem-unread"),
        (1024, b"\x10\x20\xf5\xf2", "F2FS", "sources-filesystem-unread"),
        (1024, b"\xe2\xe1\xf5\xe0", "EROFS", "sources-filesystem-unread"),
        (0x10040, b"_BHRfS_M", "Btrfs", "sources-filesystem-unread"),
        (0, b"XFSB", "XFS", "sources-filesystem-unread"),
    ],
)
def test_what_is_recognised_and_not_read_is_named(offset: int, magic: bytes, kind: str, code: str) -> None:
    disk = bytearray(100_000)
    disk[offset : offset + len(magic)] = magic
    filesystem, finding = open_filesystem(Memory(bytes(disk)))
    assert filesystem is None
    assert finding is not None
    assert (finding.code, finding.facts["kind"]) == (code, kind)


@pytest.mark.corpus
def test_a_published_apfs_is_named(corpus: Callable[[str], Path]) -> None:
    seen = survey(open_image([corpus("filesystems/apfs.raw")]))
    assert not seen.filesystems
    assert [finding.facts.get("kind") for finding in seen.findings] == ["APFS"]


def fls(path: Path, start: int) -> set[tuple[str, int, bool]]:
    """(path, inode, live) of what fls lists, without the entries that it makes up."""
    command = ["fls", "-rp", "-o", str(start // 512), str(path)]
    out = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.decode("utf-8")
    found = set()
    for line in out.splitlines():
        kinds, inode, name = re.fullmatch(r"(\S+) (?:\* )?([\d-]+)(?:\(realloc\))?:\t(.*)", line).groups()
        if kinds[0] not in "vV" and "OrphanFiles" not in name:
            found.add((name, int(inode.split("-")[0]), " * " not in line.split("\t")[0]))
    return found


@pytest.mark.corpus
@needs_tsk
@pytest.mark.parametrize(
    "name", ["containers/imageformat_mmls_1.E01", "filesystems/hfsplus.raw", "filesystems/iso9660.raw"]
)
def test_listings_are_those_of_fls(corpus: Callable[[str], Path], name: str) -> None:
    path = corpus(name)
    medium = open_image(segments_of(path))
    seen = survey(medium)
    assert seen.filesystems
    for volume, filesystem in seen.filesystems:
        ours = {(entry.path, entry.inode, entry.allocated) for entry in filesystem.entries()}
        theirs = fls(path, volume.start)
        # fls lists index streams of NTFS ($O, $Q, ...) in place of the file that has no other; ours is the file.
        theirs |= {(name.split(":")[0], inode, live) for name, inode, live in theirs}
        theirs = {t for t in theirs if not re.search(r":\$(O|Q|R|SDH|SII)$", t[0])}
        clean = {(entry_path.translate(CONTROLS), inode, live) for entry_path, inode, live in ours}
        assert clean == theirs


CONTROLS = {0x0D: "^"}  # fls prints a control character as a caret


@pytest.mark.corpus
@needs_tsk
@pytest.mark.parametrize(
    "name", ["containers/imageformat_mmls_1.E01", "filesystems/hfsplus.raw", "containers/ext2.E01"]
)
def test_contents_and_free_blocks_are_those_of_icat_and_blkls(corpus: Callable[[str], Path], name: str) -> None:
    path = corpus(name)
    for volume, filesystem in survey(open_image(segments_of(path))).filesystems:
        place = ["-o", str(volume.start // 512), str(path)]
        for entry in filesystem.entries():
            if entry.kind == "file" and entry.allocated and not entry.stream and not entry.path.startswith("$"):
                out = subprocess.run(["icat", *place, str(entry.inode)], check=True, capture_output=True, timeout=60)
                assert b"".join(blocks(filesystem.content(entry))) == out.stdout, entry.path
        free = subprocess.run(["blkls", *place], check=True, capture_output=True, timeout=60).stdout
        assert sum(run.length for run in filesystem.unallocated()) == len(free)
