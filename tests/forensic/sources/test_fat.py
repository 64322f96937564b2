"""FAT directories: names, deleted names put together again, and listings against mtools and fls."""

import os
import re
import shutil
import struct
import subprocess
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensic.sources.examined import open_filesystem
from forensic.sources.fat import FatFileSystem, open_fat
from forensic.sources.fat_names import checksum, first_byte, slots
from forensic.sources.medium import Memory, blocks
from forensic.sources.raw import RawImage

needs_mtools = pytest.mark.skipif(not shutil.which("mcopy"), reason="mtools are not installed")
needs_tsk = pytest.mark.skipif(not shutil.which("fls"), reason="The Sleuth Kit's programs are not installed")


def short(raw: bytes, *, deleted: bool = False, cluster: int = 5, size: int = 10) -> bytes:
    first = b"\xe5" + raw[1:] if deleted else raw
    return first + struct.pack("<BBBHHHHHHHI", 0x20, 0, 0, 0, 0x5821, 0x5821, 0, 0, 0x5821, cluster, size)


def long(name: str, raw: bytes, *, deleted: bool = False) -> bytes:
    units = name.encode("utf-16-le")
    if len(units) % 26:
        units += b"\0\0"
    units += b"\xff" * (-len(units) % 26)
    count = len(units) // 26
    parts = []
    for order in range(count, 0, -1):
        text = units[26 * order - 26 : 26 * order]
        mark = 0xE5 if deleted else order | (0x40 if order == count else 0)
        parts.append(bytes([mark]) + text[:10] + b"\x0f\0" + bytes([checksum(raw)]) + text[10:22] + b"\0\0" + text[22:])
    return b"".join(parts)


@given(st.binary(min_size=11, max_size=11))
def test_the_checksum_gives_back_the_first_byte(raw: bytes) -> None:
    assert first_byte(raw[1:], checksum(raw)) == raw[0]


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("name", ["a long name.txt", "长文件名的聊天.db", "exactly13char", "x" * 255, "закуски.txt"])
def test_long_names_live_and_deleted(name: str, deleted: bool) -> None:
    raw = f"{'X' if name[0] == 'x' else name[0].upper() if name[0].isascii() else 'B'}LONGN~1TXT".encode()[:11]
    data = long(name, raw, deleted=deleted) + short(raw, deleted=deleted)
    (slot,) = slots(data)
    assert (slot.name, slot.deleted, slot.flags) == (name, deleted, ())
    assert slot.slots == len(data) // 32


def test_neighbours_do_not_mix_their_long_names() -> None:
    one, two = b"ALPHA~1 TXT", b"BETA~1  TXT"
    data = long("alpha one.txt", one, deleted=True) + short(one, deleted=True)
    data += long("beta two.txt", two, deleted=True) + short(two, deleted=True)
    assert [slot.name for slot in slots(data)] == ["alpha one.txt", "beta two.txt"]


def test_a_long_name_of_another_file_is_not_taken() -> None:
    stranger = long("alpha one.txt", b"ALPHA~1 TXT", deleted=True)
    names = [slot.name for slot in slots(stranger + short(b"GAMMA   TXT", deleted=True))]
    assert names == ["?AMMA.TXT"]
    live = long("alpha one.txt", b"ALPHA~1 TXT") + short(b"GAMMA   TXT")
    assert [slot.name for slot in slots(live)] == ["GAMMA.TXT"]


def test_a_lost_first_letter_is_shown_as_lost() -> None:
    (slot,) = slots(short(b"SING    DAT", deleted=True))
    assert (slot.name, slot.flags) == ("?ING.DAT", ("first-letter-lost",))


def test_a_wiped_attribute_byte_does_not_lose_the_long_name() -> None:
    raw = b"B4B0~1  TXT"
    name = bytearray(long("напитки.txt", raw, deleted=True))
    name[11] = 0
    (slot,) = slots(bytes(name) + short(raw, deleted=True))
    assert slot.name == "напитки.txt"


