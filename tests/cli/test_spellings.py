"""One person and one seal, however they are spelt: what is entered is the name without what nobody sees."""

import pytest

from chain_of_custody.messages import table
from tests.examiner import Examiner
from tests.keyed import enrols, keyed

SPELT = ("张三 ", "张三\u200b", "张 三", "张三\u3000", "\u2066张三\u2069", "张三\ufe0f")


def refused(examiner: Examiner, code: int, message: str, *words: object) -> None:
    """Refused with that message, and nothing entered."""
    before = examiner.entries()
    done = examiner.types(*words)
    assert done.code == code, done.said
    assert table()[message]["en"].split("{")[-1].partition("}")[2] in done.err, done.said
    assert examiner.entries() == before


def fails(examiner: Examiner, code: int, message: str, *words: object) -> None:
    """As `refused`, by a command whose attempt is entered."""
    done = examiner.types(*words)
    assert done.code == code, done.said
    assert table()[message]["en"].split("}")[-2].partition("{")[0] in done.err, done.said


def last_persons(examiner: Examiner) -> list[str]:
    opened = [body for body in examiner.entries() if body["kind"] == "session.open"]
    return [person["name"] for person in opened[-1]["persons"]]


@pytest.mark.parametrize("name", SPELT)
def test_whoever_has_a_key_signs_under_any_spelling(at_work: Examiner, name: str) -> None:
    enrols(at_work, "张三")
    refused(at_work, 2, "key-passphrase-none", "ledger", "note", "x", "--by", name)
    done = keyed(at_work, "张三").types("ledger", "note", "x", "--by", name, "--with", "张三")
    assert done.code == 0, done.said
    (note,) = (body for body in at_work.entries() if body["kind"] == "note.add")
    assert len(note["signers"]) == 1
    assert len(last_persons(at_work)) == 1
    assert at_work.types("verify").code == 0


@pytest.mark.parametrize(
    ("typed", "entered"), [("张三\u200b", "张三"), (" 欧阳\u3000娜娜\u2069 ", "欧阳 娜娜"), ("张\u00ad三", "张三")]
)
def test_what_nobody_sees_is_not_entered(at_work: Examiner, typed: str, entered: str) -> None:
    assert at_work.types("ledger", "note", "x", "--by", typed).code == 0
    assert last_persons(at_work)[0] == entered


@pytest.mark.parametrize("name", [" ", "\u200b", "\u3000\u2060", "\ufe0f"])
@pytest.mark.parametrize("option", ["--by", "--with"])
def test_a_name_that_nobody_could_read_is_none(at_work: Examiner, option: str, name: str) -> None:
    refused(at_work, 2, "work-name-empty", "ledger", "note", "x", option, name)


@pytest.mark.parametrize("name", SPELT)
def test_nobody_approves_his_own_act(at_work: Examiner, name: str) -> None:
    at_work.adds_exhibit("--seal", "F0009")
    act = ("exhibit", "unseal", "EX-002", "--reason", "检验", "--found", "intact", "--by", "张三")
    refused(at_work, 5, "approval-own", *act, "--approved-by", name)


@pytest.mark.parametrize("number", ["f0001", "F 0001", "F0001\u200b", "F-0001", "Ｆ0001", "F\u22120001", "F\u20130001"])
def test_a_seal_is_used_once_under_any_spelling(at_work: Examiner, number: str) -> None:
    at_work.adds_exhibit("--seal", "F0001")
    fails(at_work, 5, "custody-seal-used", "exhibit", "seal", "EX-001", "--seal", number)
    fails(at_work, 5, "exhibit-taken", "exhibit", "add", "--kind", "card", "--label", "x", "--seal", number)


def test_dashes_tell_exhibit_numbers_apart(at_work: Examiner) -> None:
    at_work.adds_exhibit("--number", "1-11")
    at_work.adds_exhibit("--number", "11-1")
    fails(at_work, 5, "exhibit-taken", "exhibit", "add", "--kind", "card", "--label", "x", "--number", "1 -11")


@pytest.mark.parametrize(("exhibit", "field"), [("EX-002", "seal"), ("EX-003", "part_of")])
def test_no_correction_opens_a_seal(at_work: Examiner, exhibit: str, field: str) -> None:
    at_work.adds_exhibit("--seal", "F0001")
    at_work.adds_exhibit("--part-of", "EX-002")
    seqs = {body["exhibit"]["id"]: body["seq"] for body in at_work.entries() if body["kind"] == "exhibit.add"}
    told = ("--reason", "录入有误")
    done = at_work.types("ledger", "correct", seqs[exhibit], "--set", f"{field}=", *told)
    assert done.code == 5, done.said
    assert "forensic exhibit unseal" in done.err
    assert not [body for body in at_work.entries() if body["kind"] == "correct"]
    assert at_work.types("ledger", "correct", seqs["EX-002"], "--set", "seal=F0002", *told).code == 0
    unseal = ("--reason", "检验", "--approved-by", "王科长", "--found", "intact")
    assert at_work.types("exhibit", "unseal", exhibit if field == "seal" else "EX-002", *unseal).code in (0, 3)
    assert at_work.types("ledger", "correct", seqs[exhibit], "--set", f"{field}=", *told).code == 0
