"""Time stamps of an outside authority (RFC 3161) over a ledger's head: asked for, read, and checked against a CA.

Stamped is SHA-256 of the head's text, the three lines that the ledger's key signs too. An answer is read as a
TimeStampResp or as the token alone, in DER (ITU-T X.690); CMS parts as RFC 5652 section 5 numbers them.
"""

import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from chain_of_custody import clock, plain_file
from chain_of_custody.errors import IntegrityError, Unavailable, UsageError

LARGEST = 1 << 20  # bytes of an answer; one with its certificates has a few thousand

_SEQUENCE, _SET, _INTEGER, _OCTETS, _OID, _TIME = 0x30, 0x31, 0x02, 0x04, 0x06, 0x18
_CONTENT, _CERTIFICATES = 0xA0, 0xA0
_SHA256 = bytes.fromhex("608648016503040201")  # 2.16.840.1.101.3.4.2.1
_GRANTED = (0, 1)  # granted, granted with modifications (RFC 3161 section 2.4.2)


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says: `imprint` is SHA-256 of what was stamped, `time` UTC, `by` the authority's name as its own
    certificate has it ('' without one), `der` the token itself (ContentInfo)."""

    imprint: bytes
    time: str
    nonce: int | None
    by: str
    der: bytes


def imprint_of(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def request(text: str) -> bytes:
    """A TimeStampReq with a nonce, which asks for the authority's certificate too."""
    return bytes(TimestampRequestBuilder().data(text.encode()).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes())


def parse_request(data: bytes) -> tuple[bytes, int | None]:
    """(imprint, nonce) of a TimeStampReq. Raises `ValueError` for anything else."""
    _, imprint, *rest = _children(data, _SEQUENCE)
    nonce = next((part for part in rest if part.tag == _INTEGER), None)
    return _imprint(imprint), None if nonce is None else _number(nonce)


def parse(data: bytes) -> Token:
    """Raises `ValueError` for what is no token over a SHA-256, and for an authority's refusal."""
    first, *rest = _children(data, _SEQUENCE)
    token = data
    if first.tag == _SEQUENCE:  # TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken OPTIONAL }
        status = _number(_nth(_children(first.whole, _SEQUENCE), 0, _INTEGER))
        if status not in _GRANTED or not rest:
            raise ValueError(f"the authority refused, status {status}")
        token = rest[0].whole
    return _read(token)


def _read(token: bytes) -> Token:
    content = _nth(_children(token, _SEQUENCE), 1, _CONTENT)
    signed = _parts(_nth(_children(content.whole, _CONTENT), 0, _SEQUENCE).content)
    wrapped = _nth(_children(_nth(signed, 2, _SEQUENCE).whole, _SEQUENCE), 1, _CONTENT)
    info = _children(_nth(_children(wrapped.whole, _CONTENT), 0, _OCTETS).content, _SEQUENCE)
    if len(info) < 5 or info[4].tag != _TIME:
        raise ValueError("not a TSTInfo")
    nonce = next((part for part in info[5:] if part.tag == _INTEGER), None)
    return Token(
        _imprint(info[2]),
        _time(info[4].content.decode("ascii")),
        None if nonce is None else _number(nonce),
        _signer(signed),
        token,
    )


def check(token: Token, roots: Path) -> None:
    """Whether a certificate of the PEM file `roots` stands behind the token. Raises `IntegrityError` if not, and
    `UsageError` for a file without certificates.

    Where the library refuses the order in which an authority put its certificates, OpenSSL is asked as a program, and
    without it `Unavailable` is raised.
    """
    try:
        trusted = x509.load_pem_x509_certificates(plain_file.start(roots, LARGEST))
    except OSError as error:
        raise UsageError("anchor-ca-unreadable", path=str(roots), reason=error.strerror or str(error)) from error
    except ValueError as error:
        raise UsageError("anchor-ca-unreadable", path=str(roots), reason=str(error)) from error
    granted = _der(_SEQUENCE, _der(_SEQUENCE, _der(_INTEGER, b"\0")) + token.der)
    try:
        response = decode_timestamp_response(granted)
    except ValueError:
        _check_by_program(token, roots)
        return
    try:
        VerifierBuilder(roots=trusted).build().verify(response, token.imprint)
    except VerificationError as error:
        raise IntegrityError("anchor-token-signature", by=token.by or "?", reason=str(error)) from error


