"""Every page version that the files hold and the current view does not show, with the view it belonged to.

The main file before its log, each commit of the log, frames that were never committed or stand behind the
log's end from an earlier round, and the pages of a rollback journal.

Sources: https://www.sqlite.org/fileformat2.html sections 3 (rollback journal) and 4 (write-ahead log).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from parsers.sqlite import header, journal, wal
from parsers.sqlite.pages import Pages


@dataclass(frozen=True, slots=True)
class View:
    """The pages as they were at one moment.

    `changed` are those that the current view no longer shows so, `touched` all that were written since the
    view before. `whole` says that the pages fit together, so that schema and owners can be read from the
    view itself; `committed` is False for what a transaction wrote that never came to its end.
    """

    pages: Pages
    changed: tuple[int, ...]
    touched: tuple[int, ...]
    whole: bool = True
    committed: bool = True


def views(current: Pages) -> Iterator[View]:
    """All views but the current one, oldest first within each file; each is good until the next is asked for."""
    if current.log:
        yield from _main_before_the_log(current)
        yield from _commits(current, current.log)
    if current.files.wal:
        yield from _behind_the_log(current)
    if current.files.journal:
        yield from _journal(current)


def _main_before_the_log(current: Pages) -> Iterator[View]:
    assert current.log
    head = header.parse(header.first_page(current.files.main))
    if head is None or head.page_size != current.header.page_size:
        return
    present = current.files.main.size // head.page_size
    hidden = tuple(sorted(page for page in current.log.latest if page <= present))
    pages = Pages(current.files, head, head.trusted_count or present, None, current.originals, current.limit)
    yield View(pages, hidden, hidden)


def _commits(current: Pages, log: wal.Wal) -> Iterator[View]:
    """The view after each commit that wrote pages which a later one replaced."""
    assert current.files.wal
    step = wal.FRAME_HEADER + log.page_size
    latest: dict[int, int] = {}
    changed: set[int] = set()
    for offset in range(wal.HEADER, wal.HEADER + log.committed * step, step):
        page, size_after = _frame_header(current, offset)
        latest[page] = offset
        changed.add(page)
        if not size_after:
            continue
        then = wal.Wal(log.page_size, latest, size_after, log.commits)
        replaced = tuple(sorted(page for page in changed if log.latest.get(page) != latest[page]))
        head = header.parse(_first(current, latest))
        if head and replaced:
            pages = Pages(current.files, head, size_after, then, current.originals, current.limit)
            yield View(pages, replaced, tuple(sorted(changed)))
            changed.clear()


def _frame_header(current: Pages, offset: int) -> tuple[int, int]:
    assert current.files.wal
    head = current.files.wal.read(offset, 8)
    return int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")


def _first(current: Pages, latest: dict[int, int]) -> bytes:
    if 1 in latest and current.files.wal:
        return current.files.wal.read(latest[1] + wal.FRAME_HEADER, header.SIZE)
    return current.files.main.read(0, header.SIZE)


def _behind_the_log(current: Pages) -> Iterator[View]:
    """Frames past the last commit: valid ones that were not committed, then those of earlier rounds of the log."""
    file = current.files.wal
    assert file
    log = current.log or wal.load(file)
    page_size = current.header.page_size
    if log and log.page_size != page_size:
        return
    step = wal.FRAME_HEADER + page_size
    for number in range(log.committed if log else 0, (file.size - wal.HEADER) // step):
        offset = wal.HEADER + number * step
        page, _ = _frame_header(current, offset)
        if 0 < page <= current.limit:
            lone = wal.Wal(page_size, {page: offset})
            pages = Pages(current.files, current.header, current.count, lone, current.originals, current.limit)
            yield View(pages, (page,), (page,), whole=False, committed=not log or number >= log.valid)


def _journal(current: Pages) -> Iterator[View]:
    """What a hot journal hides was never committed; a finished one left behind shows the pages of before."""
    file = current.files.journal
    assert file
    if current.originals:
        hidden = tuple(sorted(page for page in current.originals if page <= current.limit))
        plain = Pages(current.files, current.header, current.count, None, None, current.limit)
        yield View(plain, hidden, hidden, whole=False, committed=False)
        return
    for group in journal.leftover(file, current.header.page_size, current.limit):
        before = dict(group)
        head = header.parse(file.read(before[1], header.SIZE)) if 1 in before else None
        whole = head is not None and head.page_size == current.header.page_size
        pages = Pages(
            current.files, head if head and whole else current.header, current.count, None, before, current.limit
        )
        changed = tuple(sorted(before))
        yield View(pages, changed, changed, whole=whole)
