"""Which deleted objects lay claim to the same bytes."""

from collections.abc import Iterable

from forensic.sources.runs import SPARSE, Run


class Claims:
    """Byte runs of one medium, each claimed by a numbered object."""

    def __init__(self) -> None:
        self._claims: list[tuple[int, int, int]] = []

    def add(self, owner: int, runs: Iterable[Run]) -> None:
        self._claims.extend((run.offset, run.offset + run.length, owner) for run in runs if run.offset != SPARSE)

    def contested(self) -> set[int]:
        """The owners that share at least one byte with another owner."""
        shared: set[int] = set()
        # Of the claims swept so far: the one that reaches furthest, and the furthest of any other owner.
        first_end, first_owner, second_end, second_owner = 0, -1, 0, -1
        for start, end, owner in sorted(self._claims):
            if start < first_end and owner != first_owner:
                shared |= {owner, first_owner}
            if start < second_end and owner != second_owner:
                shared |= {owner, second_owner}
            if owner == first_owner:
                first_end = max(first_end, end)
            elif end > first_end:
                second_end, second_owner = first_end, first_owner
                first_end, first_owner = end, owner
            elif end > second_end:
                second_end, second_owner = end, owner
        return shared
