"""A person's signature holds for one entry, one key and one form only; OpenSSL says the same of it."""

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from chain_of_custody import algorithms, signature
from chain_of_custody.signers import Checked

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
VKEY = signature.verifier_key("张三", "ed25519", PUBLIC)
SIGNER = Checked(VKEY, KEY.sign)
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group (RFC 8032, section 5.1)
TEXT = '{"kind":"note.add","text":"封条完好"}'


def test_a_mark_holds_for_its_text_and_key_alone() -> None:
    mark = signature.sign(TEXT, [SIGNER])
    assert signature.holds(TEXT, mark, [VKEY])
    assert not signature.holds(TEXT + " ", mark, [VKEY])
    other = signature.verifier_key("李四", "ed25519", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert not signature.holds(TEXT, mark, [other])
    assert not signature.holds(TEXT, mark, [signature.verifier_key("李四", "ed25519", PUBLIC)])


def test_each_key_signs_once_and_in_order() -> None:
    second = Ed25519PrivateKey.generate()
    vkey = signature.verifier_key("李四", "ed25519", second.public_key().public_bytes_raw())
    both = signature.sign(TEXT, [SIGNER, Checked(vkey, second.sign)])
    assert signature.holds(TEXT, both, [VKEY, vkey])
    one, two = both.split(" ")
    for sig, vkeys in [
        (both, [vkey, VKEY]),
        (both, [VKEY]),
        (one, [VKEY, vkey]),
        (f"{two} {one}", [VKEY, vkey]),
        (f"{one} {one}", [VKEY, vkey]),
        (f"{one}  {two}", [VKEY, vkey]),
        (f"{both} ", [VKEY, vkey]),
        ("", [VKEY]),
    ]:
        assert not signature.holds(TEXT, sig, vkeys)
    assert signature.holds(TEXT, "", [])
    assert not signature.holds(TEXT, one, [])


def test_a_signature_has_one_form() -> None:
    """S + L signs the same under a verifier that does not compare S with L (RFC 8032, section 5.1.7)."""
    mark = base64.b64decode(signature.sign(TEXT, [SIGNER]))
    head, r, s = mark[:4], mark[4:36], int.from_bytes(mark[36:], "little")
    again = head + r + (s + ORDER).to_bytes(32, "little")
    assert signature.holds(TEXT, base64.b64encode(mark).decode(), [VKEY])
    assert not signature.holds(TEXT, base64.b64encode(again).decode(), [VKEY])


@pytest.mark.parametrize("cut", [0, 4, 8, 67])
def test_a_mark_that_was_cut_does_not_hold(cut: int) -> None:
    mark = base64.b64decode(signature.sign(TEXT, [SIGNER]))
    assert not signature.holds(TEXT, base64.b64encode(mark[:cut]).decode(), [VKEY])
    assert not signature.holds(TEXT, base64.b64encode(mark + b"\0").decode(), [VKEY])


@pytest.mark.parametrize(
    "line",
    ["", "张三", "a+b+c", VKEY[:-4], VKEY.replace("张三", "李四"), "+" + VKEY.partition("+")[2], f"张 三+{VKEY[3:]}"],
)
def test_what_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        signature.parse_key(line)
    assert not signature.holds(TEXT, signature.sign(TEXT, [SIGNER]), [line])


def test_a_key_of_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown algorithm rot13"):
        signature.parse_key(signature.verifier_key("a", "rot13", b"x"))


def test_a_name_is_one_word() -> None:
    assert signature.key_name(" 欧阳 娜娜+a ") == "欧阳_娜娜_a"
    assert signature.parse_key(signature.verifier_key("欧阳_娜娜_a", "ed25519", PUBLIC)).public == PUBLIC


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_verifies_what_was_signed(tmp_path: Path) -> None:
    mark = base64.b64decode(signature.sign(TEXT, [SIGNER]))
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert openssl_verifies(tmp_path, pem, signature.CONTEXT + TEXT.encode(), mark[4:])
    assert not openssl_verifies(tmp_path, pem, TEXT.encode(), mark[4:])


def openssl_verifies(folder: Path, pem: bytes, message: bytes, signed: bytes) -> bool:
    for name, content in {"key": pem, "message": message, "signature": signed}.items():
        (folder / name).write_bytes(content)
    line = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "message"]
    return subprocess.run([*line, "-sigfile", "signature"], cwd=folder, capture_output=True).returncode == 0


def test_p256_is_checked_on_its_curve() -> None:
    def der(key: ec.EllipticCurvePrivateKey) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return key.public_key().public_bytes(serialization.Encoding.DER, form)

    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    signed = key.sign(b"m", ec.ECDSA(SHA256()))
    assert algorithms.verify("ecdsa-p256-sha256", der(key), b"m", signed)
    assert not algorithms.verify("ecdsa-p256-sha256", der(key), b"n", signed)
    assert not algorithms.verify("ecdsa-p256-sha256", der(key), b"m", signed + b"\0")
    assert not algorithms.verify("ecdsa-p256-sha256", der(other), b"m", other.sign(b"m", ec.ECDSA(SHA256())))
    assert not algorithms.verify("ecdsa-p256-sha256", b"no key", b"m", signed)
