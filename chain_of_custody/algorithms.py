"""The signature algorithms that a person's key may have: how its public key is written, and how a signature is checked.

The type of a key is its first byte (c2sp.org/signed-note): 0x01 is Ed25519 with 32 bytes of key; 0xff, one byte of
length and a name is anything that has no byte of its own.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from chain_of_custody.errors import Unavailable

ED25519 = "ed25519"
P256 = "ecdsa-p256-sha256"  # key: DER SubjectPublicKeyInfo; signature: DER (RFC 3279 section 2.2.3)
SSHSIG = "sshsig-ed25519"  # key: 32 bytes; signature: 64 bytes over what `ssh-keygen -Y sign` signs
SM2 = "sm2-sm3"  # key: DER SubjectPublicKeyInfo; signature: DER, with the default id of GM/T 0009

NAMESPACE = b"custody-entry"
SM2_ID = "1234567812345678"

_ED25519_TYPE = b"\x01"
_NAMED_TYPE = b"\xff"


def type_of(algorithm: str) -> bytes:
    if algorithm == ED25519:
        return _ED25519_TYPE
    return _NAMED_TYPE + bytes([len(algorithm)]) + algorithm.encode("ascii")


def split(blob: bytes) -> tuple[str, bytes]:
    """(algorithm, public key) of the bytes of a verifier key. Raises `ValueError` for a type that is not known."""
    if blob[:1] == _ED25519_TYPE:
        algorithm, public = ED25519, blob[1:]
    elif blob[:1] == _NAMED_TYPE and len(blob) > 1:
        algorithm, public = blob[2 : 2 + blob[1]].decode("ascii", "replace"), blob[2 + blob[1] :]
    else:
        raise ValueError("a key of unknown type")
    if algorithm not in _VERIFIERS:
        raise ValueError(f"a key of unknown algorithm {algorithm}")
    if algorithm in (ED25519, SSHSIG) and len(public) != 32:
        raise ValueError("an Ed25519 key has 32 bytes")
    return algorithm, public


def verify(algorithm: str, public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature over `message` holds. Raises `Unavailable` where the program that can tell is missing."""
    return _VERIFIERS[algorithm](public, message, signature)


def ssh_preimage(message: bytes) -> bytes:
    """What `ssh-keygen -Y sign -n custody-entry` signs for a message (OpenSSH PROTOCOL.sshsig, section 3)."""
    fields = (NAMESPACE, b"", b"sha512", hashlib.sha512(message).digest())
    return b"SSHSIG" + b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def _ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _sshsig(public: bytes, message: bytes, signature: bytes) -> bool:
    return _ed25519(public, ssh_preimage(message), signature)


def _p256(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        key = serialization.load_der_public_key(public)
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            return False
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _sm2(public: bytes, message: bytes, signature: bytes) -> bool:
    """By OpenSSL 3 as a program: the library at hand has no SM2."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise Unavailable("sign-no-openssl")
    with tempfile.TemporaryDirectory(prefix="forensic-sm2-") as scratch:
        paths = [Path(scratch) / name for name in ("key.der", "message", "signature")]
        for path, content in zip(paths, (public, message, signature), strict=True):
            path.write_bytes(content)
        key, said, signed = map(str, paths)
        line = [openssl, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", key, "-rawin", "-digest", "sm3"]
        line += ["-pkeyopt", f"distid:{SM2_ID}", "-in", said, "-sigfile", signed]
        return subprocess.run(line, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own words


_VERIFIERS: dict[str, Callable[[bytes, bytes, bytes], bool]] = {
    ED25519: _ed25519,
    P256: _p256,
    SSHSIG: _sshsig,
    SM2: _sm2,
}
