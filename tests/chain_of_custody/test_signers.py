"""Every way to sign, judged by the programs of others: ssh-keygen, openssl, a token of SoftHSM."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_of_custody import keyring, signature
from chain_of_custody.errors import CaseError, CustodyRefusal, ForensicError, IntegrityError, Unavailable, UsageError
from chain_of_custody.keyring import Kind
from chain_of_custody.signers import command, file, pkcs11, ssh

MESSAGE = signature.CONTEXT + '{"kind":"note.add","text":"封条完好"}'.encode()
PASSPHRASE = "正确的口令八个字".encode()

needs_ssh = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


def ran(*words: object, cwd: Path, give: bytes = b"", env: dict[str, str] | None = None) -> bytes:
    line = list(map(str, words))
    return subprocess.run(line, cwd=cwd, input=give, env=env, capture_output=True, check=True).stdout


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of keys that a test need not wait for."""
    monkeypatch.setattr(file, "ROUNDS", 1000)


# -- a file


@needs_openssl
@pytest.mark.parametrize("rounds", [127, 1000, 32768, 600_000])
def test_openssl_reads_the_envelope(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    monkeypatch.setattr(file, "ROUNDS", rounds)
    pem, public = file.make(PASSPHRASE)
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "pass").write_bytes(PASSPHRASE + b"\n")
    line = ("openssl", "pkey", "-in", "key.pem", "-passin", "file:pass", "-pubout", "-outform", "DER")
    assert ran(*line, cwd=tmp_path).endswith(public)
    shown = ran("openssl", "asn1parse", "-in", "key.pem", cwd=tmp_path).decode()
    assert int(shown.partition("INTEGER           :")[2].split("\n")[0], 16) == rounds
    assert all(word in shown for word in ("PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc"))


def test_a_stolen_file_is_slow_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert file.ROUNDS >= 600_000


def test_a_file_is_the_owners_alone_and_openssl_opens_it(tmp_path: Path) -> None:
    key = keyring.new_file("张三", PASSPHRASE)
    assert stat.S_IMODE(key.pem.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.pem.parent.stat().st_mode) == 0o700
    assert "张三" not in str(key.pem)
    assert key.pem.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    signer = keyring.reach(key, PASSPHRASE)
    assert signature.holds("{}", signature.sign("{}", [signer]), [key.vkey])
    if shutil.which("openssl"):
        (tmp_path / "pass").write_bytes(PASSPHRASE + b"\n")
        line = ("openssl", "pkey", "-in", key.pem, "-passin", "file:pass", "-pubout", "-outform", "DER")
        assert ran(*line, cwd=tmp_path).endswith(signature.parse_key(key.vkey).public)


@pytest.mark.parametrize("wrong", [b"", b"another one", PASSPHRASE + b" "])
def test_a_wrong_passphrase_is_said(wrong: bytes) -> None:
    key = keyring.new_file("张三", PASSPHRASE)
    with pytest.raises(CustodyRefusal) as raised:
        keyring.reach(key, wrong)
    assert raised.value.message_id == "key-passphrase-wrong"


@pytest.mark.parametrize("short", [b"", b"1234567", "口令".encode(), b" " * 20])
def test_a_short_passphrase_makes_no_key(short: bytes) -> None:
    with pytest.raises(UsageError):
        keyring.new_file("张三", short)
    assert keyring.kept() == []


def test_keys_are_found_again_and_never_overwritten() -> None:
    first, second = keyring.new_file("张三", PASSPHRASE), keyring.new_file("张三", PASSPHRASE)
    assert keyring.kept() == [first, second]
    assert keyring.find(second.vkey) == second
    assert keyring.find(signature.verifier_key("李四", "ed25519", bytes(32))) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"person": 1}'])
def test_a_damaged_record_is_said(content: bytes) -> None:
    key = keyring.new_file("张三", PASSPHRASE)
    key.pem.with_suffix(".json").write_bytes(content)
    with pytest.raises(CaseError, match="key"):
        keyring.kept()


