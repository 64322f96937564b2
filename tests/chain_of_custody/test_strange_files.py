"""A pipe, a link to a device or a giant in a ledger or a bundle: nobody waits for it or reads all of it."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody import bundle, verify_ledger
from chain_of_custody.case import LEDGER
from chain_of_custody.ledger import Ledger
from tests.chain_of_custody.test_attacks import Victim, victim
from tests.examiner import Examiner

__all__ = ["victim"]

NOT_CHECKED = 4
PATIENCE = 20  # seconds
MEMORY = 2 << 30  # bytes of addresses that the verifier may use


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def giant(path: Path) -> None:
    """A sparse file, which takes no room."""
    os.truncate(path, 8 << 30)


def verified(path: Path, vkey: str) -> tuple[int, str]:
    line = [sys.executable, "-I", verify_ledger.__file__, path, "--key", vkey]
    done = subprocess.run(
        line,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def handed_out(victim: Victim, tmp_path: Path) -> Path:
    with Ledger.open(victim.folder / LEDGER) as ledger:
        for name, blocks in bundle.files(ledger, len(ledger), (), ""):
            path = tmp_path / "bundle" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(blocks))
    assert verified(tmp_path / "bundle", victim.vkey)[0] == 0
    return tmp_path / "bundle"


@pytest.mark.parametrize("make", [pipe, device, folder, giant])
@pytest.mark.parametrize("name", ["vkey", "origin", "entries.tsv", "note"])
def test_in_a_bundle(victim: Victim, handed_out: Path, make: Callable[[Path], None], name: str) -> None:
    path = handed_out / name if name != "note" else max((handed_out / "checkpoints").iterdir())
    make(path)
    code, said = verified(handed_out, victim.vkey)
    assert code == NOT_CHECKED, said


@pytest.mark.parametrize("make", [pipe, device, folder])
def test_in_place_of_a_ledger(victim: Victim, make: Callable[[Path], None]) -> None:
    make(victim.folder / LEDGER)
    code, said = verified(victim.folder, victim.vkey)
    assert (code, LEDGER in said) == (NOT_CHECKED, True)
    assert verified(victim.folder / LEDGER, victim.vkey)[0] == NOT_CHECKED


def test_a_giant_value_in_a_ledger(victim: Victim) -> None:
    with sqlite3.connect(victim.folder / LEDGER) as sql:
        sql.execute("DROP TRIGGER entry_stays_update")
        sql.execute("PRAGMA ignore_check_constraints = ON")
        sql.execute("UPDATE entry SET body = json_quote(hex(zeroblob(140000000))) WHERE seq = 2")
    sql.close()
    assert verified(victim.folder, victim.vkey)[0] == NOT_CHECKED


@pytest.mark.parametrize("make", [pipe, device, folder])
@pytest.mark.parametrize("end", ["", "-wal", "-journal"])
def test_our_own_commands_wait_for_none(at_work: Examiner, make: Callable[[Path], None], end: str) -> None:
    make(at_work.case / f"{LEDGER}{end}")
    at_work.watched = False
    for words in (("verify",), ("ledger", "doctor"), ("status",), ("ledger", "note", "x")):
        done = at_work.runs(*words, timeout=PATIENCE)
        assert (done.code, f"{LEDGER}{end}" in done.err) == (NOT_CHECKED, True), done.said
