"""What a workstation remembers of each ledger, and what it says of one that does not continue it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chain_of_custody import heads, keys, laboratory, proof
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.errors import CannotWrite, CaseError, IntegrityError
from chain_of_custody.ledger import Ledger
from chain_of_custody.verify import Verdict
from tests.chain_of_custody.conftest import MakeCase, WriteIn


def grow(case: Case, write_in: WriteIn, times: int = 3) -> None:
    with write_in(case) as session:
        for number in range(times):
            session.enter("note.add", text=f"note {number}")


@pytest.fixture
def pair(make_case: MakeCase, write_in: WriteIn, tmp_path: Path) -> tuple[Path, Path]:
    """A case that is remembered, and its copy from before the last session."""
    case = make_case()
    grow(case, write_in)
    case.close()
    shutil.copytree(case.folder, tmp_path / "older")
    with Case.open(case.folder, writable=True) as live:
        grow(live, write_in)
        heads.remember(live.ledger)
    return case.folder, tmp_path / "older"


def said(folder: Path) -> str | None:
    with Ledger.open(folder / LEDGER) as ledger:
        breach = heads.check(ledger)
        if breach:
            assert breach.text("zh") != breach.text("en")
            with pytest.raises(IntegrityError) as stopped:
                heads.demand(ledger)
            assert stopped.value.hint_text("zh")
        return breach.code if breach else None


def test_a_ledger_that_goes_on_is_right(pair: tuple[Path, Path], write_in: WriteIn) -> None:
    live, _ = pair
    assert said(live) is None
    with Case.open(live, writable=True) as case:
        grow(case, write_in)
    assert said(live) is None


def test_a_ledger_never_seen_is_right(make_case: MakeCase) -> None:
    assert said(make_case().folder) is None


def test_an_older_copy_was_rolled_back(pair: tuple[Path, Path]) -> None:
    assert said(pair[1]) == "heads-rolled-back"


def test_an_older_copy_that_went_on_forked(pair: tuple[Path, Path], write_in: WriteIn) -> None:
    _, older = pair
    with Case.open(older, writable=True) as case:
        grow(case, write_in, 9)
    assert said(older) == "heads-forked"


def test_a_wrong_cache_of_subtrees_is_no_fork(make_case: MakeCase, write_in: WriteIn) -> None:
    """What the quick way says is asked again of the leaves."""
    case = make_case()
    grow(case, write_in, 300)
    heads.remember(case.ledger)
    case.close()
    with closing(sqlite3.connect(case.folder / LEDGER)) as ledger:
        ledger.execute("UPDATE node SET hash = zeroblob(32)")
        ledger.commit()
    assert said(case.folder) is None


def test_the_later_head_stays_remembered(pair: tuple[Path, Path]) -> None:
    live, older = pair
    with Ledger.open(older / LEDGER) as ledger:
        heads.remember(ledger)
    with Ledger.open(live / LEDGER) as ledger:
        seen = heads.of_workstation().last(ledger.origin)
        assert seen
        assert seen.head == ledger.head()
        assert seen.vkey == ledger.verifier_key


def test_a_verdict_says_it_and_remembers_what_holds(pair: tuple[Path, Path], workstation: Path) -> None:
    live, older = pair
    verdict = Verdict()
    with Ledger.open(older / LEDGER) as ledger:
        heads.judge(ledger, verdict)
    assert [breach.code for breach in verdict.breaches] == ["heads-rolled-back"]
    shutil.rmtree(workstation / heads.FOLDER)
    for holds, kept in ((False, 0), (True, 1)):
        verdict = Verdict()
        if not holds:
            verdict.breach("verify-empty")
        with Ledger.open(live / LEDGER) as ledger:
            heads.judge(ledger, verdict)
        assert len(list((workstation / heads.FOLDER).glob("*.note"))) == kept


def test_a_memory_that_cannot_be_read_is_a_breach(pair: tuple[Path, Path], workstation: Path) -> None:
    (note,) = (workstation / heads.FOLDER).glob("*.note")
    note.write_bytes(b"\xff")
    verdict = Verdict()
    with Ledger.open(pair[0] / LEDGER) as ledger:
        heads.judge(ledger, verdict)
        with pytest.raises(IntegrityError):
            heads.check(ledger)
    assert [breach.code for breach in verdict.breaches] == ["heads-unreadable"]


def test_where_nothing_can_be_kept_it_is_said(pair: tuple[Path, Path], workstation: Path) -> None:
    shutil.rmtree(workstation / heads.FOLDER)
    (workstation / heads.FOLDER).write_text("in the way")
    with Ledger.open(pair[0] / LEDGER) as ledger, pytest.raises(CannotWrite):
        heads.remember(ledger)


def test_two_machines_with_one_key_are_seen_at_the_first_common_head(
    pair: tuple[Path, Path], write_in: WriteIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workstation: Path
) -> None:
    live, copy = pair
    other = tmp_path / "other-workstation"
    shutil.copytree(workstation / "keys", other / "keys")
    monkeypatch.setenv("FORENSIC_HOME", str(other))
    with Case.open(copy, writable=True) as there:
        heads.demand(there.ledger)
        grow(there, write_in, 4)
        heads.remember(there.ledger)
    with Ledger.open(live / LEDGER) as here, Ledger.open(copy / LEDGER) as there:
        assert here.origin == there.origin
        for one, another in ((here, there), (there, here)):
            head = one.head()
            assert not proof.continues(another, head.size, head.root)
        assert proof.continues(there, 1, proof.root_at(here, 1))
    assert said(live) in ("heads-rolled-back", "heads-forked")


def test_the_laboratory_keeps_the_head_of_every_case(make_case: MakeCase, write_in: WriteIn) -> None:
    cases = [make_case("one"), make_case("two")]
    key = keys.load()
    assert key
    for _ in range(2):
        for case in cases:
            grow(case, write_in, 1)
            laboratory.record("4501", case.ledger.head(), key)
    for case in cases:
        last = laboratory.last_of(case.ledger.origin)
        assert last
        assert last[:2] == (case.ledger.head().size, case.ledger.head().root)
    assert laboratory.last_of("forensic/nobody/0") is None
    with Ledger.open(laboratory.path()) as ledger:
        assert len(ledger) == 4
        assert ledger.origin.startswith("forensic/4501/laboratory-")
        assert all(entry.kind == laboratory.KIND for entry in ledger.entries())


def test_a_laboratory_ledger_that_is_held_is_not_waited_for_long(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(laboratory, "PATIENCE", 0.05)
    case, key = make_case(), keys.load()
    assert key
    laboratory.record("4501", case.ledger.head(), key)
    with closing(sqlite3.connect(laboratory.path(), isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        with pytest.raises(CaseError):
            laboratory.record("4501", case.ledger.head(), key)
        held.execute("ROLLBACK")
    laboratory.record("4501", case.ledger.head(), key)
