"""Reads an image again from its disk and names the first place that is not what was written."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from chain_of_custody.errors import CannotWrite
from chain_of_custody.progress import Progress, silent
from forensic.acquire.origin import Descriptor
from forensic.acquire.pipeline import BLOCK_DIGEST, Result, one_pass
from forensic.acquire.reader import SourceGone
from forensic.sources.medium import BLOCK


@dataclass(frozen=True, slots=True)
class ReadBack:
    """`differs_at` is the offset of the first MiB that is not what was written, None where all is the same."""

    size: int
    digests: dict[str, str]
    differs_at: int | None
    seconds: float

    @property
    def same(self) -> bool:
        return self.differs_at is None


def read_back(
    fd: int, size: int, block_hashes: bytes, progress: Progress = silent, *, algorithms: Iterable[str] = ("sha256",)
) -> ReadBack:
    """Compares an image, MiB by MiB, with the size and the block hashes taken when it was written.

    `fd` is open for reading; its pages are flushed and dropped first, so that the bytes come from the disk and not
    from memory. `digests` are those of what was read now. Raises `Cancelled` where it was stopped and `CannotWrite`
    where what was written cannot be brought to the disk.
    """
    try:
        os.fsync(fd)
    except OSError as error:
        raise CannotWrite("acquire-cannot-write", reason=os.strerror(error.errno or 0)) from error
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    held = Descriptor(fd)
    progress.start("acquire-reading-back", held.size)
    again = one_pass(held, (), algorithms, progress)
    if again.stopped and not isinstance(again.stopped, SourceGone):
        raise again.stopped
    return ReadBack(again.reached, again.digests, _first_difference(size, block_hashes, again), again.seconds)


def _first_difference(size: int, block_hashes: bytes, again: Result) -> int | None:
    """A place that cannot be read differs: the zeros that stand for it must not pass for zeros that were read."""
    differing = [run.offset // BLOCK * BLOCK for run in again.unreadable[:1]]
    for at in range(0, min(len(block_hashes), len(again.block_hashes)), BLOCK_DIGEST):
        if block_hashes[at : at + BLOCK_DIGEST] != again.block_hashes[at : at + BLOCK_DIGEST]:
            differing.append(at // BLOCK_DIGEST * BLOCK)
            break
    if size != again.reached or again.stopped:
        differing.append(min(size, again.reached) // BLOCK * BLOCK)
    return min(differing, default=None)
