"""Reading back names the first MiB that is not what was written."""

import pytest

from chain_of_custody.errors import Cancelled
from forensic.acquire.origin import opened
from forensic.acquire.pipeline import image
from forensic.acquire.read_back import read_back

BLOCK = 1 << 20
SIZE = 5 * BLOCK + 1000


@pytest.fixture
def written(tmp_path, made_of):
    source, target = tmp_path / "source", tmp_path / "image"
    source.write_bytes(made_of(SIZE))
    with opened(source) as origin, target.open("xb", buffering=0) as sink:
        return target, image(origin, [sink])


def again(target, result, *progress):
    with target.open("rb") as file:
        return read_back(file.fileno(), result.reached, result.block_hashes, *progress)


def test_the_same(written):
    back = again(*written)
    assert (back.same, back.differs_at, back.size) == (True, None, SIZE)
    assert back.digests == written[1].digests


@pytest.mark.parametrize("at", [0, BLOCK - 1, BLOCK, 3 * BLOCK + 5, SIZE - 1])
def test_one_bit_is_found_in_its_place(written, at):
    target, result = written
    with target.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))
    back = again(target, result)
    assert not back.same
    assert back.differs_at == at // BLOCK * BLOCK
    assert back.digests != result.digests


@pytest.mark.parametrize(
    ("length", "place"),
    [(0, 0), (2 * BLOCK, 2 * BLOCK), (SIZE - 1, 5 * BLOCK), (SIZE + 1, 5 * BLOCK), (9 * BLOCK, 5 * BLOCK)],
)
def test_a_wrong_length_differs_where_it_ends(written, length, place):
    target, result = written
    with target.open("r+b") as file:
        file.truncate(length)
    assert again(target, result).differs_at == place


def test_a_stop_is_raised(written, remembering):
    with pytest.raises(Cancelled):
        again(*written, remembering(stop_at=BLOCK))
