"""Notes, approvals and issued reports; and reassigned artifacts, which every view follows."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chain_of_custody.case import Case
from forensic.workflows import reporting
from reports import story, story_trust
from tests.cli.test_refusals import refused
from tests.conftest import Card
from tests.examiner import ROOT, Examiner

BILL = next((ROOT / "fixtures/parsers/wechat-bill/xlsx/input/Download").iterdir())
RECEIVED = ("--from", "当事人", "--received-at", "2026-01-05", "--kind", "bill")
WHY = ("--reason", "装错袋")


def last(examiner: Examiner, kind: str) -> dict[str, Any]:
    return [body for body in examiner.entries() if body["kind"] == kind][-1]


@contextmanager
def told(examiner: Examiner) -> Iterator[story.Story]:
    """The story that a report of this moment prints, told while the case is open."""
    with Case.open(examiner.case) as case:
        yield reporting.tell(case, len(case.ledger), reporting.Job("en"))


def changes(examiner: Examiner) -> list[story_trust.Change]:
    with told(examiner) as story_:
        return list(story_.changes())


# -- notes


def test_a_note_is_entered_shown_and_reported(at_work: Examiner) -> None:
    answer = at_work.asks("ledger", "note", "14:05 起改用备用电源", "--exhibit", "EX-001", "--about", "2")
    body = last(at_work, "note.add")
    assert body["seq"] == answer["seq"]
    assert (body["text"], body["item"], body["about"]) == ("14:05 起改用备用电源", "EX-001", 2)
    log = at_work.types("ledger", "log").out
    assert [line for line in log.splitlines() if "14:05 起改用备用电源" in line]
    assert "14:05 起改用备用电源" in at_work.types("ledger", "show", answer["seq"]).out
    (change,) = changes(at_work)
    assert (change.kind, change.subject, change.new, change.persons) == ("note", 2, body["text"], ("张三", "李四"))


def test_a_note_may_stand_in_a_file(at_work: Examiner, tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_text("第一行\n第二行\n", "utf-8")
    at_work.asks("ledger", "note", "--file", file)
    body = last(at_work, "note.add")
    assert body["text"] == "第一行\n第二行"
    assert "about" not in body
    assert "item" not in body
    log = at_work.types("ledger", "log").out.splitlines()
    assert [line for line in log if "第一行 第二行" in line]


def test_a_note_that_says_nothing_or_too_much_is_refused(at_work: Examiner, tmp_path: Path) -> None:
    long, binary = tmp_path / "long.txt", tmp_path / "binary.txt"
    long.write_text("号" * 30_000, "utf-8")  # 90 000 bytes, cut in the middle of a character by the limit
    binary.write_bytes(b"\xff\xfe\x00")
    refused(at_work, 2, "ledger", "note")
    refused(at_work, 2, "ledger", "note", " \n ")
    refused(at_work, 2, "ledger", "note", "x" * 65_537)
    refused(at_work, 2, "ledger", "note", "--file", long)
    refused(at_work, 2, "ledger", "note", "--file", binary)
    refused(at_work, 2, "ledger", "note", "--file", tmp_path / "missing")
    refused(at_work, 2, "ledger", "note", "x", "--file", long)
    refused(at_work, 5, "ledger", "note", "x", "--about", "999")
    refused(at_work, 5, "ledger", "note", "x", "--exhibit", "EX-009")
    assert at_work.types("ledger", "note", "x" * 65_536).code == 0


# -- approvals


def test_a_plan_is_approved_by_its_hash(at_work: Examiner, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_bytes(b"[[acquire]]\n")
    answer = at_work.asks("ledger", "approve", "--plan", plan, "--reason", "批量已审")
    body = last(at_work, "approve")
    assert body["sha256"] == answer["sha256"] == hashlib.sha256(plan.read_bytes()).hexdigest()
    assert (body["what"], body["reason"]) == ("plan", "批量已审")
    assert "target" not in body
    assert changes(at_work)[-1].new == f"SHA-256 of the plan: {body['sha256']}"


def test_an_entry_is_approved_by_its_number(at_work: Examiner, tmp_path: Path) -> None:
    at_work.asks("ledger", "approve", "--entry", "2", "--reason", "已审")
    body = last(at_work, "approve")
    assert (body["what"], body["target"]) == ("entry", 2)
    assert "sha256" not in body
    empty = tmp_path / "empty"
    empty.touch()
    refused(at_work, 2, "ledger", "approve", "--reason", "r")
    refused(at_work, 2, "ledger", "approve", "--entry", "2", "--plan", empty, "--reason", "r")
    refused(at_work, 2, "ledger", "approve", "--plan", empty, "--reason", "r")
    refused(at_work, 2, "ledger", "approve", "--plan", tmp_path, "--reason", "r")
    refused(at_work, 2, "ledger", "approve", "--entry", "2", "--reason", " ")
    refused(at_work, 5, "ledger", "approve", "--entry", "999", "--reason", "r")


# -- issued reports


def test_a_report_is_issued_over_its_hashes(at_work: Examiner) -> None:
    report = at_work.asks("report", "build", "--lang", "zh")["artifacts"][0]["seq"]
    answer = at_work.asks("report", "issue", report, "--to", "某区人民法院", "--number", "鉴字17号")
    body = last(at_work, "report.issue")
    held = next(body for body in at_work.entries() if body["seq"] == report)
    assert body["target"] == report
    assert body["files"] == [{"sha256": file["sha256"], "size": file["size"]} for file in held["files"]]
    assert answer["files"] == body["files"]
    assert (body["to"], body["number"]) == ("某区人民法院", "鉴字17号")
    assert changes(at_work)[-1].new == "to: 某区人民法院 · document number: 鉴字17号"


def test_what_is_no_report_or_not_the_one_entered_is_not_issued(at_work: Examiner) -> None:
    refused(at_work, 2, "report", "issue", "2")
    refused(at_work, 5, "report", "issue", "999")
    report = at_work.asks("report", "build", "--lang", "en")["artifacts"][0]
    path = at_work.case / report["path"]
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"X" + content[1:])
    refused(at_work, 6, "report", "issue", report["seq"])
    path.write_bytes(content)
    at_work.asks("artifact", "exclude", report["seq"], *WHY)
    refused(at_work, 5, "report", "issue", report["seq"])


# -- reassigned artifacts


@pytest.fixture
def two_exhibits(at_work: Examiner) -> Examiner:
    """A bill taken under the first of two exhibits, and parsed."""
    at_work.adds_exhibit("--label", "另一张")
    at_work.asks("take", BILL, "--exhibit", "EX-001", *RECEIVED)
    at_work.asks("parse", "EX-001")
    return at_work


def shown(examiner: Examiner, exhibit: str) -> set[str]:
    return {artifact["what"] for artifact in examiner.asks("exhibit", "show", exhibit)["held"]}


def test_a_reassigned_file_takes_along_what_was_read_from_it(two_exhibits: Examiner) -> None:
    taken = last_of(two_exhibits, "taken")
    before = two_exhibits.asks("payments", "--exhibit", "EX-001")["totals"]
    assert before
    assert not two_exhibits.asks("payments", "--exhibit", "EX-002")["totals"]
    assert {"taken", "record-set"} <= shown(two_exhibits, "EX-001")
    two_exhibits.asks("artifact", "reassign", taken, "--to", "EX-002", *WHY)
    assert not two_exhibits.asks("payments", "--exhibit", "EX-001")["totals"]
    after = two_exhibits.asks("payments", "--exhibit", "EX-002")["totals"]
    assert after == [{**source, "exhibit": "EX-002"} for source in before]
    assert not {"taken", "record-set"} & shown(two_exhibits, "EX-001")
    assert {"taken", "record-set"} <= shown(two_exhibits, "EX-002")
    hits = two_exhibits.asks("search", "微信", "--exhibit", "EX-001")
    assert not hits["hits"]
    (change,) = changes(two_exhibits)
    assert (change.kind, change.subject, change.old, change.new) == ("reassignment", taken, "EX-001", "EX-002")


def last_of(examiner: Examiner, what: str) -> int:
    return [body["seq"] for body in examiner.entries() if body.get("what") == what][-1]


def test_a_reassigned_image_takes_along_all_that_was_found_in_it(examiner: Examiner, card: Card) -> None:
    examiner.makes_case()
    examiner.adds_exhibit("--label", "甲")
    examiner.adds_exhibit("--label", "乙")
    image = examiner.asks("acquire", "disk", card.image, "--exhibit", "EX-001")["artifacts"][0]["seq"]
    found = examiner.asks("recover", "EX-001")["files"]
    parsed = examiner.asks("parse", "EX-001")["records"]
    assert found
    assert parsed
    apart = next(file["seq"] for file in found if file["seq"] is not None)
    chats = examiner.asks("chats", "--exhibit", "EX-001")["conversations"]
    examiner.asks("artifact", "reassign", image, "--to", "EX-002", *WHY)
    examiner.asks("artifact", "reassign", apart, "--to", "EX-001", *WHY)
    now = examiner.asks("chats", "--exhibit", "EX-002")["conversations"]
    assert now == [{**talk, "exhibit": "EX-002"} for talk in chats]
    assert not examiner.asks("chats", "--exhibit", "EX-001")["conversations"]
    refused(examiner, 5, "files", "EX-001")
    assert examiner.asks("files", "EX-002")["files"]
    with told(examiner) as story_:
        belongs = {row.seq: row.exhibit for row in story_.recovered.rows()}
        assert [acquisition.exhibit for acquisition in story_.acquisitions] == ["EX-002"]
    assert belongs.pop(apart) == "EX-001"
    assert set(belongs.values()) == {"EX-002"}
    moved = {"image", "recovered-list", "block-hashes", "record-set", "file"}
    assert not moved & shown(examiner, "EX-001")
    assert moved <= shown(examiner, "EX-002")
    assert [(change.old, change.new) for change in changes(examiner)] == [("EX-001", "EX-002"), ("EX-002", "EX-001")]
