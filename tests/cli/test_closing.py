"""A closed case takes fixity checks, hand-overs, heads that leave it and its reopening, and nothing else."""

from pathlib import Path

import pytest

from chain_of_custody import closing
from chain_of_custody import session as sessions
from chain_of_custody.case import Case
from chain_of_custody.errors import CustodyRefusal
from chain_of_custody.people import Person
from tests.cli.test_changes import BILL, RECEIVED, changes, last
from tests.cli.test_refusals import refused
from tests.examiner import Examiner

WHY = ("--reason", "已移送")


@pytest.fixture
def closed(at_work: Examiner) -> Examiner:
    at_work.asks("take", BILL, "--exhibit", "EX-001", *RECEIVED)
    at_work.asks("case", "close", *WHY)
    return at_work


@pytest.mark.parametrize(
    "words",
    [
        ("exhibit", "add", "--kind", "card", "--label", "x"),
        ("take", BILL, "--exhibit", "EX-001", *RECEIVED),
        ("parse", "EX-001"),
        ("ledger", "note", "x"),
        ("ledger", "correct", "2", "--set", "label=y", "--reason", "r"),
        ("report", "build", "--lang", "zh"),
        ("dispose", "4", "--approved-by", "王五", "--reason", "r"),
        ("case", "close", "--reason", "r"),
    ],
)
def test_work_is_refused_before_anything_is_entered(closed: Examiner, words: tuple[object, ...]) -> None:
    before = len(closed.entries())
    told = refused(closed, 5, *words)
    assert "case reopen" in told.err
    assert f"entry {last(closed, 'case.close')['seq']}" in told.err
    assert len(closed.entries()) == before


def test_the_papers_of_a_closed_case_are_built_outside_it(closed: Examiner, tmp_path: Path) -> None:
    before = closed.entries()
    answer = closed.asks("report", "build", "--to", tmp_path / "papers")
    assert [Path(file["path"]).name for file in answer["files"]] == ["report.pdf", "report.html"]
    assert all(Path(file["path"]).parent == tmp_path / "papers" for file in answer["files"])
    assert closed.entries() == before


def test_what_a_closed_case_still_takes(closed: Examiner, tmp_path: Path) -> None:
    assert closed.types("verify").code == 0
    assert closed.types("payments").code in (0, 3)
    closed.asks("fixity")
    closed.asks("ledger", "export", tmp_path / "bundle")
    closed.asks("case", "copy", tmp_path / "copy")
    status = closed.asks("status")
    assert status["closed"]["seq"] == last(closed, "case.close")["seq"]
    assert "已移送" in status["closed"]["reason"]
    closed.asks("case", "reopen", "--reason", "补充鉴定")
    assert closed.asks("status")["closed"] is None
    closed.asks("ledger", "note", "x")
    kinds = [change.kind for change in changes(closed)]
    assert kinds == ["closing", "reopening", "note"]


def test_a_command_that_was_open_when_the_case_was_closed_enters_nothing_more(at_work: Examiner) -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(CustodyRefusal) as refusal,
    ):
        patch.setenv("FORENSIC_HOME", str(at_work.home))
        with Case.open(at_work.case, writable=True) as case, sessions.opened(case, [Person("王五")], [], {}) as session:
            at_work.asks("case", "close", *WHY)
            session.act("note.add", text="too late")
    assert refusal.value.message_id == "case-closed"
    kinds = [body["kind"] for body in at_work.entries()]
    assert kinds[-2:] == ["session.close", "session.close"]
    assert "note.add" not in kinds


def test_which_kinds_are_allowed() -> None:
    assert all(closing.allowed(kind, {}) for kind in ("fixity", "exhibit.handover", "exhibit.return", "case.reopen"))
    assert closing.allowed("artifact.held", {"what": "receipt"})
    assert not closing.allowed("artifact.held", {"what": "image"})
    assert not any(closing.allowed(kind, {}) for kind in ("note.add", "dispose", "key.enroll", "run.begin"))


def test_only_what_is_closed_is_opened_again(at_work: Examiner) -> None:
    refused(at_work, 5, "case", "reopen", *WHY)
    refused(at_work, 2, "case", "close", "--reason", " ")


def test_no_case_is_closed_over_an_open_unsealing(at_work: Examiner) -> None:
    at_work.adds_exhibit("--seal", "F0009")
    done = at_work.types(
        "exhibit", "unseal", "EX-002", "--reason", "检验", "--approved-by", "王五", "--found", "intact"
    )
    assert done.code in (0, 3), done.said
    assert "EX-002" in refused(at_work, 5, "case", "close", *WHY).err


def test_no_case_is_closed_over_an_acquisition_that_goes_on(at_work: Examiner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORENSIC_HOME", str(at_work.home))
    with Case.open(at_work.case, writable=True) as case, sessions.opened(case, [Person("王五")], [], {}) as session:
        session.enter("acquire.begin", item="EX-001", method="device", source={}, format="raw", volume="case")
        assert "EX-001" in refused(at_work, 5, "case", "close", *WHY).err
