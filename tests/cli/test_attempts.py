"""What is refused enters nothing; what fails later says that the attempt was entered; and the parser's own words."""

from pathlib import Path

import pytest

from tests.examiner import Done, Examiner
from tests.keyed import enrols, keyed

UNSEAL = ("exhibit", "unseal", "EX-001", "--reason", "检验", "--found", "intact", "--approved-by")
PASS = ("exhibit", "handover", "EX-001", "--to")


def refused(examiner: Examiner, code: int, *words: object) -> Done:
    """The command is refused and leaves the ledger as it was."""
    before = examiner.entries()
    done = examiner.types(*words)
    assert done.code == code, done.said
    assert examiner.entries() == before
    assert "attempt" not in done.err
    return done


@pytest.fixture
def sealed(at_work: Examiner) -> Examiner:
    """EX-001 is under seal."""
    assert at_work.types("exhibit", "seal", "EX-001", "--seal", "F0001").code == 3
    return at_work


def test_what_can_be_told_before_the_session_is_refused_without_one(at_work: Examiner, tmp_path: Path) -> None:
    refused(at_work, 5, "exhibit", "unseal", "EX-001", *UNSEAL[3:], "王科长")
    refused(at_work, 2, "exhibit", "seal", "EX-001", "--seal", " ")
    refused(at_work, 2, "exhibit", "seal", "EX-001", "--seal", "F1", "--photo", "before:front=/nowhere.jpg")
    refused(at_work, 2, "exhibit", "return", "EX-001", "--to", "王某", "--reason", " ")
    refused(at_work, 2, "dispose", "1", "--approved-by", "王五", "--reason", "x")
    refused(at_work, 2, "ledger", "note", " ")
    refused(at_work, 5, "ledger", "note", "x", "--exhibit", "EX-009")
    refused(at_work, 2, "ledger", "approve", "--reason", "x")
    refused(at_work, 2, "ledger", "approve", "--plan", tmp_path / "none", "--reason", "x")


def test_a_change_of_keys_that_is_nobodys_to_make_enters_nothing(at_work: Examiner) -> None:
    enrols(at_work, "王五")
    refused(at_work, 5, "key", "revoke", "王五", "--reason", "调离")


def test_an_attempt_that_was_entered_is_said_with_its_head(at_work: Examiner, tmp_path: Path) -> None:
    words = ("acquire", "image", tmp_path / "missing.E01", "--exhibit", "EX-001")
    done = at_work.types(*words)
    assert done.code == 4
    head = at_work.asks("ledger", "head")["head"]
    assert done.err.splitlines()[-1] == f"The attempt is entered. Ledger at {head['size']} entries, root {head['root']}"
    answer = at_work.types("--json", *words).json
    assert answer["head"] == at_work.asks("ledger", "head")["head"]
    assert answer["error"]["exit"] == 4


def test_who_acts_approves_nothing_however_he_is_written(sealed: Examiner) -> None:
    for name in ("张三", " 张 三", "李四　"):
        refused(sealed, 5, *UNSEAL, name)
    refused(sealed, 5, *UNSEAL, "wang", "--by", "Ｗａｎｇ")
    assert sealed.types(*UNSEAL, "王科长").code == 3


def test_one_person_written_twice_is_one(at_work: Examiner) -> None:
    done = at_work.types("--json", "exhibit", "seal", "EX-001", "--seal", "F1", "--by", "Wang", "--with", "ｗａｎｇ ")
    assert "custody-alone" in [finding["code"] for finding in done.json["findings"]]
    opened = [body for body in at_work.entries() if body["kind"] == "session.open"][-1]
    assert [person["name"] for person in opened["persons"]] == ["Wang"]


def test_nobody_hands_an_exhibit_to_himself(at_work: Examiner) -> None:
    refused(at_work, 2, *PASS, "王某", "--from", "王 某")
    refused(at_work, 2, *PASS, "张三")
    assert at_work.types(*PASS, "王某", "--note", "未封存").code == 0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_key_elsewhere_and_a_passphrase_that_is_missing_are_two_things(at_work: Examiner, lang: str) -> None:
    enrols(at_work, "张三")
    at_work.lang = lang
    note = ("ledger", "note", "x")
    done = at_work.runs("--json", *note)
    assert (done.code, done.json["error"]["code"]) == (2, "key-passphrase-none")
    assert "forensic --passphrase-file 张三=" in done.err
    assert keyed(at_work, "张三").types(*note).code == 0
    for file in (at_work.home / "keys" / "people").iterdir():
        file.unlink()
    done = at_work.runs("--json", *note)
    assert (done.code, done.json["error"]["code"]) == (5, "sign-elsewhere")


def test_an_expired_certificate_is_remarked(at_work: Examiner) -> None:
    people = '[[people]]\nname = "张三"\ncertificate = "0001"\nvalid_until = "2020-01-01"\n'
    (at_work.home / "config.toml").write_text(people, "utf-8")
    done = at_work.types("ledger", "note", "x", "--by", "张三")
    assert done.code == 0
    assert "2020-01-01" in done.err


@pytest.mark.parametrize(
    ("words", "chinese"),
    [
        (["exhibit", "add", "--label", "x"], "缺少 --kind"),
        (["exhibit", "add", "--kind", "spoon", "--label", "x"], "“spoon”不对"),
        (["status", "--foo"], "没有 --foo 这个选项"),
        (["status", "more"], "多出的参数：more"),
        (["ledger", "log", "--last"], "--last 后面缺少值"),
        (["ledger", "show", "x"], "须为整数"),
        (["nonsense"], "没有“nonsense”这个命令"),
    ],
)
def test_the_parser_speaks_chinese_and_json(at_work: Examiner, words: list[str], chinese: str) -> None:
    at_work.lang = "zh"
    done = at_work.runs("--json", *words)
    assert done.code == 2
    assert chinese in done.err
    assert chinese in done.json["error"]["text"]
    assert done.json["error"]["code"] == "usage"
    assert "Error" not in done.err


def test_the_systems_words_are_chinese(at_work: Examiner, tmp_path: Path) -> None:
    at_work.lang = "zh"
    done = at_work.runs("ledger", "note", "--file", tmp_path / "none")
    assert "没有这个文件" in done.err
    assert "No such" not in done.err
    (tmp_path / "list.xlsx").write_text("x")
    done = at_work.runs("exhibit", "import", tmp_path / "list.xlsx")
    assert "zip" not in done.err
