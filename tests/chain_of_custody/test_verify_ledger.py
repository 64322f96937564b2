"""The stand-alone verifier beside `verify`: one verdict on every attack, on every Python at hand, on every medium."""

import ast
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody import checkpoint, keys, proof, verify_ledger
from chain_of_custody.canonical import encode
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.ledger import Ledger
from chain_of_custody.verify import Verdict
from tests.chain_of_custody.test_attacks import ATTACKS, Victim, real_key, rewrite, shell, unchanged, victim

__all__ = ["victim"]

PROGRAM = Path(verify_ledger.__file__)
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
PYTHONS = sorted({*PYENV.glob("versions/3.*/bin/python3"), Path(sys.executable)})
PROVED, USAGE, NOT_CHECKED, BROKEN = 0, 2, 4, 6

Judge = Callable[..., Verdict]


def run(*arguments: object, python: Path | str = sys.executable) -> tuple[int, str]:
    """Exit code and what was said, without our packages in reach."""
    line = [str(python), "-I", "-X", "utf8", str(PROGRAM), *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, encoding="utf-8", check=False)
    assert done.stderr == "" or done.returncode == USAGE
    return done.returncode, done.stdout


def outside(victim: Victim) -> str:
    return f"{victim.head.size}:{victim.head.root.hex()}"


# -- what it is made of


def test_it_is_one_file_of_the_standard_library() -> None:
    text = PROGRAM.read_text("utf-8")
    module = ast.parse(text, feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(module) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names
    assert len(text.splitlines()) < 400


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: path.parts[-3])
def test_every_python_at_hand(victim: Victim, python: Path) -> None:
    asked = subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 8))"], check=False)
    if asked.returncode:
        pytest.skip("older than it is written for")
    code, said = run(victim.folder, "--key", victim.vkey, "--expect", outside(victim), "--strict", python=python)
    assert (code, said.split(":")[0]) == (PROVED, "已证实 PROVED")
    shell(victim.folder).execute("UPDATE entry SET body = replace(body, 'note 0', 'note 9')")
    code, said = run(victim.folder, "--key", victim.vkey, python=python)
    assert (code, said.split(":")[0]) == (BROKEN, "不符 DOES NOT HOLD")


# -- its verdicts


@pytest.mark.parametrize(("attack", "alone", "with_key", "head_shows"), ATTACKS, ids=[a[0].__name__ for a in ATTACKS])
def test_attack(
    victim: Victim,
    judge: Judge,
    attack: Callable[[Victim], None],
    alone: str | None,
    with_key: str | None,
    head_shows: bool,
) -> None:
    attack(victim)
    common = (victim.folder, "--strict", "--files", victim.folder)
    for vkey, seen in ((None, alone), (victim.vkey, with_key)):
        code, said = run(*common, *(("--key", vkey) if vkey else ()))
        assert code == (BROKEN if seen else PROVED if vkey else NOT_CHECKED), said
        assert bool(judge(victim.folder, vkey).breaches) is (code == BROKEN)
    code, said = run(*common, "--key", victim.vkey, "--expect", outside(victim))
    assert code == (BROKEN if with_key or head_shows else PROVED), said
    if head_shows and not with_key:
        assert "与外部台账头不符" in said


def test_an_end_without_a_head(victim: Victim) -> None:
    shell(victim.folder).execute("DELETE FROM checkpoint WHERE size > 8")
    code, said = run(victim.folder, "--key", victim.vkey)
    assert (code, "8: 其后没有台账头" in said) == (PROVED, True)
    assert run(victim.folder, "--key", victim.vkey, "--strict")[0] == BROKEN


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), NOT_CHECKED),
        (("--key", "x"), USAGE),
        (("--expect", "16"), USAGE),
        (("--expect", "0:" + "0" * 64), USAGE),
        (("--expect", "16:" + "0" * 64), BROKEN),
        (("--expect", "999:" + "0" * 64), BROKEN),
    ],
)
def test_it_says_proved_only_of_what_it_was_asked(victim: Victim, options: tuple[str, ...], code: int) -> None:
    assert run(victim.folder, *options)[0] == code


