"""A key that `ssh-keygen -Y sign` signs with: in a file of OpenSSH, in its agent, or on a token behind it.

Formats: OpenSSH PROTOCOL.sshsig (the armored blob), RFC 4253 section 6.6 and RFC 8709 (key and signature of
`ssh-ed25519`, strings with four bytes of length, big-endian).
"""

import base64
import binascii
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from chain_of_custody import algorithms, plain_file
from chain_of_custody.errors import UsageError
from chain_of_custody.signers import SECONDS, Checked, Reach, failed, run

KIND = b"ssh-ed25519"
MAGIC, VERSION = b"SSHSIG", (1).to_bytes(4, "big")
BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
LARGEST = 1 << 16  # bytes of a public key's file


def record(key: Path) -> Reach:
    """From a key's path, with or without its `.pub`. Raises `UsageError` for a key of another type."""
    named = key.expanduser().absolute()
    public = named if named.suffix == ".pub" else named.with_name(named.name + ".pub")
    try:
        words = plain_file.start(public, LARGEST).split()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError("signer-ssh-no-public", path=str(public), reason=reason) from error
    kind = words[0].decode("utf-8", "replace") if words else ""
    if kind != KIND.decode() or len(words) < 2:
        raise UsageError("signer-ssh-type", path=str(public), type=kind or "-")
    return Reach(algorithms.SSHSIG, _raw_key(words[1], public), {"key": str(named)})


def reach(vkey: str, how: dict[str, str]) -> Checked:
    return Checked(vkey, lambda message: raw_signature(_signed(how["key"], message)))


def armored(public: bytes, signature: bytes) -> str:
    """The signature as `ssh-keygen -Y verify` reads it, made of 32 and 64 bytes."""
    key, mark = _strings((KIND, public)), _strings((KIND, signature))
    blob = MAGIC + VERSION + _strings((key, algorithms.NAMESPACE, b"", b"sha512", mark))
    text = base64.b64encode(blob).decode()
    lines = [text[start : start + 70] for start in range(0, len(text), 70)]
    return "\n".join([BEGIN, *lines, END, ""])


def raw_signature(armor: str) -> bytes:
    """The 64 bytes of an armored signature. Raises `Unavailable` for one made another way than ours are."""
    body = armor.partition(BEGIN)[2].partition(END)[0]
    try:
        blob = base64.b64decode("".join(body.split()), validate=True)
        if not blob.startswith(MAGIC + VERSION):
            raise ValueError("no SSH signature came")
        _, namespace, _, digest, mark = _split(blob[len(MAGIC + VERSION) :])
        if (namespace, digest) != (algorithms.NAMESPACE, b"sha512"):
            raise ValueError("the signature is for another purpose or over another hash")
        kind, signature = _split(mark)
        if kind != KIND:
            raise ValueError("the signature is not of ssh-ed25519")
    except (binascii.Error, ValueError) as error:
        raise failed("ssh-keygen", str(error)) from error
    return signature


def _signed(key: str, message: bytes) -> str:
    line = ["ssh-keygen", "-Y", "sign", "-n", algorithms.NAMESPACE.decode(), "-f", key]
    alone = not sys.stdin or not sys.stdin.isatty()  # then nobody is asked for a passphrase
    asking = {"SSH_ASKPASS_REQUIRE": "never"} if alone else {}
    return run(line, message, seconds=SECONDS, env={**os.environ, **asking}, alone=alone).decode("ascii", "replace")


def _raw_key(encoded: bytes, path: Path) -> bytes:
    try:
        kind, public = _split(base64.b64decode(encoded, validate=True))
        if kind != KIND or len(public) != 32:
            raise ValueError("not an Ed25519 key")
    except (binascii.Error, ValueError) as error:
        raise UsageError("signer-ssh-no-public", path=str(path), reason=str(error)) from error
    return public


def _strings(fields: Iterable[bytes]) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def _split(blob: bytes) -> list[bytes]:
    return list(_each(blob))


def _each(blob: bytes) -> Iterator[bytes]:
    while blob:
        length = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + length:
            raise ValueError("cut off")
        yield blob[4 : 4 + length]
        blob = blob[4 + length :]
