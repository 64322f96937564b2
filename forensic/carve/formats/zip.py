"""ZIP archives and the documents that are ZIP archives: members with their CRC, central directory, end record."""

import struct
from dataclasses import dataclass

from forensic.carve import inflating
from forensic.carve.format import BROKEN, CUT, Extent, Format, Signature, corrupt, truncated
from forensic.carve.zip_members import DIRECTORY, Member, local_header, member, signing_block
from forensic.sources.medium import Medium

END, END_64, LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
ENTRY_SIZE, END_SIZE, END_64_SIZE, LOCATOR_SIZE = 46, 22, 56, 20
MIMETYPES = {
    b"application/epub+zip": "epub",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
OFFICE = {b"word/": "docx", b"xl/": "xlsx", b"ppt/": "pptx"}


@dataclass(slots=True)
class _Kind:
    """What the names of the members say that the archive is."""

    office: str = ""
    declared: str = ""
    types: bool = False
    android: bool = False
    manifest: bool = False

    def learn(self, item: Member) -> None:
        if item.name == b"mimetype":
            self.declared = MIMETYPES.get(item.start.strip(), "")
        self.types = self.types or item.name == b"[Content_Types].xml"
        self.android = self.android or item.name == b"AndroidManifest.xml"
        self.manifest = self.manifest or item.name == b"META-INF/MANIFEST.MF"
        for folder, suffix in OFFICE.items():
            if not self.office and item.name.startswith(folder):
                self.office = suffix

    def suffix(self) -> str:
        if self.declared or (self.types and self.office):
            return self.declared or self.office
        if self.android:
            return "apk"
        return "jar" if self.manifest else "zip"


def measure(medium: Medium) -> Extent | None:
    first = local_header(medium, 0)
    if first is None:
        return None
    kind, budget = _Kind(), inflating.OUTPUT
    parts: list[int] = []
    at, proven, intact, sure = 0, first.body, True, True
    while (header := local_header(medium, at)) is not None:
        proven = header.body
        item = member(medium, header, budget)
        if item is None:
            break
        kind.learn(item)
        parts.append(at)
        budget -= item.output
        at = item.end
        intact = intact and item.intact is not False
        sure = sure and item.intact is not None
        proven = at if item.intact else proven
    suffix = kind.suffix()
    crc = ("crc32",) if sure else ()
    directory = signing_block(medium, at)
    end = _end(medium, directory, len(parts))
    if end is not None:
        checked = (*crc, "directory")
        if not intact:
            return corrupt(end, suffix, checked, parts=parts)
        return Extent(end, suffix, checked=checked, parts=frozenset(parts))
    parts.append(at)
    return truncated(proven, suffix, crc, reason=CUT if _unreached(medium, at) else BROKEN, parts=parts)


def _end(medium: Medium, directory: int, members: int) -> int | None:
    """Where the archive ends whose central directory lies at `directory`; None where that is not so."""
    at, entries = directory, 0
    while entries < members and (entry := medium.read(at, ENTRY_SIZE))[:4] == DIRECTORY and len(entry) == ENTRY_SIZE:
        at += ENTRY_SIZE + sum(struct.unpack_from("<HHH", entry, 28))
        entries += 1
    size, large = at - directory, False
    if (record := medium.read(at, END_64_SIZE))[:4] == END_64 and len(record) == END_64_SIZE:
        (length,) = struct.unpack_from("<Q", record, 4)
        large = struct.unpack_from("<QQQ", record, 32) == (entries, size, directory)
        at += 12 + length
        if not large or medium.read(at, 4) != LOCATOR_64:
            return None
        at += LOCATOR_SIZE
    record = medium.read(at, END_SIZE)
    if len(record) < END_SIZE or record[:4] != END or not entries:
        return None
    told = struct.unpack_from("<HII", record, 10)
    real = (entries, size, directory)
    full = (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    if not all(t == r or (large and t == f) for t, r, f in zip(told, real, full, strict=True)):
        return None
    end = at + END_SIZE + int.from_bytes(record[20:22], "little")
    return end if end <= medium.size else None


def _unreached(medium: Medium, at: int) -> bool:
    """Whether the member at `at` reaches to the end of the medium or past it."""
    header = local_header(medium, at)
    if header is None:
        return at + END_SIZE >= medium.size
    return header.streamed or header.body + header.packed >= medium.size


FORMAT = Format(
    name="zip",
    suffixes=("zip", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "apk", "jar"),
    signatures=(Signature(rb"PK\x03\x04[\x00-\x40][\x00-\x14]"),),
    measure=measure,
    specification="PKWARE APPNOTE 6.3.10",
)
