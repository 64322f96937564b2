"""exFAT: live and deleted entries, with fls and blkls as oracles."""

import re
import shutil
import subprocess

import pytest

from chain_of_custody.finding import Finding
from forensic.recover.recover import recover
from forensic.recover.recovered import Recovered, Status, content
from forensic.sources.examined import open_filesystem
from forensic.sources.exfat import ExfatFileSystem
from forensic.sources.medium import blocks
from forensic.sources.raw import RawImage

NAME = "长文件名的聊天记录与转账截图.sqlite"


@pytest.fixture
def filesystem(exfat) -> ExfatFileSystem:
    old = exfat.add(NAME, b"o" * 3000, [20, 21, 22], 1, stretch=True)
    chained = exfat.add("chained.txt", b"c" * 2500, [30, 32, 33], 2, stretch=False)
    exfat.add("live chained.txt", b"l" * 2500, [40, 42, 43], 3, stretch=False)
    exfat.add("live stretch.bin", b"s" * 2500, [60, 61, 62], 4, stretch=True, valid=1500)
    taken = exfat.add("taken.bin", b"t" * 1000, [70], 5, stretch=True)
    half = exfat.add("half.bin", b"h" * 2048, [80, 81], 6, stretch=True)
    exfat.add("taker.bin", b"T" * 1000, [70], 7, stretch=True)
    last = exfat.add("last.bin", b"d" * 2500, [50, 51, 52], 9, stretch=True, valid=1500)
    for at, clusters in ((old, [20, 21, 22]), (chained, [30, 32, 33]), (taken, []), (half, [80]), (last, [50, 51, 52])):
        exfat.delete(at, clusters)
    found, _finding = open_filesystem(RawImage([exfat.save()]))
    assert isinstance(found, ExfatFileSystem)
    return found


def test_live_contents_and_what_was_never_written(filesystem: ExfatFileSystem) -> None:
    live = {e.path: b"".join(blocks(filesystem.content(e))) for e in filesystem.entries() if e.allocated}
    assert live == {
        "live chained.txt": b"l" * 2500,
        "live stretch.bin": b"s" * 1500 + bytes(1000),
        "taker.bin": b"T" * 1000,
    }


def test_statuses(filesystem: ExfatFileSystem) -> None:
    found = {o.path: o for o in recover(filesystem) if isinstance(o, Recovered)}
    assert {path: str(o.status) for path, o in found.items()} == {
        NAME: "uncertain",
        "chained.txt": "uncertain",
        "taken.bin": "overwritten",
        "half.bin": "partial",
        "last.bin": "intact",
    }
    assert b"".join(blocks(content(filesystem, found["last.bin"]))) == b"d" * 1500 + bytes(1000)
    assert found[NAME].evidence[0] == "later-writes-possible"
    assert found[NAME].candidates[0].length == 3000
    assert [run.length for run in found["half.bin"].runs] == [1024]
    assert [run.length for run in found["half.bin"].gaps] == [1024]
    assert not found["taken.bin"].runs


def test_two_deleted_files_on_one_cluster_are_both_unsure(exfat) -> None:
    for minute, name in ((1, "one.bin"), (2, "two.bin")):
        exfat.delete(exfat.add(name, b"x" * 500, [90], minute, stretch=True), [90])
    filesystem, _finding = open_filesystem(RawImage([exfat.save()]))
    assert filesystem is not None
    found = [o for o in recover(filesystem) if not isinstance(o, Finding)]
    assert [(o.status, o.runs, o.evidence[0]) for o in found] == [(Status.UNCERTAIN, (), "claimed-twice")] * 2


def test_a_deleted_set_that_fails_its_checksum_is_left_out(exfat) -> None:
    at = exfat.add("gone.bin", b"x" * 500, [90], 1, stretch=True)
    exfat.delete(at, [90])
    exfat.data[at + 32 + 20] ^= 1
    filesystem, _finding = open_filesystem(RawImage([exfat.save()]))
    assert filesystem is not None
    assert list(filesystem.entries()) == []


@pytest.mark.skipif(not shutil.which("fls"), reason="The Sleuth Kit's programs are not installed")
def test_names_inodes_and_free_space_are_those_of_fls_and_blkls(filesystem: ExfatFileSystem, exfat) -> None:
    out = subprocess.run(["fls", "-rp", str(exfat.path)], check=True, capture_output=True, timeout=60).stdout.decode()
    theirs = {
        (name, int(inode), not star)
        for kind, star, inode, name in re.findall(r"^(\S+) (\* )?(\d+):\t(.*)$", out, re.MULTILINE)
        if kind[0] not in "vV" and not name.startswith("$")
    }
    assert {(e.path, e.inode, e.allocated) for e in filesystem.entries()} == theirs
    free = subprocess.run(["blkls", str(exfat.path)], check=True, capture_output=True, timeout=60).stdout
    assert sum(run.length for run in filesystem.unallocated()) == len(free)
