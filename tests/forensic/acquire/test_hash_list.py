"""The list of block hashes reads back as it was written, and any other text is refused."""

import hashlib
import io
import subprocess

import pytest

from chain_of_custody.errors import IntegrityError
from forensic.acquire.hash_list import HashList, lines, parsed
from forensic.acquire.pipeline import image

BLOCK = 1 << 20


@pytest.mark.parametrize("size", [0, 1, BLOCK, BLOCK + 1, 5 * BLOCK])
def test_round_trip(size):
    hashes = hashlib.shake_256(b"x").digest(32 * -(-size // BLOCK))
    assert parsed(lines(size, hashes)) == HashList(size, hashes)


def test_every_line_can_be_checked_with_dd(tmp_path, faulty, made_of):
    source = faulty(made_of(2 * BLOCK + 9))
    file = tmp_path / "image"
    with file.open("xb", buffering=0) as sink:
        result = image(source, [sink])
    text = b"".join(lines(result.reached, result.block_hashes)).decode().splitlines()
    assert text[0] == f"forensic-block-hashes 1\tsha256\t{BLOCK}\t{source.size}"
    for index, line in enumerate(text[1:]):
        dd = ["dd", f"if={file}", "bs=1M", f"skip={index}", "count=1", "status=none"]
        block = subprocess.run(dd, capture_output=True, check=True).stdout
        digest = subprocess.run(["sha256sum"], input=block, capture_output=True, check=True).stdout.split()[0]
        assert line == f"{index * BLOCK}\t{digest.decode()}"


def test_a_number_of_hashes_that_does_not_fit():
    with pytest.raises(ValueError):
        list(lines(BLOCK + 1, bytes(32)))


GOOD = b"".join(lines(2 * BLOCK + 5, bytes(96)))


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (b"", 1),
        (GOOD.replace(b"hashes 1", b"hashes 2"), 1),
        (GOOD.replace(b"\t1048576\t", b"\t4096\t"), 1),
        (GOOD.replace(b"\n0\t", b"\n1\t"), 2),
        (GOOD.replace(b"00\n1048576", b"0g\n1048576"), 2),
        (GOOD[:-1], 4),
        (GOOD[: GOOD.rindex(b"2097152")], 4),
        (GOOD + b"3145728\t" + b"00" * 32 + b"\n", 5),
        (GOOD.replace(b"\n", b"\r\n"), 1),
    ],
)
def test_anything_else_is_refused_by_line(broken, line):
    with pytest.raises(IntegrityError) as caught:
        parsed(io.BytesIO(broken))
    assert caught.value.facts["line"] == line
