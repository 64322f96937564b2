"""A policy file is read as c2sp.org/tlog-policy has it, our two further lines with it; anything else names its line."""

import base64
import hashlib
from pathlib import Path

import pytest

from chain_of_custody import checkpoint, policy, signature
from chain_of_custody.errors import UsageError
from chain_of_custody.policy import Group

LOG = checkpoint.verifier_key("forensic/4501/0a1b2c", bytes(range(32)))
PERSON = signature.verifier_key("张三", "ed25519", bytes(32))


def witness(name: str) -> str:
    """The verifier key of a time-stamping witness (c2sp.org/tlog-cosignature), made past the program."""
    blob = b"\x04" + hashlib.sha256(name.encode()).digest()
    key_id = hashlib.sha256(name.encode() + b"\n" + blob).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(blob).decode()}"


X1, X2, Y1 = witness("x1"), witness("x2"), witness("y1")
EXAMPLE = f"""\
# 信任策略
log {LOG} https://log.example/
  witness X1 {X1}
witness\tX2 {X2}\thttps://witness.example/
witness Y1 {Y1}
group X any X1 X2
group all-of-them all X Y1

#person {PERSON}
#tsa ca of the authority.pem
#tsa {"0f" * 32}
quorum all-of-them
"""


def test_a_policy_is_read() -> None:
    read = policy.parse(EXAMPLE)
    assert read.logs == (LOG,)
    assert read.witnesses == {"X1": X1, "X2": X2, "Y1": Y1}
    assert read.groups == {"X": Group(1, ("X1", "X2")), "all-of-them": Group(2, ("X", "Y1"))}
    assert (read.quorum, read.persons) == ("all-of-them", (PERSON,))
    assert read.tsas == ("ca of the authority.pem", "0f" * 32)


def test_what_is_written_is_read_again() -> None:
    read = policy.parse(EXAMPLE)
    assert policy.parse(read.text()) == read


@pytest.mark.parametrize(
    ("by", "enough"),
    [((), False), (("X1", "X2"), False), (("Y1",), False), (("X2", "Y1"), True), (("X1", "Y1", "Z"), True)],
)
def test_the_quorum(by: tuple[str, ...], enough: bool) -> None:
    assert policy.parse(EXAMPLE).is_witnessed(by) is enough


def test_no_witness_is_needed_where_none_is_asked_for() -> None:
    assert policy.parse("quorum none\n").is_witnessed(())


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "policy-no-quorum", 1),
        ("quorum none\nquorum none", "policy-not-a-line", 2),
        ("quorum X", "policy-undefined", 1),
        ("quorum none\r\n", "policy-control", 1),
        ("quorum none\nlogs of all kinds", "policy-not-a-line", 2),
        ("log", "policy-not-a-line", 1),
        (f"log {LOG}\nlog {LOG}\nquorum none", "policy-twice", 2),
        (f"log {X1}\nquorum none", "policy-key", 1),
        (f"log {LOG[:-4]}AAA=\nquorum none", "policy-key", 1),
        (f"witness none {X1}", "policy-twice", 1),
        (f"witness A {X1}\nwitness A {X2}", "policy-twice", 2),
        (f"witness A {X1}\nwitness B {X1}", "policy-twice", 2),
        (f"witness A {LOG}", "policy-key", 1),
        (f"witness A {X1}\ngroup G 0 A", "policy-threshold", 2),
        (f"witness A {X1}\ngroup G 2 A", "policy-threshold", 2),
        (f"witness A {X1}\ngroup G most A", "policy-threshold", 2),
        (f"witness A {X1}\ngroup G ٣ A", "policy-threshold", 2),
        (f"witness A {X1}\ngroup G any", "policy-not-a-line", 2),
        (f"witness A {X1}\ngroup G 1 A A", "policy-twice", 2),
        (f"witness A {X1}\ngroup G any A\ngroup H any A", "policy-twice", 3),
        ("group G any G", "policy-undefined", 1),
        ("#person 张三", "policy-key", 1),
        ("#person", "policy-not-a-line", 1),
        (f"#person {X1}", "policy-key", 1),
        ("#tsa", "policy-not-a-line", 1),
    ],
)
def test_what_is_no_policy_names_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(UsageError) as raised:
        policy.parse(text)
    assert (raised.value.message_id, raised.value.facts["line"]) == (code, line)
    assert raised.value.text("zh") != raised.value.text("en")


def test_comments_of_others_are_skipped() -> None:
    assert policy.parse("# person of ours\n#persons\n#\n\t# tsa\nquorum none").persons == ()


def test_a_certificate_lies_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "policy.txt"
    path.write_text(EXAMPLE, "utf-8")
    assert policy.load(path).tsas == (str(tmp_path / "ca of the authority.pem"), "0f" * 32)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * (policy.LARGEST + 1)])
def test_what_is_no_text_of_that_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "policy.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"policy"):
        policy.load(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        policy.load(tmp_path / "none")
