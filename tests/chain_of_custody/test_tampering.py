"""Somebody with an SQL shell at the ledger file: what is refused, what is seen, and what is never signed."""

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from chain_of_custody import keys
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.errors import CaseError, IntegrityError
from chain_of_custody.ledger import Ledger, entry_leaf
from chain_of_custody.progress import silent
from chain_of_custody.register import Register
from chain_of_custody.verify import Verdict, verify_ledger


def append(ledger: Ledger, count: int, *, at_once: int = 1) -> None:
    for start in range(0, count, at_once):
        with ledger.transaction() as transaction:
            for number in range(start, min(start + at_once, count)):
                transaction.add("note.add", text=f"note {number}")


def checked(ledger: Ledger) -> Verdict:
    verdict = Verdict()
    verify_ledger(ledger, ledger.verifier_key, verdict, silent)
    return verdict


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger.create(tmp_path / LEDGER, "forensic/4501/0123456789ab", keys.load_or_create())
    append(made, 5)
    return made


def raw(folder: Path) -> sqlite3.Connection:
    """Somebody with a SQL shell."""
    return sqlite3.connect(folder / LEDGER, isolation_level=None)


NEXT = "json_object('seq', 5, 'prev', (SELECT lower(hex(leaf)) FROM entry WHERE seq = 4))"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET body = body WHERE seq = 2",
        "UPDATE entry SET sig = 'x'",
        "DELETE FROM entry WHERE seq = 4",
        "DELETE FROM entry",
        "INSERT OR REPLACE INTO entry(seq, leaf, body) SELECT seq, leaf, body FROM entry WHERE seq = 4",
        "REPLACE INTO entry(seq, leaf, body) SELECT seq, leaf, body FROM entry WHERE seq = 0",
        f"INSERT INTO entry(seq, leaf, body) VALUES(6, zeroblob(32), {NEXT})",
        "INSERT INTO entry(seq, leaf, body) VALUES(5, zeroblob(32), json_object('seq', 5, 'prev', 'ff'))",
        f"INSERT INTO entry(seq, leaf, body) VALUES(5, zeroblob(31), {NEXT})",
        "INSERT INTO entry(seq, leaf, body) VALUES(5, zeroblob(32), 'no json')",
        "UPDATE checkpoint SET note = ''",
        "DELETE FROM checkpoint",
        "INSERT OR REPLACE INTO checkpoint(size, root, note) VALUES(5, zeroblob(32), '')",
        "UPDATE meta SET v = '' WHERE k = 'origin'",
        "DELETE FROM meta",
        "INSERT OR REPLACE INTO meta(k, v) VALUES('vkey', '')",
    ],
)
def test_triggers_refuse(ledger: Ledger, statement: str) -> None:
    before = list(ledger.entries()), list(ledger.checkpoints())
    with pytest.raises(sqlite3.Error):
        ledger._db.execute(statement)
    assert (list(ledger.entries()), list(ledger.checkpoints())) == before
    assert checked(ledger).holds


def test_triggers_are_no_lock(ledger: Ledger, tmp_path: Path) -> None:
    """A connection without recursive triggers replaces a head. It is the signature that shows it."""
    raw(tmp_path).execute("INSERT OR REPLACE INTO checkpoint(size, root, note) SELECT size, root, 'x' FROM checkpoint")
    assert {breach.code for breach in checked(ledger).breaches} == {"verify-head-malformed"}


def test_an_entry_that_nobody_signed_is_never_signed_later(ledger: Ledger, tmp_path: Path) -> None:
    """An entry put in without the key, as the triggers want it, must not be covered by the next head."""
    ledger.close()
    shell = raw(tmp_path)
    (prev,) = shell.execute("SELECT lower(hex(leaf)) FROM entry WHERE seq = 4").fetchone()
    text = f'{{"kind":"note.add","prev":"{prev}","seq":5}}'
    shell.execute("INSERT INTO entry(seq, leaf, body) VALUES(5, ?, ?)", (entry_leaf(text, ""), text))
    with Ledger.open(tmp_path / LEDGER, keys.load()) as again:
        assert "verify-unsealed" in {breach.code for breach in checked(again).breaches}
        with pytest.raises(IntegrityError) as caught:
            append(again, 1)
        assert caught.value.message_id == "ledger-not-as-signed"
        assert len(again) == 6


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE entry SET leaf = zeroblob(32) WHERE seq = 1",
        "UPDATE entry SET body = json_set(body, '$.text', 'other') WHERE seq = 4",
        "DELETE FROM entry WHERE seq = 4",
        "DELETE FROM checkpoint WHERE size = 5",
        "UPDATE checkpoint SET note = 'x' WHERE size = 5",
        "DELETE FROM checkpoint",
    ],
)
def test_nothing_is_added_to_what_was_tampered_with(ledger: Ledger, tmp_path: Path, edit: str) -> None:
    ledger.close()
    shell = raw(tmp_path)
    drop_triggers(shell)
    shell.execute(edit)
    with Ledger.open(tmp_path / LEDGER, keys.load()) as again:
        assert not checked(again).holds
        with pytest.raises(IntegrityError):
            append(again, 1)


