"""The partitions of a medium, and the stretches between them that belong to none."""

from dataclasses import dataclass

import pytsk3

from chain_of_custody.finding import Finding, Severity
from forensic.sources.extent import claimed_size, filesystem_size
from forensic.sources.medium import Medium
from forensic.sources.runs import Run
from forensic.sources.tsk import TskImage, reason

_SCHEMES = {
    pytsk3.TSK_VS_TYPE_DOS: "mbr",
    pytsk3.TSK_VS_TYPE_GPT: "gpt",
    pytsk3.TSK_VS_TYPE_MAC: "apple",
    pytsk3.TSK_VS_TYPE_BSD: "bsd",
    pytsk3.TSK_VS_TYPE_SUN: "sun",
}
_MOST_PARTS = 4096


@dataclass(frozen=True, slots=True)
class Volume:
    """`start` and `size` are bytes of the whole medium; `text` is what the table calls it; `scheme` is mbr, gpt,
    apple, bsd or sun, or none where the medium has no partition table and is one volume."""

    index: int
    scheme: str
    start: int
    size: int
    text: str


def volumes(medium: Medium) -> tuple[tuple[Volume, ...], tuple[Finding, ...]]:
    """The volumes in order of their start. A volume reaching past the end of the medium is cut to it, with a
    finding; overlapping volumes are all given, with a finding."""
    findings: list[Finding] = []
    claimed = claimed_size(medium)
    if claimed > medium.size:
        findings.append(Finding("sources-medium-too-short", Severity.ERROR, {"claimed": claimed, "size": medium.size}))
    if filesystem_size(medium):
        # A file system that starts at offset 0: its boot code must not be read as a partition table.
        return (Volume(0, "none", 0, medium.size, ""),), tuple(findings)
    image = TskImage(medium)
    try:
        table = pytsk3.Volume_Info(image)
        found = list(_parts(table, medium, findings))
    except OSError as fault:
        if image.fault is not None:
            raise image.fault from fault
        if medium.read(510, 2) == b"\x55\xaa" or medium.read(512, 8) == b"EFI PART":
            findings.append(Finding("sources-no-partition-table", facts={"reason": reason(fault)}))
        found = []
    if not found:
        return (Volume(0, "none", 0, medium.size, ""),), tuple(findings)
    found.sort(key=lambda volume: (volume.start, volume.index))
    end = 0
    for volume in found:
        if volume.start < end:
            findings.append(Finding("sources-volume-overlap", facts={"index": volume.index, "start": volume.start}))
        end = max(end, volume.start + volume.size)
    return tuple(found), tuple(findings)


def _parts(table: pytsk3.Volume_Info, medium: Medium, findings: list[Finding]) -> list[Volume]:
    scheme = _SCHEMES.get(table.info.vstype, "other")
    sector = table.info.block_size
    found: list[Volume] = []
    for count, part in enumerate(table):
        if count > _MOST_PARTS:
            findings.append(Finding("sources-too-many-volumes", facts={"most": _MOST_PARTS}))
            break
        if not part.flags & pytsk3.TSK_VS_PART_FLAG_ALLOC:
            continue
        start, size, index = int(part.start) * sector, int(part.len) * sector, int(part.addr)
        if start >= medium.size:
            findings.append(Finding("sources-volume-outside", Severity.ERROR, {"index": index, "start": start}))
            continue
        if start + size > medium.size:
            facts = {"index": index, "start": start, "size": size, "medium": medium.size}
            findings.append(Finding("sources-volume-cut", Severity.ERROR, facts))
            size = medium.size - start
        found.append(Volume(index, scheme, start, size, bytes(part.desc).decode("utf-8", "backslashreplace")))
    return found


def gaps(found: tuple[Volume, ...], size: int) -> tuple[Run, ...]:
    """The bytes of a medium of `size` bytes that lie in no volume."""
    between: list[Run] = []
    end = 0
    for volume in sorted(found, key=lambda volume: volume.start):
        if volume.start > end:
            between.append(Run(end, volume.start - end))
        end = max(end, volume.start + volume.size)
    if end < size:
        between.append(Run(end, size - end))
    return tuple(between)
