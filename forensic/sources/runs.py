"""Where bytes lie on a medium: an ordered list of (offset, length) in bytes.

A `SPARSE` offset stands for a run that the file system never stored and that reads as zeros.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from forensic.sources.medium import BLOCK, Medium

SPARSE = -1


class Run(NamedTuple):
    """Bytes [offset, offset+length) of the whole medium; both in bytes."""

    offset: int
    length: int


def merged(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The same bytes in the same order, neighbours that touch joined into one run."""
    joined: list[Run] = []
    for run in runs:
        if run.length <= 0:
            continue
        last = joined[-1] if joined else None
        if last and last.offset == SPARSE == run.offset:
            joined[-1] = Run(SPARSE, last.length + run.length)
        elif last and SPARSE not in (last.offset, run.offset) and last.offset + last.length == run.offset:
            joined[-1] = Run(last.offset, last.length + run.length)
        else:
            joined.append(run)
    return tuple(joined)


def trimmed(runs: Iterable[Run], size: int) -> tuple[Run, ...]:
    """The first `size` bytes of the runs: a file ends inside its last cluster."""
    kept: list[Run] = []
    for run in runs:
        if size <= 0:
            break
        kept.append(Run(run.offset, min(run.length, size)))
        size -= kept[-1].length
    return tuple(kept)


def read(medium: Medium, runs: Iterable[Run]) -> Iterator[bytes]:
    """The bytes of the runs, in blocks of at most 1 MiB."""
    for run in runs:
        done = 0
        while done < run.length:
            want = min(BLOCK, run.length - done)
            data = bytes(want) if run.offset == SPARSE else medium.read(run.offset + done, want)
            if not data:
                return
            yield data
            done += len(data)


def sha256(medium: Medium, runs: Iterable[Run]) -> str:
    """SHA-256 of the bytes of the runs, lower-case hexadecimal."""
    digest = hashlib.sha256()
    for block in read(medium, runs):
        digest.update(block)
    return digest.hexdigest()
