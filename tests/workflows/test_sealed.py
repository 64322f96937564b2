"""The original of a sealed exhibit is not read: refused, or read for a reason that the report prints."""

import html
import re
from pathlib import Path

import pytest

from tests.examiner import Examiner

UNSEAL = ("--reason", "制作镜像", "--approved-by", "王科长", "--found", "intact")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "card.dd"
    path.write_bytes(bytes(range(256)) * 256)
    return path


@pytest.fixture
def sealed(at_work: Examiner) -> Examiner:
    """EX-002 lies under seal F0002, EX-003 is a part of it."""
    at_work.adds_exhibit("--seal", "F0002", "--seized-at", "2026-01-05 09:30", "--seized-from", "王某")
    at_work.adds_exhibit("--part-of", "EX-002")
    return at_work


def acquire(source: Path, exhibit: str, *more: str) -> tuple[object, ...]:
    return ("acquire", "disk", source, "--exhibit", exhibit, *more)


def begun(examiner: Examiner) -> list[dict]:
    return [body for body in examiner.entries() if body["kind"] == "acquire.begin"]


@pytest.mark.parametrize("exhibit", ["EX-002", "EX-003"])
def test_a_sealed_original_is_refused_before_the_first_byte(sealed: Examiner, source: Path, exhibit: str) -> None:
    done = sealed.types(*acquire(source, exhibit))
    assert done.code == 5, done.said
    assert "F0002" in done.err
    command = re.search(r"forensic (exhibit unseal EX-002 .*? intact)", done.err)
    assert command
    assert begun(sealed) == []
    assert (
        sealed.types(*acquire(source, exhibit, "--identity-differs", "换过壳")).code == 5
    )  # a reason for another rule
    hinted = command[1].replace("REASON", "r").replace("NAME", "王科长")
    assert sealed.types(*hinted.split()).code == 3  # no photo of the seal
    assert sealed.types(*acquire(source, exhibit)).code == 0
    assert "anyway" not in begun(sealed)[0]


def test_the_dry_run_shows_it(sealed: Examiner, source: Path) -> None:
    done = sealed.types("--json", *acquire(source, "EX-002", "--dry-run"))
    assert done.code == 5
    standing = {check["check"]: check["standing"] for check in done.json["checks"]}
    assert standing["sealed"] == "failed"
    assert sealed.types(*acquire(source, "EX-002", "--dry-run", "--anyway", "r")).code == 0
    done = sealed.types("--json", *acquire(source, "EX-001", "--dry-run"))
    assert {check["check"]: check["standing"] for check in done.json["checks"]}["sealed"] == "passed"


def test_a_reason_lets_it_and_is_a_finding_in_the_report(sealed: Examiner, source: Path, tmp_path: Path) -> None:
    done = sealed.types("--json", *acquire(source, "EX-002", "--anyway", "现场易失数据"))
    assert done.code == 3, done.said
    assert [finding["code"] for finding in done.json["findings"] if finding["severity"] != "note"] == [
        "custody-read-anyway"
    ]
    (begin,) = begun(sealed)
    assert (begin["anyway"], begin["sealed"]) == ("现场易失数据", ["F0002"])
    assert "现场易失数据" in _findings(sealed, tmp_path / "out")
    assert sealed.asks("exhibit", "history", "EX-002")["history"][-1]["facts"]["anyway"] == "现场易失数据"


def test_a_returned_exhibit_is_not_read_either(sealed: Examiner, source: Path) -> None:
    sealed.asks("exhibit", "return", "EX-002", "--to", "王某", "--reason", "r", "--found", "intact")
    assert sealed.types(*acquire(source, "EX-003")).code == 5


def test_a_copy_somebody_else_made_is_not_the_original(sealed: Examiner, source: Path) -> None:
    assert sealed.types("acquire", "image", source, "--exhibit", "EX-002").code in (0, 3)


def test_no_seal_is_dated_before_a_reading_that_followed(sealed: Examiner, source: Path) -> None:
    sealed.asks("exhibit", "unseal", "EX-002", *UNSEAL, "--at", "2026-01-06 09:00")
    sealed.asks(*acquire(source, "EX-003"))
    done = sealed.types("exhibit", "seal", "EX-002", "--seal", "F0003", "--at", "2026-01-06 10:00")
    assert done.code == 2, done.said
    assert sealed.types("exhibit", "seal", "EX-002", "--seal", "F0003").code == 3


def test_the_report_tells_the_custody_of_each_exhibit(sealed: Examiner, tmp_path: Path) -> None:
    sealed.asks("exhibit", "unseal", "EX-002", *UNSEAL, "--at", "2026-01-06 09:00")
    sealed.asks("exhibit", "handover", "EX-002", "--to", "赵敏", "--to-unit", "物证室", "--by", "张三")
    printed = _printed(sealed, tmp_path / "out")
    told = printed[printed.index("EX-002 存储卡") : printed.index("EX-003 存储卡")]
    told = told[told.index("Custody of the exhibit") :]
    for text in ("seizure", "王某", "F0002", "unsealing", "found intact", "entered 2", "王科长", "物证室 赵敏"):
        assert text in told, text
    assert told.index("seizure") < told.index("unsealing") < told.index("hand-over")
    findings = _findings(sealed, tmp_path / "again")
    for code in ("custody-left-open", "custody-no-photo-found", "custody-passed-open"):
        assert code in findings, code
    alone = printed[printed.rindex("Acts by one person alone") :]
    assert "hand-over" in alone[: alone.index("Limitations")]


def _printed(examiner: Examiner, folder: Path) -> str:
    examiner.asks("report", "build", "--lang", "en", "--to", folder)
    (paper,) = folder.glob("*.html")
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", paper.read_text("utf-8"))))


def _findings(examiner: Examiner, folder: Path) -> str:
    printed = _printed(examiner, folder)
    return printed[printed.rindex("List of findings") :]