def test_a_record_of_another_key_is_refused() -> None:
    first, second = keyring.new_file("张三", PASSPHRASE), keyring.new_file("李四", PASSPHRASE)
    shutil.copy(first.pem.with_suffix(".json"), second.pem.with_suffix(".json"))
    with pytest.raises(CaseError):
        keyring.find(second.vkey)


def test_a_file_of_another_key_does_not_sign() -> None:
    first, second = keyring.new_file("张三", PASSPHRASE), keyring.new_file("李四", PASSPHRASE)
    first.pem.unlink()
    shutil.copy(second.pem, first.pem)
    with pytest.raises(IntegrityError):
        keyring.reach(first, PASSPHRASE).sign(MESSAGE)


def test_a_file_that_is_not_encrypted_is_refused() -> None:
    key = keyring.new_file("张三", PASSPHRASE)
    key.pem.write_text("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")
    with pytest.raises(CaseError, match="not an encrypted"):
        keyring.reach(key, PASSPHRASE)


# -- ssh


def ssh_key(folder: Path, kind: str = "ed25519") -> Path:
    ran("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "张三", "-f", "id", cwd=folder)
    return folder / "id"


@needs_ssh
def test_ssh_keygen_verifies_what_its_signer_gave(tmp_path: Path) -> None:
    path = ssh_key(tmp_path)
    key = keyring.new_reached("张三", Kind.SSH, ssh.record(path))
    signed = keyring.reach(key).sign(MESSAGE)
    assert len(signed) == 64
    (tmp_path / "mark").write_text(ssh.armored(signature.parse_key(key.vkey).public, signed))
    (tmp_path / "people").write_text("zhang " + path.with_suffix(".pub").read_text())
    verify = ("ssh-keygen", "-Y", "verify", "-f", "people", "-I", "zhang", "-s", "mark", "-n")
    assert b"Good" in ran(*verify, "custody-entry", cwd=tmp_path, give=MESSAGE)
    for namespace, message in (("custody-entry", MESSAGE + b" "), ("file", MESSAGE)):
        with pytest.raises(subprocess.CalledProcessError):
            ran(*verify, namespace, cwd=tmp_path, give=message)


@needs_ssh
def test_an_armored_signature_is_read_as_ssh_keygen_writes_it(tmp_path: Path) -> None:
    path = ssh_key(tmp_path)
    written = ran("ssh-keygen", "-Y", "sign", "-n", "custody-entry", "-f", path, cwd=tmp_path, give=MESSAGE).decode()
    public = ssh.record(path).public
    assert ssh.armored(public, ssh.raw_signature(written)) == written
    for namespace, option in (("file", ()), ("custody-entry", ("-O", "hashalg=sha256"))):
        line = ("ssh-keygen", "-Y", "sign", "-n", namespace, *option, "-f", path)
        with pytest.raises(Unavailable):
            ssh.raw_signature(ran(*line, cwd=tmp_path, give=MESSAGE).decode())


@needs_ssh
def test_other_ssh_keys_are_refused_with_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        ssh.record(ssh_key(tmp_path, "ecdsa"))
    assert "ecdsa-sha2-nistp256" in raised.value.text("zh")
    with pytest.raises(UsageError):
        ssh.record(tmp_path / "none")


@needs_ssh
def test_an_ssh_key_behind_a_passphrase_asks_nobody_where_there_is_no_terminal(tmp_path: Path) -> None:
    ran("ssh-keygen", "-q", "-t", "ed25519", "-N", "secret words", "-f", "id", cwd=tmp_path)
    key = keyring.new_reached("张三", Kind.SSH, ssh.record(tmp_path / "id"))
    with pytest.raises(Unavailable, match="ssh-keygen gave no signature"):
        keyring.reach(key).sign(MESSAGE)


@needs_ssh
def test_another_ssh_key_in_its_place_shows(tmp_path: Path) -> None:
    path = ssh_key(tmp_path)
    key = keyring.new_reached("张三", Kind.SSH, ssh.record(path))
    path.unlink()
    path.with_suffix(".pub").unlink()
    ssh_key(tmp_path)
    with pytest.raises(IntegrityError):
        keyring.reach(key).sign(MESSAGE)


@pytest.mark.parametrize(
    "armor", ["", "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----", "x" * 99]
)
def test_what_is_no_ssh_signature_is_said(armor: str) -> None:
    with pytest.raises(Unavailable):
        ssh.raw_signature(armor)


# -- a command

MADE = {
    "ed25519": ("genpkey", "-algorithm", "ed25519"),
    "ecdsa-p256-sha256": ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "sm2-sm3": ("ecparam", "-name", "SM2", "-genkey", "-noout"),
}
SIGNING = {
    "ed25519": (),
    "ecdsa-p256-sha256": ("-digest", "sha256"),
    "sm2-sm3": ("-digest", "sm3", "-pkeyopt", "distid:1234567812345678"),
}
SIGN = """\
import subprocess, sys
open("message", "wb").write(sys.stdin.buffer.read())
sys.exit(subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-in", "message", *sys.argv[1:]]).returncode)
"""


def signing_program(folder: Path, algorithm: str, name: str = "key") -> tuple[str, Path]:
    """A command that signs with a key of openssl, and its public key (PEM)."""
    ran("openssl", *MADE[algorithm], "-out", f"{name}.pem", cwd=folder)
    ran("openssl", "pkey", "-in", f"{name}.pem", "-pubout", "-out", f"{name}.pub", cwd=folder)
    (folder / "sign.py").write_text(SIGN)
    words = (sys.executable, f"'{folder / 'sign.py'}'", "-inkey", f"'{folder / name}.pem'", *SIGNING[algorithm])
    return " ".join(words), folder / f"{name}.pub"


@needs_openssl
@pytest.mark.parametrize("algorithm", MADE)
def test_openssl_verifies_what_a_command_signed(
    tmp_path: Path, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words, public = signing_program(tmp_path, algorithm)
    key = keyring.new_reached("张三", Kind.COMMAND, command.record(words, algorithm, public))
    assert signature.parse_key(key.vkey).algorithm == algorithm
    mark = signature.sign("{}", [keyring.reach(key)])
    assert signature.holds("{}", mark, [key.vkey])
    assert not signature.holds("{ }", mark, [key.vkey])
    (tmp_path / "signature").write_bytes(keyring.reach(key).sign(MESSAGE))
    (tmp_path / "signed").write_bytes(MESSAGE)
    line = ("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", *SIGNING[algorithm])
    assert b"Success" in ran(*line, "-in", "signed", "-sigfile", "signature", cwd=tmp_path)


@needs_openssl
def test_a_command_with_another_key_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words, _ = signing_program(tmp_path, "ed25519")
    _, other = signing_program(tmp_path, "ed25519", "other")
    key = keyring.new_reached("张三", Kind.COMMAND, command.record(words, "ed25519", other))
    with pytest.raises(IntegrityError):
        keyring.reach(key).sign(MESSAGE)


@needs_openssl
@pytest.mark.parametrize("algorithm", MADE)
def test_a_public_key_of_another_algorithm_is_refused(tmp_path: Path, algorithm: str) -> None:
    _, public = signing_program(tmp_path, algorithm)
    for other in set(MADE) - {algorithm}:
        with pytest.raises(UsageError):
            command.record("true", other, public)


@needs_openssl
@pytest.mark.parametrize(
    ("words", "error"),
    [("false", Unavailable), ("/no/such/program", Unavailable), ("true", IntegrityError), ("sleep 9", Unavailable)],
)
def test_a_command_that_fails_is_said(
    tmp_path: Path, words: str, error: type[ForensicError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "SECONDS", 0.3)
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as the command line has it
    _, public = signing_program(tmp_path, "ed25519")
    key = keyring.new_reached("张三", Kind.COMMAND, command.record(words, "ed25519", public))
    try:
        with pytest.raises(error):
            keyring.reach(key).sign(MESSAGE * 10_000)
    finally:
        signal.signal(signal.SIGPIPE, before)


@pytest.mark.parametrize(("words", "algorithm"), [("", "ed25519"), ("'", "ed25519"), ("true", "rsa")])
def test_no_command_and_no_algorithm(tmp_path: Path, words: str, algorithm: str) -> None:
    with pytest.raises(UsageError):
        command.record(words, algorithm, tmp_path / "none")


def test_a_missing_public_key_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        command.record("true", "ed25519", tmp_path / "none")


def test_nothing_is_noted_twice(tmp_path: Path) -> None:
    reach = command.Reach("ed25519", bytes(32), {"command": "true"})
    keyring.new_reached("张三", Kind.COMMAND, reach)
    with pytest.raises(CaseError, match="knows this key"):
        keyring.new_reached("张三", Kind.COMMAND, reach)


# -- a token

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
PIN = b"987654"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The library of SoftHSM, with a token `lab` that holds a key of each kind. It is told of its folder once."""
    library = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    module = next((Path(path) for path in MODULES if Path(path).exists()), None)
    if module is None or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM is not installed")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    pins = ("--so-pin", "12345678", "--pin", PIN.decode())
    ran("softhsm2-util", "--init-token", "--free", "--label", "lab", *pins, cwd=folder)
    with library.lib(str(module)).get_token(token_label="lab").open(rw=True, user_pin=PIN.decode()) as session:
        for label, name, kind in (
            ("ed", "1.3.101.112", "EC_EDWARDS"),
            ("p256", "secp256r1", "EC"),
            ("p384", "secp384r1", "EC"),
        ):
            curve = library.util.ec.encode_named_curve_parameters(name)
            parameters = session.create_domain_parameters(
                library.KeyType[kind], {library.Attribute.EC_PARAMS: curve}, local=True
            )
            made = library.Mechanism.EC_EDWARDS_KEY_PAIR_GEN if label == "ed" else library.Mechanism.EC_KEY_PAIR_GEN
            parameters.generate_keypair(mechanism=made, store=True, label=label)
    yield module
    os.environ.pop("SOFTHSM2_CONF")
    if before:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.mark.parametrize(("label", "algorithm"), [("ed", "ed25519"), ("p256", "ecdsa-p256-sha256")])
def test_a_token_signs(token: Path, label: str, algorithm: str) -> None:
    key = keyring.new_reached("张三", Kind.PKCS11, pkcs11.record(token, "lab", label))
    assert signature.parse_key(key.vkey).algorithm == algorithm
    signer = keyring.reach(key, PIN)
    for text in ("{}", '{"a":1}'):
        assert signature.holds(text, signature.sign(text, [signer]), [key.vkey])


def test_a_wrong_pin_is_said(token: Path) -> None:
    key = keyring.new_reached("张三", Kind.PKCS11, pkcs11.record(token, "lab", "ed"))
    with pytest.raises(CustodyRefusal) as raised:
        keyring.reach(key, b"111111")
    assert raised.value.message_id == "key-passphrase-wrong"


def test_what_a_token_lacks_is_said(token: Path) -> None:
    for asked in (("other", "ed"), ("lab", "none")):
        with pytest.raises(Unavailable):
            pkcs11.record(token, *asked)
    with pytest.raises(UsageError):
        pkcs11.record(token, "lab", "p384")
    with pytest.raises(Unavailable):
        pkcs11.record(Path("/no/such/library.so"), "lab", "ed")


def test_without_its_library_a_token_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(Unavailable) as raised:
        pkcs11.record(Path("module.so"), "lab", "ed")
    assert "pip install" in str(raised.value.hint_text())
