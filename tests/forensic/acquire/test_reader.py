"""Bad sectors are filled and named exactly; a dead device is never a row of zeros."""

import errno

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_of_custody.errors import Cancelled, Unavailable
from forensic.acquire.reader import GIVE_UP, SourceGone, SteadyReader
from forensic.sources.runs import Run

BLOCK = 1 << 20
PER_BLOCK = BLOCK // 512


def read_all(reader, size, block=BLOCK):
    whole = bytearray(b"\xee" * size)  # buffers are used again: what stood in them before must not come through
    for offset in range(0, size, block):
        reader.fill(offset, memoryview(whole)[offset : offset + block])
    return bytes(whole)


@pytest.mark.parametrize("kernel", [False, True])
@pytest.mark.parametrize(
    ("bad", "runs"),
    [
        ((0,), [(0, 1)]),
        ((7,), [(7, 1)]),
        ((PER_BLOCK - 1, PER_BLOCK), [(PER_BLOCK - 1, 2)]),
        ((PER_BLOCK,), [(PER_BLOCK, 1)]),
        ((100, 101, 102, 104, 200), [(100, 3), (104, 1), (200, 1)]),
        ((2 * PER_BLOCK + 4,), [(2 * PER_BLOCK + 4, 1)]),
        (tuple(range(500, 500 + 3 * GIVE_UP)), [(500, 3 * GIVE_UP)]),
        (tuple(range(2 * GIVE_UP)), [(0, 2 * GIVE_UP)]),
        (tuple(range(2 * PER_BLOCK + 5 - 2 * GIVE_UP, 2 * PER_BLOCK + 5)), [(2 * PER_BLOCK + 5 - 128, 128)]),
    ],
    ids=["first", "inside", "across blocks", "block start", "several", "last", "wide", "wide start", "wide end"],
)
def test_bad_sectors_are_zeros_and_nothing_else_is(faulty, remembering, made_of, bad, runs, kernel):
    source = faulty(made_of(2 * BLOCK + 5 * 512), bad=bad, kernel=kernel)
    progress = remembering()
    reader = SteadyReader(source, progress)
    assert read_all(reader, source.size) == source.with_zeros()
    assert reader.unreadable == tuple(Run(start * 512, count * 512) for start, count in runs)
    assert sum(facts["length"] for _, facts in progress.remarks) == len(bad) * 512


@settings(max_examples=60, deadline=None)
@given(
    bad=st.sets(st.integers(0, 79)),
    sector=st.sampled_from([512, 4096]),
    tail=st.integers(1, 511),
    kernel=st.booleans(),
    code=st.sampled_from([errno.EIO, errno.ENODATA, errno.EILSEQ]),
)
def test_any_pattern_of_bad_sectors(faulty, made_of, bad, sector, tail, kernel, code):
    source = faulty(made_of(79 * sector + tail), sector=sector, bad=tuple(bad - {40}), kernel=kernel, bad_errno=code)
    reader = SteadyReader(source, give_up=200)
    assert read_all(reader, source.size, block=16 * sector) == source.with_zeros()
    named = {
        s for run in reader.unreadable for s in range(run.offset // sector, -(-(run.offset + run.length) // sector))
    }
    assert named == bad - {40}
    assert sum(run.length for run in reader.unreadable) == sum(tail if s == 79 else sector for s in bad - {40})


def test_a_sector_is_tried_three_times(faulty, made_of):
    data = made_of(4 * 512)
    assert read_all(SteadyReader(faulty(data, flaky={2: 4})), len(data)) == data
    source = faulty(data[:512], flaky={0: 3})
    reader = SteadyReader(source)
    read_all(reader, 512)
    assert reader.unreadable == (Run(0, 512),)
    assert source.reads == 3


@pytest.mark.parametrize(
    "code", [errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOMEDIUM, errno.ESHUTDOWN, errno.EINVAL, 0]
)
def test_a_device_that_vanishes_is_not_filled_in(faulty, made_of, code):
    size = 5 * BLOCK
    source = faulty(made_of(size), vanish_at=size * 2 // 5, vanish_with=code)
    reader = SteadyReader(source)
    with pytest.raises(SourceGone) as caught:
        read_all(reader, size)
    assert isinstance(caught.value, Unavailable)
    assert caught.value.exit_code == 8
    assert caught.value.offset == size * 2 // 5
    assert caught.value.text("zh") != caught.value.text("en")
    assert reader.unreadable == ()


def test_a_device_that_dies_inside_a_block_costs_few_reads(faulty, made_of):
    source = faulty(made_of(2 * BLOCK), vanish_at=BLOCK + 1)
    with pytest.raises(SourceGone):
        read_all(SteadyReader(source), source.size)
    assert source.reads < 5 * GIVE_UP


def test_a_source_that_shrinks_is_gone(faulty, made_of):
    source = faulty(made_of(BLOCK), bad=(8,), later_size=4096)
    with pytest.raises(SourceGone) as caught:
        read_all(SteadyReader(source), source.size)
    assert caught.value.facts["now"] == 4096
    assert caught.value.offset <= 4096


def test_a_stop_is_heard_inside_a_bad_area(faulty, remembering, made_of):
    source = faulty(made_of(BLOCK), bad=tuple(range(32)))
    with pytest.raises(Cancelled):
        read_all(SteadyReader(source, remembering(stop_at=0)), source.size)
