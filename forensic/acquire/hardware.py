"""What a device says of itself: model, serial number, world-wide name, the bus it hangs on.

Sources: SPC-4 7.8.15 (unit serial number, page 0x80: big-endian length at byte 2, ASCII from byte 4), the
kernel's Documentation/ABI/testing/sysfs-bus-usb, and sysfs attributes of the scsi, nvme, mmc and virtio drivers.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from forensic.acquire.sysfs import text, tidy

_TRANSPORTS = (  # ordered: a USB disk also hangs on a SCSI host, an ATA disk too
    ("usb", re.compile(r"usb\d+")),
    ("nvme", re.compile(r"nvme\d*")),
    ("ata", re.compile(r"ata\d+")),
    ("mmc", re.compile(r"mmc\d+")),
    ("virtio", re.compile(r"virtio\d+")),
    ("scsi", re.compile(r"host\d+")),
)
_WORLD_WIDE = ("naa.", "eui.", "uuid.")


@dataclass(frozen=True, slots=True)
class Hardware:
    """Any of these may be missing. `usb_serial` is the serial number of the USB stick, case or bridge, which is
    not always that of the medium within."""

    model: str | None
    serial: str | None
    usb_serial: str | None
    wwn: str | None
    transport: str | None


def hardware(disk: Path) -> Hardware:
    """Reads the sysfs folder of a whole disk."""
    place = disk.resolve()
    usb_serial = _usb_serial(place)
    serial = _unit_serial(disk / "device/vpd_pg80") or text(disk / "device/serial") or text(disk / "serial")
    return Hardware(_model(disk), serial or usb_serial, usb_serial, _wwn(disk), _transport(place))


def _model(disk: Path) -> str | None:
    """SCSI gives the vendor apart; for ATA disks it says only "ATA". Cards give a name in place of a model."""
    model = text(disk / "device/model") or text(disk / "device/name")
    vendor = text(disk / "device/vendor")
    if vendor and model and vendor != "ATA" and not vendor.startswith("0x"):
        return f"{vendor} {model}"
    return model


def _unit_serial(file: Path) -> str | None:
    try:
        page = file.read_bytes()
    except OSError:
        return None
    if len(page) < 4 or page[1] != 0x80:
        return None
    return tidy(page[4 : 4 + int.from_bytes(page[2:4], "big")]) or None


def _usb_serial(place: Path) -> str | None:
    """From the nearest USB device above the disk."""
    for folder in place.parents:
        if (folder / "idVendor").exists():
            return text(folder / "serial")
    return None


def _wwn(disk: Path) -> str | None:
    """A `t10.` identifier is vendor, model and serial strung together, not a world-wide name."""
    name = text(disk / "wwid") or text(disk / "device/wwid")
    return name if name and name.startswith(_WORLD_WIDE) else None


def _transport(place: Path) -> str | None:
    for name, pattern in _TRANSPORTS:
        if any(pattern.fullmatch(part) for part in place.parts):
            return name
    return None
