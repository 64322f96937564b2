"""A made-up machine is described as it stands, quirks of firmware included."""

import os
import socket
from pathlib import Path

import pytest

from forensic.acquire.devices import Kind, RegularFile, Unfit, attached, identify, numbered, place
from forensic.acquire.mounts import Mount, mount_of


@pytest.fixture
def devices(machine):
    return {device.path: device for device in attached(root=machine)}


def test_everything_with_a_medium_is_listed(devices):
    assert sorted(devices) == [
        "/dev/dm-0",
        "/dev/dm-1",
        "/dev/loop0",
        "/dev/mmcblk0",
        "/dev/nvme0n1",
        "/dev/nvme0n1p1",
        "/dev/sda",
        "/dev/sda1",
        "/dev/sda2",
        "/dev/sdb",
        "/dev/sdb1",
        "/dev/sdc",
        "/dev/sdc1",
    ]
    assert devices["/dev/sda"].kind is Kind.DISK
    assert devices["/dev/sda1"].kind is Kind.PARTITION
    assert devices["/dev/sda1"].disk == "/dev/sda"
    assert devices["/dev/loop0"].kind is Kind.LOOP
    assert devices["/dev/dm-1"].kind is Kind.MAPPED


def test_identity_of_a_sata_disk(devices):
    hardware = devices["/dev/sda"].hardware
    assert (hardware.model, hardware.serial, hardware.wwn, hardware.transport) == (
        "WDC WD10EZEX-08W",
        "WD-WCC6Y0AB1234",
        "naa.50014ee2b1234567",
        "ata",
    )
    assert devices["/dev/sda2"].hardware == hardware


def test_identity_of_a_usb_stick_is_that_of_its_usb_device(devices):
    stick = devices["/dev/sdb"]
    assert stick.hardware.model == "SanDisk Ultra Fit"
    assert stick.hardware.serial == stick.hardware.usb_serial == "4C530001230509112345"
    assert stick.hardware.wwn is None
    assert (stick.hardware.transport, stick.removable, stick.size) == ("usb", True, 64 * 10**9)
    assert stick.labels == devices["/dev/sdb1"].labels == ("EVIDENCE A",)


def test_identity_of_nvme_and_card(devices):
    nvme, card = devices["/dev/nvme0n1"], devices["/dev/mmcblk0"]
    assert (nvme.hardware.serial, nvme.hardware.wwn) == ("S64DNX0R", "eui.002538d111111111")
    assert (nvme.sector, nvme.physical_sector, nvme.hardware.transport) == (4096, 4096, "nvme")
    assert (card.hardware.model, card.hardware.serial, card.hardware.transport) == ("SD32G", "0x1a2b3c4d", "mmc")
    assert card.read_only
    assert card.swap


def test_a_serial_of_padding_is_none(devices):
    assert devices["/dev/sdc"].hardware.serial is None
    assert devices["/dev/sdc"].hardware.model is None


def test_a_loop_device_is_its_backing_file(devices):
    loop = devices["/dev/loop0"]
    assert loop.backing == "/evidence/disk.img"
    assert (loop.hardware.serial, loop.hardware.model) == (None, None)


def test_mounts_are_seen_through_partitions_mappings_and_subvolumes(devices):
    assert devices["/dev/sda"].mounts == ("/", "/boot/efi")
    assert devices["/dev/sda2"].mounts == ("/",)
    assert devices["/dev/nvme0n1"].mounts == ("/media/clerk/DATA ONE",)
    assert devices["/dev/sdb"].mounts == ("/cases",)
    assert devices["/dev/sdc"].mounts == ()


def test_the_system_stands_on_a_mapping_on_a_partition_on_a_disk(devices):
    system = {path for path, device in devices.items() if device.system}
    assert system == {"/dev/dm-0", "/dev/sda2", "/dev/sda"}


def test_the_disk_under_the_case_folder_belongs_to_the_system(machine):
    devices = {device.path: device for device in attached(Path("/cases/2026-17"), root=machine)}
    assert devices["/dev/sdb"].system
    assert devices["/dev/sdb1"].system
    assert not devices["/dev/nvme0n1"].system


def test_what_is_mapped_on_top_is_named(devices):
    assert devices["/dev/sdc"].holders == devices["/dev/sdc1"].holders == ("/dev/dm-1",)
    assert devices["/dev/sdb"].holders == ()


def test_a_device_by_its_number(machine):
    device = numbered("8:17", root=machine)
    assert device is not None
    assert device.path == "/dev/sdb1"
    assert numbered("99:9", root=machine) is None


def test_a_machine_without_sysfs_has_no_devices(tmp_path):
    assert attached(root=tmp_path) == ()


def test_the_deepest_mount_and_the_last_of_equals():
    first, second, deep = (Mount(f"0:{n}", point, "x", "y") for n, point in enumerate(("/", "/", "/a/b")))
    assert mount_of(Path("/a"), (first, second, deep)) is second
    assert mount_of(Path("/a/b/c"), (deep, first, second)) is deep
    assert mount_of(Path("/a/bc"), (first, deep)) is first
    assert mount_of(Path("/a"), ()) is None


def test_paths_that_are_no_source(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert identify(tmp_path) == Unfit(str(tmp_path), "directory")
    assert identify(Path("/dev/null")) == Unfit("/dev/null", "character-device")
    assert identify(tmp_path / "pipe") == Unfit(str(tmp_path / "pipe"), "pipe")
    assert identify(tmp_path / "dangling") == Unfit(str(tmp_path / "dangling"), "missing")


def test_a_socket_is_no_source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket is limited to about a hundred bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        assert identify(Path("s")) == Unfit("s", "socket")


def test_a_file_that_cannot_be_opened(tmp_path, monkeypatch):
    file = tmp_path / "image"
    file.touch()

    def refuse(*_):
        raise PermissionError(13, "no")

    monkeypatch.setattr(os, "open", refuse)
    assert identify(file) == Unfit(str(file), "unreadable", "Permission denied")


def test_a_regular_file_through_a_link(tmp_path):
    (tmp_path / "image").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("image")
    assert identify(tmp_path / "link") == RegularFile(str(tmp_path / "image"), 5)


def test_the_place_of_a_folder_that_is_not_there_yet(tmp_path):
    space = os.statvfs(tmp_path)
    found = place(tmp_path / "a" / "b")
    assert found.path == str(tmp_path / "a" / "b")
    assert abs(found.free - space.f_bavail * space.f_frsize) < 1 << 30
