"""Proofs of entries and of earlier heads: written, read and checked again, with and without the node cache."""

import base64
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from chain_of_custody import keys, proof, tree
from chain_of_custody.case import LEDGER
from chain_of_custody.errors import CaseError, IntegrityError, UsageError
from chain_of_custody.ledger import Ledger

ORIGIN = "forensic/4501/0123456789ab"


def filled(folder: Path, *sizes: int) -> Ledger:
    """A ledger with a head at each of these sizes."""
    made = Ledger.create(folder / LEDGER, ORIGIN, keys.load_or_create())
    for size in sizes:
        with made.transaction() as transaction:
            while transaction.next_seq < size:
                transaction.add("note.add", text=f"note {transaction.next_seq}")
    return made


def line(ledger: Ledger, seq: int) -> bytes:
    entry = ledger.entry(seq)
    return f"{entry.text}\t{entry.sig}".encode()


def damaged_cache(ledger: Ledger, folder: Path) -> None:
    with sqlite3.connect(folder / LEDGER) as sql:
        sql.execute("UPDATE node SET hash = zeroblob(32)")
    sql.close()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 65, 256, 257, 700])
def test_every_entry_of_small_ledgers(tmp_path: Path, size: int) -> None:
    with filled(tmp_path, size) as ledger:
        for seq in {*range(0, size, 1 + size // 9), size - 1}:
            made = proof.prove(ledger, seq)
            read = proof.parse(made.text())
            assert read == made
            head = proof.check(read, line(ledger, seq), ledger.verifier_key)
            assert (head.size, head.root) == (size, tree.root_of(ledger.leaves(0, size)))
            assert list(made.path) == tree.inclusion_proof(ledger.leaves, seq, size)


def test_the_format(tmp_path: Path) -> None:
    """c2sp.org/tlog-proof: first line, extra data, index, hashes of one line each, an empty line, the checkpoint."""
    with filled(tmp_path, 3) as ledger:
        text, note, entry = proof.prove(ledger, 2).text(), ledger.head_note(), line(ledger, 2)
    first, extra, index, step, rest = text.split("\n", 4)
    assert (first, index, len(step)) == ("c2sp.org/tlog-proof@v1", "index 2", 44)
    assert rest == "\n" + note
    assert extra == f"extra {base64.b64encode(entry).decode()}"
    assert proof.parse(text).entry == entry
    assert proof.parse(text.replace(extra + "\n", "", 1)) == replace(proof.parse(text), entry=b"")


def test_what_is_refused(tmp_path: Path) -> None:
    with filled(tmp_path, 5, 9) as ledger:
        made, own, vkey = proof.prove(ledger, 4), line(ledger, 4), ledger.verifier_key
        other = ledger.verifier_key.replace("4501", "4502")
        proof.check(made, own, vkey)
        wrong = [
            (made, own + b" ", vkey),
            (made, line(ledger, 3), vkey),
            (proof.Inclusion(3, made.path, made.note), own, vkey),
            (proof.Inclusion(4, made.path[:-1], made.note), own, vkey),
            (proof.Inclusion(4, (*made.path, bytes(32)), made.note), own, vkey),
            (proof.Inclusion(4, made.path, made.note.replace("\n9\n", "\n8\n")), own, vkey),
            (proof.Inclusion(4, made.path, ledger.head_note(5)), own, vkey),
            (made, own, other),
        ]
        for one, entry, key in wrong:
            with pytest.raises(ValueError):
                proof.check(one, entry, key)
        with pytest.raises(UsageError):
            proof.prove(ledger, 7, size=5)
        with pytest.raises(CaseError):
            proof.prove(ledger, 9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "index 0",
        "x\nindex 0\n\n",
        "c2sp.org/tlog-proof@v1\nindex 01\n\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n?\n\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nYWJj\n\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + ("A" * 43 + "=\n") * 70 + "\n",
    ],
)
def test_what_is_no_proof(text: str) -> None:
    with pytest.raises(ValueError):
        proof.parse(text)


def test_consistency_between_all_heads(tmp_path: Path) -> None:
    with filled(tmp_path, 1, 2, 5, 255, 256, 300, 600) as ledger:
        for old in (1, 2, 5, 6, 255, 256, 299, 600):
            for new in (300, 600):
                if old > new:
                    with pytest.raises(UsageError):
                        proof.prove_consistency(ledger, old, new)
                    continue
                made = proof.prove_consistency(ledger, old, new)
                assert made.old_root == proof.root_at(ledger, old) == tree.root_of(ledger.leaves(0, old))
                assert tree.is_consistent(old, made.old_root, new, ledger.head(new).root, made.path)
                assert list(made.path) == tree.consistency_proof(ledger.leaves, old, new)
                assert made.text().startswith(f"old {old}\n")


def test_a_damaged_cache_proves_nothing_false(tmp_path: Path) -> None:
    """The node cache is no evidence: with a wrong one the leaves themselves are used."""
    with filled(tmp_path, 600) as ledger:
        before = proof.prove(ledger, 5), proof.prove_consistency(ledger, 300)
        damaged_cache(ledger, tmp_path)
        assert (proof.prove(ledger, 5), proof.prove_consistency(ledger, 300)) == before


def test_an_altered_ledger_proves_nothing(tmp_path: Path) -> None:
    with filled(tmp_path, 600) as ledger:
        with sqlite3.connect(tmp_path / LEDGER) as sql:
            sql.execute("DROP TRIGGER entry_stays_update")
            sql.execute("UPDATE entry SET body = replace(body, 'note 5', 'note 6') WHERE seq = 5")
        sql.close()
        with pytest.raises(IntegrityError):
            proof.prove(ledger, 5)
        assert proof.prove(ledger, 6)


def test_the_cache_spares_the_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled(tmp_path, 5000) as ledger:
        read: list[int] = []
        leaves = ledger.leaves
        monkeypatch.setattr(ledger, "leaves", lambda start, stop: read.append(stop - start) or leaves(start, stop))
        for seq in (0, 300, 2500, 4999):
            assert len(proof.prove(ledger, seq).path) <= 13
            assert len(proof.prove_consistency(ledger, seq + 1).path) <= 14
        assert sum(read) < 8 * 3 * 256


@pytest.mark.parametrize(
    "given", ["", "16", "0:" + "0" * 64, "16:" + "0" * 63, "x:" + "0" * 64, "16:AAAA", "-1:" + "0" * 64]
)
def test_heads_from_outside_are_read_strictly(given: str) -> None:
    assert proof.parse_head("16:" + "0a" * 32) == (16, b"\n" * 32)
    with pytest.raises(UsageError):
        proof.parse_head(given)
