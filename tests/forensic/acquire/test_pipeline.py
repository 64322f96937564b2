"""One pass gives the same bytes and digests as other programs do, and stops honestly."""

import errno
import hashlib
import io
import subprocess
import threading
import tracemalloc

import pytest

from chain_of_custody.errors import Cancelled, CannotWrite, EvidenceError, Unavailable
from forensic.acquire.lanes import Writer
from forensic.acquire.origin import opened
from forensic.acquire.pipeline import image
from forensic.sources.runs import Run

BLOCK = 1 << 20


class FullSink:
    """Takes `room` bytes, then fails as a full disk does."""

    def __init__(self, room, code=errno.ENOSPC):
        self.kept = bytearray()
        self.room = room
        self.code = code

    def write(self, block):
        left = self.room - len(self.kept)
        if left <= 0:
            raise OSError(self.code, "full")
        self.kept += block[:left]
        return min(left, len(block))


def program(name, file):
    return subprocess.run([name, str(file)], capture_output=True, text=True, check=True).stdout.split()[0]


@pytest.mark.parametrize("size", [1, 512, 513, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 70_000])
def test_files_of_any_size(tmp_path, made_of, size):
    source, target = tmp_path / "source", tmp_path / "image"
    source.write_bytes(made_of(size))
    with opened(source) as origin, target.open("xb", buffering=0) as sink:
        result = image(origin, [sink], ("md5", "sha1", "sha256"))
    assert result.verdict == "complete"
    assert result.stopped is None
    assert (result.size, result.reached, result.unreadable) == (size, size, ())
    assert target.read_bytes() == source.read_bytes()
    assert result.digests == {name: program(f"{name}sum", source) for name in ("md5", "sha1", "sha256")}
    data = source.read_bytes()
    blocks = [data[at : at + BLOCK] for at in range(0, size, BLOCK)]
    assert result.block_hashes == b"".join(hashlib.sha256(block).digest() for block in blocks)


def test_an_empty_source_is_refused(tmp_path):
    (tmp_path / "source").touch()
    with opened(tmp_path / "source") as origin, pytest.raises(EvidenceError) as caught:
        image(origin, [io.BytesIO()])
    assert caught.value.exit_code == 4


def test_a_source_longer_than_the_belt_of_buffers(faulty, made_of):
    source = faulty(made_of(40 * BLOCK + 3))
    first, second = io.BytesIO(), io.BytesIO()
    result = image(source, [first, second], ("sha256", "sm3"))
    assert first.getvalue() == second.getvalue() == source.data
    assert result.digests["sha256"] == hashlib.sha256(source.data).hexdigest()
    assert result.digests["sm3"] == hashlib.new("sm3", source.data).hexdigest()


def test_holes_are_part_of_what_was_hashed(faulty, remembering, made_of):
    source = faulty(made_of(3 * BLOCK), bad=(5, 6, 4096))
    target, progress = io.BytesIO(), remembering()
    result = image(source, [target], ("sha256",), progress)
    assert result.verdict == "holes"
    assert result.unreadable == (Run(5 * 512, 1024), Run(4096 * 512, 512))
    assert target.getvalue() == source.with_zeros()
    assert result.digests["sha256"] == hashlib.sha256(target.getvalue()).hexdigest()
    assert [facts["offset"] for _, facts in progress.remarks] == [5 * 512, 4096 * 512]
    assert (progress.phases, progress.done) == ([("acquire-imaging", 3 * BLOCK)], 3 * BLOCK)


def test_a_hole_in_a_buffer_that_was_used_before(faulty, made_of):
    source = faulty(made_of(20 * BLOCK), bad=(18 * 2048 + 3,))
    target = io.BytesIO()
    image(source, [target])
    assert target.getvalue() == source.with_zeros()


@pytest.mark.parametrize("code", [errno.EIO, errno.ENODEV, 0])
def test_a_device_gone_at_forty_percent(faulty, made_of, code):
    source = faulty(made_of(10 * BLOCK), vanish_at=4 * BLOCK + 10 * 512, vanish_with=code)
    target = io.BytesIO()
    result = image(source, [target])
    assert result.verdict == "incomplete"
    assert isinstance(result.stopped, Unavailable)
    assert result.reached == 4 * BLOCK
    assert result.unreadable == ()
    assert target.getvalue() == source.data[: 4 * BLOCK]
    assert result.digests["sha256"] == hashlib.sha256(target.getvalue()).hexdigest()
    assert len(result.block_hashes) == 4 * 32


