"""One pass over a source: read, write and hash at the same time."""

import hashlib
import io
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chain_of_custody import hashing
from chain_of_custody.errors import Cancelled, EvidenceError, ForensicError
from chain_of_custody.progress import Progress, silent
from forensic.acquire.lanes import Lane, Lanes, Sink, Writer
from forensic.acquire.origin import ReadAt
from forensic.acquire.reader import SourceGone, SteadyReader
from forensic.sources.medium import BLOCK
from forensic.sources.runs import Run

BLOCK_DIGEST = 32


@dataclass(frozen=True, slots=True)
class Result:
    """What one pass got. `size` is the source's, `reached` how far the pass came, both in bytes.

    `digests` (lower-case hexadecimal by algorithm) and `block_hashes` (SHA-256 of each MiB, 32 bytes each, the
    last block shorter) cover exactly the `reached` bytes that were written. `unreadable` lists what
    reads as zeros there because it could not be read. `stopped` says why the pass ended early, None where it did not.
    """

    size: int
    reached: int
    digests: dict[str, str]
    unreadable: tuple[Run, ...]
    block_hashes: bytes
    seconds: float
    stopped: ForensicError | None

    @property
    def verdict(self) -> str:
        """`complete`, `holes` (whole length, some of it unreadable) or `incomplete`."""
        if self.stopped or self.reached != self.size:
            return "incomplete"
        return "holes" if self.unreadable else "complete"


def image(
    source: ReadAt, sinks: Sequence[Sink], algorithms: Iterable[str] = ("sha256",), progress: Progress = silent
) -> Result:
    """Reads the whole source once into every sink.

    A source that goes away and a stop asked for through `progress` end the pass between two blocks: the result
    then is `incomplete` and carries the error in `stopped`, for the caller to raise once the part is taken in.
    Raises `EvidenceError` for an empty source and `CannotWrite` where a sink fails; what that sink holds is then
    a part of the image from its beginning.
    """
    if source.size <= 0:
        raise EvidenceError("acquire-source-empty")
    progress.start("acquire-imaging", source.size)
    return one_pass(source, [Writer(sink).write for sink in sinks], algorithms, progress)


def one_pass(source: ReadAt, writers: Sequence[Lane], algorithms: Iterable[str], progress: Progress) -> Result:
    """The pass itself: every block goes to every writer and every digest."""
    began = time.monotonic()
    running = {name: hashing.new(name) for name in algorithms}
    block_hashes = io.BytesIO()
    reader = SteadyReader(source, progress)
    stopped: ForensicError | None = None
    done = 0
    lanes: list[Lane] = [*writers, *(digest.update for digest in running.values())]
    lanes.append(lambda block: block_hashes.write(hashlib.sha256(block).digest()))
    with Lanes(lanes) as belt:
        try:
            while done < source.size:
                buffer = belt.buffer()
                block = buffer[: min(BLOCK, source.size - done)]
                reader.fill(done, block)
                belt.send(buffer, block)
                done += len(block)
                progress.advance(len(block))
            reader.check_size(done)
        except (Cancelled, SourceGone) as error:
            stopped = error
        belt.finish()
    digests = {name: digest.hexdigest() for name, digest in running.items()}
    seconds = time.monotonic() - began
    return Result(source.size, done, digests, reader.unreadable, block_hashes.getvalue(), seconds, stopped)
