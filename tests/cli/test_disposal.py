"""Disposal: bytes alone, by two people and a third who approved; what is left names it, and every view copes."""

from pathlib import Path

import pytest

from chain_of_custody import disposal
from tests.cli.test_changes import BILL, RECEIVED, changes, last, last_of
from tests.cli.test_refusals import refused
from tests.conftest import Card
from tests.examiner import Examiner

APPROVED = ("--approved-by", "王五", "--reason", "保存期限届满")


@pytest.fixture
def with_bill(at_work: Examiner) -> tuple[Examiner, int]:
    """A bill that was taken and parsed, and its number."""
    at_work.asks("take", BILL, "--exhibit", "EX-001", *RECEIVED)
    at_work.asks("parse", "EX-001")
    return at_work, last_of(at_work, "taken")


def path_of(examiner: Examiner, seq: int) -> Path:
    (body,) = [body for body in examiner.entries() if body["seq"] == seq]
    return examiner.case / body["files"][0]["path"]


def test_the_bytes_go_and_a_tombstone_stays(with_bill: tuple[Examiner, int]) -> None:
    examiner, seq = with_bill
    path = path_of(examiner, seq)
    before = examiner.asks("payments")["totals"]
    (done,) = examiner.asks("dispose", seq, *APPROVED)["disposed"]
    body = last(examiner, "dispose")
    assert not path.exists()
    assert (body["target"], body["item"], body["approved_by"]) == (seq, "EX-001", ["王五"])
    assert (done["seq"], done["target"], done["located"]) == (body["seq"], seq, 0)
    assert examiner.types("verify").code == 0
    assert examiner.asks("payments")["totals"] == before  # what was read of it stays read
    (change,) = changes(examiner)
    assert (change.kind, change.subject, change.reason) == ("disposal", seq, "保存期限届满")
    assert change.persons == ("张三", "李四", "王五")
    assert seq not in {held["seq"] for held in examiner.asks("exhibit", "show", "EX-001")["held"]}


def test_whoever_wants_the_bytes_is_told_who_disposed_of_them(with_bill: tuple[Examiner, int], tmp_path: Path) -> None:
    examiner, seq = with_bill
    examiner.asks("dispose", seq, *APPROVED)
    told = refused(examiner, 5, "open", seq, "--to", tmp_path / "bill.xlsx").err
    assert str(last(examiner, "dispose")["seq"]) in told
    assert all(name in told for name in ("张三", "李四", "王五"))
    assert not (tmp_path / "bill.xlsx").exists()
    refused(examiner, 5, "dispose", seq, *APPROVED)
    assert examiner.types("search", "微信").code == 0
    assert [finding["code"] for finding in examiner.asks("parse", "EX-001")["findings"]] == ["parse-disposed"]
    assert examiner.types("report", "build", "--lang", "zh").code == 0


def test_an_image_takes_its_located_files_along(examiner: Examiner, card: Card, tmp_path: Path) -> None:
    examiner.makes_case()
    examiner.adds_exhibit()
    image = examiner.asks("acquire", "disk", card.image, "--exhibit", "EX-001")["artifacts"][0]["seq"]
    examiner.asks("recover", "EX-001")
    examiner.asks("parse", "EX-001")
    located = [body["seq"] for body in examiner.entries() if body["kind"] == "artifact.located"]
    told = refused(examiner, 2, "dispose", image, *APPROVED).err
    assert str(len(located)) in told
    (done,) = examiner.asks("dispose", image, *APPROVED, "--yes")["disposed"]
    assert done["located"] == len(located) == last(examiner, "dispose")["located"]
    refused(examiner, 5, "open", located[0], "--to", tmp_path / "x")
    refused(examiner, 5, "files", "EX-001")
    answer = examiner.asks("export", "files", "EX-001", "--to", tmp_path / "out")
    assert [finding["code"] for finding in answer["findings"]] == ["export-disposed"]
    assert answer["findings"][0]["facts"]["files"] == len(located)
    assert examiner.asks("search", "微信")["hits"]
    refused(examiner, 5, "recover", "EX-001")
    examiner.asks("parse", "EX-001")
    assert examiner.types("report", "build", "--lang", "en").code == 0
    assert examiner.types("verify").code == 0


def test_who_may_dispose(with_bill: tuple[Examiner, int]) -> None:
    examiner, seq = with_bill
    refused(examiner, 5, "dispose", seq, *APPROVED, "--by", "张三")
    refused(examiner, 5, "dispose", seq, *APPROVED, "--by", "张三", "--with", "张三")
    refused(examiner, 5, "dispose", seq, *APPROVED, "--by", "张三", "--with", "王五")
    refused(examiner, 5, "dispose", seq, *APPROVED, "--approved-by", "李四")
    refused(examiner, 2, "dispose", seq, "--reason", "r")
    refused(examiner, 2, "dispose", seq, "--approved-by", " ", "--reason", "r")
    refused(examiner, 2, "dispose", seq, "--approved-by", "王五", "--reason", " ")
    refused(examiner, 2, "dispose", *APPROVED)
    assert path_of(examiner, seq).exists()


def test_what_may_be_disposed_of(with_bill: tuple[Examiner, int]) -> None:
    examiner, seq = with_bill
    report = examiner.asks("report", "build", "--lang", "zh")["artifacts"][0]["seq"]
    for other in (report, last_of(examiner, "record-set")):
        refused(examiner, 5, "dispose", seq, other, *APPROVED)
    refused(examiner, 2, "dispose", 0, *APPROVED)
    refused(examiner, 5, "dispose", 999, *APPROVED)
    assert path_of(examiner, seq).exists()  # all or none


def test_what_a_crash_left_lying_goes_with_the_next_command(
    with_bill: tuple[Examiner, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    examiner, seq = with_bill
    path = path_of(examiner, seq)
    examiner.watched = False
    with monkeypatch.context() as cut_off:
        cut_off.setattr(disposal, "finish", lambda root, artifacts: 0)
        examiner.asks("dispose", seq, *APPROVED)
    assert path.exists()
    refused(examiner, 5, "open", seq, "--to", examiner.home / "bill.xlsx")
    examiner.watched = True
    examiner.asks("ledger", "note", "next")
    assert not path.exists()


def test_a_stranger_in_the_place_of_disposed_bytes_is_left_to_verification(with_bill: tuple[Examiner, int]) -> None:
    examiner, seq = with_bill
    path = path_of(examiner, seq)
    examiner.asks("dispose", seq, *APPROVED)
    examiner.watched = False
    path.symlink_to("/etc/hostname")
    examiner.asks("ledger", "note", "next")
    assert path.is_symlink()
    assert examiner.types("verify").code == 6