@pytest.mark.parametrize("later", [2 * BLOCK, 4 * BLOCK])
def test_a_source_that_changes_its_size(faulty, made_of, later):
    source = faulty(made_of(3 * BLOCK), later_size=later)
    result = image(source, [io.BytesIO()])
    assert result.verdict == "incomplete"
    assert isinstance(result.stopped, Unavailable)
    assert result.stopped.facts["now"] == later


def test_a_file_cut_while_it_is_read(tmp_path, made_of):
    source = tmp_path / "source"
    source.write_bytes(made_of(3 * BLOCK))
    with opened(source) as origin:
        with source.open("r+b") as file:
            file.truncate(BLOCK + 100)
        result = image(origin, [io.BytesIO()])
    assert (result.verdict, result.reached, result.unreadable) == ("incomplete", BLOCK, ())


def test_a_stop_falls_between_blocks(faulty, remembering, made_of):
    source, target = faulty(made_of(30 * BLOCK)), io.BytesIO()
    result = image(source, [target], ("sha256",), remembering(stop_at=20 * BLOCK))
    assert isinstance(result.stopped, Cancelled)
    assert (result.verdict, result.reached) == ("incomplete", 20 * BLOCK)
    assert target.getvalue() == source.data[: 20 * BLOCK]
    assert result.digests["sha256"] == hashlib.sha256(target.getvalue()).hexdigest()


@pytest.mark.parametrize(
    ("code", "message"),
    [(errno.ENOSPC, "acquire-no-space"), (errno.EDQUOT, "acquire-no-space"), (errno.EIO, "acquire-cannot-write")],
)
def test_a_sink_that_fails_keeps_a_part_from_the_beginning(faulty, made_of, code, message):
    source, sink = faulty(made_of(30 * BLOCK)), FullSink(2 * BLOCK + 77, code)
    with pytest.raises(CannotWrite) as caught:
        image(source, [sink])
    assert (caught.value.message_id, caught.value.exit_code) == (message, 7)
    assert bytes(sink.kept) == source.data[: 2 * BLOCK + 77]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]


def test_nothing_is_written_after_a_failure_that_passes(faulty, made_of):
    class Hiccup(io.BytesIO):
        calls = 0

        def write(self, block):
            self.calls += 1
            if self.calls == 3:
                raise OSError(errno.EIO, "once")
            return super().write(block)

    source, sink = faulty(made_of(20 * BLOCK)), Hiccup()
    with pytest.raises(CannotWrite):
        image(source, [sink])
    assert sink.getvalue() == source.data[: 2 * BLOCK]


def test_a_sink_that_takes_little_at_a_time_gets_all():
    class Slow(io.BytesIO):
        def write(self, block):
            return super().write(block[:1000])

    sink = Slow()
    Writer(sink).write(memoryview(bytes(range(250)) * 20))
    assert sink.getvalue() == bytes(range(250)) * 20


def test_a_sink_that_takes_nothing_is_an_error():
    class Stuck:
        def write(self, block):
            return 0

    with pytest.raises(CannotWrite) as caught:
        Writer(Stuck()).write(memoryview(b"x"))
    assert caught.value.message_id == "acquire-nothing-written"


def test_an_unknown_algorithm_stops_before_anything_is_read(faulty):
    source = faulty(bytes(512))
    with pytest.raises(ValueError):
        image(source, [io.BytesIO()], ("crc32",))
    assert source.reads == 0


def test_memory_does_not_grow_with_the_source(faulty):
    class Endless:
        size, sector = 200 * BLOCK, 512

        def size_now(self):
            return self.size

        def read_into(self, offset, into, *, past_cache=False):
            return len(into)

    class Nowhere:
        def write(self, block):
            return len(block)

    tracemalloc.start()
    image(Endless(), [Nowhere()])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 * BLOCK
