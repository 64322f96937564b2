"""People's keys at the command line: made, enrolled, replaced, lost; what they signed, and what was forged."""

import base64
import json
import os
import pty
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chain_of_custody import keys, policy
from chain_of_custody.ledger import Ledger
from chain_of_custody.messages import table
from chain_of_custody.signers import file
from tests.examiner import PROGRAM, Done, Examiner

WORDS = {"张三": "床前明月光疑是地上", "李四": "battery staple", "王五": "correct horse"}


@pytest.fixture
def people(examiner: Examiner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Examiner]:
    """An examiner with a case, whose workstation has keys of 张三, 李四 and 王五; 张三 and 李四 work on the case."""
    monkeypatch.setattr(file, "ROUNDS", 1000)
    (tmp_path / "run").mkdir()
    examiner.env["XDG_RUNTIME_DIR"] = str(tmp_path / "run")
    for name, words in WORDS.items():
        (tmp_path / name).write_text(words + "\n", "utf-8")
        done = examiner.types("key", "new", name, "--passphrase-file", tmp_path / name)
        assert done.code == 0, done.said
    examiner.makes_case()
    yield examiner
    examiner.types("key", "lock")


def given(examiner: Examiner, *names: str) -> list[object]:
    """The options that give the passphrases of these people."""
    return [word for name in names for word in ("--passphrase-file", f"{name}={examiner.home.parent / name}")]


def enroll(examiner: Examiner, *names: str) -> None:
    """The first of two vouches for a third."""
    for number, name in enumerate(names):
        vouching = ("--with", names[0]) if number > 1 else ()
        done = examiner.types(*given(examiner, *WORDS), "key", "enroll", name, "--by", name, *vouching)
        assert done.code == 0, done.said


def correct(examiner: Examiner, *before: object, value: str = "无证售药案") -> Done:
    return examiner.types(*before, "ledger", "correct", "0", "--set", f"title={value}", "--reason", "案名有误")


def renew(examiner: Examiner, name: str) -> None:
    """A further key of a person, under another passphrase."""
    path = examiner.home.parent / f"{name}-next"
    path.write_text(f"another one of {name}", "utf-8")
    assert examiner.types("key", "new", name, "--passphrase-file", path).code == 5
    assert examiner.types("key", "new", name, "--another", "--passphrase-file", path).code == 0


def next_key(examiner: Examiner, name: str) -> list[object]:
    (_, key) = [row for row in examiner.asks("key", "list")["keys"] if row["person"] == name]
    return ["--passphrase-file", f"{name}+{key['key']}={examiner.home.parent / name}-next"]


def kinds(examiner: Examiner) -> list[str]:
    return [body["kind"] for body in examiner.entries()]


def verifies(examiner: Examiner) -> None:
    done = examiner.types("verify")
    assert done.code == 0, done.said


# -- making and listing


def test_a_key_is_made_and_listed(people: Examiner) -> None:
    rows = people.asks("key", "list")["keys"]
    assert [(row["person"], row["signer"], row["state"], row["here"]) for row in rows] == [
        (name, "file", "none", True) for name in WORDS
    ]
    enroll(people, "张三")
    shutil.rmtree(people.home / "keys" / "people")
    (row,) = people.asks("key", "list")["keys"]
    assert (row["person"], row["state"], row["here"], row["enrolled"]) == ("张三", "valid", False, 2)
    assert "张三" in people.types("key", "list").out


def test_keys_are_listed_where_there_is_no_case(people: Examiner, tmp_path: Path) -> None:
    done = people.types("--json", "key", "list", where=tmp_path)
    assert len(done.json["keys"]) == 3
    assert people.types("--case", tmp_path / "none", "key", "list", where=tmp_path).code == 5


