"""The map of blocks in use, against a list of booleans."""

from hypothesis import given
from hypothesis import strategies as st

from forensic.sources.allocation import Allocation
from forensic.sources.runs import Run

FLAGS = st.lists(st.booleans(), max_size=80)


def stretches(flags: list[bool], start: int = 0) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for block in range(start, len(flags)):
        if flags[block]:
            continue
        if found and sum(found[-1]) == block:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((block, 1))
    return found


@given(FLAGS, st.integers(0, 90))
def test_free_stretches(flags: list[bool], start: int) -> None:
    allocation = Allocation.from_flags(bytes(flags), 512, 1000)
    assert [allocation.in_use(block) for block in range(len(flags))] == flags
    assert allocation.in_use(len(flags))
    assert list(allocation.free()) == stretches(flags)
    assert list(allocation.free_from(start)) == stretches(flags, start)
    assert list(allocation.free_runs()) == [Run(1000 + 512 * at, 512 * count) for at, count in stretches(flags)]


@given(FLAGS, st.integers(0, 60_000), st.integers(1, 9000))
def test_pieces_cover_the_run_and_tell_use(flags: list[bool], offset: int, length: int) -> None:
    allocation = Allocation.from_flags(bytes(flags), 512, 1000)
    offset += 1000
    pieces = list(allocation.pieces(Run(offset, length)))
    assert sum(piece.length for piece, _used in pieces) == length
    at = offset
    for piece, used in pieces:
        assert piece.offset == at
        at += piece.length
        for byte in {piece.offset, piece.offset + piece.length - 1}:
            block = (byte - 1000) // 512
            assert used == (flags[block] if block < len(flags) else True)
