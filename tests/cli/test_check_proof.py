"""A proof of an entry, checked by whoever received it: with no case, and with nothing but the standard library."""

import base64
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody import check_disc
from tests.examiner import Examiner
from tests.keyed import enrols, keyed


@pytest.fixture
def proof(at_work: Examiner, tmp_path: Path) -> Path:
    """Of a note that one person signed."""
    enrols(at_work, "张三")
    seq = keyed(at_work, "张三").asks("ledger", "note", "扣押时手机处于开机状态")["seq"]
    file = tmp_path / "note.tlog-proof"
    assert at_work.types("ledger", "prove", seq, "-o", file).code == 0
    return file


@pytest.fixture
def stranger(tmp_path: Path) -> Examiner:
    """Somebody else, at a machine that has neither case nor key."""
    return Examiner(tmp_path / "elsewhere", tmp_path / "no case")


def vkey(examiner: Examiner) -> str:
    return str(examiner.asks("ledger", "head")["vkey"])


def test_it_proves_by_itself(at_work: Examiner, stranger: Examiner, proof: Path, tmp_path: Path) -> None:
    head, policy = at_work.asks("ledger", "head"), tmp_path / "policy"
    at_work.types("key", "export", "-o", policy)
    seq = next(body["seq"] for body in at_work.entries() if body["kind"] == "note.add")
    for given in (("--key", head["vkey"]), ("--policy", policy)):
        told = stranger.asks("ledger", "check-proof", proof, *given)
        assert (told["seq"], told["kind"], told["signers"]) == (seq, "note.add", ["张三"])
        assert (told["size"], told["root"]) == (head["head"]["size"], head["head"]["root"])
        assert told["time"] == at_work.entries()[seq]["t"]
        for lang in ("zh", "en"):
            done = stranger.runs("--lang", lang, "ledger", "check-proof", proof, *given)
            assert (done.code, done.err) == (0, "")
            assert all(word in done.out for word in (str(seq), "note.add", told["time"], told["root"], "扣押时手机"))
    assert not stranger.home.exists()


def test_a_policy_that_does_not_know_the_person(at_work: Examiner, stranger: Examiner, proof: Path) -> None:
    policy = proof.with_name("policy")
    enrols(at_work, "李四")
    at_work.types("key", "export", "-o", policy)
    lines = policy.read_text("utf-8").splitlines()
    policy.write_text("\n".join([*(line for line in lines if "张三" not in line), ""]), "utf-8")
    done = stranger.types("--json", "ledger", "check-proof", proof, "--policy", policy)
    assert (done.code, done.json["findings"][0]["code"]) == (3, "verify-person-unconfirmed")


def reworded(text: str) -> str:
    """Another entry in the place of the one that was proved."""
    first, extra, rest = text.split("\n", 2)
    entry = base64.b64decode(extra.removeprefix("extra ")).replace("开机".encode(), "关机".encode())
    return f"{first}\nextra {base64.b64encode(entry).decode()}\n{rest}"


def renumbered(text: str) -> str:
    return text.replace("\nindex ", "\nindex 1", 1)


def unsigned(text: str) -> str:
    return text[:-9] + "AAAAAA==\n"


def without_entry(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.startswith("extra "))


@pytest.mark.parametrize(
    ("change", "code"),
    [(reworded, 6), (renumbered, 6), (unsigned, 6), (without_entry, 4), (lambda text: text[9:], 4), (str.upper, 4)],
)
def test_what_proves_nothing(
    at_work: Examiner, stranger: Examiner, proof: Path, change: Callable[[str], str], code: int
) -> None:
    proof.write_text(change(proof.read_text("utf-8")), "utf-8")
    done = stranger.types("ledger", "check-proof", proof, "--key", vkey(at_work))
    assert done.code == code, done.said


def test_what_it_is_not_asked_with(at_work: Examiner, stranger: Examiner, proof: Path, tmp_path: Path) -> None:
    assert stranger.types("ledger", "check-proof", proof).code == 2
    assert stranger.types("ledger", "check-proof", proof, "--key", "x").code == 2
    assert stranger.types("ledger", "check-proof", tmp_path / "none", "--key", vkey(at_work)).code == 4
    other = Examiner(tmp_path / "other", tmp_path / "another case")
    other.makes_case()
    assert stranger.types("ledger", "check-proof", proof, "--key", vkey(other)).code == 4


def test_the_program_on_a_disc_says_the_same(at_work: Examiner, proof: Path) -> None:
    head, text = at_work.asks("ledger", "head")["head"], proof.read_text("utf-8")
    told = at_work.asks("ledger", "check-proof", proof, "--key", vkey(at_work))
    entry = base64.b64decode(text.split("\n")[1].removeprefix("extra "))
    assert check_disc.is_proved(text, entry, told["seq"], head)
    assert not check_disc.is_proved(text, entry + b" ", told["seq"], head)
    assert not check_disc.is_proved(text, entry, told["seq"], {**head, "root": "0" * 64})
    for change in (reworded, renumbered, without_entry, str.upper):
        changed = change(text)
        beside = base64.b64decode(changed.split("\n")[1].removeprefix("extra ")) if change is reworded else entry
        assert not check_disc.is_proved(changed, beside, told["seq"], head), change


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_openssl_and_a_few_lines_agree(at_work: Examiner, proof: Path, tmp_path: Path) -> None:
    """What README tells those who have none of our programs: hashes up the path, then the signature of the head."""
    above, _, note = proof.read_text("utf-8").partition("\n\n")
    _, extra, index, *steps = above.splitlines()
    text, _, marks = note.partition("\n\n")
    size = int(text.split("\n")[1])
    number, last = int(index.split()[1]), size - 1
    node = hashlib.sha256(b"\0" + base64.b64decode(extra.split()[1])).digest()
    for step in map(base64.b64decode, steps):
        if number % 2 or number == last:
            node = hashlib.sha256(b"\1" + step + node).digest()
            while number % 2 == 0:
                number, last = number // 2, last // 2
        else:
            node = hashlib.sha256(b"\1" + node + step).digest()
        number, last = number // 2, last // 2
    assert base64.b64encode(node).decode() == text.split("\n")[2]
    public = base64.b64decode(vkey(at_work).split("+", 2)[2])[1:]
    (tmp_path / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + public)
    (tmp_path / "head").write_bytes(text.encode() + b"\n")
    (tmp_path / "sig").write_bytes(base64.b64decode(marks.split()[2])[4:])
    line = "openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in head -sigfile sig"
    subprocess.run(line.split(), cwd=tmp_path, check=True, capture_output=True)
