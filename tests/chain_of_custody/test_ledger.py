"""The ledger as its writers know it: numbers, heads, triggers, many hands at once, and a clock that is set."""

import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chain_of_custody import checkpoint, keys, tree
from chain_of_custody.case import LEDGER
from chain_of_custody.clock import Reading
from chain_of_custody.errors import CaseError
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
    with pytest.raises(CaseError, match="a key of another type"):
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


def raw(folder: Path) -> sqlite3.Connection:
    """Somebody with a SQL shell."""
    return sqlite3.connect(folder / LEDGER, isolation_level=None)


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
