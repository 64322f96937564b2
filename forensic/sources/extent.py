"""How long a medium says it is: what its partition table or the file system at its start reaches to.

Master boot record and GUID header: UEFI specification 2.10, 5.2 and 5.3; FAT: Microsoft "FAT: General Overview of
On-Disk Format" 1.03; exFAT: Microsoft "exFAT file system specification"; NTFS boot sector: Linux-NTFS documentation;
ext: kernel documentation "ext4 Data Structures and Algorithms".
"""

import struct

from forensic.sources.medium import Medium

_EXTENDED = (0x05, 0x0F, 0x85)


def claimed_size(medium: Medium) -> int:
    """The end, in bytes, of the furthest thing the start of the medium speaks of; 0 where it says nothing."""
    return max(filesystem_size(medium), _table_end(medium))


def filesystem_size(medium: Medium) -> int:
    """The size in bytes of the FAT, exFAT, NTFS or ext file system that starts at offset 0; 0 if there is none."""
    head = medium.read(0, 2048)
    if len(head) < 1536:
        return 0
    if head[510:512] == b"\x55\xaa":
        sector = int(struct.unpack_from("<H", head, 11)[0])
        if head[3:11] == b"EXFAT   ":
            return int(struct.unpack_from("<Q", head, 72)[0]) << min(head[108], 12)
        if head[3:11] == b"NTFS    " and sector in (512, 1024, 2048, 4096):
            return (int(struct.unpack_from("<Q", head, 40)[0]) + 1) * sector
        if sector in (512, 1024, 2048, 4096) and head[13] and not head[13] & (head[13] - 1) and head[16] in (1, 2):
            return int(struct.unpack_from("<H", head, 19)[0] or struct.unpack_from("<I", head, 32)[0]) * sector
    if head[1080:1082] == b"\x53\xef":
        blocks, log_size = struct.unpack_from("<I", head, 1028)[0], struct.unpack_from("<I", head, 1048)[0]
        return int(blocks) << (10 + log_size) if log_size <= 6 else 0
    return 0


def _table_end(medium: Medium) -> int:
    head = medium.read(0, 4096 + 512)
    if head[510:512] != b"\x55\xaa" or filesystem_size(medium):
        return 0
    for sector in (512, 4096):
        header = head[sector : sector + 92]
        if header.startswith(b"EFI PART") and len(header) == 92:
            return (int(struct.unpack_from("<Q", header, 32)[0]) + 1) * sector
    ends = [0]
    for index in range(4):
        status, kind = head[446 + 16 * index], head[450 + 16 * index]
        first, count = struct.unpack_from("<II", head, 454 + 16 * index)
        if status not in (0, 0x80):
            return 0
        if kind and kind not in _EXTENDED and kind != 0xEE:
            ends.append((first + count) * 512)
    return max(ends)
