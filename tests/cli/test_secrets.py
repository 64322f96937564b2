"""`forensic secret`: what it enters, what it refuses, who reads a secret again, and what a terminal shows."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chain_of_custody.messages import table
from tests.examiner import PROGRAM, Done, Examiner
from tests.keyed import Keyed, enrols
from tests.keyed import keyed as keyed_by
from tests.terminal import at_terminal

VALUE = "0704-113"
FACTS = ("--from", "机主王某", "--how", "笔录中当面告知", "--by", "张三", "--with", "李四")
ALL = (*FACTS, "--voluntary", "yes", "--notice", "yes")


@pytest.fixture
def readers(at_work: Examiner) -> Keyed:
    """An examiner with an exhibit; nobody has a key yet, and of everybody the passphrase is at hand."""
    return keyed_by(at_work, "张三", "李四", "赵六", "钱七")


@pytest.fixture
def keyed(readers: Keyed) -> Keyed:
    """The same with two people who have keys."""
    enrols(readers, "张三", "李四")
    return readers


@pytest.fixture
def value_file(tmp_path: Path) -> Path:
    path = tmp_path / "told.txt"
    path.write_bytes(VALUE.encode() + b"\r\n")
    return path


def adds(examiner: Examiner, value_file: Path, *more: object) -> int:
    seq = examiner.asks("secret", "add", "EX-001", *ALL, "--value-file", value_file, *more)["seq"]
    assert isinstance(seq, int)
    return seq


def vault_files(examiner: Examiner) -> list[Path]:
    return sorted((examiner.home / "vault").rglob("*.age"))


def refused(examiner: Examiner, code: int, message: str, *words: object) -> Done:
    """Refused in either language, with the words of that message and nothing entered but the session."""
    before = examiner.entries()
    examiner.lang = "zh"
    said = examiner.types("secret", *words)
    examiner.lang = "en"
    done = examiner.types("secret", *words)
    assert (said.code, done.code) == (code, code), done.said
    assert done.out == said.out == ""
    assert table()[message]["en"].split("{")[0] in done.err
    new = {body["kind"] for body in examiner.entries()[len(before) :]}
    assert new <= {"session.open", "session.close"}
    return done


# -- adding


def test_a_secret_is_entered_without_its_value(keyed: Keyed, value_file: Path) -> None:
    done = keyed.types("secret", "add", "EX-001:/dev/sda2", *ALL, "--kind", "recovery-key", "--value-file", value_file)
    assert done.code == 0, done.said
    (body,) = (body for body in keyed.entries() if body["kind"] == "secret.add")
    assert (body["item"], body["part"], body["type"]) == ("EX-001", "/dev/sda2", "recovery-key")
    assert (body["given_by"], body["how"]) == ("机主王某", "笔录中当面告知")
    assert (body["voluntary"], body["notice"]) == (True, True)
    assert body["for"] == ["张三", "李四"]
    assert len(bytes.fromhex(body["commitment"])) == 32
    assert [path.stem for path in vault_files(keyed)] == [body["vault"]]
    assert len(body["signers"]) == 2
    assert not {"value", "length", "hmac_key"} & set(body)
    assert VALUE not in done.out + done.err
    assert str(value_file) in done.err  # still holds the value
    assert keyed.types("verify").code == 0


def test_what_the_papers_will_miss_is_said(keyed: Keyed, value_file: Path) -> None:
    answer = keyed.asks("secret", "add", "EX-001", *FACTS, "--value-file", value_file)
    assert [finding["code"] for finding in answer["findings"]] == ["secret-lacks-voluntary", "secret-lacks-notice"]
    answer = keyed.asks(
        "secret", "add", "EX-001", *FACTS, "--voluntary", "no", "--notice", "no", "--value-file", value_file
    )
    said = ["secret-not-voluntary", "secret-not-notice", "secret-lacks-authority"]
    assert [finding["code"] for finding in answer["findings"]] == said
    assert keyed.types("secret", "add", "EX-001", *FACTS, "--voluntary", "no", "--value-file", value_file).code == 3
    done = keyed.types("secret", "add", "EX-001", *FACTS, "--value-file", value_file)
    assert done.code == 0  # remarks for the papers, no fault of the evidence


def test_the_same_value_twice_does_not_show(keyed: Keyed, value_file: Path) -> None:
    adds(keyed, value_file)
    adds(keyed, value_file)
    one, other = (body for body in keyed.entries() if body["kind"] == "secret.add")
    assert one["commitment"] != other["commitment"]


def test_chosen_readers(keyed: Keyed, value_file: Path) -> None:
    enrols(keyed, "赵六", "钱七")
    seq = adds(keyed, value_file, "--for", "赵六", "--for", "钱七")
    assert keyed.entries()[seq]["for"] == ["赵六", "钱七"]
    refused(keyed, 5, "secret-not-for", "reveal", seq, "--reason", "试", "--to", "-", "--by", "张三")
    assert keyed.types("secret", "reveal", seq, "--reason", "试", "--to", "-", "--by", "钱七").out == VALUE


def test_a_key_that_only_signs_reads_nothing(keyed: Keyed, value_file: Path) -> None:
    enrols(keyed, "赵六", signer="pkcs11")
    answer = keyed.asks("secret", "add", "EX-001", *ALL, "--value-file", value_file)
    assert answer["for"] == ["张三", "李四"]
    assert [finding["code"] for finding in answer["findings"]] == ["secret-no-reader"]
    refused(
        keyed,
        5,
        "secret-for-cannot",
        "add",
        "EX-001",
        *ALL,
        "--for",
        "赵六",
        "--for",
        "张三",
        "--value-file",
        value_file,
    )


def test_one_reader_alone_is_refused(readers: Keyed, value_file: Path) -> None:
    words = ("add", "EX-001", *ALL, "--value-file", value_file)
    done = refused(readers, 5, "secret-two-readers", *words)
    assert "forensic key new" in done.err
    assert "forensic key enroll" in done.err
    enrols(readers, "张三")
    refused(readers, 5, "secret-two-readers", *words)
    assert vault_files(readers) == []


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        (5, "exhibit-none", ["EX-009", *ALL]),
        (2, "secret-part", ["EX-001: ", *ALL]),
        (2, "secret-unsaid", ["EX-001", "--from", " ", "--how", "x"]),
        (2, "secret-unsaid", ["EX-001", "--from", "x", "--how", ""]),
        (5, "secret-for-unknown", ["EX-001", *ALL, "--for", "王五", "--for", "张三"]),
        (5, "secret-two-readers", ["EX-001", *ALL, "--for", "张三", "--for", "张三"]),
        (2, "secret-in-the-text", ["EX-001", "--from", "王某", "--how", f"他说密码是{VALUE}。"]),
        (2, "secret-in-the-text", [f"EX-001:{VALUE}", *ALL]),
        (2, "secret-in-the-text", ["EX-001", *ALL, "--authority", f"授权书 {VALUE}"]),
        (2, "secret-in-the-text", ["EX-001", *ALL, "--by", "张三", "--with", f"{VALUE}"]),
        (2, "secret-two-sources", ["EX-001", *ALL, "--value-fd", "0"]),
    ],
)
def test_what_cannot_be_entered(keyed: Keyed, value_file: Path, code: int, message: str, words: list[str]) -> None:
    done = refused(keyed, code, message, "add", *words, "--value-file", value_file)
    assert VALUE not in done.err
    assert vault_files(keyed) == []


@pytest.mark.parametrize("words", [["--reason", f"密码{VALUE}"], ["--reason", "x", "--by", "张三", "--with", VALUE]])
def test_a_reason_that_tells_the_value_is_refused(keyed: Keyed, value_file: Path, words: list[str]) -> None:
    seq = adds(keyed, value_file)
    before = keyed.entries()
    refused(keyed, 2, "secret-in-the-text", "reveal", seq, "--to", "-", *words)
    assert keyed.entries() == before


@pytest.mark.parametrize("value", ["secret", "passcode", "!pass!"])
def test_words_of_the_command_tell_nothing(keyed: Keyed, tmp_path: Path, value: str) -> None:
    file = tmp_path / "told"
    file.write_text(value, "utf-8")
    done = keyed.types("secret", "add", "EX-001", *ALL, "--kind", "passcode", "--value-file", file)
    assert done.code == 0, done.said
    done = keyed.types("secret", "add", "EX-001", *FACTS, "--authority", f"x{value}", "--value-file", file)
    assert done.code == (0 if value == "secret" else 2), done.said


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ("secret-empty", b""),
        ("secret-empty", b"\n"),
        ("secret-not-text", b"\xff\xfe0\x007\x000\x004\x00"),
        ("secret-not-text", b"0704\xe5"),
        ("secret-not-a-line", b"0704\n113\n"),
        ("secret-not-a-line", b"0704\x1b[2J"),
        ("secret-not-a-line", b"x" * 5000),
    ],
)
def test_what_is_no_value(keyed: Keyed, tmp_path: Path, message: str, written: bytes) -> None:
    path = tmp_path / "wrong.txt"
    path.write_bytes(written)
    done = refused(keyed, 2, message, "add", "EX-001", *ALL, "--value-file", path)
    assert "0704" not in done.err


def test_where_no_value_comes_from(keyed: Keyed, tmp_path: Path) -> None:
    refused(keyed, 2, "secret-file", "add", "EX-001", *ALL, "--value-file", tmp_path / "none")
    refused(keyed, 2, "secret-descriptor", "add", "EX-001", *ALL, "--value-fd", "987")
    done = keyed.runs("secret", "add", "EX-001", *ALL)
    assert done.code == 2
    assert "--value-fd 3" in done.err


def test_a_value_keeps_its_blanks_and_marks(keyed: Keyed, tmp_path: Path) -> None:
    for written, meant in ((b" a \n", " a "), (b"\xef\xbb\xbfabc\n", "abc"), ("é\u3000密".encode(), "é\u3000密")):
        path = tmp_path / "value"
        path.write_bytes(written)
        seq = adds(keyed, path)
        assert keyed.types("secret", "reveal", seq, "--reason", "试", "--to", "-").out == meant


# -- reading again


def test_reveal_enters_before_it_shows(keyed: Keyed, value_file: Path, tmp_path: Path) -> None:
    seq = adds(keyed, value_file)
    target = tmp_path / "out.txt"
    answer = keyed.asks("secret", "reveal", seq, "--reason", "解锁手机", "--to", target)
    assert answer["file"] == str(target)
    assert "value" not in answer
    assert target.read_bytes() == VALUE.encode()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    body = keyed.entries()[-2]
    assert (body["kind"], body["target"], body["reason"]) == ("secret.reveal", seq, "解锁手机")
    assert len(body["signers"]) == 2

    target.unlink()
    target.parent.chmod(0o500)
    try:
        if os.geteuid() != 0:  # root writes anywhere
            assert keyed.types("secret", "reveal", seq, "--reason", "再次", "--to", target).code == 7
    finally:
        target.parent.chmod(0o700)


def test_a_pipe_gets_it_only_when_asked(keyed: Keyed, value_file: Path) -> None:
    seq = adds(keyed, value_file)
    done = refused(keyed, 2, "secret-no-terminal", "reveal", seq, "--reason", "试")
    assert "--to -" in done.err
    assert keyed.types("--json", "secret", "reveal", seq, "--reason", "试").code == 2
    assert keyed.types("secret", "reveal", seq, "--reason", "试", "--to", "-").out == VALUE
    assert keyed.asks("secret", "reveal", seq, "--reason", "试", "--to", "-")["value"] == VALUE


def test_where_a_value_must_not_go(keyed: Keyed, value_file: Path, tmp_path: Path) -> None:
    seq = adds(keyed, value_file)
    words = ("reveal", seq, "--reason", "试", "--to")
    refused(keyed, 5, "output-exists", *words, value_file)
    refused(keyed, 2, "output-no-folder", *words, tmp_path / "none" / "out")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    refused(keyed, 5, "output-exists", *words, tmp_path / "link")
    inside = keyed.types("secret", *words, keyed.case / "reports" / "out")
    assert inside.code == 2
    assert "inside the case" in inside.err
    refused(keyed, 2, "reason-missing", "reveal", seq, "--reason", " ", "--to", "-")
    refused(keyed, 2, "secret-none", "reveal", 0, "--reason", "试", "--to", "-")


def test_a_key_that_was_replaced_still_reads(keyed: Keyed, value_file: Path) -> None:
    seq = adds(keyed, value_file)
    enrols(keyed, "张三")
    done = keyed.types("secret", "reveal", seq, "--reason", "换钥后", "--to", "-", "--by", "张三")
    assert (done.code, done.out) == (0, VALUE), done.said
    assert keyed.types("verify").code == 0


def test_a_key_that_is_not_here(keyed: Keyed, value_file: Path) -> None:
    seq = adds(keyed, value_file)
    for path in (keyed.home / "keys" / "people").iterdir():
        path.unlink()
    refused(keyed, 5, "secret-key-elsewhere", "check", seq, "--value-file", value_file)


def test_without_a_passphrase_nothing_opens(keyed: Keyed, value_file: Path) -> None:
    seq = adds(keyed, value_file)
    before = keyed.entries()
    locked = Examiner(keyed.home, keyed.case, lang="en")
    done = locked.runs("secret", "check", seq, "--value-file", value_file)
    assert (done.code, done.out) == (2, "")
    assert "--passphrase-file" in done.err
    done = locked.runs("secret", "reveal", seq, "--reason", "试", "--to", "-")
    assert (done.code, done.out) == (2, "")
    assert locked.entries() == before  # keys are asked for before a session begins


def test_a_vault_file_that_was_exchanged_is_6(keyed: Keyed, value_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("another")
    seqs = adds(keyed, value_file), adds(keyed, other)
    one, two = (keyed.home / "vault").rglob("*.age")
    wholes = one.read_bytes(), two.read_bytes()
    one.write_bytes(wholes[1])
    two.write_bytes(wholes[0])
    for seq in seqs:
        refused(keyed, 6, "secret-not-committed", "reveal", seq, "--reason", "试", "--to", "-")
    one.write_bytes(wholes[0][:-1])
    two.write_bytes(wholes[1][:-1])
    for seq in seqs:
        refused(keyed, 6, "vault-damaged", "reveal", seq, "--reason", "试", "--to", "-")
    one.unlink()
    two.unlink()
    for seq in seqs:
        refused(keyed, 5, "vault-absent", "reveal", seq, "--reason", "试", "--to", "-")


def test_check_says_whether_it_is_the_value(keyed: Keyed, value_file: Path, tmp_path: Path) -> None:
    seq = adds(keyed, value_file)
    before = keyed.entries()
    assert keyed.asks("secret", "check", seq, "--value-file", value_file)["same"] is True
    wrong = tmp_path / "wrong"
    wrong.write_text(VALUE + " ")
    done = keyed.types("secret", "check", seq, "--value-file", wrong)
    assert done.code == 3
    assert done.out == ""
    assert VALUE not in done.err
    assert keyed.entries() == before


# -- listing


def test_the_list_has_everything_but_the_value(keyed: Keyed, value_file: Path) -> None:
    seq = adds(keyed, value_file, "--authority", "批准文号 12")
    keyed.asks("secret", "reveal", seq, "--reason", "解锁", "--to", value_file.with_name("out"))
    (row,) = keyed.asks("secret", "list")["secrets"]
    assert (row["seq"], row["item"], row["authority"], row["persons"]) == (
        seq,
        "EX-001",
        "批准文号 12",
        ["张三", "李四"],
    )
    assert (row["voluntary"], row["notice"], row["lacking"], row["here"]) == (True, True, [], True)
    assert [(each["reason"], each["persons"]) for each in row["reveals"]] == [("解锁", ["张三", "李四"])]
    done = keyed.types("secret", "list")
    assert "机主王某" in done.out
    assert VALUE not in json.dumps(row) + done.out

    vault_files(keyed)[0].rename(keyed.home / "elsewhere")
    assert keyed.asks("secret", "list")["secrets"][0]["here"] is False


def test_what_a_cut_off_command_left_in_the_vault_is_named(keyed: Keyed, value_file: Path) -> None:
    adds(keyed, value_file)
    (path,) = vault_files(keyed)
    left = path.with_name("0123456789abcdef.age")
    left.write_bytes(path.read_bytes())
    draft = path.with_name("0123456789abcdef.tmp")
    draft.touch()
    done = keyed.types("secret", "list")
    assert done.code == 0
    assert str(left) in done.err
    assert str(draft) in done.err
    assert str(path) not in done.err


# -- at a terminal


def test_a_terminal_asks_twice_and_shows_nothing(readers: Keyed) -> None:
    enrols(readers, "赵六", "钱七")
    words = ("secret", "add", "EX-001", *ALL)
    code, shown = at_terminal(readers, [VALUE, VALUE], *words)
    assert code == 0, shown
    assert "Once more" in shown
    assert VALUE not in shown
    assert readers.entries()[-2]["kind"] == "secret.add"
    before = readers.entries()
    code, shown = at_terminal(readers, [VALUE, VALUE + "x"], *words)
    assert code == 2, shown
    assert VALUE not in shown
    assert readers.entries() == before
    done = readers.types("secret", "reveal", len(before) - 2, "--reason", "试", "--to", "-", "--by", "赵六")
    assert done.out == VALUE
    known = ("--passphrase-file", f"赵六={readers.home.parent / 'passphrase'}")
    words = ("secret", "reveal", len(before) - 2, "--reason", "试", "--by", "赵六")
    code, shown = at_terminal(readers, [], *known, *words)
    assert code == 0, shown
    assert f"\n{VALUE}\r\n" in shown


def test_a_descriptor_is_read_to_its_end(readers: Keyed) -> None:
    enrols(readers, "赵六", "钱七")
    reading, writing = os.pipe()
    line = [sys.executable, *PROGRAM, "--case", str(readers.case), "secret", "add", "EX-001", *ALL]
    with subprocess.Popen(
        [*line, "--value-fd", str(reading)], env=readers.environment, pass_fds=[reading], stderr=subprocess.PIPE
    ) as child:
        os.close(reading)
        for piece in VALUE:
            os.write(writing, piece.encode())
        os.close(writing)
        _, err = child.communicate(timeout=30)
    assert child.returncode == 0, err
    seq = len(readers.entries()) - 2
    assert readers.types("secret", "reveal", seq, "--reason", "试", "--to", "-", "--by", "钱七").out == VALUE
