"""A ledger's head as a C2SP signed note: three lines of text and an Ed25519 signature, fit for a QR code.

Formats: c2sp.org/tlog-checkpoint (origin, size, base64 root) inside c2sp.org/signed-note (text, blank line, then one
line a signature: em dash, key name, base64 of four bytes of key hash and the signature).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519 = b"\x01"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`size` entries under `root` (32 bytes) of the ledger `origin`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_hash(name: str, public: bytes) -> bytes:
    """Four bytes that say which key signed, by name and key (c2sp.org/signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """The public key as one line: name, key hash, key."""
    return f"{name}+{key_hash(name, public).hex()}+{base64.b64encode(ED25519 + public).decode()}"


def parse_verifier_key(line: str) -> tuple[str, bytes]:
    """(name, 32 bytes of Ed25519 public key). A line that is not one, or whose hash differs, raises `ValueError`."""
    name, claimed, encoded = line.strip().split("+", 2) if line.count("+") >= 2 else ("", "", "")
    key = _decode(encoded)
    if len(key) != 33 or key[:1] != ED25519:
        raise ValueError("not an Ed25519 verifier key")
    if key_hash(name, key[1:]).hex() != claimed:
        raise ValueError("the verifier key does not match its own key hash")
    return name, key[1:]


def sign(head: Checkpoint, sign_bytes: Callable[[bytes], bytes], public: bytes) -> str:
    """The signed note of `head`."""
    text = head.text()
    mark = base64.b64encode(key_hash(head.origin, public) + sign_bytes(text.encode())).decode()
    return f"{text}\n— {head.origin} {mark}\n"


_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)")


def parse(note: str) -> tuple[Checkpoint, list[tuple[str, bytes]]]:
    """The head, and its signatures as (key name, key hash and signature). Raises `ValueError` if it is no note."""
    note.encode()  # a lone surrogate, which no signature can cover, is a ValueError
    text, blank, signatures = note.partition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) < 3 or not re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1], re.ASCII):
        raise ValueError("not a signed checkpoint")
    root = _decode(lines[2])
    if len(root) != 32:
        raise ValueError("the root is not 32 bytes")
    matched = [_SIGNATURE_LINE.fullmatch(line) for line in signatures.removesuffix("\n").split("\n")]
    if not all(matched):
        raise ValueError("a signature line is malformed")
    return Checkpoint(lines[0], int(lines[1]), root), [(m[1], _decode(m[2])) for m in matched if m]


def is_signed_by(note: str, name: str, public: bytes) -> bool:
    """Whether one of the note's signatures is by this key. A malformed note is not."""
    try:
        _, signatures = parse(note)
    except ValueError:
        return False
    text = note.partition("\n\n")[0] + "\n"
    for signer, blob in signatures:
        if signer == name and blob[:4] == key_hash(name, public):
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(blob[4:], text.encode())
            except InvalidSignature:
                continue
            return True
    return False


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
