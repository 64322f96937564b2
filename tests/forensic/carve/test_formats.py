"""Each format finds its files to the byte, says when half is missing, and passes over what only looks like one."""

import random
from collections.abc import Callable
from typing import Protocol

import pytest

from forensic.carve.enrolled import formats
from forensic.carve.format import Status
from forensic.carve.sweep import Find
from forensic.sources.medium import Memory

Carve = Callable[..., list[Find]]
BEFORE = 7919  # no sector boundary


class Sample(Protocol):
    name: str
    format: str
    suffix: str
    data: bytes
    sealed: bool


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def test_found_to_the_byte(sample: Sample, carve: Carve) -> None:
    finds = carve(noise(BEFORE, 1) + sample.data + noise(9000, 2))
    assert [(f.offset, f.length, f.format, f.suffix, f.status) for f in finds] == [
        (BEFORE, len(sample.data), sample.format, sample.suffix, Status.VALID)
    ]
    assert finds[0].checked
    assert finds[0].reason is None


def test_found_at_the_very_edges(sample: Sample, carve: Carve) -> None:
    assert [(f.offset, f.length, f.status) for f in carve(sample.data)] == [(0, len(sample.data), Status.VALID)]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_cut_by_the_end_of_the_medium(sample: Sample, carve: Carve, share: float) -> None:
    cut = int(len(sample.data) * share)
    finds = [f for f in carve(noise(BEFORE, 1) + sample.data[:cut]) if f.offset == BEFORE]
    assert [f.status for f in finds] == [Status.TRUNCATED]
    assert finds[0].length <= cut
    assert finds[0].reason


@pytest.mark.parametrize("share", [0.5, 0.8])
@pytest.mark.parametrize(
    "after", [noise(90000, 3), bytes(90000), b"plain text, " * 8000], ids=["noise", "zeros", "text"]
)
def test_second_half_replaced(sample: Sample, carve: Carve, share: float, after: bytes) -> None:
    """What is not sealed cannot tell: its content carries no check, and only `checked` says so."""
    cut = int(len(sample.data) * share)
    (find,) = (f for f in carve(noise(BEFORE, 1) + sample.data[:cut] + after) if f.offset == BEFORE)
    if sample.sealed:
        assert find.status is not Status.VALID
    if find.status is Status.TRUNCATED:
        assert find.length <= cut + 4096


def test_signature_alone_is_nothing(sample: Sample, carve: Carve) -> None:
    head = sample.data[:12] if sample.format in ("bmp", "wav", "webp", "avi", "mp4") else sample.data[:8]
    for seed in range(20):
        assert carve(noise(1000, seed) + head + noise(70000, seed + 100)) == []
        assert carve(noise(1000, seed) + head + bytes(70000)) == []


def test_every_signature_has_a_sample(samples: dict[str, Sample]) -> None:
    assert {s.format for s in samples.values()} == {f.name for f in formats()}
    for sample in samples.values():
        declared = next(f for f in formats() if f.name == sample.format)
        assert sample.suffix in declared.suffixes
        assert declared.measure(Memory(sample.data)) is not None


def test_what_was_checked(samples: dict[str, Sample], carve: Carve) -> None:
    told = {name: carve(s.data)[0].checked for name, s in samples.items()}
    assert told["png"] == ("chunk-crc",)
    assert told["jpeg"] == ("markers",)
    assert told["jpeg-restarts"] == ("markers", "restart-count")
    assert told["gif"] == ("blocks", "pixel-count")
    assert told["zip"] == ("crc32", "directory")
    assert told["gzip"] == ("inflated", "crc32")
    assert told["mp4"] == ("boxes", "chunk-offsets")
    assert told["mp3-counted"] == ("frames", "frame-count")


@pytest.mark.parametrize(
    ("name", "at"), [("png", -20), ("zip-stored", 5000), ("gzip", -6), ("gzip", 1000), ("7z", -3), ("gif", 1500)]
)
def test_a_changed_byte_is_corrupt(samples: dict[str, Sample], carve: Carve, name: str, at: int) -> None:
    data = bytearray(samples[name].data)
    data[at] ^= 0x55
    finds = [f for f in carve(bytes(data)) if f.offset == 0]
    assert len(finds) == 1
    assert finds[0].status is not Status.VALID
    if name in ("png", "zip-stored", "7z"):
        assert (finds[0].status, finds[0].length) == (Status.CORRUPT, len(data))


def test_pdf_table_that_leads_astray(samples: dict[str, Sample], carve: Carve) -> None:
    data = samples["pdf"].data.replace(b"3 0 obj", b"8 0 obj")
    assert [(f.status, f.length) for f in carve(data)] == [(Status.CORRUPT, len(data))]
