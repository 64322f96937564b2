"""An unlocked key signs entries and nothing else, for this user, for its time, from memory."""

import os
import socket
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody import agent, signature
from chain_of_custody.errors import CannotWrite, IntegrityError, Unavailable

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VKEY = signature.verifier_key("张三", "ed25519", KEY.public_key().public_bytes_raw())
MESSAGE = signature.CONTEXT + b'{"kind":"note.add"}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder with a path longer than a socket's name may be; what listens there ends with the test."""
    runtime = tmp_path / ("long" * 30)
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    yield runtime / "forensic"
    agent.lock(VKEY)


def asked(folder: Path, request: bytes) -> bytes:
    """What the process answers to these bytes."""
    (path,) = folder.iterdir()
    descriptor = os.open(folder, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(f"/proc/self/fd/{descriptor}/{path.name}")
        os.close(descriptor)
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(100)


def framed(message: bytes) -> bytes:
    return struct.pack(">I", len(message)) + message


def test_it_signs_as_the_key_does(folder: Path) -> None:
    agent.start(VKEY, KEY, 60)
    signer = agent.signer(VKEY)
    assert signer
    assert signer.sign(MESSAGE) == KEY.sign(MESSAGE)


def test_it_signs_entries_only(folder: Path) -> None:
    agent.start(VKEY, KEY, 60)
    assert asked(folder, framed(MESSAGE)) == KEY.sign(MESSAGE)
    for other in (b"", b"ssh login", b"custody-entry/v2\n{}", signature.CONTEXT[:-1]):
        assert asked(folder, framed(other)) == b""
    signer = agent.signer(VKEY)
    assert signer
    with pytest.raises(Unavailable):
        signer.sign(b"ssh login")


@pytest.mark.parametrize("request_", [b"", b"\0\0", b"\0\0\1\0cut", b"\xff\xff\xff\xff" + MESSAGE])
def test_what_is_no_request_is_not_answered_and_ends_nothing(folder: Path, request_: bytes) -> None:
    agent.start(VKEY, KEY, 60)
    with suppress(ConnectionResetError):
        assert asked(folder, request_) == b""
    assert agent.is_unlocked(VKEY)


def test_it_is_this_users_alone(folder: Path) -> None:
    agent.start(VKEY, KEY, 60)
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_others_look_into_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    with pytest.raises(CannotWrite):
        agent.start(VKEY, KEY, 60)


def test_it_is_locked(folder: Path) -> None:
    agent.start(VKEY, KEY, 60)
    assert agent.lock(VKEY)
    assert list(folder.iterdir()) == []
    assert agent.signer(VKEY) is None
    assert not agent.lock(VKEY)


def test_it_ends_with_its_time(folder: Path) -> None:
    agent.start(VKEY, KEY, 1)
    assert agent.is_unlocked(VKEY)
    end = time.monotonic() + 20
    while agent.is_unlocked(VKEY) and time.monotonic() < end:
        time.sleep(0.1)
    assert agent.signer(VKEY) is None
    assert list(folder.iterdir()) == []


def test_unlocking_again_begins_anew(folder: Path) -> None:
    agent.start(VKEY, KEY, 1)
    agent.start(VKEY, KEY, 60)
    time.sleep(1.3)
    assert agent.is_unlocked(VKEY)


def test_a_dead_process_is_none(folder: Path) -> None:
    agent.start(VKEY, KEY, 60)
    (path,) = folder.iterdir()
    agent.lock(VKEY)
    path.touch()
    assert agent.signer(VKEY) is None
    agent.start(VKEY, KEY, 60)
    assert agent.is_unlocked(VKEY)


def test_another_key_behind_the_socket_shows(folder: Path) -> None:
    agent.start(VKEY, Ed25519PrivateKey.generate(), 60)
    signer = agent.signer(VKEY)
    assert signer
    with pytest.raises(IntegrityError):
        signer.sign(MESSAGE)


def test_no_disk_and_no_command_line_holds_the_key(folder: Path) -> None:
    agent.start(VKEY, KEY, 60)
    (path,) = folder.iterdir()
    lines = [line.read_bytes() for line in Path("/proc").glob("[0-9]*/cmdline") if os.access(line, os.R_OK)]
    mine = [line for line in lines if path.name.encode() in line]
    assert len(mine) == 1
    assert KEY.private_bytes_raw() not in mine[0]
    assert KEY.private_bytes_raw().hex().encode() not in mine[0]
    assert [file for file in folder.rglob("*") if file.is_file()] == []
