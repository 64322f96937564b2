"""A witness: a key and a memory of its own, on another machine or stick, that cosigns heads which continue each other.

What it is asked for is the body of c2sp.org/tlog-witness's add-checkpoint: the size it saw last, a consistency proof
from there, and the head. It refuses an older head and one with another history, and it remembers a head before it lets
its cosignature out. The folder holds `witness.pem` (Ed25519, PKCS#8), `witness.vkey` and the heads.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody import checkpoint, cosignature, proof, tree
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.errors import CannotWrite, CaseError, IntegrityError, UsageError
from chain_of_custody.heads import FOLDER, Heads, Seen, make_durable
from chain_of_custody.signature import key_name

KEY = "witness.pem"
VKEY = "witness.vkey"


@dataclass(frozen=True, slots=True)
class Witness:
    """An opened witness. `name` stands in its cosignatures."""

    folder: Path
    name: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def vkey(self) -> str:
        return cosignature.verifier_key(self.name, self.public)

    @property
    def heads(self) -> Heads:
        return Heads(self.folder / FOLDER)

    def cosign(self, request: str, seconds: int, log: str = "") -> str:
        """The note of the request with this witness's line. `log` is the verifier key that the ledger's heads must be
        signed with, as the witness's keeper got it; without it, the one that counted last.

        Raises `UsageError` for what is no request, `CaseError` where the log is not known or the proof begins at
        another size than the one remembered, and `IntegrityError` for a head that is not signed with the key, is older
        than the one remembered, or does not continue it.
        """
        old, path, note = _parsed(request)
        head, _ = checkpoint.parse(note)
        with self.heads.locked():
            seen = self.heads.last(head.origin)
            vkey = _key(head, seen, log)
            if not checkpoint.is_signed_by(note, *checkpoint.parse_verifier_key(vkey)):
                raise IntegrityError("witness-not-signed", origin=head.origin)
            _continues(head, old, path, seen)
            cosigned = cosignature.sign(note, self.name, self.public, self.private.sign, seconds)
            self.heads.keep(vkey, note)
            make_durable(self.heads.folder)
        return cosigned


def create(folder: Path, name: str, passphrase: bytes | None) -> Witness:
    """A new witness in a new or empty folder. Its key is encrypted with the passphrase, where one is given."""
    if not key_name(name):
        raise UsageError("witness-no-name")
    witness = Witness(folder, key_name(name), Ed25519PrivateKey.generate())
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    pem = witness.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()):
            raise CaseError("witness-folder-occupied", path=str(folder))
        for file, content in ((KEY, pem), (VKEY, f"{witness.vkey}\n".encode())):
            descriptor = os.open(folder / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        make_durable(folder)
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error
    return witness


def is_encrypted(folder: Path) -> bool:
    """Whether a passphrase is needed. Raises `CaseError` where no witness lives in the folder."""
    return b"ENCRYPTED" in _pem(folder)


def load(folder: Path, passphrase: bytes | None) -> Witness:
    """Raises `CaseError` for a folder without a witness, and for a passphrase that is not its key's."""
    pem = _pem(folder)
    try:
        vkey = (folder / VKEY).read_text("utf-8").strip()
        name, public = cosignature.parse_verifier_key(vkey)
        private = serialization.load_pem_private_key(pem, passphrase if b"ENCRYPTED" in pem else None)
    except OSError as error:
        raise CaseError("witness-none", path=str(folder), reason=error.strerror or str(error)) from error
    except (ValueError, TypeError) as error:
        raise CaseError("witness-key-closed", path=str(folder / KEY)) from error
    if not isinstance(private, Ed25519PrivateKey) or private.public_key().public_bytes_raw() != public:
        raise IntegrityError("witness-key-differs", path=str(folder))
    return Witness(folder, name, private)


def _pem(folder: Path) -> bytes:
    try:
        return (folder / KEY).read_bytes()
    except OSError as error:
        raise CaseError("witness-none", path=str(folder), reason=error.strerror or str(error)) from error


def _parsed(request: str) -> tuple[int, tuple[bytes, ...], str]:
    try:
        old, path, note = proof.parse_consistency(request)
        checkpoint.parse(note)
    except ValueError as error:
        raise UsageError("witness-not-a-request", reason=str(error)) from error
    return old, path, note


def _key(head: Checkpoint, seen: Seen | None, log: str) -> str:
    """The key that counts for this ledger, by the word of the witness's keeper."""
    if not log and seen is None:
        raise CaseError("witness-log-unknown", hint="witness-log-hint", origin=head.origin)
    vkey = log.strip() or (seen.vkey if seen else "")
    try:
        name, _ = checkpoint.parse_verifier_key(vkey)
    except ValueError as error:
        raise UsageError("witness-log-malformed", reason=str(error)) from error
    if name != head.origin:
        raise UsageError("witness-log-of-another", origin=head.origin, name=name)
    return vkey


def _continues(head: Checkpoint, old: int, path: tuple[bytes, ...], seen: Seen | None) -> None:
    known, root = (seen.head.size, seen.head.root) if seen else (0, tree.EMPTY_ROOT)
    if head.size < known:
        raise IntegrityError("witness-rollback", origin=head.origin, size=head.size, known=known)
    if old != known:
        raise CaseError("witness-other-size", hint="witness-other-size-hint", origin=head.origin, old=old, known=known)
    holds = not path and head.size > 0 if old == 0 else tree.is_consistent(old, root, head.size, head.root, path)
    if not holds:
        raise IntegrityError("witness-fork", origin=head.origin, size=head.size, known=known)