def test_a_changed_key_is_no_key(victim: Victim) -> None:
    name, mark, encoded = victim.vkey.split("+", 2)
    for line in (f"{name}x+{mark}+{encoded}", f"{name}+{mark[::-1]}x+{encoded}", f"{name}+{mark}+{encoded[:-4]}"):
        assert run(victim.folder, "--key", line)[0] == USAGE


@pytest.mark.parametrize("content", [b"", b"no ledger", b"SQLite format 3\0" + bytes(5000)])
def test_what_is_no_ledger(victim: Victim, content: bytes) -> None:
    (victim.folder / LEDGER).write_bytes(content)
    assert run(victim.folder, "--key", victim.vkey)[0] in (NOT_CHECKED, BROKEN)
    (victim.folder / LEDGER).unlink()
    assert run(victim.folder, "--key", victim.vkey)[0] == NOT_CHECKED


def test_an_index_that_hides_an_entry(victim: Victim) -> None:
    """The bodies are whole and the tree holds, but the case would be replayed without one of them."""
    sql = shell(victim.folder)
    for one, other in (("artifact.located", "note.add"), ("note.add", "artifact.located")):
        sql.execute("PRAGMA writable_schema = ON")
        change = "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'entry_told'"
        sql.execute(change, (f"'{one}'", f"'{other}'"))
        sql.close()
        sql = shell(victim.folder)
        if other == "note.add":
            sql.execute("REINDEX entry_told")
    code, said = run(victim.folder, "--key", victim.vkey)
    assert code == BROKEN
    assert "索引隐藏了条目" in said


def test_what_was_excluded_and_disposed_is_named(victim: Victim) -> None:
    with Ledger.open(victim.folder / LEDGER, real_key()) as ledger:
        held = next(entry for entry in ledger.entries() if entry.kind == "artifact.held")
        (victim.folder / held.body["files"][0]["path"]).unlink()
        asked = (victim.folder, "--key", victim.vkey, "--files", victim.folder)
        assert run(*asked)[0] == BROKEN
        with ledger.transaction() as transaction:
            transaction.add("artifact.exclude", target=3, reason="of another case")
            transaction.add("dispose", target=held.seq, reason="returned")
    code, said = run(*asked)
    assert code == PROVED
    assert "3: 排除 artifact.exclude" in said
    assert f"{held.seq}: 处置 dispose" in said


# -- where it reads


def test_it_leaves_no_trace(victim: Victim) -> None:
    before = {path: path.stat().st_mtime_ns for path in victim.folder.rglob("*")}
    assert run(victim.folder, "--key", victim.vkey, "--files", victim.folder)[0] == PROVED
    assert {path: path.stat().st_mtime_ns for path in victim.folder.rglob("*")} == before


def test_a_ledger_that_somebody_has_open(make_case: Callable[..., Case]) -> None:
    """The newest entries stand in the -wal alone; they are read, and it stays as it is."""
    case = make_case()
    with case.ledger.transaction() as transaction:
        transaction.add("note.add", text="not yet in the main file")
    with case.ledger.transaction() as transaction:
        transaction.add("note.add", text="only in the log")
    wal = case.folder / (LEDGER + "-wal")
    before, head = wal.read_bytes(), case.ledger.head()
    assert before
    asked = ("--key", case.ledger.verifier_key, "--expect", f"{head.size}:{head.root.hex()}", "--strict")
    assert run(case.folder, *asked)[0] == PROVED
    assert wal.read_bytes() == before


def test_a_read_only_medium(victim: Victim, mount: Callable[..., Path]) -> None:
    medium = mount("-t", "tmpfs", "tmpfs")
    shutil.copytree(victim.folder, medium / "case")
    mount("-o", "remount,ro", place=medium)
    assert run(medium / "case", "--key", victim.vkey, "--files", medium / "case")[0] == PROVED


SMALL_RANGES = "import sys; sys.path.insert(0, {!r}); import verify_ledger as v; v.RANGE = 64; sys.exit(v.main())"


