"""Time stamps as openssl makes them: read, checked, and refused when they are of somebody else."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_of_custody import clock, timestamp
from chain_of_custody.errors import IntegrityError, Unavailable, UsageError
from tests.authority import Authority

TEXT = "forensic/4501/0123456789ab\n17\nzXDBD2I80PBCkZmpotUX0RDJ/Pr9UkUzNFTwHJpJ7Vs=\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def query() -> bytes:
    return timestamp.request(TEXT)


@pytest.fixture(scope="module")
def answer(authority: Authority, query: bytes) -> bytes:
    return authority.answers(query)


def test_a_request_is_one_for_openssl(query: bytes, tmp_path: Path) -> None:
    (tmp_path / "query").write_bytes(query)
    line = ["openssl", "ts", "-query", "-in", "query", "-text"]
    told = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    imprint, nonce = timestamp.parse_request(query)
    assert imprint == timestamp.imprint_of(TEXT)
    assert "Hash Algorithm: sha256" in told
    assert "Certificate required: yes" in told
    assert nonce is not None
    assert f"{nonce:X}" in told.upper()
    assert timestamp.parse_request(timestamp.request(TEXT))[1] != nonce


def test_an_answer_and_its_bare_token_say_the_same(authority: Authority, query: bytes, answer: bytes) -> None:
    token = timestamp.parse(answer)
    assert token == timestamp.parse(authority.token(answer))
    assert (token.imprint, token.nonce) == timestamp.parse_request(query)
    assert token.by == "CN=Test TSA"
    line = ["openssl", "ts", "-reply", "-in", str(authority.folder / "answer"), "-text"]
    (authority.folder / "answer").write_bytes(answer)
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert f"Time stamp: {clock.parse_iso(token.time):%b %e %H:%M:%S %Y} GMT" in told


def test_the_signature_is_checked(authority: Authority, answer: bytes, tmp_path: Path) -> None:
    timestamp.check(timestamp.parse(answer), authority.ca)
    with pytest.raises(IntegrityError) as refused:
        timestamp.check(timestamp.parse(answer), Authority(tmp_path / "other", "Another").ca)
    assert refused.value.message_id == "anchor-token-signature"


def test_a_changed_time_is_seen(authority: Authority, answer: bytes) -> None:
    written = timestamp.parse(answer).time[:10].replace("-", "").encode()
    earlier = timestamp.parse(answer.replace(written, b"20190101"))
    assert earlier.time.startswith("2019-01-01")
    with pytest.raises(IntegrityError):
        timestamp.check(earlier, authority.ca)


def test_certificates_in_another_order_are_checked_by_openssl(
    authority: Authority, query: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = timestamp.parse(authority.answers(query, chain=True))
    assert token.by == "CN=Test TSA"
    timestamp.check(token, authority.ca)
    with pytest.raises(IntegrityError):
        timestamp.check(token, Authority(tmp_path / "other", "Another").ca)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable):
        timestamp.check(token, authority.ca)


def test_an_authority_that_refuses_gives_no_token(authority: Authority) -> None:
    sha1 = subprocess.run(
        ["openssl", "ts", "-query", "-digest", "00" * 20, "-sha1"], capture_output=True, check=True
    ).stdout
    with pytest.raises(ValueError, match="refused, status 2"):
        timestamp.parse(authority.answers(sha1))


def test_a_file_of_no_certificates_is_said(answer: bytes, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "none.pem"):
        with pytest.raises(UsageError) as refused:
            timestamp.check(timestamp.parse(answer), path)
        assert refused.value.message_id == "anchor-ca-unreadable"


def test_every_cut_and_every_bent_byte_is_read_or_refused(answer: bytes) -> None:
    for at in range(0, len(answer), 3):
        for bent in (answer[:at], answer[:at] + bytes([answer[at] ^ 0xFF]) + answer[at + 1 :]):
            try:
                timestamp.parse(bent)
            except ValueError:
                continue


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (timestamp.parse, timestamp.parse_request):
        try:
            read(data)
        except ValueError:
            continue
