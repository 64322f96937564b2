"""The sweep: regions, nesting, order, cost."""

import gzip
import random
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Protocol

import pytest

from chain_of_custody.errors import Cancelled, EvidenceError
from chain_of_custody.finding import Finding
from chain_of_custody.progress import Silent, silent
from forensic.carve import inflating
from forensic.carve import sweep as sweeping
from forensic.carve.enrolled import chosen, formats
from forensic.carve.format import OUTPUT_LIMIT, Status
from forensic.carve.sweep import Find, regions_in_order, sweep
from forensic.sources.medium import Memory
from forensic.sources.runs import SPARSE, Run

Carve = Callable[..., list[Find]]


class Sample(Protocol):
    data: bytes


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def test_regions_sorted_joined_and_cut() -> None:
    runs = [Run(500, 100), Run(SPARSE, 40), Run(0, 100), Run(100, 50), Run(120, 60), Run(590, 100), Run(9000, 5)]
    assert regions_in_order(runs, 600) == (Run(0, 180), Run(500, 100))


def test_a_file_goes_on_through_touching_regions_only(samples: dict[str, Sample], carve: Carve) -> None:
    data = samples["png"].data
    half = len(data) // 2
    whole = carve(data, Run(half, len(data) - half), Run(0, half))
    assert [(f.offset, f.length, f.status) for f in whole] == [(0, len(data), Status.VALID)]
    parted = data[:half] + bytes(512) + data[half:]
    found = carve(parted, Run(0, half), Run(half + 512, len(data) - half))
    assert [(f.offset, f.status) for f in found] == [(0, Status.TRUNCATED)]
    assert carve(data, Run(1, len(data) - 1)) == []


def test_every_alignment_across_a_chunk_border(
    samples: dict[str, Sample], carve: Carve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "CHUNK", 4096)
    for name in ("mp4", "jpeg", "webp"):
        data = samples[name].data
        for start in range(4080, 4100):
            finds = carve(bytes(start) + data + bytes(5000))
            assert [(f.offset, f.length, f.status) for f in finds] == [(start, len(data), Status.VALID)]


def test_nested_left_out_unless_asked_for(samples: dict[str, Sample], carve: Carve) -> None:
    data = bytes(300) + samples["zip-picture"].data
    assert [f.format for f in carve(data)] == ["zip"]
    outer, inner = carve(data, nested=True)
    assert (outer.format, outer.parent) == ("zip", None)
    assert (inner.format, inner.parent, inner.length) == ("jpeg", 300, len(samples["jpeg"].data))


def test_thumbnail_is_part_of_its_picture_even_of_half_a_picture(samples: dict[str, Sample], carve: Carve) -> None:
    data = samples["jpeg-thumbnail"].data
    assert [f.offset for f in carve(data)] == [0]
    assert [(f.offset, f.status) for f in carve(data[:-500])] == [(0, Status.TRUNCATED)]
    assert [(f.format, f.parent) for f in carve(data, nested=True)] == [("jpeg", None), ("jpeg", 0)]


def test_members_and_frames_are_no_files_of_their_own(samples: dict[str, Sample], carve: Carve) -> None:
    for name in ("mp3-tagged", "mp3-counted", "gzip-two", "zip-stored"):
        assert len(carve(samples[name].data, nested=True)) == 1
        assert len(carve(samples[name].data[:-300])) == 1


