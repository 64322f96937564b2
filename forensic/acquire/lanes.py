"""Work on blocks that goes on side by side: a thread for each sink and each digest.

hashlib and file writes let go of the interpreter, so the threads share the cores. Sixteen blocks of 1 MiB are in
flight at most.
"""

import errno
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from chain_of_custody.errors import CannotWrite
from forensic.sources.medium import BLOCK

_IN_FLIGHT = 16

Lane = Callable[[memoryview], object]


class Sink(Protocol):
    """Where an image goes: a file opened by the intake. `write` returns how many bytes it took, which may be fewer
    than it was given; the block is used again afterwards, so a sink that keeps it must copy it."""

    def write(self, block: memoryview, /) -> int: ...


class Lanes:
    """Hands each block to every lane, in order within a lane, and takes a buffer back once all are done with it."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = lanes
        self._threads = [ThreadPoolExecutor(1) for _ in lanes]
        self._flying: deque[tuple[memoryview, list[Future[object]]]] = deque()

    def __enter__(self) -> "Lanes":
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.shutdown(wait=False, cancel_futures=True)
        for thread in self._threads:
            thread.shutdown()

    def buffer(self) -> memoryview:
        """A buffer of one block, free to be filled. Raises what a lane raised."""
        return memoryview(bytearray(BLOCK)) if len(self._flying) < _IN_FLIGHT else self._land()

    def send(self, buffer: memoryview, block: memoryview) -> None:
        """Sends `block`, the filled front of `buffer`."""
        futures = [thread.submit(lane, block) for thread, lane in zip(self._threads, self._lanes, strict=True)]
        self._flying.append((buffer, futures))

    def finish(self) -> None:
        while self._flying:
            self._land()

    def _land(self) -> memoryview:
        buffer, futures = self._flying.popleft()
        for future in futures:
            future.result()
        return buffer


class Writer:
    """Writes whole blocks to a sink and nothing more after the first failure, so that no gap arises."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._broken = False

    def write(self, block: memoryview) -> None:
        while block and not self._broken:
            self._broken = True
            block = block[self._taken(block) :]
            self._broken = False

    def _taken(self, block: memoryview) -> int:
        try:
            taken = self._sink.write(block)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            reason = os.strerror(error.errno or 0)
            raise CannotWrite("acquire-no-space" if full else "acquire-cannot-write", reason=reason) from error
        if not taken:
            raise CannotWrite("acquire-nothing-written")
        return taken