def test_ranges_are_put_together_to_one_tree(tmp_path: Path) -> None:
    """Wherever heads and expected sizes fall, and whatever is wrong in the second range."""
    with Ledger.create(tmp_path / LEDGER, "forensic/4501/0123456789ab", keys.load_or_create()) as ledger:
        for size in (1, 63, 64, 65, 128, 200, 257, 300):
            with ledger.transaction() as transaction:
                while transaction.next_seq < size:
                    transaction.add("note.add", text=f"注 {transaction.next_seq}")
        vkey = ledger.verifier_key
        sizes = (1, 2, 63, 64, 65, 66, 127, 128, 129, 256, 299, 300)
        expected = [f"--expect={size}:{proof.root_at(ledger, size).hex()}" for size in sizes]
    program = SMALL_RANGES.format(str(PROGRAM.parent))
    line = [sys.executable, "-I", "-c", program, str(tmp_path), "--key", vkey, "--strict", "--processes", "2"]
    assert subprocess.run([*line, *expected], capture_output=True, check=False).returncode == PROVED
    wrong = subprocess.run([*line, "--expect", f"129:{'0' * 64}"], capture_output=True, check=False)
    assert (wrong.returncode, b"129: " in wrong.stdout) == (BROKEN, True)
    with sqlite3.connect(tmp_path / LEDGER) as sql:
        sql.execute("DROP TRIGGER entry_stays_update")
        sql.execute("UPDATE entry SET body = replace(body, '注', '註') WHERE seq = 100")
    sql.close()
    assert b"100: " in subprocess.run(line, capture_output=True, check=False).stdout


# -- its own Ed25519: RFC 8032 section 7.1, and what must not pass

VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def key_of(public: bytes) -> verify_ledger.Key:
    return verify_ledger.Key(checkpoint.verifier_key("x", public))


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_ed25519_vectors(public: str, message: str, signature: str) -> None:
    key, text, signed = key_of(bytes.fromhex(public)), bytes.fromhex(message), bytes.fromhex(signature)
    assert key.signed(text, signed)
    assert not key.signed(text + b"x", signed)
    for at in (0, 31, 32, 63):
        assert not key.signed(text, signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :])
    larger = int.from_bytes(signed[32:], "little") + verify_ledger.L
    assert not key.signed(text, signed[:32] + larger.to_bytes(32, "little"))  # the same point, not its one spelling
    assert not key.signed(text, signed[:63])
    assert not key.signed(text, b"")


def test_ed25519_beside_openssl() -> None:
    for number in range(8):
        private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        key, text = key_of(private.public_key().public_bytes_raw()), bytes(number)
        assert key.signed(text, private.sign(text))
        assert not key.signed(text, private.sign(text + b"x"))


@pytest.mark.parametrize("y", [2**255 - 19 + 3, 2**255 - 1, 2, 1 | 1 << 255])
def test_what_is_no_point(y: int) -> None:
    with pytest.raises(ValueError):
        verify_ledger.windows(y.to_bytes(32, "little"))


# -- its own canonical form


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ('{"a":1,"b":[true,null,"é"]}', True),
        ('{"a":9007199254740991,"b":-9007199254740991}', True),
        ('{"a":"1234567890123456:1234567890123456"}', True),
        ('{"a":9007199254740992}', False),
        ('{"a":[-9007199254740992]}', False),
        ('{"a":1.0}', False),
        ('{"a":1e3}', False),
        ('{"a":-0}', False),
        ('{"a":NaN}', False),
        ('{"a":1,"a":1}', False),
        ('{"b":1,"a":1}', False),
        ('{"a": 1}', False),
        ('{"a":"\\u00e9"}', False),
        ('{"a":"\\ud800"}', False),
        ('{"é":1}', False),
        ('{"a":"é\\":é"}', True),
        ("[]", False),
        ("", False),
        ("[" * 100_000, False),
    ],
)
def test_bodies(text: str, canonical: bool) -> None:
    assert (verify_ledger.body_of(text.encode()) is not None) is canonical
    try:
        own = encode(json.loads(text)) == text and text.startswith("{")
    except (ValueError, TypeError, RecursionError):
        own = False
    assert own is canonical


def test_writing_the_same_again_is_no_attack(victim: Victim) -> None:
    rewrite(victim.folder, real_key(), unchanged)
    assert run(victim.folder, "--key", victim.vkey, "--expect", outside(victim), "--files", victim.folder)[0] == PROVED
