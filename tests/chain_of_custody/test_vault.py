"""The vault: only its readers open it, its commitment is HMAC-SHA256, and an altered file is never believed."""

import json
import shutil
import stat
import subprocess
from pathlib import Path
from unittest import mock

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody.errors import CannotWrite, CaseError, CustodyRefusal, ForensicError, IntegrityError
from chain_of_custody.vault import FILLED_TO, Secret, Vault

ORIGIN = "forensic/lab/0123456789ab"
SECRET = Secret("中文 pass-704113", "EX-009", "D:")


def new_key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


KEYS = [new_key(1), new_key(2)]
READERS = [key.public_key().public_bytes_raw() for key in KEYS]


@pytest.fixture
def vault() -> Vault:
    return Vault(ORIGIN)


def test_each_reader_opens_it_and_nobody_else(vault: Vault) -> None:
    vault_id = vault.put(SECRET, READERS)
    assert [vault.get(vault_id, key) for key in KEYS] == [SECRET, SECRET]
    with pytest.raises(CustodyRefusal) as refused:
        vault.get(vault_id, new_key(3))
    assert refused.value.message_id == "vault-other-key"
    assert refused.value.exit_code == 5


@pytest.mark.parametrize("program", ["age", "rage"])
def test_the_standard_program_opens_it(vault: Vault, tmp_path: Path, program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"the program {program} is not installed")
    path = vault.path(vault.put(SECRET, READERS))
    for key in KEYS:
        identity = tmp_path / "identity"
        identity.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
            )
        )
        identity.chmod(0o600)
        done = subprocess.run([program, "-d", "-i", identity, path], capture_output=True, check=True)
        opened = json.loads(done.stdout)
        assert (opened["value"], opened["item"], opened["part"]) == ("中文 pass-704113", "EX-009", "D:")
        assert bytes.fromhex(opened["hmac_key"]) == SECRET.hmac_key


def test_the_commitment_is_what_openssl_computes(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("the program openssl is not installed")
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{SECRET.hmac_key.hex()}", "-r"]
    done = subprocess.run(command, input=SECRET.value.encode(), capture_output=True, check=True)
    assert done.stdout.decode().split()[0] == SECRET.commitment()


def test_a_commitment_keeps_its_value_and_no_other() -> None:
    assert SECRET.keeps(SECRET.commitment())
    assert not SECRET.keeps(SECRET.commitment(), "pass-704114")
    twin = Secret(SECRET.value, SECRET.item, SECRET.part)
    assert twin.commitment() != SECRET.commitment()  # a key of its own: equal values do not show


def test_a_file_for_its_owner_outside_every_name_of_the_case(vault: Vault, workstation: Path) -> None:
    path = vault.path(vault.put(SECRET, READERS))
    assert path.is_relative_to(workstation)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    assert vault.files() == [path]  # and no draft beside it


def test_the_plaintext_has_the_same_length_for_every_short_value() -> None:
    assert {len(Secret(value, "EX-001", "").plain()) for value in ("1", "123456", "x" * 300)} == {FILLED_TO}
    assert len(Secret("密" * 500, "EX-001", "").plain()) % FILLED_TO == 0


def test_nothing_is_written_over(vault: Vault) -> None:
    vault_id = vault.put(SECRET, READERS)
    before = vault.path(vault_id).read_bytes()
    with mock.patch("secrets.token_hex", return_value=vault_id), pytest.raises(CannotWrite):
        vault.put(Secret("another", "EX-001", ""), READERS)
    assert vault.path(vault_id).read_bytes() == before
    assert vault.get(vault_id, KEYS[0]) == SECRET


def test_what_was_altered_or_cut_off_is_not_believed(vault: Vault) -> None:
    vault_id = vault.put(SECRET, READERS)
    path = vault.path(vault_id)
    whole = path.read_bytes()
    for at in range(0, len(whole), 13):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x01]) + whole[at + 1 :])
        with pytest.raises(ForensicError) as raised:
            vault.get(vault_id, KEYS[0])
        assert raised.value.exit_code in (5, 6)  # a stanza no longer his, or a file no longer whole
        assert "704113" not in raised.value.text("zh") + repr(raised.value) + repr(raised.value.__cause__)
    for length in (0, 10, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(IntegrityError):
            vault.get(vault_id, KEYS[0])


def test_encrypted_by_the_same_means_but_no_secret(vault: Vault) -> None:
    vault_id = vault.put(SECRET, READERS)
    for text in (b"[]", b"704113", b'{"value": 1}', b'{"value":"704113","item":"","part":""}', b"\xff704113"):
        with mock.patch.object(Secret, "plain", return_value=text):
            vault_id = vault.put(SECRET, READERS)
        with pytest.raises(IntegrityError) as raised:
            vault.get(vault_id, KEYS[1])
        assert raised.value.__cause__ is None
        assert "704113" not in raised.value.text()


@pytest.mark.parametrize("vault_id", ["../../keys/ledger", "", "0123", "0123456789ABCDEF", "0123456789abcdef\n"])
def test_an_id_that_is_none_of_ours_is_no_path(vault: Vault, vault_id: str) -> None:
    with pytest.raises(IntegrityError):
        vault.get(vault_id, KEYS[0])


def test_a_vault_that_is_elsewhere(vault: Vault) -> None:
    vault_id = Vault("forensic/lab/another").put(SECRET, READERS)
    assert not vault.holds(vault_id)
    with pytest.raises(CaseError) as raised:
        vault.get(vault_id, KEYS[0])
    assert str(vault.path(vault_id)) in raised.value.text()
    assert raised.value.hint_text("zh")


def test_a_key_that_is_no_point_of_the_curve(vault: Vault) -> None:
    with pytest.raises(CustodyRefusal, match="ssh-ed25519"):
        vault.put(SECRET, [READERS[0], b"\x02" + bytes(31)])
    assert vault.files() == []


def test_a_place_that_cannot_be_written(vault: Vault, workstation: Path) -> None:
    workstation.mkdir(parents=True, exist_ok=True)
    (workstation / "vault").write_text("in the way")
    with pytest.raises(CannotWrite):
        vault.put(SECRET, READERS)


def test_its_repr_tells_nothing() -> None:
    assert "704113" not in repr(SECRET)
    assert SECRET.hmac_key.hex() not in repr(SECRET)
    assert repr(SECRET.hmac_key) not in repr(SECRET)
