"""The ledger as its writers know it: numbers, heads, triggers, many hands at once, and a clock that is set."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chain_of_custody import checkpoint, keys, tree
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.clock import Reading
from chain_of_custody.errors import CaseError, IntegrityError
from chain_of_custody.ledger import Ledger, entry_leaf
from chain_of_custody.progress import silent
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


def test_entries_chain_and_every_transaction_is_signed(ledger: Ledger) -> None:
    entries = list(ledger.entries())
    assert [entry.seq for entry in entries] == [entry.body["seq"] for entry in entries] == list(range(5))
    assert entries[0].body["prev"] == "00" * 32
    assert [entry.body["prev"] for entry in entries[1:]] == [entry.leaf.hex() for entry in entries[:-1]]
    assert len({entry.body["salt"] for entry in entries}) == 5
    assert all(len(entry.body["salt"]) == 32 for entry in entries)
    assert all(entry.leaf == entry_leaf(entry.text, entry.sig) for entry in entries)
    name, public = checkpoint.parse_verifier_key(ledger.verifier_key)
    for size, root, note in ledger.checkpoints():
        assert checkpoint.is_signed_by(note, name, public)
        assert tree.root_of(ledger.leaves(0, size)) == root == ledger.head(size).root
    assert [size for size, _, _ in ledger.checkpoints()] == [1, 2, 3, 4, 5]


def test_an_empty_transaction_leaves_nothing(ledger: Ledger) -> None:
    before = ledger.head_note()
    with ledger.transaction():
        pass
    assert ledger.head_note() == before
    assert len(ledger) == 5


def test_an_error_leaves_nothing(ledger: Ledger) -> None:
    before = ledger.head_note()
    with pytest.raises(RuntimeError), ledger.transaction() as transaction:
        transaction.add("note.add")
        raise RuntimeError
    with pytest.raises(TypeError), ledger.transaction() as transaction:
        transaction.add("note.add", amount=1.5)
    assert ledger.head_note() == before
    append(ledger, 1)
    assert checked(ledger).holds
    assert len(ledger) == 6


def test_no_fact_can_pass_for_what_the_ledger_says(ledger: Ledger) -> None:
    with ledger.transaction() as transaction:
        seq = transaction.add("note.add", seq=99, prev="", salt="", t="1970-01-01", boot="", mono="0", v=9)
    body = ledger.entry(seq).body
    assert body["seq"] == seq == 5
    assert body["prev"] == ledger.entry(4).leaf.hex()
    assert body["v"] == 1
    assert len(body["salt"]) == 32
    assert checked(ledger).holds


def test_what_is_not_there(ledger: Ledger) -> None:
    with pytest.raises(CaseError, match="no entry 5"):
        ledger.entry(5)
    with pytest.raises(CaseError, match="no signed head at 9"):
        ledger.head_note(9)


def test_a_reader_cannot_write(ledger: Ledger, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / LEDGER) as reader:
        assert len(reader) == 5
        with pytest.raises(CaseError), reader.transaction():
            pass
        with pytest.raises(sqlite3.OperationalError):
            reader._db.execute("DELETE FROM node")


def test_another_workstations_key(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.close()
    monkeypatch.setenv("FORENSIC_HOME", str(tmp_path / "other"))
    with pytest.raises(CaseError) as caught:
        Ledger.open(tmp_path / LEDGER, keys.load_or_create())
    assert caught.value.message_id == "ledger-other-key"


def test_the_key_is_the_owners_alone(workstation: Path) -> None:
    key = keys.load_or_create()
    (path,) = (workstation / "keys").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    again = keys.load()
    assert again
    assert again.public == key.public


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_file_that_is_none(workstation: Path, content: bytes) -> None:
    (workstation / "keys").mkdir(parents=True)
    (workstation / "keys" / "ledger.pem").write_bytes(content)
    for act in (keys.load, keys.load_or_create):
        with pytest.raises(CaseError) as caught:
            act()
        assert caught.value.message_id == "key-unreadable"
    assert (workstation / "keys" / "ledger.pem").read_bytes() == content


def test_a_key_of_another_kind(workstation: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (workstation / "keys").mkdir(parents=True)
    (workstation / "keys" / "ledger.pem").write_bytes(pem)
    with pytest.raises(CaseError, match="not an Ed25519 key"):
        keys.load()


def test_proofs_from_a_ledger(ledger: Ledger) -> None:
    append(ledger, 32, at_once=7)
    head = ledger.head()
    for seq in (0, 4, 36):
        path = tree.inclusion_proof(ledger.leaves, seq, head.size)
        assert tree.root_from_inclusion(ledger.entry(seq).leaf, seq, head.size, path) == head.root
    path = tree.consistency_proof(ledger.leaves, 5, head.size)
    assert tree.is_consistent(5, ledger.head(5).root, head.size, head.root, path)


# -- many entries, and the cache of subtrees


def test_reopened_from_tiles(ledger: Ledger, tmp_path: Path) -> None:
    append(ledger, 700, at_once=97)
    ledger.close()
    (tiles,) = raw(tmp_path).execute("SELECT count(*) FROM node").fetchone()
    assert tiles == 2
    with Ledger.open(tmp_path / LEDGER, keys.load()) as again:
        from_tiles = again._from_tiles(len(again))
        assert from_tiles.size == 512
        for leaf in again.leaves(512, 705):
            from_tiles.add(leaf)
        assert from_tiles.root() == tree.root_of(again.leaves(0, 705)) == again.head().root
        append(again, 3)
        assert checked(again).holds


@pytest.mark.parametrize("damage", ["UPDATE node SET hash = zeroblob(32) WHERE idx = 0", "DELETE FROM node"])
def test_a_damaged_cache_is_not_signed(ledger: Ledger, tmp_path: Path, damage: str) -> None:
    append(ledger, 600, at_once=600)
    ledger.close()
    raw(tmp_path).execute(damage)
    with Ledger.open(tmp_path / LEDGER, keys.load()) as again:
        append(again, 1)
        assert checked(again).holds


# -- the seat belt


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
    with Ledger.open(tmp_path / LEDGER) as hidden:
        assert list(hidden.entries_without_located()) == []
        assert len(list(hidden.entries())) == 5
        assert [breach.code for breach in checked(hidden).breaches] == ["verify-hidden"] * 5


# -- many hands


def test_eight_processes_append(tmp_path: Path, ledger: Ledger, fork: Callable) -> None:
    ledger.close()

    def forty(pipe: int) -> None:
        with Ledger.open(tmp_path / LEDGER, keys.load()) as mine:
            append(mine, 40)

    children = [fork(forty) for _ in range(8)]
    assert [(child.said(), child.wait()) for child in children] == [("", 0)] * 8
    with Ledger.open(tmp_path / LEDGER) as after:
        assert len(after) == 5 + 8 * 40
        assert checked(after).holds
        assert len({entry.body["salt"] for entry in after.entries()}) == len(after)


def test_verifying_while_another_appends(tmp_path: Path, ledger: Ledger, fork: Callable) -> None:
    def until_killed(pipe: int) -> None:
        with Ledger.open(tmp_path / LEDGER, keys.load()) as mine:
            os.write(pipe, b"begun")
            while True:
                append(mine, 1)

    ledger.close()
    child = fork(until_killed)
    child.read_some()
    with Ledger.open(tmp_path / LEDGER) as reader:
        end, sizes = time.monotonic() + 0.5, []
        while time.monotonic() < end:
            verdict = checked(reader)
            assert verdict.holds, verdict.breaches
            assert verdict.heads == verdict.entries
            sizes.append(verdict.entries)
    assert sizes[-1] > sizes[0]


def test_one_process_waits_for_the_other(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain_of_custody.ledger_file.PATIENCE", 0.05)
    with Ledger.open(tmp_path / LEDGER, keys.load()) as other, ledger.transaction() as transaction:
        transaction.add("note.add")
        with pytest.raises(CaseError) as caught, other.transaction():
            pass
    assert caught.value.message_id == "case-held-elsewhere"
    assert len(ledger) == 6


def test_two_first_commands_agree_on_one_key(fork: Callable) -> None:
    children = [fork(lambda pipe: os.write(pipe, keys.load_or_create().public.hex().encode())) for _ in range(6)]
    said = {child.said() for child in children}
    assert len(said) == 1
    assert all(child.wait() == 0 for child in children)


# -- the clock


@dataclass
class SetClock:
    """A wall clock that can be set, beside a clock since boot that cannot."""

    utc: datetime = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
    boot: str = "b00t"
    since_boot: int = 10**12

    def read(self) -> Reading:
        self.run(0.2)
        return Reading(self.utc, self.boot, self.since_boot)

    def run(self, seconds: float) -> None:
        self.utc += timedelta(seconds=seconds)
        self.since_boot += int(seconds * 10**9)


@pytest.mark.parametrize("step", [-3600, 3600, -3, 3, -86400 * 365])
def test_a_set_clock_is_entered(tmp_path: Path, step: int) -> None:
    clock = SetClock()
    with Ledger.create(tmp_path / LEDGER, "forensic/4501/aa", keys.load_or_create(), clock) as ledger:
        append(ledger, 3)
        clock.utc += timedelta(seconds=step)
        append(ledger, 2)
        kinds = [entry.kind for entry in ledger.entries()]
        assert kinds == ["note.add"] * 3 + ["time.step"] + ["note.add"] * 2
        assert int(ledger.entry(3).body["microseconds"]) == pytest.approx(step * 1_000_000, abs=1000)
        assert checked(ledger).holds


@pytest.mark.parametrize("step", [0, 1.9, -1.9])
def test_drift_is_none(tmp_path: Path, step: float) -> None:
    clock = SetClock()
    with Ledger.create(tmp_path / LEDGER, "forensic/4501/aa", keys.load_or_create(), clock) as ledger:
        append(ledger, 2)
        clock.utc += timedelta(seconds=step)
        append(ledger, 2)
        assert len(ledger) == 4
        assert checked(ledger).holds


def test_another_boot_cannot_be_compared(tmp_path: Path) -> None:
    """The wall clock across a restart is a claim; nothing here proves or refutes it."""
    clock = SetClock()
    with Ledger.create(tmp_path / LEDGER, "forensic/4501/aa", keys.load_or_create(), clock) as ledger:
        append(ledger, 2)
        clock.utc, clock.boot, clock.since_boot = clock.utc - timedelta(days=400), "b001", 5
        append(ledger, 2)
        assert len(ledger) == 4
        assert checked(ledger).holds


def test_a_step_that_no_entry_says_is_a_breach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that keeps silent about the set clock, with the real key."""
    clock = SetClock()
    with Ledger.create(tmp_path / LEDGER, "forensic/4501/aa", keys.load_or_create(), clock) as ledger:
        append(ledger, 3)
        clock.utc -= timedelta(hours=1)
        with monkeypatch.context() as silenced:
            silenced.setattr("chain_of_custody.ledger.clock.stepped", lambda *_: None)
            append(ledger, 2)
        assert [breach.code for breach in checked(ledger).breaches] == ["verify-clock"]
