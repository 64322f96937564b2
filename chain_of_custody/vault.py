"""The vault: passcodes and other secrets of a case, encrypted to the people who may read them, outside every case.

Each secret is one file in the age format (age-encryption.org/v1) with a recipient stanza of type `ssh-ed25519` for each
reader, so that the programs `age` and `rage` open it with the reader's key too. Inside stands JSON (RFC 8259):
`hmac_key` (32 random bytes, hex), `value`, `item` and `part`, filled up with blanks so that the file's size tells
nothing of the value's. The ledger keeps the commitment alone, HMAC-SHA256 (RFC 2104) of the value's UTF-8 bytes:
without the key it cannot be guessed at, however short the value.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from chain_of_custody import keys
from chain_of_custody.errors import CannotWrite, CaseError, CustodyRefusal, IntegrityError

FILLED_TO = 1024  # bytes, and multiples of it
NOT_A_READER = "No matching keys found"  # what the library says of a key that no stanza is for


@dataclass(frozen=True, slots=True)
class Secret:
    """A value and what it opens. `hmac_key` makes the commitment and never leaves the vault."""

    value: str = field(repr=False)
    item: str
    part: str
    hmac_key: bytes = field(repr=False, default_factory=lambda: secrets.token_bytes(32))

    def commitment(self, value: str | None = None) -> str:
        """HMAC-SHA256, hex, of the secret's value, or of another one under the same key."""
        told = self.value if value is None else value
        return hmac.new(self.hmac_key, told.encode(), hashlib.sha256).hexdigest()

    def keeps(self, commitment: str, value: str | None = None) -> bool:
        """Whether the value, or another one, is that of the commitment."""
        return hmac.compare_digest(self.commitment(value), commitment)

    def plain(self) -> bytes:
        facts = {"hmac_key": self.hmac_key.hex(), "value": self.value, "item": self.item, "part": self.part}
        text = json.dumps(facts, ensure_ascii=True).encode("ascii")
        return text.ljust(-(-len(text) // FILLED_TO) * FILLED_TO)

    @classmethod
    def from_plain(cls, text: bytes) -> "Secret":
        """Raises `ValueError` for what `plain` did not write."""
        facts = json.loads(text)
        if not isinstance(facts, dict) or {type(facts.get(name)) for name in ("value", "item", "part")} != {str}:
            raise ValueError("not a secret")
        return cls(facts["value"], facts["item"], facts["part"], bytes.fromhex(str(facts["hmac_key"])))


class Vault:
    """The secrets of one case on this workstation, by the origin of its ledger."""

    def __init__(self, origin: str) -> None:
        self.folder = keys.home() / "vault" / hashlib.sha256(origin.encode()).hexdigest()[:32]

    def path(self, vault_id: str) -> Path:
        """Where a secret lies. Raises `IntegrityError` for what is no id of ours."""
        if not re.fullmatch(r"[0-9a-f]{16}", vault_id):
            raise IntegrityError("vault-id", id=vault_id)
        return self.folder / f"{vault_id}.age"

    def holds(self, vault_id: str) -> bool:
        return self.path(vault_id).is_file()

    def files(self) -> list[Path]:
        """All that lies in it: secrets, those whose entry was never made, and drafts of a command that was cut off."""
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

    def put(self, secret: Secret, readers: Sequence[bytes]) -> str:
        """Encrypts to the readers' Ed25519 keys, 32 bytes each, and returns the new secret's id. The file is on disk,
        whole, when this returns."""
        sealed = pyrage.encrypt(secret.plain(), [_recipient(public) for public in readers])
        vault_id = secrets.token_hex(8)
        path = self.path(vault_id)
        draft = path.with_suffix(".tmp")
        try:
            self._make_folders()
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)  # fails where a file is: a rename would replace it
            draft.unlink()
            for folder in (self.folder, self.folder.parent, self.folder.parent.parent):
                _flush(folder)
        except OSError as error:
            raise CannotWrite("vault-not-written", path=str(path), reason=error.strerror or str(error)) from error
        return vault_id

    def get(self, vault_id: str, private: Ed25519PrivateKey) -> Secret:
        """Decrypts a secret. `CaseError` where this workstation does not have it, `CustodyRefusal` where it is not
        encrypted to this key, `IntegrityError` where it was altered."""
        path = self.path(vault_id)
        try:
            sealed = path.read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            raise CaseError("vault-absent", hint="vault-absent-hint", path=str(path), reason=reason) from error
        try:
            return Secret.from_plain(pyrage.decrypt(sealed, [_identity(private)]))
        except pyrage.DecryptError as error:
            if str(error) == NOT_A_READER:
                raise CustodyRefusal("vault-other-key", hint="vault-other-key-hint", path=str(path)) from None
            raise IntegrityError("vault-damaged", path=str(path)) from None
        except (ValueError, KeyError):
            raise IntegrityError("vault-damaged", path=str(path)) from None  # the cause may quote the plaintext

    def _make_folders(self) -> None:
        keys.make_private(self.folder)


def _recipient(public: bytes) -> object:
    line = Ed25519PublicKey.from_public_bytes(public).public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    try:
        return pyrage.ssh.Recipient.from_str(line.decode("ascii"))
    except pyrage.RecipientError as error:  # not every 32 bytes are a point of the curve
        raise CustodyRefusal("vault-no-reader", key=line.decode("ascii")) from error


def _identity(private: Ed25519PrivateKey) -> object:
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return pyrage.ssh.Identity.from_buffer(pem)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
