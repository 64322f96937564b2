"""Signed heads: round trips, refusals, and OpenSSL as a witness from outside."""

import base64
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from chain_of_custody import checkpoint
from chain_of_custody.checkpoint import Checkpoint

ORIGIN = "forensic/4501/0123456789ab"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
HEAD = Checkpoint(ORIGIN, 1_280_000, bytes(range(100, 132)))
NOTE = checkpoint.sign(HEAD, PRIVATE.sign, PUBLIC)

ANY_TEXT = st.text(st.characters())


def test_the_note_is_three_lines_and_a_signature() -> None:
    lines = NOTE.split("\n")
    assert lines[:3] == [ORIGIN, "1280000", base64.b64encode(HEAD.root).decode()]
    assert lines[3] == ""
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]
    assert len(NOTE.encode()) <= 213  # what a QR code of version 10, level M holds


def test_round_trip() -> None:
    head, ((name, blob),) = checkpoint.parse(NOTE)
    assert head == HEAD
    assert name == ORIGIN
    assert blob[:4] == checkpoint.key_hash(ORIGIN, PUBLIC)
    assert checkpoint.is_signed_by(NOTE, ORIGIN, PUBLIC)


def test_another_key_another_name_another_text() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert not checkpoint.is_signed_by(NOTE, ORIGIN, other)
    assert not checkpoint.is_signed_by(NOTE, "forensic/4501/000000000000", PUBLIC)
    assert not checkpoint.is_signed_by(NOTE.replace("\n1280000\n", "\n1280001\n"), ORIGIN, PUBLIC)
    assert not checkpoint.is_signed_by(NOTE.replace(ORIGIN, "forensic/4501/000000000000"), ORIGIN, PUBLIC)


def test_a_second_signature_is_no_hindrance() -> None:
    second = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public = second.public_key().public_bytes_raw()
    mark = base64.b64encode(checkpoint.key_hash("witness", public) + second.sign(HEAD.text().encode())).decode()
    both = f"{NOTE}— witness {mark}\n"
    assert checkpoint.is_signed_by(both, ORIGIN, PUBLIC)
    assert checkpoint.is_signed_by(both, "witness", public)
    swapped = NOTE.partition("— ")[0] + f"— witness {mark}\n— " + NOTE.partition("— ")[2]
    assert checkpoint.is_signed_by(swapped, ORIGIN, PUBLIC)


def test_every_changed_byte_shows() -> None:
    text = NOTE.encode()
    signature = text.index("— ".encode())
    for at in range(signature):
        changed = bytearray(text)
        changed[at] ^= 1
        note = bytes(changed).decode("utf-8", "surrogateescape")
        assert not checkpoint.is_signed_by(note, ORIGIN, PUBLIC), at


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        ORIGIN,
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("1280000", "01280000"),
        NOTE.replace("1280000", "-1"),
        NOTE.replace("1280000", "1_280_000"),
        NOTE.replace("1280000", "\u0661"),
        NOTE.replace("1280000", "9" * 17),
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", ""),
        NOTE.partition("\n\n")[0] + "\n\n",
        f"{ORIGIN}\n1\nAAAA\n\n— {ORIGIN} AAAA\n",
        f"{ORIGIN}\n1\n!\n\n— {ORIGIN} AAAA\n",
        NOTE.replace(ORIGIN, "\ud800"),
        NOTE + "\n" + NOTE,
    ],
)
def test_malformed(note: str) -> None:
    with pytest.raises(ValueError):
        checkpoint.parse(note)
    assert not checkpoint.is_signed_by(note, ORIGIN, PUBLIC)


@given(ANY_TEXT | st.text("\n— +0123456789ABCDabcd=/", max_size=120))
def test_nothing_but_value_error(note: str) -> None:
    for text in (note, f"{ORIGIN}\n{note}", f"{HEAD.text()}\n— {note}\n", f"{HEAD.text()}{note}\n\n— a AAAA"):
        with suppress(ValueError):
            checkpoint.parse(text)
        checkpoint.is_signed_by(text, ORIGIN, PUBLIC)
    with suppress(ValueError):
        checkpoint.parse_verifier_key(note)


@given(name=st.text("abc/ —", min_size=1), blob=st.binary(max_size=80), public=st.binary(min_size=32, max_size=32))
def test_no_key_and_no_signature_makes_it_raise(name: str, blob: bytes, public: bytes) -> None:
    encoded = base64.b64encode(checkpoint.key_hash("a", public) + blob).decode()
    assert not checkpoint.is_signed_by(f"{HEAD.text()}\n— a {encoded}\n", "a", public)
    assert not checkpoint.is_signed_by(NOTE, name, public)


@given(st.binary(min_size=32, max_size=32))
def test_verifier_key_round_trip(public: bytes) -> None:
    """Base64 has a plus sign of its own: about every second key carries one."""
    assert checkpoint.parse_verifier_key(checkpoint.verifier_key(ORIGIN, public)) == (ORIGIN, public)


def test_verifier_key_with_a_plus_sign() -> None:
    public = b"\xef\xbe\xfb" * 10 + b"\xef\xbe"
    line = checkpoint.verifier_key(ORIGIN, public)
    assert line.count("+") > 2
    assert checkpoint.parse_verifier_key(f"{line}\n") == (ORIGIN, public)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "+",
        "++",
        ORIGIN,
        checkpoint.verifier_key(ORIGIN, PUBLIC)[:-4],
        checkpoint.verifier_key(ORIGIN, PUBLIC).replace("4501", "4502"),
        f"{ORIGIN}+00000000+{base64.b64encode(checkpoint.ED25519 + PUBLIC).decode()}",
        f"{ORIGIN}+{checkpoint.key_hash(ORIGIN, PUBLIC).hex()}+{base64.b64encode(b'x' + PUBLIC).decode()}",
    ],
)
def test_malformed_verifier_key(line: str) -> None:
    with pytest.raises(ValueError):
        checkpoint.parse_verifier_key(line)


def test_openssl_agrees(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("openssl is not installed")
    text, _, signature = NOTE.partition("\n\n")
    (tmp_path / "text").write_text(text + "\n", "utf-8")
    (tmp_path / "signature").write_bytes(base64.b64decode(signature.split(" ")[2])[4:])
    key = PRIVATE.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(key)
    command = [openssl, "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "key.pem", "-in", "text"]
    command += ["-sigfile", "signature"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "text").write_text(text.replace("1280000", "1280001") + "\n", "utf-8")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0
