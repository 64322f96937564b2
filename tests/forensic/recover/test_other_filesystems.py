"""Deleted files of ext and NTFS volumes whose contents are known."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forensic.recover.recover import recover
from forensic.recover.recovered import Recovered, Status, content
from forensic.sources.examined import open_filesystem
from forensic.sources.filesystem import FileSystem
from forensic.sources.medium import blocks
from forensic.sources.raw import RawImage

FUSE = shutil.which("ntfs-3g") and shutil.which("mkntfs") and os.geteuid() == 0 and Path("/dev/fuse").exists()


def opened(image: Path) -> FileSystem:
    filesystem, _finding = open_filesystem(RawImage([image]))
    assert filesystem is not None
    return filesystem


def by_path(filesystem: FileSystem) -> dict[str, Recovered]:
    return {found.path: found for found in recover(filesystem) if isinstance(found, Recovered)}


def bytes_of(filesystem: FileSystem, found: Recovered) -> bytes:
    return b"".join(blocks(content(filesystem, found)))


@pytest.fixture
def ext(tmp_path: Path) -> Callable[[str, list[str]], Path]:
    """An ext volume on which debugfs has run the given commands; `{n}` names a file of n noise bytes."""
    if not (shutil.which("mke2fs") and shutil.which("debugfs")):
        pytest.skip("e2fsprogs are not installed")
    for size in (500, 5000, 30_000):
        (tmp_path / str(size)).write_bytes(random.Random(size).randbytes(size))

    def made(kind: str, commands: list[str]) -> Path:
        image = tmp_path / "ext.img"
        image.write_bytes(bytes(1 << 20))
        before = {**os.environ, "E2FSPROGS_FAKE_TIME": "1600000000"}
        command = ["mke2fs", "-q", "-t", kind, "-b", "1024", "-F", str(image)]
        subprocess.run(command, env=before, check=True, capture_output=True, timeout=60)
        script = "\n".join(command.replace("@/", f"{tmp_path}/") for command in commands)
        subprocess.run(
            ["debugfs", "-w", "-f", "-", str(image)], input=script, text=True, check=True, capture_output=True
        )
        return image

    return made


CLOCK = "set_current_time @17000000{:02d}"


def test_block_pointers_that_survive_give_the_file_back(ext: Callable) -> None:
    commands = [CLOCK.format(1), "write @/5000 kept", "write @/30000 gone", CLOCK.format(9), "rm gone"]
    filesystem = opened(ext("ext2", commands))
    found = by_path(filesystem)["gone"]
    assert found.status is Status.INTACT
    assert bytes_of(filesystem, found) == random.Random(30_000).randbytes(30_000)


def test_a_reused_inode_gives_no_byte_of_its_new_owner(ext: Callable) -> None:
    commands = [CLOCK.format(1), "write @/5000 gone", "rm gone", CLOCK.format(5), "mkdir d", "cd d", "write @/5000 new"]
    filesystem = opened(ext("ext4", commands))
    for found in by_path(filesystem).values():
        assert not found.runs
        assert found.status not in (Status.INTACT, Status.INFERRED)


def test_wiped_pointers_attribute_nothing(ext: Callable) -> None:
    """As the kernel leaves an inode of ext3 and ext4: no size, no blocks."""
    wipe = [f"sif <12> {field} 0" for field in ("size", "blocks", *(f"block[{index}]" for index in range(5)))]
    commands = [CLOCK.format(1), "write @/5000 gone", CLOCK.format(2), "rm gone", *wipe]
    filesystem = opened(ext("ext2", commands))
    found = by_path(filesystem)["gone"]
    assert (found.status, found.runs, found.evidence) == (Status.UNCERTAIN, (), ("no-runs",))


def test_a_file_whose_blocks_went_partly_to_another_keeps_only_the_free_ones(ext: Callable) -> None:
    commands = [CLOCK.format(1), "write @/500 first", "write @/30000 gone", CLOCK.format(3), "rm gone"]
    filesystem = opened(ext("ext2", commands))
    whole = by_path(filesystem)["gone"].runs
    taken = (whole[0].offset - filesystem.start) // 1024 + 2
    filesystem = opened(ext("ext2", [*commands, f"setb {taken}"]))
    found = by_path(filesystem)["gone"]
    assert found.status is Status.PARTIAL
    assert [(gap.offset // 1024, gap.length) for gap in found.gaps] == [(taken, 1024)]
    assert sum(run.length for run in found.runs) == 30_000 - 1024
    assert not any(run.offset <= taken * 1024 < run.offset + run.length for run in found.runs)


@pytest.mark.parametrize("seed", range(4))
def test_random_histories_on_ext_never_lie(ext: Callable, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    live: dict[str, bytes] = {}
    deleted: dict[str, bytes] = {}
    commands = ["mkdir d1", "mkdir d2"]
    for number in range(60):
        commands.append(CLOCK.format(number))
        if live and chance.random() < 0.5:
            name = chance.choice(sorted(live))
            deleted[name] = live.pop(name)
            commands.append(f"rm {name}")
            continue
        name = chance.choice(("", "d1/", "d2/")) + f"f{number}"
        live[name] = chance.randbytes(chance.choice((0, 10, 1024, 5000, 20_000)))
        (tmp_path / f"n{number}").write_bytes(live[name])
        commands += [f"cd /{name.rpartition('/')[0]}", f"write @/n{number} f{number}", "cd /"]
    filesystem = opened(ext("ext2", commands))
    files = [entry for entry in filesystem.entries() if entry.kind == "file" and entry.allocated]
    assert {entry.path: b"".join(blocks(filesystem.content(entry))) for entry in files} == live
    for path, found in by_path(filesystem).items():
        if found.kind == "file" and found.status in (Status.INTACT, Status.INFERRED):
            assert bytes_of(filesystem, found) == deleted[path]


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    options = "compression,streams_interface=xattr"
    subprocess.run(["ntfs-3g", "-o", options, str(image), str(folder)], check=True, capture_output=True, timeout=60)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=60)


@pytest.fixture
def ntfs(tmp_path: Path) -> Path:
    image = tmp_path / "ntfs.img"
    with image.open("wb") as file:
        file.truncate(6 << 20)
    subprocess.run(["mkntfs", "-q", "-F", "-f", str(image)], check=True, capture_output=True, timeout=60)
    return image


needs_ntfs = pytest.mark.skipif(not FUSE, reason="needs root, /dev/fuse and ntfs-3g")


@pytest.mark.device
@needs_ntfs
def test_ntfs_runs_residents_streams_and_compression(ntfs: Path, tmp_path: Path) -> None:
    noise = random.Random(2).randbytes(50_000)
    packed = b"compress me please, " * 9000
    with mounted(ntfs, tmp_path / "mnt") as root:
        (root / "dir").mkdir()
        os.setxattr(root / "dir", "system.ntfs_attrib", (0x810).to_bytes(4, "little"))
        (root / "删除.bin").write_bytes(noise)
        (root / "tiny.txt").write_bytes(b"resident")
        (root / "dir" / "packed.txt").write_bytes(packed)
        (root / "live.txt").write_bytes(b"live")
        os.setxattr(root / "live.txt", "user.note", b"a stream")
        for name in ("删除.bin", "tiny.txt", "dir/packed.txt"):
            (root / name).unlink()
    filesystem = opened(ntfs)
    (stream,) = [entry for entry in filesystem.entries() if entry.stream == "note"]
    assert (stream.path, filesystem.content(stream).read(0, 99)) == ("live.txt:note", b"a stream")
    found = by_path(filesystem)
    for name, was in (("删除.bin", noise), ("tiny.txt", b"resident"), ("dir/packed.txt", packed)):
        assert found[name].status is Status.INTACT
        assert bytes_of(filesystem, found[name]) == was
    assert not found["tiny.txt"].runs
    assert not found["dir/packed.txt"].runs


@pytest.mark.device
@needs_ntfs
@pytest.mark.parametrize("seed", range(2))
def test_random_histories_on_ntfs_never_lie(ntfs: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    live: dict[str, bytes] = {}
    deleted: dict[str, bytes] = {}
    with mounted(ntfs, tmp_path / "mnt") as root:
        for number in range(120):
            if live and chance.random() < 0.5:
                name = chance.choice(sorted(live))
                (root / name).unlink()
                deleted[name] = live.pop(name)
            else:
                live[f"f{number}"] = chance.randbytes(chance.choice((0, 300, 5000, 60_000)))
                (root / f"f{number}").write_bytes(live[f"f{number}"])
    filesystem = opened(ntfs)
    for entry in filesystem.entries():
        if entry.kind == "file" and entry.allocated and not entry.path.startswith("$"):
            assert b"".join(blocks(filesystem.content(entry))) == live[entry.path]
    sure = {path: o for path, o in by_path(filesystem).items() if o.status in (Status.INTACT, Status.INFERRED)}
    for path, found in sure.items():
        assert bytes_of(filesystem, found) == deleted[path]
