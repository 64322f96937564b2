"""PDF documents: the end marker whose cross-reference lies where it says, after the last incremental update."""

import re
from dataclasses import dataclass

from forensic.carve.format import BROKEN, CONTRADICTION, CUT, Extent, Format, Signature, corrupt, truncated
from forensic.carve.reading import matches
from forensic.sources.medium import Medium

TOKEN = re.compile(rb"endobj|endstream|%PDF-[12]\.\d|startxref\s{1,4}(\d{1,12})\s{1,4}%%EOF(?:\r\n|\n|\r)?")
OBJECT = re.compile(rb"\s{0,8}\d{1,10}\s{1,4}\d{1,5}\s{1,4}obj")
TABLE = re.compile(rb"\s{0,8}xref\s{1,4}")
SECTION = re.compile(rb"\s{0,4}(\d{1,10}) (\d{1,10})\s{1,4}(?=\d{10} )")
ENTRY = re.compile(rb"(\d{10}) \d{5} ([nf])[ \r\n]{1,2}")
GAP = 1 << 25  # longest stretch without a token, thus the longest stream of a file that we follow
BEGINNING = 2048
INNER = 8  # documents that may begin inside this one before it ends
ENTRIES = 256  # entries of the table that are followed to their objects


@dataclass(frozen=True, slots=True)
class _End:
    """An end marker that holds: where it ends, and how many table entries it leads to were right or wrong."""

    at: int
    right: int
    wrong: int
    stream: bool


def measure(medium: Medium) -> Extent | None:
    start = medium.read(0, BEGINNING)
    if OBJECT.search(start) is None:
        return None
    proven = inner = 0
    end: _End | None = None
    for at, token in matches(medium, TOKEN, 8):
        after = at + len(token[0])
        if at - max(proven, BEGINNING) > GAP:
            break
        if token[0].startswith(b"%PDF-"):
            inner += 1
            if inner > INNER:
                break
        elif token[1] is None:
            proven = proven if inner else after
        elif found := _found(medium, int(token[1]), after):
            if not _updated(medium, after):
                return _whole(found)
            end, proven, inner = found, after, 0
        elif inner or int(token[1]):
            break
    if not proven:
        return None
    checked = ("xref",) if end else ()
    return truncated(proven, "pdf", checked, reason=CUT if medium.size - proven < GAP else BROKEN)


def _whole(end: _End) -> Extent:
    checked = ("xref-stream",) if end.stream else ("xref",)
    if end.wrong:
        return corrupt(end.at, "pdf", checked, reason=CONTRADICTION)
    return Extent(end.at, "pdf", checked=checked)


def _found(medium: Medium, xref: int, after: int) -> _End | None:
    """The end marker before `after` if its cross-reference lies at `xref` (ISO 32000-2, 7.5.4, 7.5.5, 7.5.8)."""
    if not 8 < xref < after:
        return None
    head = medium.read(xref, BEGINNING)
    if table := TABLE.match(head):
        right, wrong = _entries(medium, xref + table.end(), after)
        return _End(after, right, wrong, stream=False) if right or not wrong else None
    if OBJECT.match(head) and b"/XRef" in head:
        return _End(after, 0, 0, stream=True)
    return None


def _entries(medium: Medium, at: int, limit: int) -> tuple[int, int]:
    """How many of the first entries of the table at `at` lead to an object with their number, and how many do not."""
    right = wrong = 0
    while right + wrong < ENTRIES and at < limit and (section := SECTION.match(medium.read(at, 64))):
        first, count = int(section[1]), int(section[2])
        at += section.end()
        for number in range(first, first + min(count, ENTRIES)):
            entry = ENTRY.fullmatch(medium.read(at, 20))
            if entry is None:
                return right, wrong + 1
            at += 20
            if entry[2] == b"n":
                object_ = re.match(rb"\s{0,8}0*(\d{1,10})\s", medium.read(int(entry[1]), 24))
                good = object_ is not None and int(object_[1]) == number
                right, wrong = right + good, wrong + (not good)
        if count > ENTRIES:
            break
    return right, wrong


def _updated(medium: Medium, at: int) -> bool:
    """Whether an incremental update follows, or the body of a linearized file after its first-page section."""
    head = medium.read(at, 64)
    return bool(OBJECT.match(head) or TABLE.match(head))


FORMAT = Format(
    name="pdf",
    suffixes=("pdf",),
    signatures=(Signature(rb"%PDF-[12]\.[0-9]"),),
    measure=measure,
    specification="ISO 32000-2:2020",
)