def test_nothing_private_is_printed_entered_or_exported(people: Examiner, tmp_path: Path) -> None:
    enroll(people, "张三")
    correct(people, *given(people, "张三", "李四"))
    exported = tmp_path / "keys.policy"
    said = people.types("--json", "key", "list").out + people.types("key", "export", "-o", exported).said
    case = b"".join(path.read_bytes() for path in people.case.rglob("*") if path.is_file())
    for words in WORDS.values():
        assert words.encode() not in case + exported.read_bytes() + said.encode()
    assert b"PRIVATE" not in case + exported.read_bytes() + said.encode()
    assert list(people.case.rglob("*.pem")) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("赵六",), 2),
        (("赵六", "--passphrase-fd", "99"), 2),
        (("赵六", "--passphrase-fd", "x"), 2),
        (("赵六", "--passphrase-file", "/no/such/file"), 2),
        (("赵六", "--passphrase-file", os.devnull), 2),
        ((" + ", "--passphrase-file", "{words}"), 2),
        (("赵\n六", "--passphrase-file", "{words}"), 2),
        (("赵六", "--passphrase-file", "{words}", "--key", "x"), 2),
        (("赵六", "--signer", "ssh"), 2),
        (("赵六", "--signer", "ssh", "--key", "/no/such/key"), 2),
        (("赵六", "--signer", "pkcs11", "--token", "lab"), 2),
        (("赵六", "--signer", "command", "--command", "true", "--algorithm", "rsa", "--public", "{words}"), 2),
        (("赵六", "--signer", "command", "--command", "true", "--algorithm", "sm2-sm3", "--public", "{words}"), 2),
        (("赵六", "--signer", "paper"), 2),
    ],
)
def test_what_makes_no_key(people: Examiner, words: tuple[str, ...], code: int) -> None:
    path = people.home.parent / "张三"
    done = people.types("key", "new", *(word.format(words=path) for word in words))
    assert done.code == code, done.said
    assert len(people.asks("key", "list")["keys"]) == 3


def test_a_passphrase_comes_by_a_descriptor(people: Examiner) -> None:
    def pipe() -> int:
        ours, theirs = os.pipe()
        os.write(theirs, b"by a descriptor\n")
        os.close(theirs)
        return ours

    assert people.types("key", "new", "赵六", "--passphrase-fd", pipe()).code == 0
    done = people.types("--passphrase-fd", f"赵六={pipe()}", "key", "enroll", "赵六", "--by", "赵六")
    assert done.code == 0, done.said
    assert people.entries()[1]["command"][2] == "--passphrase-fd"


