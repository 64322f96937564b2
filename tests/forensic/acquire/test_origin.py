"""A source is opened for reading only, and its access time stays as it was."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from chain_of_custody.errors import EvidenceError, Unavailable
from forensic.acquire.origin import Descriptor, opened


def test_a_file_is_opened_for_reading_only(tmp_path, monkeypatch):
    (tmp_path / "source").write_bytes(b"12345")
    flags = []
    real = os.open

    def watched(path, mode, *rest, **named):
        flags.append(mode)
        return real(path, mode, *rest, **named)

    monkeypatch.setattr(os, "open", watched)
    with opened(tmp_path / "source") as origin:
        into = memoryview(bytearray(5))
        assert (origin.size, origin.sector, origin.read_into(0, into)) == (5, 512, 5)
        assert into == b"12345"
    assert flags
    assert all(mode & os.O_ACCMODE == os.O_RDONLY for mode in flags)


def test_the_access_time_stays(tmp_path):
    file = tmp_path / "source"
    file.write_bytes(b"x" * 5000)
    os.utime(file, (1_000_000, 2_000_000))
    with opened(file) as origin:
        origin.read_into(0, memoryview(bytearray(5000)))
    assert (file.stat().st_atime, file.stat().st_mtime) == (1_000_000, 2_000_000)


@pytest.mark.parametrize("path", ["/dev/null", "/"])
def test_other_kinds_of_path_are_refused(path):
    with pytest.raises(EvidenceError), opened(Path(path)):
        pass


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(Unavailable) as caught, opened(tmp_path / "gone"):
        pass
    assert caught.value.exit_code == 8


@pytest.mark.parametrize("length", [1, 511, 512, 4096, 10_000])
@pytest.mark.parametrize("offset", [0, 1, 512, 777, 19_000])
def test_reads_past_the_cache_need_no_alignment(tmp_path, made_of, offset, length):
    data = made_of(20_000)
    (tmp_path / "source").write_bytes(data)
    fd = os.open(tmp_path / "source", os.O_RDONLY)
    try:
        direct = os.open(tmp_path / "source", os.O_RDONLY | os.O_DIRECT)
    except OSError:
        os.close(fd)
        pytest.skip("this file system has no O_DIRECT")
    try:
        into = memoryview(bytearray(length))
        got = Descriptor(fd, direct).read_into(offset, into, past_cache=True)
        assert bytes(into[:got]) == data[offset : offset + length]
        assert fcntl.fcntl(direct, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    finally:
        os.close(fd)
        os.close(direct)


def test_a_driver_that_refuses_the_alignment_is_read_through_the_cache(tmp_path, monkeypatch):
    (tmp_path / "source").write_bytes(b"12345")
    real = os.preadv

    def fussy(fd, buffers, offset):
        if fd == direct:
            raise OSError(errno.EINVAL, "alignment")
        return real(fd, buffers, offset)

    monkeypatch.setattr(os, "preadv", fussy)
    fd, direct = (os.open(tmp_path / "source", os.O_RDONLY) for _ in range(2))
    try:
        into = memoryview(bytearray(5))
        assert Descriptor(fd, direct).read_into(0, into, past_cache=True) == 5
        assert into == b"12345"
    finally:
        os.close(fd)
        os.close(direct)
