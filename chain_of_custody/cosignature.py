"""A witness's cosignature: that somebody else's machine saw this head at this time, and no other history before it.

Formats: c2sp.org/tlog-cosignature, the Ed25519 kind, as one more signature line of the head's note: base64 of four
bytes of key hash, eight of POSIX seconds (big-endian) and 64 of signature over `cosignature/v1`, `time SECONDS` and the
note's text. The key hash is of type 0x04 (c2sp.org/signed-note).
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chain_of_custody import checkpoint, clock, signature

TYPE = b"\x04"
LENGTH = 4 + 8 + 64  # key hash, time, signature
LATEST = 253_402_300_799  # POSIX seconds of the last second that a calendar of four digits has


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A line that has a cosignature's form. `time` is UTC, as the witness's clock had it."""

    name: str
    key_hash: bytes
    seconds: int
    signature: bytes

    @property
    def time(self) -> str:
        return clock.iso(datetime.fromtimestamp(self.seconds, UTC))


def verifier_key(name: str, public: bytes) -> str:
    """The witness's public key as one line. `name` may hold neither blank nor plus sign."""
    blob = TYPE + public
    return f"{name}+{_hash(name, blob).hex()}+{base64.b64encode(blob).decode()}"


def parse_verifier_key(line: str) -> tuple[str, bytes]:
    """(name, 32 bytes of Ed25519 public key). Raises `ValueError` for what is no witness's key."""
    name, blob = signature.key_blob(line)
    if blob[:1] != TYPE or len(blob) != 33:
        raise ValueError("not the key of a witness")
    return name, blob[1:]


def sign(note: str, name: str, public: bytes, sign_bytes: Callable[[bytes], bytes], seconds: int) -> str:
    """The note with the witness's line behind those that it has."""
    blob = _hash(name, TYPE + public) + seconds.to_bytes(8, "big") + sign_bytes(_message(note, seconds))
    return f"{note}— {name} {base64.b64encode(blob).decode()}\n"


def lines(note: str) -> list[Cosignature]:
    """What of the note's signatures has the form of a cosignature. Raises `ValueError` for what is no note."""
    _, signatures = checkpoint.parse(note)
    return [
        Cosignature(name, blob[:4], seconds, blob[12:])
        for name, blob in signatures
        if len(blob) == LENGTH and (seconds := int.from_bytes(blob[4:12], "big")) <= LATEST
    ]


def holds(note: str, mark: Cosignature, vkey: str) -> bool:
    """Whether this line is by this witness. A malformed key raises `ValueError`."""
    name, public = parse_verifier_key(vkey)
    if (mark.name, mark.key_hash) != (name, _hash(name, TYPE + public)):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(mark.signature, _message(note, mark.seconds))
    except InvalidSignature:
        return False
    return True


def _message(note: str, seconds: int) -> bytes:
    text = note.partition("\n\n")[0]
    return f"cosignature/v1\ntime {seconds}\n{text}\n".encode()


def _hash(name: str, blob: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