def test_half_a_file_does_not_swallow_the_next(samples: dict[str, Sample], carve: Carve) -> None:
    for first in ("jpeg", "png", "gif", "zip", "mp4", "bmp", "wav", "sqlite", "pdf", "7z", "rar-4"):
        for second in ("jpeg", "png", "zip", "pdf", "gzip"):
            half = samples[first].data[: len(samples[first].data) // 2]
            data = half + samples[second].data
            whole = [f for f in carve(data) if f.offset == len(half)]
            assert [(f.length, f.status) for f in whole] == [(len(samples[second].data), Status.VALID)], (first, second)


def test_valid_file_that_a_broken_one_of_its_kind_runs_into(carve: Carve) -> None:
    whole = gzip.compress(noise(3000, 4), mtime=0)
    short = gzip.compress(noise(3000, 5) + bytes(9000), mtime=0)[:-9]
    finds = carve(short + whole)
    assert finds[0].status is not Status.VALID
    assert [(f.offset, f.length) for f in finds if f.status is Status.VALID] == [(len(short), len(whole))]


def test_archive_of_many_members_is_measured_once(carve: Carve) -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(3000):
            archive.writestr(f"{number}.txt", b"text")
    data = out.getvalue()
    begun = time.monotonic()
    assert len(carve(data, nested=True)) == 1
    assert len(carve(data[: len(data) // 2])) == 1
    assert len(carve(data[:35] + b"TEXT" + data[39:])) == 1
    assert time.monotonic() - begun < 3


def test_picture_in_half_an_archive_names_its_parent(samples: dict[str, Sample], carve: Carve) -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("p.jpg", samples["jpeg"].data)
        archive.writestr("b.bin", noise(4000, 1))
    finds = carve(out.getvalue()[:-1000])
    assert [(f.format, f.status, f.parent) for f in finds] == [
        ("zip", Status.TRUNCATED, None),
        ("jpeg", Status.VALID, 0),
    ]


def test_random_bytes_hold_no_files() -> None:
    data = noise(16 << 20, 2024)
    assert list(sweep(Memory(data), [Run(0, len(data))], formats(), silent)) == []


def test_same_finds_every_time_in_order(samples: dict[str, Sample], carve: Carve) -> None:
    data = b"".join(noise(100 + n, n) + s.data for n, s in enumerate(samples.values()))
    first = carve(data)
    assert carve(data) == first
    assert [f.offset for f in first] == sorted({f.offset for f in first})
    assert len([f for f in first if f.status is Status.VALID]) == len(samples)


@pytest.mark.parametrize(
    "unit",
    [b"\xff\xfb\x90\x64", b"BM", b"\xff\xd8\xff\xe0", b"PK\x03\x04\x14\0\0\0\x08\0", b"\x1f\x8b\x08\0", b"GIF89a",
     b"%PDF-1.4\n1 0 obj", b"\0\0\0\x18ftypisom", b"ID3\x03\0\0\0\0\0\0", b"Rar!\x1a\x07\0", b"SQLite format 3\0"],
)  # fmt: skip
def test_floods_of_signatures_are_cheap(carve: Carve, unit: bytes) -> None:
    data = unit * ((1 << 18) // len(unit))
    begun = time.monotonic()
    assert [f for f in carve(data) if f.status is Status.VALID] == []
    assert time.monotonic() - begun < 3


def test_bomb_is_given_up(carve: Carve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "OUTPUT", 1 << 22)
    data = gzip.compress(bytes(1 << 24), mtime=0)
    (find,) = carve(data)
    assert (find.status, find.reason) == (Status.TRUNCATED, OUTPUT_LIMIT)
    assert find.length < len(data)


class Scratched:
    """A medium on which one sector cannot be read."""

    def __init__(self, data: bytes, bad: int) -> None:
        self._data = data
        self._bad = bad

    @property
    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        if offset < self._bad + 512 and offset + length > self._bad:
            raise EvidenceError("carve-cut")
        return self._data[offset : offset + length]


def test_unreadable_sector_is_told_once_and_the_rest_is_swept(samples: dict[str, Sample]) -> None:
    data = bytes(8192) + samples["png"].data + bytes(512)
    medium = Scratched(data, 1024)
    told: list[Finding] = []
    finds = list(sweep(medium, [Run(0, len(data))], formats(), silent, fault=told.append))
    assert [(f.offset, f.status) for f in finds] == [(8192, Status.VALID)]
    assert {f.code for f in told} == {"carve-unreadable"}
    assert all(1024 <= int(f.facts["offset"] or 0) + int(f.facts["length"] or 0) <= 2048 for f in told)
    with pytest.raises(EvidenceError):
        list(sweep(medium, [Run(0, len(data))], formats(), silent))


def test_progress_counts_every_byte_and_can_stop(samples: dict[str, Sample]) -> None:
    class Counting(Silent):
        total = done = 0

        def start(self, phase: str, total: int | None, unit: str = "bytes") -> None:
            self.total = total or 0

        def advance(self, amount: int) -> None:
            self.done += amount

    class Stopping(Silent):
        def advance(self, amount: int) -> None:
            raise Cancelled("carve-cut")

    data = samples["sqlite"].data + bytes(5 << 20)
    counting = Counting()
    list(sweep(Memory(data), [Run(0, len(data))], formats(), counting))
    assert counting.done == counting.total == len(data)
    with pytest.raises(Cancelled):
        list(sweep(Memory(data), [Run(0, len(data))], chosen(["png"]), Stopping()))
