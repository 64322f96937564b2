"""A person's signature on an entry: what is signed, how it is written, and whether it holds.

An entry that persons sign names their keys in its body as `signers`, and its `sig` holds as many marks in the same
order, separated by one space. Signed is `custody-entry/v1`, a newline, and the body, which says its own number and the
leaf before it: no signature can be moved. Keys and marks are written as in c2sp.org/signed-note: a verifier key is
`name+hash+base64(type || key)`, a mark base64 of four bytes of key hash and the signature.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chain_of_custody import algorithms

CONTEXT = b"custody-entry/v1\n"

ACTS = frozenset(
    {
        *("exhibit.seal", "exhibit.unseal", "exhibit.handover", "exhibit.return", "note.add", "correct"),
        *("artifact.reassign", "artifact.exclude", "dispose", "approve", "report.issue"),
        *("case.close", "case.reopen", "case.adopt", "key.enroll", "key.revoke", "key.replace"),
        *("secret.add", "secret.reveal"),
    }
)
"""Kinds of entry by which a person takes something upon himself; signed by everyone of them who has a key enrolled."""


class Signer(Protocol):
    """Somebody's key, ready to sign. `vkey` is its verifier key."""

    @property
    def vkey(self) -> str: ...

    def sign(self, message: bytes) -> bytes:
        """The signature in the form of the key's algorithm. May ask a token or a program, and may fail with a
        `ForensicError`."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A parsed verifier key. `algorithm` is a name of `algorithms`, `public` the key in that algorithm's form."""

    name: str
    algorithm: str
    public: bytes
    hash: bytes


def key_name(person: str) -> str:
    """A person's name as a key carries it: without blanks and plus signs, which signed notes do not allow."""
    return "_".join(person.replace("+", " ").split())


def verifier_key(name: str, algorithm: str, public: bytes) -> str:
    """The key as one line. `name` may hold neither blank nor plus sign."""
    blob = algorithms.type_of(algorithm) + public
    return f"{name}+{_hash(name, blob).hex()}+{base64.b64encode(blob).decode()}"


def parse_key(line: str) -> PublicKey:
    """Raises `ValueError` for what is no verifier key of a person, or one whose hash is of another."""
    name, blob = key_blob(line)
    algorithm, public = algorithms.split(blob)
    return PublicKey(name, algorithm, public, _hash(name, blob))


def key_blob(line: str) -> tuple[str, bytes]:
    """The name and the bytes, type first, of any verifier key. Raises `ValueError` as `parse_key` does."""
    parts = line.strip().split("+", 2)
    if len(parts) != 3 or not parts[0] or parts[0].split() != [parts[0]]:
        raise ValueError("not a verifier key")
    name, claimed, encoded = parts
    blob = _decoded(encoded)
    if _hash(name, blob).hex() != claimed:
        raise ValueError("the verifier key does not match its own hash")
    return name, blob


def sign(text: str, signers: Sequence[Signer]) -> str:
    """The `sig` of an entry with this body."""
    marks = []
    for signer in signers:
        key = parse_key(signer.vkey)
        marks.append(base64.b64encode(key.hash + signer.sign(CONTEXT + text.encode())).decode())
    return " ".join(marks)


def holds(text: str, sig: str, vkeys: Sequence[str]) -> bool:
    """Whether each of the keys signed the body, and nobody else did. What is malformed does not hold."""
    marks = sig.split(" ") if sig else []
    if len(marks) != len(vkeys):
        return False
    try:
        return all(_is_signed(text, mark, parse_key(vkey)) for mark, vkey in zip(marks, vkeys, strict=True))
    except ValueError:
        return False


def _is_signed(text: str, mark: str, key: PublicKey) -> bool:
    blob = _decoded(mark)
    return blob[:4] == key.hash and algorithms.verify(key.algorithm, key.public, CONTEXT + text.encode(), blob[4:])


def _hash(name: str, blob: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
