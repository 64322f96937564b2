"""All signatures as one Hyperscan database: one pass finds every place where a file may begin."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import groupby

import hyperscan

from forensic.carve.format import Format

REACH = 1 << 16  # a signature ends at most this many bytes after the first byte of its file


class Signatures:
    """The signatures of some formats, ready to scan with."""

    def __init__(self, formats: Sequence[Format]) -> None:
        self._formats = tuple(formats)
        self._owner = [(number, s.offset) for number, f in enumerate(self._formats) for s in f.signatures]
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=[s.pattern for f in self._formats for s in f.signatures],
            ids=list(range(len(self._owner))),
            elements=len(self._owner),
            flags=hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_SOM_LEFTMOST,
        )

    def starts(self, data: bytes, size: int) -> Iterator[tuple[int, tuple[Format, ...]]]:
        """Where in the first `size` bytes of `data` files may begin, in order, and of which formats."""
        hits = array("Q")
        count = len(self._formats)

        def hit(signature: int, start: int, _end: int, _flags: int, _context: object) -> None:
            number, offset = self._owner[signature]
            if offset <= start < size + offset:
                hits.append((start - offset) * count + number)

        self._database.scan(data, match_event_handler=hit)
        for start, packed in groupby(sorted(hits), key=lambda hit: hit // count):
            yield start, tuple(self._formats[number] for number in sorted({hit % count for hit in packed}))
