"""Whatever the bytes say, measuring neither raises nor takes long, and never claims bytes that are not there."""

import random
import time
from collections.abc import Callable
from typing import Protocol

from forensic.carve.enrolled import formats
from forensic.carve.format import Status
from forensic.carve.sweep import Find
from forensic.sources.medium import Memory

Carve = Callable[..., list[Find]]


class Sample(Protocol):
    format: str
    data: bytes


EXTREMES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x80", b"\xff\xff\xff\xff\xff\xff\xff\x7f")


def mutated(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if len(out) < 100:
            break
        at = rng.randrange(4, len(out)) if rng.random() < 0.5 else rng.randrange(4, min(200, len(out)))
        match rng.randrange(5):
            case 0:
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                value = rng.choice(EXTREMES)
                out[at : at + len(value)] = value
            case 2:
                del out[at : at + rng.randrange(1, 64)]
            case 3:
                out[at:at] = out[at // 2 : at // 2 + rng.randrange(1, 64)]
            case _:
                del out[max(at, 40) :]
    return bytes(out)


def test_mutations(sample: Sample) -> None:
    rng = random.Random(sample.data[:64])
    (format_,) = (f for f in formats() if f.name == sample.format)
    slowest = 0.0
    for _ in range(60):
        medium = Memory(mutated(sample.data, rng))
        begun = time.monotonic()
        extent = format_.measure(medium)
        slowest = max(slowest, time.monotonic() - begun)
        if extent is not None:
            assert 0 < extent.length <= medium.size
            assert extent.suffix in format_.suffixes
            assert (extent.reason is None) == (extent.status is Status.VALID)
    assert slowest < 1


def test_every_format_on_every_sample(sample: Sample) -> None:
    for format_ in formats():
        extent = format_.measure(Memory(sample.data))
        assert extent is None or format_.name == sample.format


def test_every_short_beginning(sample: Sample) -> None:
    (format_,) = (f for f in formats() if f.name == sample.format)
    for size in (n for n in (*range(130), *range(500, 640)) if n < len(sample.data)):
        extent = format_.measure(Memory(sample.data[:size]))
        assert extent is None or (extent.length <= size and extent.status is not Status.VALID)


def test_mutated_medium(samples: dict[str, Sample], carve: Carve) -> None:
    rng = random.Random(99)
    for _ in range(5):
        data = b"".join(mutated(s.data, rng) for s in samples.values())
        for find in carve(data, nested=True):
            assert 0 <= find.offset < find.end <= len(data)
            assert find.parent is None or find.parent <= find.offset