def drop_triggers(shell: sqlite3.Connection) -> None:
    for (name,) in shell.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        shell.execute(f"DROP TRIGGER {name}")


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        "7",
        "[" * 1500 + "]" * 1500,
        '{"boot":"x","kind":"note.add","mono":"9999999999999999999999999999999","seq":2,"t":"2026-01-01T00:00:00Z"}',
        '{"boot":"x","kind":"note.add","mono":"1","seq":2,"t":"never"}',
        '{"boot":"x","kind":"note.add","mono":"1","seq":2,"t":"2026-01-01T00:00:00"}',
    ],
    ids=["empty", "array", "number", "deep", "far-clock", "no-time", "naive-time"],
)
def test_a_hostile_body_is_a_breach_and_nothing_else(ledger: Ledger, tmp_path: Path, body: str) -> None:
    shell = raw(tmp_path)
    drop_triggers(shell)
    previous = ledger.entry(1)
    body = body.replace('"boot":"x"', f'"boot":"{previous.body["boot"]}"')
    shell.execute("UPDATE entry SET body = ? WHERE seq = 2", (body,))
    assert not checked(ledger).holds


def test_text_that_is_no_text(ledger: Ledger, tmp_path: Path) -> None:
    shell = raw(tmp_path)
    drop_triggers(shell)
    shell.execute("UPDATE entry SET sig = CAST(x'ff' AS TEXT) WHERE seq = 2")
    with pytest.raises(IntegrityError):
        list(ledger.entries())
    with pytest.raises(IntegrityError):
        checked(ledger)


def test_damaged_pages(ledger: Ledger, tmp_path: Path) -> None:
    """A page full of garbage is said as damage, at whatever page it lies."""
    append(ledger, 200, at_once=50)
    ledger.close()
    whole = (tmp_path / LEDGER).read_bytes()
    for start in range(0, len(whole), 4096):
        damaged = tmp_path / f"damaged-{start}"
        damaged.mkdir()
        (damaged / LEDGER).write_bytes(whole[:start] + b"\xa5" * 4096 + whole[start + 4096 :])
        with suppress(IntegrityError, CaseError), Ledger.open(damaged / LEDGER) as opened:
            checked(opened)
        with suppress(IntegrityError, CaseError):
            Case.open(damaged).close()


@pytest.mark.parametrize("way", ["index", "column"])
def test_an_entry_hidden_from_the_index(ledger: Ledger, tmp_path: Path, way: str) -> None:
    """What the case is replayed from is read through an index, which no signature covers."""
    ledger.close()
    shell = raw(tmp_path)

    def rewrite(name: str, old: str, new: str) -> None:
        shell.execute("PRAGMA writable_schema = ON")
        shell.execute("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?", (old, new, name))
        shell.execute("PRAGMA writable_schema = RESET")

    if way == "index":
        rewrite("entry_told", "<> 'artifact", "= 'artifact")
        shell.execute("REINDEX")
        rewrite("entry_told", "= 'artifact", "<> 'artifact")
    else:
        rewrite("entry", "$.kind", "$.none")
        shell.execute("REINDEX")
    shell.close()
    if way == "column":
        with pytest.raises(IntegrityError, match="not the table it should be"):
            Ledger.open(tmp_path / LEDGER)
        return
    with Ledger.open(tmp_path / LEDGER) as hidden:
        assert list(hidden.entries_without_located()) == []
        assert len(list(hidden.entries())) == 5
        assert [breach.code for breach in checked(hidden).breaches] == ["verify-hidden"] * 5


@pytest.mark.parametrize("seq", [9, 2**62 + 5])
def test_a_row_planted_outside_the_chain(ledger: Ledger, tmp_path: Path, seq: int) -> None:
    """However far out it stands, it is told as a breach and no case is replayed from it."""
    ledger.close()
    shell = raw(tmp_path)
    body = '{"kind":"correct","prev":"' + "0" * 64 + f'","seq":{seq}}}'
    shell.execute("DROP TRIGGER entry_follows")
    shell.execute("INSERT INTO entry(seq, leaf, body) VALUES(?, ?, ?)", (seq, entry_leaf(body, ""), body))
    shell.close()
    with Ledger.open(tmp_path / LEDGER) as planted:
        assert "verify-gap" in {breach.code for breach in checked(planted).breaches}
        with pytest.raises(IntegrityError):
            Register().update(planted)
