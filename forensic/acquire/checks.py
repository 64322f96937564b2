"""What must be true before the first byte is read: one answer for each rule, and the refusal that follows."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chain_of_custody.errors import (
    CannotWrite,
    CustodyRefusal,
    EvidenceError,
    ForensicError,
    Unavailable,
    UsageError,
)
from chain_of_custody.finding import Fact
from forensic.acquire.devices import Device, Place, RegularFile, Unfit

_FAT_LIMIT = (1 << 32) - 1  # FAT stores a file's size in 32 bits (Microsoft FAT specification, 2005, DIR_FileSize)
_LABEL_TOLERANCE = 10  # per cent: a capacity as printed is rounded, and decimal or binary
_KEEP_FREE = 64 << 20  # the ledger and the list of block hashes need room as well


class Standing(StrEnum):
    """`UNKNOWN`: there was nothing to compare; it neither refuses nor confirms."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is the rule, `code` the message that says how it stands, `error` what a failure raises. An
    `overridable` failure is let through by a reason."""

    name: str
    standing: Standing
    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    overridable: bool = False
    error: type[ForensicError] = CustodyRefusal

    @property
    def ok(self) -> bool:
        return self.standing is not Standing.FAILED


@dataclass(frozen=True, slots=True)
class Stated:
    """What the exhibit says of itself, where it does; `size` in bytes."""

    model: str | None = None
    serial: str | None = None
    size: int | None = None


def check(source: Device | RegularFile | Unfit, destination: Place, stated: Stated | None = None) -> tuple[Check, ...]:
    """Every rule that applies to this source, in the order in which a failure refuses."""
    if isinstance(source, Unfit):
        return (_unfit(source),)
    checks = [_checked("source", "acquire-source", {"path": source.path}, ok=source.size > 0, error=EvidenceError)]
    if isinstance(source, Device):
        checks += _in_use(source)
        on_source = source.number in destination.devices
        checks.append(_checked("destination", "acquire-destination", {"path": destination.path}, ok=not on_source))
    checks += _room(source.size, destination)
    checks += _identity(source, stated or Stated())
    return tuple(checks)


def enforce(checks: Iterable[Check], *, reason: str | None = None) -> tuple[Check, ...]:
    """Raises the error of the first failure; returns the failures that `reason` let through, to be recorded."""
    failed = [check for check in checks if not check.ok]
    for failure in failed:
        if failure.overridable and reason and reason.strip():
            continue
        hint = "acquire-reason-hint" if failure.overridable else None
        raise failure.error(failure.code, hint=hint, **failure.facts)
    return tuple(failed)


def _unfit(source: Unfit) -> Check:
    if source.what in ("missing", "unreadable"):
        facts: dict[str, Fact] = {"path": source.path, "reason": source.reason}
        return Check("source", Standing.FAILED, f"acquire-source-{source.what}", facts, error=Unavailable)
    code, facts = f"acquire-source-{source.what}", {"path": source.path}
    return Check("source", Standing.FAILED, code, facts, error=UsageError)


def _in_use(device: Device) -> list[Check]:
    facts: dict[str, Fact] = {
        "path": device.path,
        "mounts": ", ".join(device.mounts),
        "holders": ", ".join(device.holders),
    }
    rules = {"system": device.system, "mounted": bool(device.mounts), "swap": device.swap, "held": bool(device.holders)}
    return [_checked(name, f"acquire-{name}", facts, ok=not broken) for name, broken in rules.items()]


def _room(size: int, destination: Place) -> list[Check]:
    needed = size + _KEEP_FREE
    facts: dict[str, Fact] = {"path": destination.path, "size": size, "needed": needed, "free": destination.free}
    rules = [_checked("space", "acquire-space", facts, ok=destination.free >= needed, error=CannotWrite)]
    if destination.file_system in ("vfat", "msdos"):
        fits = size <= _FAT_LIMIT
        rules.append(_checked("file-limit", "acquire-file-limit", facts, ok=fits, error=CannotWrite))
    return rules


def _identity(source: Device | RegularFile, stated: Stated) -> list[Check]:
    """A source that has no serial number or model of its own (a file, a loop device, a cheap stick) leaves the
    comparison open; that is said, not passed over."""
    hardware = source.hardware if isinstance(source, Device) else None
    checks = []
    if stated.serial:
        own = [serial for serial in (hardware.serial, hardware.usb_serial) if serial] if hardware else []
        checks.append(_compared("serial", stated.serial, own, same=any(_same(stated.serial, one) for one in own)))
    if stated.model:
        models = [hardware.model] if hardware and hardware.model else []
        checks.append(_compared("model", stated.model, models, same=any(_alike(stated.model, one) for one in models)))
    if stated.size:
        near = abs(source.size - stated.size) * 100 <= stated.size * _LABEL_TOLERANCE
        checks.append(_compared("size", str(stated.size), [str(source.size)], same=near))
    return checks


def _compared(name: str, stated: str, own: list[str], *, same: bool) -> Check:
    facts: dict[str, Fact] = {"stated": stated, "found": " / ".join(dict.fromkeys(own))}
    if not own:
        return Check(name, Standing.UNKNOWN, f"acquire-{name}-unknown", facts)
    standing = Standing.PASSED if same else Standing.FAILED
    return Check(name, standing, f"acquire-{name}-{'same' if same else 'differs'}", facts, overridable=True)


def _checked(
    name: str, code: str, facts: Mapping[str, Fact], *, ok: bool, error: type[ForensicError] = CustodyRefusal
) -> Check:
    if ok:
        return Check(name, Standing.PASSED, f"{code}-ok", facts, error=error)
    return Check(name, Standing.FAILED, f"{code}-refused", facts, error=error)


def _same(stated: str, found: str) -> bool:
    """Serial numbers as people copy them: letter case, blanks and hyphens do not count."""
    return bool(_bare(stated)) and _bare(stated) == _bare(found)


def _alike(stated: str, found: str) -> bool:
    """SCSI cuts a model at 16 characters and labels add the maker: one within the other will do."""
    ours, theirs = _bare(stated), _bare(found)
    return bool(ours and theirs) and (ours in theirs or theirs in ours)


def _bare(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).casefold()
