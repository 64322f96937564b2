"""The agent: a small process that holds one person's unlocked key in memory for a while, and signs entries with it.

It listens on a Unix socket of this user alone. A request is four bytes of length, big-endian, and the message; the
answer to a message that an entry's signature covers is the signature, 64 bytes, and to anything else nothing. The
request `lock` ends it. Run as `python -m chain_of_custody.agent SOCKET SECONDS`, it reads the private key, 32 bytes,
from its standard input, and returns once a child of its own listens.
"""

import ctypes
import hashlib
import os
import resource
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody import keys
from chain_of_custody.errors import CannotWrite
from chain_of_custody.signature import CONTEXT
from chain_of_custody.signers import Checked, failed, handed

LONGEST = 24 * 3600  # seconds that a key may stay unlocked
LARGEST = 1 << 20  # bytes of a message
PATIENCE = 5.0  # seconds that either side waits for the other
STARTING = 30.0  # seconds until it listens
LOCK = b"lock"
SIGNATURE = 64
_PR_SET_DUMPABLE = 4  # prctl(2): neither a core file nor a debugger of the same user gets the memory


def start(vkey: str, private: Ed25519PrivateKey, seconds: int) -> None:
    """A process that signs with the key for so many seconds, in place of one that does already."""
    lock(vkey)
    path = _socket(vkey)
    try:
        _make_folder(path.parent)
        with handed(private.private_bytes_raw()) as key:
            done = subprocess.run(  # noqa: S603 - this program itself
                [sys.executable, "-m", __name__, str(path), str(min(seconds, LONGEST))],
                stdin=key,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd=Path(__file__).parents[1],
                check=False,
                timeout=STARTING,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotWrite("agent-not-started", path=str(path), reason=str(error)) from error
    if done.returncode:
        raise CannotWrite("agent-not-started", path=str(path), reason=f"exit {done.returncode}")


def signer(vkey: str) -> Checked | None:
    """A signer by the process that has this key unlocked; None where there is none."""
    if not _ask(vkey, CONTEXT):
        return None
    return Checked(vkey, lambda message: _signed(vkey, message))


def is_unlocked(vkey: str) -> bool:
    return signer(vkey) is not None


def lock(vkey: str) -> bool:
    """Ends the process that has this key unlocked; whether there was one."""
    return _ask(vkey, LOCK) is not None


def _signed(vkey: str, message: bytes) -> bytes:
    signature = _ask(vkey, message)
    if not signature:
        raise failed("forensic key unlock", "no signature came")
    return signature


def _ask(vkey: str, message: bytes) -> bytes | None:
    """The answer; None where nobody listens."""
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError), _named(_socket(vkey)) as name:
        connection.settimeout(PATIENCE)
        connection.connect(name)
        connection.sendall(struct.pack(">I", len(message)) + message, socket.MSG_NOSIGNAL)
        return _read(connection, SIGNATURE)
    return None


# -- where it listens


def _socket(vkey: str) -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) / "forensic" if runtime else keys.home() / "agent"
    return folder / f"{hashlib.sha256(vkey.encode()).hexdigest()[:32]}.sock"


def _make_folder(folder: Path) -> None:
    """Raises `PermissionError` for a folder that is another's, or that others may look into."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(1, f"{folder} is not this user's alone")


@contextmanager
def _named(path: Path) -> Iterator[str]:
    """The socket by a name that fits: one may have 107 bytes (unix(7)), a folder's path has more."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


# -- the process


def serve(path: Path, private: Ed25519PrivateKey, seconds: float) -> None:
    """Signs until the time is over, time asleep included, or `lock` is asked."""
    until = _now() + seconds
    with socket.socket(socket.AF_UNIX) as listening:
        path.unlink(missing_ok=True)  # of a process that was killed
        os.umask(0o177)
        with _named(path) as name:
            listening.bind(name)
        listening.listen()
        if os.fork():
            os._exit(0)  # it listens: whoever started it need not wait
        going = True
        while going and (left := until - _now()) > 0:
            listening.settimeout(min(left, 60.0))
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    going = _answer(connection, private, until)
                    if not going:
                        path.unlink(missing_ok=True)  # before the other side hears of it: the next one may listen there
        if going:
            path.unlink(missing_ok=True)


def _answer(connection: socket.socket, private: Ed25519PrivateKey, until: float) -> bool:
    """Answers one request of this user; whether to go on."""
    connection.settimeout(PATIENCE)
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    if user != os.getuid() or _now() >= until:
        return True
    head = _read(connection, 4)
    length = int.from_bytes(head, "big")
    message = _read(connection, length) if len(head) == 4 and length <= LARGEST else b""
    if len(message) == length and message.startswith(CONTEXT):
        connection.sendall(private.sign(message))
    return message != LOCK


def _read(connection: socket.socket, length: int) -> bytes:
    """So many bytes, fewer where the other side ends before."""
    parts = bytearray()
    while len(parts) < length and (part := connection.recv(length - len(parts))):
        parts += part
    return bytes(parts)


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def main(path: str, seconds: str) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    private = Ed25519PrivateKey.from_private_bytes(sys.stdin.buffer.read(32))
    serve(Path(path), private, float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