def at_terminal(examiner: Examiner, *words: object, answers: list[str]) -> tuple[int, str]:
    """A command at a terminal of its own, each answer typed when a question ends with a colon."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(
            sys.executable,
            [sys.executable, *PROGRAM, "--case", str(examiner.case), *map(str, words)],
            examiner.environment,
        )
    seen = b""
    with closing(os.fdopen(terminal, "r+b", buffering=0)) as line:
        try:
            while part := line.read(1000):
                seen += part
                if answers and seen.rstrip(b" ").endswith((b":", "：".encode())):
                    answer = answers.pop(0)
                    line.write(answer.encode() + b"\n" * answer.isprintable())
        except OSError:
            pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


def test_a_terminal_is_asked_twice_for_a_new_passphrase_and_shows_none(people: Examiner) -> None:
    code, seen = at_terminal(people, "key", "new", "赵六", answers=["typed blindly", "typed blindly"])
    assert code == 0, seen
    assert "typed" not in seen
    code, seen = at_terminal(people, "key", "new", "赵六", "--another", answers=["typed blindly", "typed otherwise"])
    assert code == 2, seen
    code, seen = at_terminal(people, "key", "enroll", "赵六", "--by", "赵六", answers=["typed blindly"])
    assert code == 0, seen
    assert people.types("verify").code == 0


@pytest.mark.parametrize(("typed", "code"), [("\x04", 2), ("\x03", 130)])
def test_a_question_can_be_left_unanswered(people: Examiner, typed: str, code: int) -> None:
    assert at_terminal(people, "key", "new", "赵六", answers=[typed])[0] == code
    assert len(people.asks("key", "list")["keys"]) == 3


# -- signing


def test_an_act_is_signed_by_everyone_who_has_a_key(people: Examiner) -> None:
    enroll(people, "张三", "李四")
    assert correct(people).code == 2
    assert correct(people, *given(people, "张三")).code == 2
    before = kinds(people)
    done = correct(people, *given(people, "张三", "李四"))
    assert done.code == 0, done.said
    assert kinds(people)[len(before) :] == ["session.open", "correct", "session.close"]
    act = people.entries()[-2]
    assert [vkey.partition("+")[0] for vkey in act["signers"]] == ["张三", "李四"]
    verifies(people)


def test_a_wrong_passphrase_is_said_and_nothing_is_entered(people: Examiner) -> None:
    enroll(people, "张三")
    before = kinds(people)
    path = people.home.parent
    words = ("ledger", "correct", "0", "--set", "title=x", "--reason", "y")
    for lang in ("en", "zh"):
        people.lang = lang
        done = people.runs("--passphrase-file", f"张三={path / '李四'}", *words)
        assert done.code == 5
        assert table()["key-passphrase-wrong"][lang].format(person="张三") in done.err
    assert correct(people, "--passphrase-file", "张三=/none").code == 2
    assert kinds(people) == before


def test_one_passphrase_without_a_name_is_one_persons(people: Examiner) -> None:
    enroll(people, "张三")
    path = people.home.parent / "张三"
    assert correct(people, "--passphrase-file", path).code == 0
    enroll(people, "李四")
    done = correct(people, "--passphrase-file", path, value="x")
    assert done.code == 2
    assert "李四" in done.err
    verifies(people)


def test_an_unlocked_key_signs_without_its_passphrase(people: Examiner) -> None:
    enroll(people, "张三")
    done = people.types(*given(people, "张三"), "key", "unlock", "张三", "--for", "5m")
    assert done.code == 0, done.said
    assert [row["unlocked"] for row in people.asks("key", "list")["keys"]] == [True, False, False]
    assert correct(people).code == 0
    assert people.types("key", "lock", "李四").code == 0
    assert correct(people, value="x").code == 0
    assert people.types("key", "lock").code == 0
    assert correct(people, value="y").code == 2
    verifies(people)


@pytest.mark.parametrize("time", ["0m", "25h", "8", "-1h", "h", "8 h", "٨h"])
def test_a_time_to_stay_unlocked_is_bounded(people: Examiner, time: str) -> None:
    assert people.types(*given(people, "张三"), "key", "unlock", "张三", f"--for={time}").code == 2


def test_unlocking_fails_with_words(people: Examiner) -> None:
    assert people.types("key", "unlock", "张三").code == 2
    assert people.types("key", "unlock", "赵六").code == 5
    done = people.types("--passphrase-file", people.home.parent / "李四", "key", "unlock", "张三")
    assert done.code == 5
    assert "passphrase" in done.err


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")
def test_an_ssh_key_signs_acts(people: Examiner, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "id"], check=True)
    done = people.types("key", "new", "赵六", "--signer", "ssh", "--key", tmp_path / "id")
    assert done.code == 0, done.said
    assert people.types("key", "enroll", "赵六", "--by", "赵六").code == 0
    value = ("--set", "title=x", "--reason", "y", "--by", "赵六")
    assert people.types("ledger", "correct", "0", *value).code == 0
    verifies(people)
    (tmp_path / "id").unlink()
    before = kinds(people)
    assert people.types("ledger", "correct", "0", *value).code == 8
    assert set(kinds(people)[len(before) :]) <= {"session.open", "session.close"}
    assert people.types("key", "unlock", "赵六").code == 2


# -- changing


def test_a_key_is_enrolled_once(people: Examiner) -> None:
    enroll(people, "张三")
    before = kinds(people)
    for name in ("张三", "赵六"):
        done = people.types(*given(people, *WORDS), "key", "enroll", name, "--by", name)
        assert done.code == 5, done.said
    assert people.types("key", "enroll", "李四", "--by", "李四").code == 2
    assert kinds(people) == before


def test_one_who_has_a_key_vouches_for_a_third(people: Examiner) -> None:
    enroll(people, "张三", "李四")
    before = kinds(people)
    alone = (*given(people, *WORDS), "key", "enroll", "王五", "--by", "王五")
    for words in (alone, (*alone, "--with", "赵六")):
        done = people.types(*words)
        assert done.code == 5, done.said
        assert "--by NEW --with ENROLLED" in done.err
    assert kinds(people) == before
    assert people.types(*alone, "--with", "李四").code == 0
    assert len(people.entries()[-2]["signers"]) == 2
    verifies(people)


def test_whom_a_standing_session_brought_in_releases_nobody_in_it(people: Examiner) -> None:
    enroll(people, "张三", "李四")
    renew(people, "张三")
    assert people.types("session", "open", "--by", "王五", "--with", "李四", "--reason", "x").code == 0
    secrets = [*given(people, "李四", "王五"), *next_key(people, "张三")]
    assert people.types(*secrets, "key", "enroll", "王五").code == 0
    lost = ("key", "replace", "张三", "--lost", "--reason", "忘记口令")
    assert people.types(*secrets, *lost).code == 5
    assert people.types("session", "close").code == 0
    assert people.types(*secrets, *lost, "--by", "李四", "--with", "王五").code == 0
    verifies(people)


def test_a_key_is_replaced_by_its_person(people: Examiner) -> None:
    enroll(people, "张三")
    assert people.types(*given(people, "张三"), "key", "replace", "张三").code == 5
    renew(people, "张三")
    secrets = [*given(people, "张三"), *next_key(people, "张三")]
    done = people.types(*secrets, "key", "replace", "张三", "--by", "张三")
    assert done.code == 0, done.said
    assert len(people.entries()[-2]["signers"]) == 2
    assert correct(people, *given(people, "张三")).code == 5
    assert correct(people, *next_key(people, "张三")[:1], f"张三={people.home.parent}/张三-next").code == 0
    verifies(people)


def test_a_lost_key_is_replaced_by_two_others(people: Examiner) -> None:
    enroll(people, "张三", "李四", "王五")
    renew(people, "张三")
    secrets = [*given(people, "李四", "王五"), *next_key(people, "张三")]
    lost = ("key", "replace", "张三", "--lost", "--reason", "忘记口令")
    for persons in (("李四",), ("李四", "赵六"), ("李四", "张三")):
        with_ = [word for name in persons[1:] for word in ("--with", name)]
        done = people.types(*secrets, *lost, "--by", persons[0], *with_)
        assert done.code == 5, done.said
        assert "key.replace" not in kinds(people)
    assert people.types(*secrets, *lost[:-2], "--by", "李四", "--with", "王五").code == 2
    done = people.types(*secrets, *lost, "--by", "李四", "--with", "王五")
    assert done.code == 0, done.said
    entered = people.entries()[-2]
    assert (entered["kind"], entered["lost"], entered["reason"]) == ("key.replace", True, "忘记口令")
    assert [vkey.partition("+")[0] for vkey in entered["signers"]] == ["李四", "王五", "张三"]
    verifies(people)


def test_a_key_is_revoked(people: Examiner) -> None:
    enroll(people, "张三", "李四", "王五")
    revoke = ("key", "revoke", "张三", "--reason", "调离")
    assert people.types(*given(people, "李四"), *revoke, "--by", "李四").code == 5
    assert people.types(*given(people, "张三"), "key", "revoke", "张三", "--reason", " ", "--by", "张三").code == 2
    done = people.types(*given(people, "李四", "王五"), *revoke, "--by", "李四", "--with", "王五")
    assert done.code == 0, done.said
    assert people.types(*revoke, "--by", "张三").code == 5
    assert people.types(*given(people, "李四"), "key", "revoke", "李四", "--reason", "x", "--by", "李四").code == 0
    assert [row["state"] for row in people.asks("key", "list")["keys"]] == ["revoked", "revoked", "valid"]
    verifies(people)


def test_a_forgotten_passphrase_locks_no_case(people: Examiner, tmp_path: Path) -> None:
    enroll(people, "张三", "李四")
    assert people.types("case", "show").code == 0
    assert people.types("exhibit", "add", "--kind", "card", "--label", "存储卡").code == 0
    verifies(people)
    done = people.types("ledger", "export", tmp_path / "out", "--by", "张三", "--with", "李四")
    assert done.code == 0, done.said
    assert correct(people).code == 2


# -- the policy


def test_the_public_side_is_a_policy_file(people: Examiner, tmp_path: Path) -> None:
    enroll(people, "张三", "李四")
    path = tmp_path / "keys.policy"
    assert people.types("key", "export", "-o", path).code == 0
    read = policy.load(path)
    entries = people.entries()
    assert read.logs == (entries[0]["vkey"],)
    assert read.persons == tuple(body["vkey"] for body in entries if body["kind"] == "key.enroll")
    assert people.types("key", "export").out == path.read_text("utf-8")
    assert people.types("key", "export", "-o", path).code == 5
    assert people.types("key", "export", "-o", people.case / "keys.policy").code == 2


# -- forged


def stolen(examiner: Examiner) -> tuple[dict[str, object], bytes]:
    """An act of 张三, and the signature of it."""
    with closing(sqlite3.connect(examiner.case / "custody.sqlite")) as ledger:
        query = "SELECT body, sig FROM entry WHERE kind = 'correct'"
        body, sig = ledger.execute(query).fetchone()
    return json.loads(body), base64.b64decode(sig)[4:]


def forge(examiner: Examiner, monkeypatch: pytest.MonkeyPatch, mark: bytes | None) -> None:
    """A correction that 张三 never made, by somebody who has the ledger's key, under the mark of another or none."""
    genuine, _ = stolen(examiner)
    facts = {name: genuine[name] for name in ("sess", "target", "field", "old", "reason")}
    monkeypatch.setenv("FORENSIC_HOME", str(examiner.home))
    (vkey,) = genuine["signers"]
    signers = [] if mark is None else [_Thief(vkey, mark)]
    with Ledger.open(examiner.case / "custody.sqlite", keys.load()) as ledger, ledger.transaction() as writing:
        writing.add_signed("correct", signers, new="伪造的案名", **facts)


class _Thief:
    def __init__(self, vkey: str, mark: bytes) -> None:
        self.vkey = vkey
        self.sign = lambda message: mark


@pytest.mark.parametrize(("takes", "code"), [(True, "verify-person"), (False, "verify-person-owed")])
def test_a_mark_moved_or_left_out_shows(
    people: Examiner, monkeypatch: pytest.MonkeyPatch, takes: bool, code: str
) -> None:
    enroll(people, "张三")
    correct(people, *given(people, "张三"))
    _, mark = stolen(people)
    forge(people, monkeypatch, mark if takes else None)
    done = people.types("--json", "verify")
    assert done.code == 6, done.said
    assert f'"{code}"' in done.out


def test_a_signature_taken_off_an_entry_shows(people: Examiner) -> None:
    enroll(people, "张三")
    correct(people, *given(people, "张三"))
    with closing(sqlite3.connect(people.case / "custody.sqlite")) as ledger:
        triggers = [name for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in triggers:
            ledger.execute(f'DROP TRIGGER "{name}"')
        ledger.execute("UPDATE entry SET sig = '' WHERE kind = 'correct'")
        ledger.commit()
    assert people.types("verify").code == 6
