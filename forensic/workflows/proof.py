"""Whether candidate bytes prove themselves to be the whole of a file: checksums of its format that cover every byte.

A deleted file's record gives a start and a size. If a PNG, ZIP or gzip file stands exactly there, ends exactly at that
size, and every checksum in it is right, no other assignment of blocks is left that would do the same.
"""

from forensic.carve import enrolled
from forensic.carve.format import Status
from forensic.sources.medium import Medium

EVIDENCE = "checksums-to-the-end"
COVERING = {"png": {"chunk-crc"}, "zip": {"crc32", "directory"}, "gzip": {"crc32", "inflated"}}  # what must be checked
SMALLEST = 64  # bytes; below this a checksum of 32 bits says little of a size that many files share


def proves_itself(content: Medium, size: int) -> bool:
    if content.size != size or size < SMALLEST:
        return False
    for format_ in enrolled.chosen(COVERING):
        extent = format_.measure(content)
        if extent and extent.status is Status.VALID and extent.length == size:
            return COVERING[format_.name] <= set(extent.checked)
    return False
