"""The database's pages as a reader sees them at one moment, each with the place of its bytes.

A page stands in the main file unless the write-ahead log holds a newer committed version, or a hot journal
the older one that SQLite would put back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Severity
from parsers.source import Bytes
from parsers.sqlite import header, journal, wal
from parsers.sqlite.findings import Findings
from parsers.sqlite.header import Header

_CACHED = 64


class Place(NamedTuple):
    """Where a page's first byte stands: `file` is main, wal or journal, `offset` counts in that file."""

    file: str
    offset: int
    commit: int | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one database."""

    main: Bytes
    wal: Bytes | None = None
    journal: Bytes | None = None

    def named(self, name: str) -> Bytes | None:
        return {"main": self.main, "wal": self.wal, "journal": self.journal}[name]


class Pages:
    """`count` is the database's size in pages; `limit` the highest page that any of the files can hold,
    found out unless it is given."""

    def __init__(
        self,
        files: Files,
        head: Header,
        count: int,
        log: wal.Wal | None = None,
        originals: Mapping[int, int] | None = None,
        limit: int | None = None,
    ) -> None:
        self.files = files
        self.header = head
        self.count = count
        self.log = log
        self.originals = originals or {}
        present = -(-files.main.size // head.page_size)
        self.limit = max([present, *(log.latest if log else ()), *self.originals]) if limit is None else limit
        self._cache: dict[int, bytes] = {}

    def place(self, page: int) -> Place:
        if self.log and page in self.log.latest:
            frame = self.log.latest[page]
            return Place("wal", frame + wal.FRAME_HEADER, self.log.commit_at(frame))
        if page in self.originals:
            return Place("journal", self.originals[page])
        return Place("main", (page - 1) * self.header.page_size)

    def read(self, page: int) -> bytes:
        """A page by its number from 1; short or empty where the file ends before it does."""
        data = self._cache.get(page)
        if data is None:
            place = self.place(page)
            file = self.files.named(place.file)
            data = file.read(place.offset, self.header.page_size) if file and page > 0 else b""
            if len(self._cache) >= _CACHED:
                del self._cache[next(iter(self._cache))]
            self._cache[page] = data
        return data


def current(files: Files, findings: Findings) -> Pages:
    """The pages as SQLite would read them now: a hot journal rolled back, committed WAL frames on top.

    Raises `EvidenceError` where page 1 makes no sense (see `header.checked`).
    """
    log = _log(files, findings)
    hot = _hot(files, findings)
    originals = {page: offset for page, offset in hot.originals if page <= hot.page_count} if hot else {}
    first = _first(files, log, originals)
    if log and (head := header.parse(first)) and head.page_size != log.page_size:
        findings.add("sqlite-wal-page-size", Severity.ERROR, facts={"wal": log.page_size, "main": head.page_size})
        log = None
        first = _first(files, log, originals)
    if not first:
        raise EvidenceError("sqlite-empty")
    head = header.checked(first)
    present = files.main.size // head.page_size
    if log:
        return Pages(files, head, log.page_count, log, originals)
    if hot:
        return Pages(files, head, hot.page_count, None, originals)
    count = head.trusted_count or present
    if count != present or files.main.size % head.page_size:
        severity = Severity.ERROR if count > present else Severity.NOTE
        findings.add("sqlite-page-count", severity, facts={"declared": count, "present": present})
    return Pages(files, head, count)


def _first(files: Files, log: wal.Wal | None, originals: Mapping[int, int]) -> bytes:
    if log and 1 in log.latest and files.wal:
        return files.wal.read(log.latest[1] + wal.FRAME_HEADER, log.page_size)
    if 1 in originals and files.journal:
        start = files.journal.read(originals[1], header.SIZE)
        size = header.page_size_of(int.from_bytes(start[16:18], "big"))
        return files.journal.read(originals[1], size or len(start))
    return header.first_page(files.main)


def _log(files: Files, findings: Findings) -> wal.Wal | None:
    if files.wal is None or files.wal.size == 0:
        return None
    log = wal.load(files.wal)
    if log is None:
        findings.add("sqlite-wal-unreadable", Severity.ERROR, file="wal")
        return None
    if log.frames > log.committed:
        findings.add(
            "sqlite-wal-tail",
            Severity.NOTE,
            facts={"frames": log.frames - log.committed, "uncommitted": log.valid - log.committed},
            file="wal",
        )
    return log if log.commits else None


def _hot(files: Files, findings: Findings) -> journal.Journal | None:
    if files.journal is None or files.main.size == 0:
        return None
    hot = journal.load(files.journal)
    if hot is None:
        return None
    if hot.super_name is not None:
        findings.add("sqlite-journal-super", facts={"name": hot.super_name}, file="journal")
        return None
    findings.add("sqlite-journal-hot", facts={"pages": len(hot.originals)}, file="journal")
    if hot.damaged:
        findings.add("sqlite-journal-damaged", Severity.ERROR, facts={"pages": len(hot.originals)}, file="journal")
    return hot
