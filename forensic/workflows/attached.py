"""The devices attached now, and the exhibit that each of them matches."""

from typing import Any

from chain_of_custody.case import Case
from chain_of_custody.errors import CaseError
from forensic.acquire import devices as attached
from forensic.acquire.devices import Device
from forensic.workflows.imaging import identity_of, names_of
from forensic.workflows.work import Order, Outcome, reading


def devices(order: Order) -> Outcome:
    """Works outside a case too; then no exhibit is matched."""
    try:
        with reading(order) as case:
            listed = [_described(device, _exhibit(case, device)) for device in attached.attached(case.folder)]
            return Outcome({"devices": listed}, head=case.head())
    except CaseError:
        return Outcome({"devices": [_described(device, "") for device in attached.attached()]})


def _described(device: Device, exhibit: str) -> dict[str, Any]:
    return {
        "path": device.path,
        "kind": str(device.kind),
        "model": device.hardware.model,
        "serial": device.hardware.serial or device.backing,
        "size": device.size,
        "sector": device.sector,
        "labels": list(device.labels),
        "read_only": device.read_only,
        "removable": device.removable,
        "mounts": list(device.mounts),
        "system": device.system,
        "exhibit": exhibit,
    }


def _exhibit(case: Case, device: Device) -> str:
    """By the serial that the exhibit bears, or by having been acquired from this very device."""
    for exhibit in case.register.exhibits.values():
        if exhibit.serial in names_of(device):
            return exhibit.id
    identity = identity_of(device)
    acquired = (b["item"] for b in case.register.acquisitions.values() if identity and b.get("identity") == identity)
    return next(acquired, "")
