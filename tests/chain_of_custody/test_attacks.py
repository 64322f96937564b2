"""Attacks on a case, each with its verdict, those included that nobody can see.

Three checkers stand by: one who has the case folder alone, one who brings the public key from outside, and one who
also brings a head that left the laboratory (printed, witnessed). `None` is a verdict that holds: nothing is seen.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody import canonical, checkpoint, clock, keys, tree
from chain_of_custody.artifact import Room
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.keys import LedgerKey
from chain_of_custody.ledger import Ledger, entry_leaf
from chain_of_custody.progress import silent
from chain_of_custody.trust import Trust
from chain_of_custody.verify import Verdict, verify_ledger

Body = dict[str, Any]
Change = Callable[[list[Body]], list[Body]]
MakeCase = Callable[..., Case]
Judge = Callable[..., Verdict]


@dataclass(frozen=True)
class Victim:
    """A case, closed, with what left the laboratory before the attack; `older` is a genuine earlier copy of it."""

    folder: Path
    older: Path
    vkey: str
    head: Checkpoint


@pytest.fixture
def victim(make_case: MakeCase, write_in: Callable, tmp_path: Path) -> Victim:
    case = make_case()
    for number in range(3):
        with write_in(case) as session:
            session.enter("note.add", text=f"note {number}")
            with session.delivery() as delivery:
                for content in (b"red packet", b"bank card!"):
                    with delivery.receive("txt") as incoming:
                        incoming.write(content)
                    delivery.add("file", Room.FILES, "EX-001", [incoming], {})
        if number == 1:
            case.close()
            shutil.copytree(case.folder, tmp_path / "older")
            case = Case.open(case.folder, writable=True)
    vkey, head = case.ledger.verifier_key, case.ledger.head()
    case.close()
    assert [path.name for path in case.folder.iterdir() if path.name.startswith(LEDGER)] == [LEDGER]
    return Victim(case.folder, tmp_path / "older", vkey, head)


def shell(folder: Path) -> sqlite3.Connection:
    """The ledger under an SQL shell, its triggers gone."""
    connection = sqlite3.connect(folder / LEDGER, isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def rewrite(folder: Path, key: LedgerKey, change: Change) -> None:
    """Writes the whole ledger anew with `change` applied to its bodies, hashes and signatures in order again."""
    sql = shell(folder)
    (origin,) = sql.execute("SELECT v FROM meta WHERE k = 'origin'").fetchone()
    bodies = change([json.loads(text) for (text,) in sql.execute("SELECT body FROM entry ORDER BY seq")])
    sealed = {size for (size,) in sql.execute("SELECT size FROM checkpoint")} | {len(bodies)}
    for table in ("entry", "checkpoint", "node"):
        sql.execute(f"DELETE FROM {table}")
    vkey = bodies[0]["vkey"] = checkpoint.verifier_key(origin, key.public)
    sql.execute("UPDATE meta SET v = ? WHERE k = 'vkey'", (vkey,))
    frontier, last = tree.Frontier(), bytes(32)
    for seq, body in enumerate(bodies):
        twice = body.pop("twice", "")
        text = canonical.encode({**body, "seq": seq, "prev": last.hex()})
        text = text[:-1] + twice + "}"
        last = entry_leaf(text, "")
        frontier.add(last)
        sql.execute("INSERT INTO entry(seq, leaf, body) VALUES(?, ?, ?)", (seq, last, text))
        if seq + 1 in sealed:
            head = Checkpoint(origin, seq + 1, frontier.root())
            note = checkpoint.sign(head, key.sign, key.public)
            sql.execute("INSERT INTO checkpoint VALUES(?, ?, ?)", (head.size, head.root, note))


def unchanged(bodies: list[Body]) -> list[Body]:
    return bodies


def other_note(bodies: list[Body]) -> list[Body]:
    next(body for body in bodies if body["kind"] == "note.add")["text"] = "another note"
    return bodies


def moved(bodies: list[Body], by: timedelta) -> list[Body]:
    for body in bodies:
        body["t"] = clock.iso(clock.parse_iso(body["t"]) + by)
    return bodies


def forged_key() -> LedgerKey:
    private = Ed25519PrivateKey.generate()
    return LedgerKey(private, private.public_key().public_bytes_raw())


def real_key() -> LedgerKey:
    key = keys.load()
    assert key
    return key


def head_stands(folder: Path, head: Checkpoint) -> bool:
    """Whether the ledger still begins with the entries that an outside head was made over."""
    with Ledger.open(folder / LEDGER) as ledger:
        return tree.root_of([entry_leaf(entry.text, entry.sig) for entry in ledger.entries(0, head.size)]) == head.root


# -- the attacks, numbered as in the custody literature: edit, delete, cut, rewrite, back-date, swap, replay, fork, ...


def edit_a_row(victim: Victim) -> None:
    shell(victim.folder).execute("UPDATE entry SET body = replace(body, 'note 0', 'note 9')")


def edit_a_row_and_its_leaf(victim: Victim) -> None:
    sql = shell(victim.folder)
    ((seq, text),) = sql.execute("SELECT seq, body FROM entry WHERE body LIKE '%note 0%'").fetchall()
    text = text.replace("note 0", "note 9")
    sql.execute("UPDATE entry SET body = ?, leaf = ? WHERE seq = ?", (text, entry_leaf(text, ""), seq))


def delete_a_middle_row(victim: Victim) -> None:
    shell(victim.folder).execute("DELETE FROM entry WHERE seq = 2")


def delete_and_renumber(victim: Victim) -> None:
    sql = shell(victim.folder)
    sql.execute("DELETE FROM entry WHERE seq = 2")
    sql.execute("UPDATE entry SET seq = seq - 1 WHERE seq > 2")


def cut_the_end(victim: Victim) -> None:
    shell(victim.folder).execute("DELETE FROM entry WHERE seq >= 12")
    drop_files(victim.folder, 12)


def cut_the_end_and_its_heads(victim: Victim) -> None:
    sql = shell(victim.folder)
    (size,) = sql.execute("SELECT max(size) FROM checkpoint WHERE size <= 12").fetchone()
    sql.execute("DELETE FROM entry WHERE seq >= ?", (size,))
    sql.execute("DELETE FROM checkpoint WHERE size > ?", (size,))
    drop_files(victim.folder, size)


def drop_files(folder: Path, first: int) -> None:
    for path in (folder / "EX-001" / "files").rglob("*.txt"):
        if int(path.stem) >= first:
            path.unlink()


def cut_everything(victim: Victim) -> None:
    sql = shell(victim.folder)
    sql.execute("DELETE FROM entry")
    sql.execute("DELETE FROM checkpoint")
    shutil.rmtree(victim.folder / "EX-001")


def rewrite_with_another_key(victim: Victim) -> None:
    rewrite(victim.folder, forged_key(), other_note)


def rewrite_with_the_real_key(victim: Victim) -> None:
    rewrite(victim.folder, real_key(), other_note)


def back_date_everything(victim: Victim) -> None:
    rewrite(victim.folder, real_key(), lambda bodies: moved(bodies, timedelta(days=-30)))


def back_date_half(victim: Victim) -> None:
    rewrite(victim.folder, real_key(), lambda bodies: bodies[:8] + moved(bodies[8:], timedelta(days=-30)))


def back_date_half_with_another_boot(victim: Victim) -> None:
    def change(bodies: list[Body]) -> list[Body]:
        for body in moved(bodies[:8], timedelta(days=-30)):
            body["boot"] = "an earlier one"
        return bodies

    rewrite(victim.folder, real_key(), change)


def swap_two_files(victim: Victim) -> None:
    one, two, *_ = sorted((victim.folder / "EX-001").rglob("*.txt"))
    first, second = one.read_bytes(), two.read_bytes()
    assert len(first) == len(second)
    for path, content in ((one, second), (two, first)):
        path.chmod(0o644)
        path.write_bytes(content)


def edit_a_file(victim: Victim) -> None:
    """As somebody would who mends a report after it was entered."""
    path = next((victim.folder / "EX-001").rglob("*.txt"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[::-1])


def replay_an_older_copy(victim: Victim) -> None:
    shutil.rmtree(victim.folder)
    shutil.copytree(victim.older, victim.folder)


def fork_an_older_copy(victim: Victim) -> None:
    replay_an_older_copy(victim)
    with Ledger.open(victim.folder / LEDGER, real_key()) as ledger:
        while len(ledger) < victim.head.size + 3:
            with ledger.transaction() as transaction:
                transaction.add("note.add", text="another story")


def smuggle_a_second_key(victim: Victim) -> None:
    """Two fields of one name: readers differ on which of them counts."""

    def change(bodies: list[Body]) -> list[Body]:
        next(body for body in bodies if body["kind"] == "note.add")["twice"] = ',"text":"another note"'
        return bodies

    rewrite(victim.folder, real_key(), change)


def name_an_unknown_volume(victim: Victim) -> None:
    def change(bodies: list[Body]) -> list[Body]:
        next(body for body in bodies if body["kind"] == "artifact.held")["volume"] = "V9"
        return bodies

    rewrite(victim.folder, real_key(), change)


def delete_later_heads(victim: Victim) -> None:
    shell(victim.folder).execute("DELETE FROM checkpoint WHERE size > 8")


def exchange_the_key_alone(victim: Victim) -> None:
    sql = shell(victim.folder)
    (origin,) = sql.execute("SELECT v FROM meta WHERE k = 'origin'").fetchone()
    sql.execute("UPDATE meta SET v = ? WHERE k = 'vkey'", (checkpoint.verifier_key(origin, forged_key().public),))


def rename_the_ledger(victim: Victim) -> None:
    shell(victim.folder).execute("UPDATE meta SET v = 'forensic/4501/000000000000' WHERE k = 'origin'")


def add_a_file(victim: Victim) -> None:
    (victim.folder / "EX-001" / "files" / "00000" / "00000099.txt").write_text("planted")


def remove_a_file(victim: Victim) -> None:
    next((victim.folder / "EX-001").rglob("*.txt")).unlink()


def exchange_a_file_for_a_link(victim: Victim) -> None:
    path = next((victim.folder / "EX-001").rglob("*.txt"))
    outside = victim.folder.parent / "same bytes"
    shutil.move(path, outside)
    path.symlink_to(outside)


def add_a_linked_folder(victim: Victim) -> None:
    (victim.folder / "EX-001" / "photos").symlink_to(os.sep, target_is_directory=True)


#                                    file alone         + public key       + outside head
ATTACKS: list[tuple[Callable[[Victim], None], str | None, str | None, bool]] = [
    (edit_a_row, "verify-leaf", "verify-leaf", True),
    (edit_a_row_and_its_leaf, "verify-chain", "verify-chain", True),
    (delete_a_middle_row, "verify-gap", "verify-gap", True),
    (delete_and_renumber, "verify-number", "verify-number", True),
    (cut_the_end, "verify-truncated", "verify-truncated", True),
    (cut_the_end_and_its_heads, None, None, True),
    (cut_everything, "verify-empty", "verify-empty", True),
    (rewrite_with_another_key, None, "verify-signature", True),
    (rewrite_with_the_real_key, None, None, True),
    (back_date_everything, None, None, True),
    (back_date_half, "verify-clock", "verify-clock", True),
    (back_date_half_with_another_boot, None, None, True),
    (swap_two_files, "verify-hash", "verify-hash", False),
    (edit_a_file, "verify-hash", "verify-hash", False),
    (replay_an_older_copy, None, None, True),
    (fork_an_older_copy, None, None, True),
    (smuggle_a_second_key, "verify-body", "verify-body", True),
    (name_an_unknown_volume, "verify-no-volume", "verify-no-volume", True),
    (delete_later_heads, "verify-unsealed", "verify-unsealed", False),
    (exchange_the_key_alone, "verify-founding", "verify-founding", False),
    (rename_the_ledger, "verify-origin", "verify-origin", False),
    (add_a_file, "verify-stranger", "verify-stranger", False),
    (remove_a_file, "verify-missing", "verify-missing", False),
    (exchange_a_file_for_a_link, "verify-not-a-file", "verify-not-a-file", False),
    (add_a_linked_folder, "verify-stranger", "verify-stranger", False),
]


def test_the_case_holds_before_any_of_it(victim: Victim, judge: Judge) -> None:
    for vkey in (None, victim.vkey):
        verdict = judge(victim.folder, vkey)
        assert verdict.breaches == []
        assert verdict.remarks == []
        assert verdict.entries == victim.head.size == 16
        assert (verdict.files, verdict.bytes) == (6, 60)
    assert head_stands(victim.folder, victim.head)
    rewrite(victim.folder, real_key(), unchanged)
    assert judge(victim.folder, victim.vkey).holds
    assert head_stands(victim.folder, victim.head)


@pytest.mark.parametrize(("attack", "alone", "with_key", "head_shows"), ATTACKS, ids=[a[0].__name__ for a in ATTACKS])
def test_attack(
    victim: Victim,
    judge: Judge,
    attack: Callable[[Victim], None],
    alone: str | None,
    with_key: str | None,
    head_shows: bool,
) -> None:
    attack(victim)
    for vkey, seen in ((None, alone), (victim.vkey, with_key)):
        breaches = [breach.code for breach in judge(victim.folder, vkey).breaches]
        assert seen in breaches if seen else breaches == []
    assert head_stands(victim.folder, victim.head) is not head_shows


def test_later_heads_deleted_is_a_remark_where_nobody_is_strict(victim: Victim) -> None:
    delete_later_heads(victim)
    for strict in (True, False):
        verdict = Verdict()
        with Ledger.open(victim.folder / LEDGER) as ledger:
            verify_ledger(ledger, victim.vkey, verdict, silent, Trust((victim.vkey,), strict=strict))
        told = verdict.breaches if strict else verdict.remarks
        assert (verdict.holds, [one.code for one in told]) == (not strict, ["verify-unsealed"])


def test_a_head_moved_to_another_case(victim: Victim, make_case: MakeCase, judge: Judge) -> None:
    """Both are signed by the same workstation; the origin is part of what is signed."""
    with make_case("other") as other:
        while len(other.ledger) < 3:
            with other.ledger.transaction() as transaction:
                transaction.add("note.add")
        size, root, note = list(other.ledger.checkpoints())[-1]
    shell(victim.folder).execute("INSERT OR REPLACE INTO checkpoint VALUES(?, ?, ?)", (size, root, note))
    for vkey in (None, victim.vkey):
        assert [breach.code for breach in judge(victim.folder, vkey).breaches] == ["verify-root"]


def test_the_ledger_of_another_case(victim: Victim, make_case: MakeCase, judge: Judge) -> None:
    """A whole genuine case of the same laboratory in the place of this one."""
    make_case("other").close()
    shutil.rmtree(victim.folder)
    shutil.move(victim.folder.parent / "other", victim.folder)
    assert judge(victim.folder).holds
    assert {breach.code for breach in judge(victim.folder, victim.vkey).breaches} == {"verify-signature"}
    assert not head_stands(victim.folder, victim.head)


def test_a_path_that_leads_out(victim: Victim, judge: Judge, tmp_path: Path) -> None:
    """Whoever can sign could still not make a later session move files about."""

    def change(bodies: list[Body]) -> list[Body]:
        body = next(body for body in bodies if body["kind"] == "artifact.held")
        body["files"][0]["path"] = "../outside.txt"
        return bodies

    rewrite(victim.folder, real_key(), change)
    assert "ledger-damaged" in [breach.code for breach in judge(victim.folder).breaches]
