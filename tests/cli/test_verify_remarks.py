"""What `verify` remarks of a case that holds: entries after its closing, originals that were read under their seal."""

import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from chain_of_custody import verify_ledger
from chain_of_custody.case import Case
from tests.cli.test_changes import last
from tests.examiner import Examiner

UNSEAL = ("--reason", "检验", "--approved-by", "王科长", "--found", "intact")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "card.dd"
    path.write_bytes(bytes(range(256)) * 16)
    return path


def remarks(examiner: Examiner) -> dict[str, dict[str, object]]:
    """By code; the case holds, and the other verifier says so too."""
    answer = examiner.asks("verify")
    assert answer["holds"]
    vkey = examiner.asks("ledger", "head")["vkey"]
    line = [sys.executable, "-I", verify_ledger.__file__, examiner.case, "--key", vkey, "--files", examiner.case]
    assert subprocess.run(line, capture_output=True, check=False).returncode == 0
    for lang in ("zh", "en"):
        assert examiner.runs("--lang", lang, "verify").code == 0
    return {remark["code"]: remark["facts"] for remark in answer["remarks"]}


def enters(examiner: Examiner, *kinds: str) -> list[int]:
    """Entries that no command of ours makes."""
    with mock.patch.dict(os.environ, examiner.environment), Case.open(examiner.case, writable=True) as case:
        session = max(case.register.sessions)
        with case.ledger.transaction() as transaction:
            return [transaction.add(kind, sess=session, item="EX-001", text="x") for kind in kinds]


def test_a_closed_case_that_takes_what_it_takes(at_work: Examiner, tmp_path: Path) -> None:
    at_work.asks("case", "close", "--reason", "已移送")
    at_work.asks("fixity")
    at_work.asks("ledger", "export", tmp_path / "bundle")
    at_work.asks("anchor", "print")
    at_work.asks("case", "reopen", "--reason", "补充鉴定")
    at_work.asks("ledger", "note", "x")
    assert remarks(at_work) == {}


def test_what_a_closed_case_does_not_take_is_remarked(at_work: Examiner) -> None:
    closed = at_work.asks("case", "close", "--reason", "已移送")["seq"]
    first, *_, last_ = enters(at_work, "note.add", "artifact.located", "note.add")
    at_work.asks("case", "reopen", "--reason", "补充鉴定")
    at_work.asks("ledger", "note", "x")
    assert remarks(at_work)["verify-after-close"] == {"entries": f"{first}-{last_}", "closed": closed}


def test_an_original_read_under_its_seal_is_remarked(at_work: Examiner, source: Path) -> None:
    at_work.adds_exhibit("--seal", "F0002")
    at_work.adds_exhibit("--part-of", "EX-002")
    at_work.types("acquire", "disk", source, "--exhibit", "EX-003", "--anyway", "易失数据")
    begin = last(at_work, "acquire.begin")["seq"]
    facts = {"seq": begin, "exhibit": "EX-003", "seals": "F0002", "reason": "易失数据"}
    assert remarks(at_work) == {"verify-read-anyway": facts}


def test_an_original_read_while_it_was_open(at_work: Examiner, source: Path) -> None:
    """And what is said later of the seal it bore all the time."""
    at_work.asks("acquire", "disk", source, "--exhibit", "EX-001")
    at_work.adds_exhibit("--seal", "F0002")
    at_work.asks("exhibit", "unseal", "EX-002", *UNSEAL)
    source.write_bytes(bytes(4096))
    at_work.asks("acquire", "disk", source, "--exhibit", "EX-002")
    at_work.asks("exhibit", "seal", "EX-002", "--seal", "F0003")
    assert remarks(at_work) == {}
    begin = next(body["seq"] for body in at_work.entries() if body["kind"] == "acquire.begin")
    at_work.asks("ledger", "correct", last_of(at_work, "EX-001"), "--set", "seal=F0001", "--reason", "补录")
    assert remarks(at_work) == {"verify-read-sealed": {"seq": begin, "exhibit": "EX-001"}}


def last_of(examiner: Examiner, item: str) -> int:
    seqs = [b["seq"] for b in examiner.entries() if b["kind"] == "exhibit.add" and b["item"] == item]
    return int(seqs[-1])
