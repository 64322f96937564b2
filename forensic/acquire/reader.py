"""Reads a source from front to back: gets what can be got, zeros for what cannot, and knows a dead device.

A read that fails is halved down to the sector; a sector that fails is tried again. What stays unreadable is
filled with zeros and recorded. A source that has gone away raises `SourceGone`: it never yields a row of
zeros in the place of bytes that nobody tried to read.
"""

import errno
import os

from chain_of_custody.errors import Unavailable
from chain_of_custody.progress import Progress, silent
from forensic.acquire.origin import ReadAt
from forensic.sources.runs import Run, merged

RETRIES = 2
GIVE_UP = 64

_UNREADABLE = frozenset(  # what Linux answers for a bad place on a medium that is there (block/blk-core.c)
    (errno.EIO, errno.ENODATA, errno.EILSEQ, errno.EBADMSG, errno.EREMOTEIO, errno.ETIMEDOUT)
)
_PROBES = 16


class SourceGone(Unavailable):
    """The source vanished, changed size, or answers nowhere any more. `offset` is how far the bytes are good."""

    def __init__(self, message_id: str, /, *, offset: int, **facts: object) -> None:
        super().__init__(message_id, hint="acquire-source-gone-hint", offset=offset, **facts)
        self.offset = offset


class SteadyReader:
    """`retries` further tries for each sector. After `give_up` sectors in a row without one good read, single
    sectors all over the medium are tried, past every cache: if none answers, the device is taken for dead; if one
    does, the place is bad and the device is not, and reading goes on.
    """

    def __init__(
        self, source: ReadAt, progress: Progress = silent, *, retries: int = RETRIES, give_up: int = GIVE_UP
    ) -> None:
        self._source = source
        self._progress = progress
        self._retries = retries
        self._give_up = give_up
        self._failed_in_row = 0
        self._failing_since = 0
        self._bad: list[Run] = []

    @property
    def unreadable(self) -> tuple[Run, ...]:
        """What was filled with zeros in the blocks that were filled, neighbours joined, in order."""
        return merged(self._bad)

    def fill(self, offset: int, into: memoryview) -> None:
        """The bytes from `offset` on, all of `into`. Raises `SourceGone`; `Cancelled` may come from within a bad
        area, where every sector can take seconds."""
        bad: list[Run] = []
        waiting = [(offset, len(into))]
        careful = False
        while waiting:
            start, length = waiting.pop()
            part = into[start - offset : start - offset + length]
            got = self._attempt(start, part, careful=careful)
            if got == length:
                continue
            careful = True
            if got:
                waiting.append((start + got, length - got))
                continue
            middle = (start + length // 2) // self._source.sector * self._source.sector
            if middle <= start:
                middle = (start // self._source.sector + 1) * self._source.sector
            if middle < start + length:
                waiting += [(middle, start + length - middle), (start, middle - start)]
            elif not self._retried(start, part):
                part[:] = bytes(length)
                bad.append(Run(start, length))
                self._count_failure(start)
        for run in merged(bad):
            self._bad.append(run)
            self._progress.remark("acquire-unreadable", offset=run.offset, length=run.length)

    def check_size(self, offset: int) -> None:
        """Raises `SourceGone`, good up to `offset`, where the source is not as long as it was at the opening."""
        now = self._measure()
        if now != self._source.size:
            raise self._gone("acquire-source-resized", min(now, offset), now=now, was=self._source.size)

    def _attempt(self, offset: int, into: memoryview, *, careful: bool) -> int:
        """Bytes read, 0 for a read that failed on the medium."""
        try:
            got = self._source.read_into(offset, into, past_cache=careful)
        except OSError as error:
            if error.errno not in _UNREADABLE:
                raise self._gone("acquire-source-gone", offset, reason=os.strerror(error.errno or 0)) from error
            self.check_size(offset)
            return 0
        if got == 0:
            raise self._gone("acquire-source-ended", offset, size=self._source.size)
        self._failed_in_row = 0
        return got

    def _retried(self, offset: int, into: memoryview) -> bool:
        return any(self._attempt(offset, into, careful=True) == len(into) for _ in range(self._retries))

    def _count_failure(self, offset: int) -> None:
        if self._failed_in_row == 0:
            self._failing_since = offset
        self._failed_in_row += 1
        self._progress.advance(0)
        if self._failed_in_row >= self._give_up:
            if not self._answers():
                raise SourceGone("acquire-source-silent", offset=self._failing_since, sectors=self._failed_in_row)
            self._failed_in_row = 0

    def _answers(self) -> bool:
        """Whether any of a few sectors spread from the first to the last can still be read."""
        last = (self._source.size - 1) // self._source.sector
        probe = memoryview(bytearray(self._source.sector))
        for step in range(_PROBES + 1):
            offset = last * step // _PROBES * self._source.sector
            try:
                if self._source.read_into(offset, probe, past_cache=True):
                    return True
            except OSError:
                continue
        return False

    def _measure(self) -> int:
        try:
            return self._source.size_now()
        except OSError:
            return 0

    def _gone(self, message_id: str, offset: int, **facts: object) -> SourceGone:
        return SourceGone(message_id, offset=self._failing_since if self._failed_in_row else offset, **facts)
