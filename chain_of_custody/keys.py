"""The key that signs a ledger's heads. It lives on the workstation, never in a case folder."""

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody.errors import CannotWrite, CaseError

OWN_FILES = ("config.toml", "laboratory.sqlite", "laboratory.sqlite-wal", "laboratory.sqlite-shm")


def home() -> Path:
    """Where this workstation keeps its keys and configuration: `FORENSIC_HOME`, else `~/.config/forensic`."""
    configured = os.environ.get("FORENSIC_HOME")
    if configured:
        return Path(configured)
    return Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config")) / "forensic"


def make_private(folder: Path) -> None:
    """A folder that its owner alone may look into, as is whatever is missing above it. Raises `OSError`."""
    for each in (*reversed(folder.parents), folder):
        each.mkdir(exist_ok=True, mode=0o700)


def tighten() -> None:
    """Takes from group and others what they may do with our files in the home, and with a home in the place that we
    chose; a folder that `FORENSIC_HOME` names keeps its mode once it is there. Raises `OSError`."""
    named = bool(os.environ.get("FORENSIC_HOME"))
    for path in (*(() if named else (home(),)), *(home() / name for name in OWN_FILES)):
        mode = path.lstat().st_mode if os.path.lexists(path) else 0
        if (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and mode & 0o077:
            path.chmod(stat.S_IMODE(mode) & 0o700)


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """An Ed25519 key pair; `public` is 32 bytes."""

    private: Ed25519PrivateKey
    public: bytes

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def _path() -> Path:
    return home() / "keys" / "ledger.pem"


def load() -> LedgerKey | None:
    """This workstation's ledger key (PKCS#8 PEM), or None if it has none yet."""
    try:
        pem = _path().read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CaseError("key-unreadable", path=str(_path()), reason=error.strerror or str(error)) from error
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise CaseError("key-unreadable", path=str(_path()), reason=str(error)) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise CaseError("key-unreadable", path=str(_path()), reason="not an Ed25519 key")
    return LedgerKey(private, private.public_key().public_bytes_raw())


def load_or_create() -> LedgerKey:
    """This workstation's ledger key; the first call makes one, readable by its owner only."""
    key = load()
    if key:
        return key
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = _path()
    try:
        write_private(path, pem)
    except FileExistsError:  # two first commands at once agree on one key
        return load_or_create()
    except OSError as error:
        raise CannotWrite("key-not-written", path=str(path), reason=error.strerror or str(error)) from error
    return LedgerKey(private, private.public_key().public_bytes_raw())


def write_private(path: Path, content: bytes) -> None:
    """A new file that its owner alone can read, whole on the disk or not there at all. An existing one is left as it
    is: `FileExistsError`."""
    make_private(path.parent)
    draft = path.with_name(f"{path.stem}-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
