"""What nobody reads is said: silence about a file must never look like an answer about it."""

from pathlib import Path
from typing import Any

import pytest

from chain_of_custody.case import Case
from chain_of_custody.finding import Finding
from forensic.workflows import reporting
from tests.examiner import ROOT, Examiner
from tests.workflows.test_counted_once import BILL, volume

NOT_A_BILL = next((ROOT / "fixtures/parsers/wechat-bill/other/input/Download").iterdir())
SOURCE = ("--from", "当事人", "--received-at", "2026-01-05")


def takes(examiner: Examiner, path: Path, content: bytes, kind: str = "bill") -> int:
    """A file given to the examiner; the number of its entry."""
    path.write_bytes(content)
    return int(examiner.asks("take", path, "--exhibit", "EX-001", "--kind", kind, *SOURCE)["artifacts"][0]["seq"])


def parsed(examiner: Examiner, code: int = 3) -> dict[str, dict[str, Any]]:
    """The findings of parsing, by code."""
    done = examiner.types("--json", "parse", "EX-001")
    assert done.code == code, done.said
    return {finding["code"]: finding for finding in done.json["findings"]}


def told(examiner: Examiner) -> list[Finding]:
    """The findings that a report of this moment prints."""
    with Case.open(examiner.case) as case:
        return list(reporting.tell(case, len(case.ledger), reporting.Job("en")).findings())


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes without a pattern, as those of an encrypted database."""
    state, out = seed, bytearray()
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        out += (state >> 24).to_bytes(5, "big")
    return bytes(out[:size])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bank statement.pdf", b"%PDF-1.4\n%%EOF\n"),
        ("statement.csv", b"date,amount\n2026-01-01,1.00\n"),
        ("statement.txt", "账单：2026年1月，收入 100 元\n".encode()),
        ("statement.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2048)),
        ("no name for it", noise(5000)),
    ],
)
def test_a_bill_that_no_parser_reads_is_said(at_work: Examiner, tmp_path: Path, name: str, content: bytes) -> None:
    seq = takes(at_work, tmp_path / name, content)
    finding = parsed(at_work)["parse-unclaimed"]
    assert (finding["facts"]["path"], finding["where"]["artifact"]) == (name, seq)
    (printed,) = [each for each in told(at_work) if each.code == "parse-unclaimed"]
    assert (printed.facts["path"], printed.where["artifact"]) == (name, seq)
    printed_too = at_work.types("parse", "EX-001")
    assert name in printed_too.out + printed_too.err


def test_a_bill_of_an_unknown_layout_is_a_finding_of_its_parser(at_work: Examiner, tmp_path: Path) -> None:
    takes(at_work, tmp_path / NOT_A_BILL.name, NOT_A_BILL.read_bytes())
    found = parsed(at_work)
    assert found
    assert found.keys() <= {finding.code for finding in told(at_work)}
    assert at_work.asks("payments")["totals"] == []


@pytest.mark.parametrize("kind", ["av", "paper", "photo"])
def test_what_nobody_expects_to_be_parsed_is_no_finding(at_work: Examiner, tmp_path: Path, kind: str) -> None:
    takes(at_work, tmp_path / "scan.pdf", b"%PDF-1.4\n%%EOF\n", kind)
    assert parsed(at_work, code=0) == {}


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("EnMicroMsg.db", "WeChat Android"),
        ("MM.sqlite", "WeChat iOS"),
        ("MSG0.db", "WeChat Windows"),
        ("nt_msg.db", "QQ"),
        ("ChatStorage.sqlite", "WhatsApp"),
    ],
)
def test_a_known_database_that_is_not_read_is_named(at_work: Examiner, tmp_path: Path, name: str, what: str) -> None:
    seq = takes(at_work, tmp_path / name, noise(8192), "other")
    finding = parsed(at_work)["parse-recognised-unread"]
    assert finding["facts"] == {"path": name, "what": what}
    assert finding["where"]["artifact"] == seq
    assert name in finding["text"]
    assert "parse-recognised-unread" in {each.code for each in told(at_work)}


def test_a_deleted_database_of_a_known_name_is_named_too(at_work: Examiner, tmp_path: Path) -> None:
    image = volume(tmp_path / "card.img", {"EnMicroMsg.db": noise(8192)})
    at_work.asks("acquire", "disk", image, "--exhibit", "EX-001")
    (found,) = at_work.asks("recover", "EX-001")["files"]
    assert found["path"] == "EnMicroMsg.db"
    assert "parse-recognised-unread" in parsed(at_work)


def test_an_empty_file_stops_nothing(at_work: Examiner, tmp_path: Path) -> None:
    takes(at_work, tmp_path / "empty.xlsx", b"")
    takes(at_work, tmp_path / "empty.db", b"", "other")
    takes(at_work, tmp_path / BILL.name, BILL.read_bytes())
    assert at_work.types("parse", "EX-001").code in (0, 3)
    assert len(at_work.asks("payments")["totals"]) == 1
    assert at_work.types("report", "build").code == 0


def test_nothing_but_an_empty_file_is_parsed_without_a_fault(at_work: Examiner, tmp_path: Path) -> None:
    takes(at_work, tmp_path / "empty.csv", b"")
    assert at_work.types("parse", "EX-001").code in (0, 3)
    assert at_work.asks("payments")["totals"] == []


def test_an_exhibit_of_which_nothing_is_held_is_5(at_work: Examiner, tmp_path: Path) -> None:
    for words in (["parse", "EX-001"], ["examine", "EX-001"]):
        done = at_work.types(*words)
        assert (done.code, done.out) == (5, ""), done.said
    at_work.adds_exhibit("--label", "另一张卡")
    takes(at_work, tmp_path / BILL.name, BILL.read_bytes())
    assert at_work.types("parse", "EX-002").code == 5
    assert at_work.types("parse", "EX-001").code == 0


def test_the_findings_of_parsing_stand_in_the_report(at_work: Examiner, tmp_path: Path) -> None:
    """Those of the newest parsing: what was mended since is not said any more."""
    takes(at_work, tmp_path / "EnMicroMsg.db", noise(8192), "other")
    takes(at_work, tmp_path / "statement.pdf", b"%PDF-1.4\n%%EOF\n")
    takes(at_work, tmp_path / "bill.xlsx", BILL.read_bytes())
    takes(at_work, tmp_path / "bill again.xlsx", BILL.read_bytes())
    codes = set(parsed(at_work))
    assert codes == {"parse-recognised-unread", "parse-unclaimed", "parse-same-bytes"}
    assert codes <= {finding.code for finding in told(at_work)}
    paper = at_work.asks("report", "build", "--lang", "en")
    (page,) = [file["path"] for file in paper["files"] if file["role"] == "html"]
    html = (at_work.case / page).read_text("utf-8")
    assert all(name in html for name in ("EnMicroMsg.db", "statement.pdf"))
    seqs = {body["seq"] for body in at_work.entries() if body.get("what") == "parse-findings"}
    assert set(parsed(at_work)) == codes
    assert {body["seq"] for body in at_work.entries() if body.get("what") == "parse-findings"} == seqs


def test_what_is_excluded_is_no_finding_of_the_next_parsing(at_work: Examiner, tmp_path: Path) -> None:
    seq = takes(at_work, tmp_path / "statement.pdf", b"%PDF-1.4\n%%EOF\n")
    assert set(parsed(at_work)) == {"parse-unclaimed"}
    takes(at_work, tmp_path / BILL.name, BILL.read_bytes())
    at_work.asks("artifact", "exclude", seq, "--reason", "与本案无关")
    assert parsed(at_work, code=0) == {}
    assert "parse-unclaimed" not in {finding.code for finding in told(at_work)}


def test_each_of_three_unknown_images_is_named(at_work: Examiner, tmp_path: Path) -> None:
    images = []
    for number in (1, 2, 3):
        source = tmp_path / f"noise{number}.dd"
        source.write_bytes(noise(1 << 16, seed=number))
        answer = at_work.asks("acquire", "disk", source, "--exhibit", "EX-001")
        images.append(next(a["seq"] for a in answer["artifacts"] if a["what"] == "image"))
    for words in (["files"], ["recover"], ["carve"], ["parse"]):
        done = at_work.types("--json", *words, "EX-001")
        if words != ["carve"]:
            assert done.code == 3, done.said
            named = [finding["where"].get("image") for finding in done.json["findings"]]
            assert sorted(named) == images, (words, done.json["findings"])
    of_images = [f.where.get("image") for f in told(at_work) if f.code == "sources-unknown-filesystem"]
    assert set(of_images) == set(images)


def test_an_answer_before_anything_was_parsed_says_so(at_work: Examiner) -> None:
    for words in (["chats"], ["payments"], ["search", "红包"]):
        done = at_work.asks(*words)
        assert [finding["code"] for finding in done["findings"]] == ["nothing-parsed"]
