"""Files that a command is given and that are no files: told at once, with little memory, never waited for."""

import os
import stat
import struct
import zlib
from pathlib import Path

import pytest
import segno

from chain_of_custody import keys, plain_file, policy
from chain_of_custody.errors import UsageError
from chain_of_custody.volumes import MARKER, Volume
from forensic.workflows import qr_heads
from tests.examiner import Examiner

SECONDS = 20  # until a command that waits is ended


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "--qr", "{pipe}"],
        ["verify", "--policy", "{pipe}"],
        ["anchor", "add", "{pipe}"],
        ["witness", "cosign", "{folder}", "{pipe}"],
        ["ledger", "note", "--file", "{pipe}"],
        ["ledger", "approve", "--plan", "{pipe}", "--reason", "x"],
        ["key", "new", "张三", "--passphrase-file", "{pipe}"],
        ["witness", "init", "{folder}/new", "--name", "w", "--passphrase-file", "{pipe}"],
    ],
)
def test_a_pipe_is_refused_at_once(at_work: Examiner, pipe: Path, words: list[str]) -> None:
    done = at_work.runs(*(word.format(pipe=pipe, folder=pipe.parent) for word in words), timeout=SECONDS)
    assert done.code == 2, done.said
    assert "no regular file" in done.err


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/tmp"])
def test_devices_and_folders_are_no_files(name: str) -> None:
    with pytest.raises(OSError, match=r"regular|directory"):
        plain_file.start(Path(name), 10)


def test_a_file_is_read_to_the_bound(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to("file")
    assert plain_file.start(tmp_path / "link", 4) == b"0123"
    assert plain_file.start(tmp_path / "file", 40) == b"0123456789"


def test_a_volume_whose_marker_is_none_is_not_connected(tmp_path: Path) -> None:
    volume = Volume("V2", tmp_path)
    (tmp_path / MARKER).write_text("[" * 4000)
    assert not volume.is_connected("origin")
    (tmp_path / MARKER).write_text(" " * 5000 + '{"origin": "origin", "volume": "V2"}')
    assert not volume.is_connected("origin")
    (tmp_path / MARKER).unlink()
    os.mkfifo(tmp_path / MARKER)
    assert not volume.is_connected("origin")


def test_a_picture_with_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    """The size stands at the start of a PNG (ISO/IEC 15948): no pixel need follow to be refused."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path = tmp_path / "wide.png"
    header = struct.pack(">IIBBBBB", 9400, 9400, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")))
    with pytest.raises(UsageError) as refused:
        qr_heads.read(path)
    assert refused.value.message_id == "verify-qr-too-large"
    segno.make_qr("x").save(str(tmp_path / "small.png"))
    with pytest.raises(UsageError) as refused:
        qr_heads.read(tmp_path / "small.png")
    assert refused.value.message_id == "verify-qr-no-head"


def test_a_policy_of_no_end_is_refused() -> None:
    with pytest.raises(UsageError):
        policy.load(Path("/dev/zero"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_workstations_home_is_its_owners(examiner: Examiner, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0)
    try:
        assert examiner.types("config", "init").code == 0
        assert mode(examiner.home) == 0o700
        assert mode(examiner.home / "config.toml") == 0o600
        examiner.makes_case()
        assert mode(examiner.home / "laboratory.sqlite") == 0o600
        for name in ("config.toml", "laboratory.sqlite"):
            (examiner.home / name).chmod(0o664)
        examiner.home.chmod(0o755)
        examiner.adds_exhibit()
        assert [mode(examiner.home / name) for name in ("config.toml", "laboratory.sqlite")] == [0o600, 0o600]
        assert mode(examiner.home) == 0o755  # named by FORENSIC_HOME, and there: whoever made it keeps it
    finally:
        os.umask(before)
    assert all(not mode(path) & 0o077 for path in examiner.home.iterdir())


def test_the_home_in_its_own_place_is_tightened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORENSIC_HOME", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "forensic").mkdir()
    (tmp_path / "forensic").chmod(0o755)
    outer = mode(tmp_path)
    keys.tighten()
    assert (mode(keys.home()), mode(tmp_path)) == (0o700, outer)
