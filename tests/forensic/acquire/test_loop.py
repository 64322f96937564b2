"""Real block devices: loop devices over small files, with errors that the kernel itself makes.

A loop device whose backing file was cut short answers reads past the cut with EIO: bad sectors without hardware.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from chain_of_custody.errors import CannotWrite, CustodyRefusal, Unavailable
from forensic.acquire.checks import Stated, check, enforce
from forensic.acquire.devices import Device, Kind, attached, identify, place
from forensic.acquire.origin import opened
from forensic.acquire.pipeline import image
from forensic.acquire.read_back import read_back
from forensic.sources.runs import Run

pytestmark = [
    pytest.mark.device,
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
    pytest.mark.skipif(shutil.which("losetup") is None, reason="losetup is not installed"),
    pytest.mark.skipif(not Path("/dev/loop-control").exists(), reason="this machine has no loop devices"),
]

SIZE = 3 << 20


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def loop(tmp_path, made_of):
    """(device, backing file) of a read-only loop device, detached whatever happens."""
    backing = tmp_path / "backing file.img"
    backing.write_bytes(made_of(SIZE))
    attach = subprocess.run(
        ["losetup", "--find", "--show", "--read-only", str(backing)], capture_output=True, text=True, check=False
    )
    if attach.returncode:
        pytest.skip(f"losetup: {attach.stderr.strip()}")
    device = Path(attach.stdout.strip())
    yield device, backing
    run("losetup", "--detach", str(device))


def imaged(device, target):
    with opened(device) as origin, target.open("xb", buffering=0) as sink:
        return image(origin, [sink], ("md5", "sha256"))


def test_what_the_device_is(loop, tmp_path):
    device, backing = loop
    found = identify(device)
    assert isinstance(found, Device)
    assert (found.path, found.kind, found.size, found.read_only) == (str(device), Kind.LOOP, SIZE, True)
    assert found.backing == str(backing)
    assert str(found.size) == run("blockdev", "--getsize64", str(device))
    assert str(found.sector) == run("blockdev", "--getss", str(device))
    assert found in attached()
    (tmp_path / "by-id").symlink_to(device)
    assert identify(tmp_path / "by-id") == found
    assert enforce(check(found, place(tmp_path), Stated(serial="X"))) == ()


def test_the_image_is_the_device(loop, tmp_path):
    device, backing = loop
    result = imaged(device, tmp_path / "image")
    assert result.verdict == "complete"
    assert result.digests["sha256"] == run("sha256sum", str(device)).split()[0]
    assert result.digests["md5"] == run("md5sum", str(backing)).split()[0]
    assert run("cmp", str(device), str(tmp_path / "image")) == ""


@pytest.mark.parametrize("sectors", [1, 5, 8, 200])
def test_sectors_that_the_kernel_cannot_read(loop, tmp_path, made_of, sectors):
    device, backing = loop
    cut = SIZE - sectors * 512
    os.truncate(backing, cut)
    result = imaged(device, tmp_path / "image")
    assert result.verdict == "holes"
    assert result.unreadable == (Run(cut, sectors * 512),)
    assert (tmp_path / "image").read_bytes() == made_of(SIZE)[:cut] + bytes(sectors * 512)


def test_a_device_with_nothing_left_behind_it(loop, tmp_path):
    device, backing = loop
    os.truncate(backing, 0)
    result = imaged(device, tmp_path / "image")
    assert result.verdict == "incomplete"
    assert isinstance(result.stopped, Unavailable)
    assert (result.reached, result.unreadable) == (0, ())
    assert (tmp_path / "image").stat().st_size == 0


def test_zeros_that_cannot_be_read_back_are_not_the_zeros_that_were_written(loop, made_of):
    device, backing = loop
    backing.write_bytes(made_of(SIZE - 8192) + bytes(8192))
    with opened(device) as origin:
        written = image(origin, [])
    os.truncate(backing, SIZE - 4096)
    fd = os.open(device, os.O_RDONLY)
    try:
        back = read_back(fd, written.reached, written.block_hashes)
    finally:
        os.close(fd)
    assert back.digests == written.digests
    assert back.differs_at == SIZE - (1 << 20)


def test_a_device_being_read_is_claimed(loop):
    device, _ = loop
    with opened(device), pytest.raises(CustodyRefusal), opened(device):
        pass


def test_a_mounted_device_is_refused(tmp_path):
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("mkfs.ext4 is not installed")
    backing, point = tmp_path / "fs.img", tmp_path / "a mount point"
    backing.write_bytes(bytes(4 << 20))
    point.mkdir()
    run("mkfs.ext4", "-q", str(backing))
    device = Path(run("losetup", "--find", "--show", str(backing)))
    try:
        run("mount", "-o", "ro", str(device), str(point))
        try:
            found = identify(device)
            assert isinstance(found, Device)
            assert found.mounts == (str(point),)
            with pytest.raises(CustodyRefusal) as caught:
                enforce(check(found, place(tmp_path)))
            assert caught.value.message_id == "acquire-mounted-refused"
            assert found.number in place(point).devices
            with pytest.raises(CustodyRefusal), opened(device):
                pass
        finally:
            run("umount", str(point))
    finally:
        run("losetup", "--detach", str(device))


def test_a_full_file_system(tmp_path, made_of):
    source, point = tmp_path / "source", tmp_path / "small"
    source.write_bytes(made_of(4 << 20))
    point.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(point)], check=False)
    if mounted.returncode:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        with pytest.raises(CannotWrite) as caught:
            imaged(source, point / "image")
        assert caught.value.message_id == "acquire-no-space"
    finally:
        run("umount", str(point))
