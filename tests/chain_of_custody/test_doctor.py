"""What the doctor finds still to hold of a ledger that was damaged or tampered with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody import keys, proof
from chain_of_custody.case import LEDGER
from chain_of_custody.doctor import Known, Survey, survey
from chain_of_custody.ledger import Ledger, entry_leaf
from tests.chain_of_custody.test_attacks import shell

SIZE = 60
EDGE = 40


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    with Ledger.create(tmp_path / LEDGER, "forensic/4501/0123456789ab", keys.load_or_create()) as made:
        for start in range(0, SIZE, 5):
            with made.transaction() as transaction:
                for number in range(start, start + 5):
                    transaction.add("note.add", text=f"note {number} " + "x" * 300)
    return tmp_path / LEDGER


@pytest.fixture
def known(ledger: Path) -> Known:
    """A head that left the laboratory."""
    with Ledger.open(ledger) as opened:
        return Known("receipt", EDGE, proof.root_at(opened, EDGE))


def sql(ledger: Path, statement: str) -> None:
    connection = shell(ledger.parent)
    connection.execute(statement)
    connection.close()


def test_a_whole_ledger(ledger: Path, known: Known) -> None:
    assert survey(ledger, [known]) == Survey(SIZE, SIZE, known, [], [], [(0, SIZE)])


def edit(ledger: Path) -> None:
    sql(ledger, "UPDATE entry SET body = replace(body, 'note 7', 'note 8') WHERE seq = 7")


def edit_with_its_leaf(ledger: Path) -> None:
    with Ledger.open(ledger) as opened:
        text = opened.entry(7).text.replace("note 7", "note 8")
    sql(ledger, f"UPDATE entry SET body = '{text}', leaf = x'{entry_leaf(text, '').hex()}' WHERE seq = 7")


def remove(ledger: Path) -> None:
    sql(ledger, "DELETE FROM entry WHERE seq = 7")


@pytest.mark.parametrize("attack", [edit, edit_with_its_leaf, remove])
def test_one_entry_falls_and_the_others_stand(ledger: Path, known: Known, attack: Callable[[Path], None]) -> None:
    """The leaf of the one that fell stands in the next entry, so the tree is whole."""
    attack(ledger)
    found = survey(ledger, [known])
    assert (found.sealed, found.outside, found.whole) == (SIZE, known, [(0, 7), (8, SIZE)])


def test_the_end_is_cut_off(ledger: Path, known: Known) -> None:
    sql(ledger, "DELETE FROM entry WHERE seq >= 32")
    sql(ledger, "DELETE FROM checkpoint WHERE size > 32")
    found = survey(ledger, [known])
    assert (found.entries, found.sealed, found.lost, found.whole) == (32, 30, [known], [(0, 30)])


def test_another_history(ledger: Path, known: Known) -> None:
    other = Known("receipt", EDGE, bytes(32))
    found = survey(ledger, [other])
    assert (found.outside, found.against) == (None, [other])


def test_a_head_outside_stands_in_for_heads_that_are_gone(ledger: Path, known: Known) -> None:
    sql(ledger, "DELETE FROM checkpoint")
    found = survey(ledger, [known])
    assert (found.sealed, found.outside, found.whole) == (0, known, [(0, EDGE)])


def test_damaged_pages(ledger: Path, known: Known) -> None:
    """Whatever page is full of garbage, the doctor comes to an end, and what it says holds is what was entered."""
    whole = ledger.read_bytes()
    with Ledger.open(ledger) as opened:
        leaves = opened.leaves(0, SIZE)
    useful = 0
    for start in range(0, len(whole), 4096):
        folder = ledger.parent / f"page-{start}"
        folder.mkdir()
        path = folder / LEDGER
        path.write_bytes(whole[:start] + b"\xa5" * 4096 + whole[start + 4096 :])
        found = survey(path, [known])
        assert all(stop <= len(leaves) for _, stop in found.whole)
        useful += bool(found.whole)
    assert useful > 3


@pytest.mark.parametrize("content", [b"", b"no ledger", b"SQLite format 3\0" + bytes(5000)])
def test_what_is_no_ledger(ledger: Path, known: Known, content: bytes) -> None:
    ledger.write_bytes(content)
    assert survey(ledger, [known]) == Survey(lost=[known])
