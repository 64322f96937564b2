"""A key in a file: Ed25519 in PKCS#8 PEM, encrypted with a passphrase.

Formats: RFC 8410 (Ed25519 in PKCS#8), RFC 5958 (EncryptedPrivateKeyInfo), RFC 8018 (PBES2: PBKDF2 with HMAC-SHA-256,
AES-256-CBC), RFC 7468 (PEM). The library that reads them writes with 2048 rounds only, which a stolen file would not
withstand long; so the envelope is written here.
"""

import base64
import hashlib
import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from chain_of_custody.errors import CaseError, CustodyRefusal, UsageError
from chain_of_custody.signers import Checked

SHORTEST = 8  # characters of a passphrase
ROUNDS = 600_000  # of PBKDF2: about a quarter of a second
LARGEST = 1 << 16  # bytes of the file


def make(passphrase: bytes) -> tuple[bytes, bytes]:
    """A new key: (PEM, 32 bytes of public key). Raises `UsageError` for a passphrase that is too short."""
    if len(passphrase.decode("utf-8", "replace").strip()) < SHORTEST:
        raise UsageError("key-passphrase-short", shortest=SHORTEST)
    private = Ed25519PrivateKey.generate()
    plain = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _pem(_encrypted(plain, passphrase)), private.public_key().public_bytes_raw()


def opened(path: Path, passphrase: bytes, person: str) -> Ed25519PrivateKey:
    """The private key. `CustodyRefusal` for a wrong passphrase, `CaseError` for a file that is no such key."""
    try:
        with path.open("rb") as file:
            pem = file.read(LARGEST)
    except OSError as error:
        raise CaseError("key-unreadable", path=str(path), reason=error.strerror or str(error)) from error
    if b"BEGIN ENCRYPTED PRIVATE KEY" not in pem:
        raise CaseError("key-unreadable", path=str(path), reason="not an encrypted PKCS#8 key")
    try:
        private = serialization.load_pem_private_key(pem, password=passphrase)
    except (ValueError, TypeError) as error:
        raise CustodyRefusal("key-passphrase-wrong", person=person) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise CaseError("key-unreadable", path=str(path), reason="not an Ed25519 key")
    return private


def reach(vkey: str, private: Ed25519PrivateKey) -> Checked:
    return Checked(vkey, private.sign)


_SEQUENCE, _INTEGER, _OCTETS, _NULL = 0x30, 0x02, 0x04, bytes.fromhex("0500")
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
_HMAC_SHA256 = bytes.fromhex("06082a864886f70d0209")
_AES256_CBC = bytes.fromhex("060960864801650304012a")


def _encrypted(plain: bytes, passphrase: bytes) -> bytes:
    """EncryptedPrivateKeyInfo (DER) of a PrivateKeyInfo."""
    salt, start = os.urandom(16), os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", passphrase, salt, ROUNDS, 32)
    padder, cipher = PKCS7(128).padder(), Cipher(algorithms.AES256(key), modes.CBC(start)).encryptor()
    data = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    rounds = _der(_INTEGER, ROUNDS.to_bytes(ROUNDS.bit_length() // 8 + 1, "big"))
    derivation = _der(_SEQUENCE, _der(_OCTETS, salt), rounds, _der(_SEQUENCE, _HMAC_SHA256, _NULL))
    scheme = _der(_SEQUENCE, _AES256_CBC, _der(_OCTETS, start))
    parameters = _der(_SEQUENCE, _der(_SEQUENCE, _PBKDF2, derivation), scheme)
    return _der(_SEQUENCE, _der(_SEQUENCE, _PBES2, parameters), _der(_OCTETS, data))


def _der(tag: int, *parts: bytes) -> bytes:
    """One value of fewer than 256 bytes (X.690)."""
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content


def _pem(der: bytes) -> bytes:
    text = base64.b64encode(der)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    label = b"ENCRYPTED PRIVATE KEY-----"
    return b"\n".join([b"-----BEGIN " + label, *lines, b"-----END " + label, b""])