def _check_by_program(token: Token, roots: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise Unavailable("anchor-no-openssl")
    with tempfile.NamedTemporaryFile(prefix="forensic-token-", suffix=".der") as file:
        file.write(token.der)
        file.flush()
        line = [openssl, "ts", "-verify", "-in", file.name, "-token_in", "-digest", token.imprint.hex()]
        line += ["-CAfile", str(roots.absolute()), "-attime", str(int(clock.parse_iso(token.time).timestamp()))]
        done = subprocess.run(line, capture_output=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise IntegrityError("anchor-token-signature", by=token.by or "?", reason=said or "openssl ts -verify")


def _signer(signed: list["_Part"]) -> str:
    """The subject of the certificate that the one SignerInfo names by its serial number (RFC 5652 section 5.3)."""
    certificates = next((part for part in signed[3:] if part.tag == _CERTIFICATES), None)
    infos = _children(_nth(signed, len(signed) - 1, _SET).whole, _SET)
    if certificates is None or not infos:
        return ""
    issuer_and_serial = _nth(_children(infos[0].whole, _SEQUENCE), 1, _SEQUENCE)
    serial = _number(_nth(_parts(issuer_and_serial.content), 1, _INTEGER))
    for part in _children(certificates.whole, _CERTIFICATES):
        try:
            certificate = x509.load_der_x509_certificate(part.whole)
        except (x509.InvalidVersion, UnsupportedAlgorithm) as error:
            raise ValueError(str(error)) from error
        if certificate.serial_number == serial:
            return certificate.subject.rfc4514_string()
    return ""


def _imprint(part: "_Part") -> bytes:
    """MessageImprint ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, hashedMessage OCTET STRING }."""
    algorithm, digest = _children(part.whole, _SEQUENCE)
    name = _nth(_children(algorithm.whole, _SEQUENCE), 0, _OID)
    if name.content != _SHA256 or digest.tag != _OCTETS or len(digest.content) != 32:
        raise ValueError("what is stamped is not a SHA-256")
    return digest.content


def _time(text: str) -> str:
    """GeneralizedTime as RFC 3161 section 2.4.2 restricts it: UTC, with or without a fraction of a second."""
    form = "%Y%m%d%H%M%S.%fZ" if "." in text else "%Y%m%d%H%M%SZ"
    return clock.iso(datetime.strptime(text, form).replace(tzinfo=UTC))


# -- DER (ITU-T X.690, section 10): definite lengths, one octet of tag


@dataclass(frozen=True, slots=True)
class _Part:
    tag: int
    content: bytes
    whole: bytes


def _children(data: bytes, tag: int) -> list[_Part]:
    """The parts of one element that has this tag and fills the data. Raises `ValueError`."""
    (element,) = _parts(data)
    if element.tag != tag:
        raise ValueError(f"tag {element.tag:#x} where {tag:#x} is expected")
    return _parts(element.content)


def _parts(data: bytes) -> list[_Part]:
    parts, at = [], 0
    while at < len(data):
        head = data[at : at + 2]
        if len(head) < 2 or head[1] in (0x80, *range(0x85, 0x100)):
            raise ValueError("not DER")
        more = head[1] & 0x7F if head[1] & 0x80 else 0
        length = int.from_bytes(data[at + 2 : at + 2 + more], "big") if more else head[1]
        start, stop = at + 2 + more, at + 2 + more + length
        if stop > len(data):
            raise ValueError("cut off")
        parts.append(_Part(head[0], data[start:stop], data[at:stop]))
        at = stop
    return parts


def _nth(parts: list[_Part], place: int, tag: int) -> _Part:
    if not 0 <= place < len(parts) or parts[place].tag != tag:
        raise ValueError("not a time-stamp token")
    return parts[place]


def _number(part: _Part) -> int:
    if part.tag != _INTEGER or not part.content:
        raise ValueError("not an integer")
    return int.from_bytes(part.content, "big", signed=True)


def _der(tag: int, content: bytes) -> bytes:
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (length if len(content) < 0x80 else bytes([0x80 | len(length)]) + length) + content
