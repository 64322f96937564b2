"""A key behind a program of somebody else's: the message on its standard input, the raw signature on its output.

This is how tokens are reached that speak an interface of their own (SKF, GM/T 0016), and machines elsewhere.
"""

import base64
import re
import shlex
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chain_of_custody import plain_file
from chain_of_custody.algorithms import ED25519, P256, SM2
from chain_of_custody.errors import UsageError
from chain_of_custody.signers import SECONDS, Checked, Reach, run

ALGORITHMS = (ED25519, P256, SM2)
SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")  # 1.2.156.10197.1.301 in DER (GM/T 0006)
LARGEST = 1 << 16  # bytes of a public key's file
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----")


def record(command: str, algorithm: str, public: Path) -> Reach:
    """`public` holds a SubjectPublicKeyInfo (RFC 5280), PEM or DER. Raises `UsageError` for words that are no command
    and for a key that is not of the algorithm."""
    if not _words(command):
        raise UsageError("signer-command-empty")
    if algorithm not in ALGORITHMS:
        raise UsageError("signer-algorithm", algorithm=algorithm, known=", ".join(ALGORITHMS))
    try:
        given = plain_file.start(public, LARGEST)
        return Reach(algorithm, public_form(algorithm, _der(given)), {"command": command})
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError("signer-public-wrong", path=str(public), algorithm=algorithm, reason=reason) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError("signer-public-wrong", path=str(public), algorithm=algorithm, reason=str(error)) from error


def reach(vkey: str, how: dict[str, str]) -> Checked:
    return Checked(vkey, lambda message: run(_words(how["command"]), message, seconds=SECONDS))


def public_form(algorithm: str, der: bytes) -> bytes:
    """A DER SubjectPublicKeyInfo as the algorithm writes its keys. Raises `ValueError` for a key of another one."""
    if algorithm == SM2:
        if der[:1] != b"\x30" or SM2_CURVE not in der[:64]:
            raise ValueError("not a key on the SM2 curve")
        return der
    key = serialization.load_der_public_key(der)
    if algorithm == ED25519 and isinstance(key, Ed25519PublicKey):
        return key.public_bytes_raw()
    if algorithm == P256 and isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    raise ValueError("a key of another algorithm")


def _der(given: bytes) -> bytes:
    pem = _PEM.search(given)
    return base64.b64decode(b"".join(pem[1].split()), validate=True) if pem else given


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise UsageError("signer-command-empty") from error