def test_bytes_that_are_no_ascii_stay_visible() -> None:
    (slot,) = slots(short(b"\x05\x8aBC    TXT"))
    assert slot.name == "\\xe5\\x8aBC.TXT"


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """Folders three deep, long names, deletions and a deleted tree, by mtools."""
    image = tmp_path / "fat.img"
    with image.open("wb") as file:
        file.truncate(4 << 20)
    environment = {**os.environ, "MTOOLS_SKIP_CHECK": "1"}

    def run(program: str, *arguments: str, data: bytes = b"") -> None:
        command = [program, "-i", str(image), *arguments]
        subprocess.run(command, input=data, env=environment, check=True, capture_output=True, timeout=60)

    run("mformat", "-T", "8192", "-h", "16", "-s", "32", "-c", "1", "::")
    for folder in ("one", "one/deep folder", "one/deep folder/deeper", "gone", "gone/inner"):
        run("mmd", f"::/{folder}")
    for number in range(40):
        folder = ("", "one/", "one/deep folder/", "one/deep folder/deeper/", "gone/inner/")[number % 5]
        run("mcopy", "-", f"::/{folder}文件 number {number}.txt", data=bytes([number]) * (number * 97))
    for number in (5, 6, 7, 8):
        folder = ("", "one/", "one/deep folder/", "one/deep folder/deeper/")[number % 5]
        run("mdel", f"::/{folder}文件 number {number}.txt")
    run("mdeltree", "::/gone")
    return image


def opened(image: Path) -> FatFileSystem:
    filesystem, _finding = open_filesystem(RawImage([image]))
    assert isinstance(filesystem, FatFileSystem)
    return filesystem


@needs_mtools
@needs_tsk
def test_inodes_and_states_are_those_of_fls(volume: Path) -> None:
    out = subprocess.run(["fls", "-rp", str(volume)], check=True, capture_output=True, timeout=60).stdout.decode()
    theirs = set()
    for line in out.splitlines():
        kinds, star, inode = re.match(r"(\S+) (\* )?(\d+):\t", line).groups()
        if kinds[0] not in "vV":
            theirs.add((int(inode), not star))
    filesystem = opened(volume)
    ours = {(entry.inode, entry.allocated) for entry in chain(filesystem.entries(), filesystem.orphans())}
    assert ours == theirs


@needs_mtools
@needs_tsk
def test_contents_are_those_of_icat_and_free_space_that_of_blkls(volume: Path) -> None:
    filesystem = opened(volume)
    names = set()
    for entry in chain(filesystem.entries(), filesystem.orphans()):
        names.add(entry.path)
        if entry.kind == "file" and entry.allocated:
            out = subprocess.run(["icat", str(volume), str(entry.inode)], check=True, capture_output=True, timeout=60)
            assert b"".join(blocks(filesystem.content(entry))) == out.stdout
    assert "one/deep folder/deeper/文件 number 8.txt" in names
    for number in (4, 9, 14, 19, 29, 34, 39):  # the long name of 24 is cut by the end of a cluster
        name = f"文件 number {number}.txt"
        assert f"?one/?nner/{name}" in names or f"$OrphanFiles/{name}" in names
    free = subprocess.run(["blkls", str(volume)], check=True, capture_output=True, timeout=60).stdout
    assert sum(run.length for run in filesystem.unallocated()) == len(free)


@needs_mtools
def test_a_circle_of_clusters_is_a_finding(volume: Path) -> None:
    filesystem = opened(volume)
    (folder,) = [entry for entry in filesystem.entries() if entry.path == "one/deep folder"]
    data = bytearray(volume.read_bytes())
    cluster = folder.place.cluster
    reserved, fats, size = data[14] | data[15] << 8, data[16], data[22] | data[23] << 8
    for fat in range(fats):
        struct.pack_into("<H", data, (reserved + fat * size) * 512 + 2 * cluster, cluster)
    damaged = open_fat(Memory(bytes(data)), 0, len(data))
    assert damaged is not None
    assert list(damaged.entries())
    assert [finding.code for finding in damaged.findings] == ["sources-fat-cycle"]


@needs_mtools
def test_times_name_no_zone(volume: Path) -> None:
    entry = next(entry for entry in opened(volume).entries() if entry.kind == "file")
    assert entry.times.zone == "local"
    assert entry.times.modified is not None
    assert not entry.times.modified.endswith("Z")
