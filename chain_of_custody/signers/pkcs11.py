"""A key on a token that speaks PKCS#11 (OASIS PKCS#11 3.0): Ed25519 or P-256, found by the labels of token and key.

The library `python-pkcs11` is an extra of this program; without it, and without the token, there is no signature.
"""

import hashlib
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from chain_of_custody.algorithms import ED25519, P256
from chain_of_custody.errors import CustodyRefusal, ForensicError, Unavailable, UsageError
from chain_of_custody.signers import Checked, Reach, failed

OCTET_STRING = 0x04  # DER tag around EC_POINT (PKCS#11 3.0, section 2.3.3)


def record(module: Path, token: str, label: str) -> Reach:
    """Reads the public key, for which no PIN is needed. Raises `Unavailable` where there is no such token or key, and
    `UsageError` for a key of another type."""
    how = {"module": str(module.expanduser().absolute()), "token": token, "label": label}
    library = _library()
    with _translated(how):
        session = library.lib(how["module"]).get_token(token_label=token).open()
        with session:
            key = session.get_key(object_class=library.ObjectClass.PUBLIC_KEY, label=label)
            point = _unwrapped(bytes(key[library.Attribute.EC_POINT]))
            kind = key.key_type
    if kind == library.KeyType.EC_EDWARDS and len(point) == 32:
        return Reach(ED25519, point, how)
    if kind == library.KeyType.EC and len(point) == 65:
        return Reach(P256, _p256(point), how)
    raise UsageError("signer-pkcs11-type", label=label)


def reach(vkey: str, how: dict[str, str], algorithm: str, pin: bytes, person: str) -> Checked:
    """Logs in to see that PIN and key are there, and again for each signature: two persons may share a token.
    `CustodyRefusal` for a wrong PIN."""
    _sign(how, algorithm, pin, person, None)
    return Checked(vkey, lambda message: _sign(how, algorithm, pin, person, message))


def _sign(how: dict[str, str], algorithm: str, pin: bytes, person: str, message: bytes | None) -> bytes:
    library = _library()
    with _translated(how, person):
        token = library.lib(how["module"]).get_token(token_label=how["token"])
        with token.open(user_pin=pin.decode("utf-8", "replace")) as session:
            key = session.get_key(object_class=library.ObjectClass.PRIVATE_KEY, label=how["label"])
            if message is None:
                return b""
            if algorithm == ED25519:
                return bytes(key.sign(message, mechanism=library.Mechanism.EDDSA))
            raw = bytes(key.sign(hashlib.sha256(message).digest(), mechanism=library.Mechanism.ECDSA))
    return _der_signature(raw)


def _library() -> ModuleType:
    try:
        return importlib.import_module("pkcs11")
    except ImportError as error:
        raise Unavailable("signer-pkcs11-absent", hint="signer-pkcs11-absent-hint") from error


@contextmanager
def _translated(how: dict[str, str], person: str = "") -> Iterator[None]:
    """Errors of the library as ours."""
    exceptions = importlib.import_module("pkcs11.exceptions")
    try:
        yield
    except ForensicError:
        raise
    except (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange) as error:
        raise CustodyRefusal("key-passphrase-wrong", person=person) from error
    except (exceptions.NoSuchToken, exceptions.NoSuchKey, exceptions.TokenNotPresent) as error:
        raise Unavailable("signer-pkcs11-none", token=how["token"], label=how["label"]) from error
    except (exceptions.PKCS11Error, RuntimeError, OSError) as error:
        raise failed(how["module"], f"{type(error).__name__} {error}") from error


def _unwrapped(point: bytes) -> bytes:
    """The point itself: some tokens give it bare, most as a DER octet string."""
    if len(point) > 2 and point[0] == OCTET_STRING and point[1] == len(point) - 2:
        return point[2:]
    return point


def _p256(point: bytes) -> bytes:
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _der_signature(raw: bytes) -> bytes:
    """DER of the two numbers that a token gives one after the other (PKCS#11 3.0, section 2.3.1)."""
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
