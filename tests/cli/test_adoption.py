"""A case that comes to another workstation or disk: refused for writing until somebody adopts it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from chain_of_custody import checkpoint, place, verify_ledger
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.ledger import Ledger
from chain_of_custody.place import Place, Places
from tests.cli.test_changes import changes, last
from tests.cli.test_refusals import refused
from tests.examiner import Examiner

WHY = ("--reason", "移交市局实验室")


@pytest.fixture
def stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Puts the examiner at a workstation with this machine id and the case on this disk."""
    machine_id = tmp_path / "machine-id"
    monkeypatch.setattr(place, "MACHINE_ID", machine_id)

    def at(machine: str, disk: str) -> None:
        machine_id.write_text(f"{machine}\n")
        monkeypatch.setattr(place, "disk", lambda _: disk)

    at("a" * 32, "1111-AAAA")
    return at


@pytest.fixture
def moved(stands: object, at_work: Examiner, tmp_path: Path) -> Examiner:
    """The examiner of another workstation, to whom the case came as it is."""
    stands("b" * 32, "1111-AAAA")  # type: ignore[operator]
    return replace(at_work, home=tmp_path / "other", env={})


def test_sessions_say_where_they_were(stands: object, at_work: Examiner) -> None:
    host = last(at_work, "session.open")["host"]
    assert host["disk"] == "1111-AAAA"
    assert len(host["machine"]) == 32
    assert "a" * 32 not in str(at_work.entries())  # the machine's id itself is told to nobody


def test_another_disk_is_adopted_under_the_same_key(stands: object, at_work: Examiner) -> None:
    stands("a" * 32, "2222-BBBB")  # type: ignore[operator]
    told = refused(at_work, 5, "ledger", "note", "x").err
    assert "1111-AAAA" in told
    assert "case adopt" in told
    assert last(at_work, "session.close")
    answer = at_work.asks("case", "adopt", *WHY)
    body = last(at_work, "case.adopt")
    assert (answer["seq"], answer["new_key"]) == (body["seq"], False)
    assert (body["disk"], body["reason"]) == ("2222-BBBB", WHY[1])
    with Ledger.open(at_work.case / LEDGER) as ledger:
        assert body["vkey"] == ledger.verifier_key
    at_work.asks("ledger", "note", "x")
    refused(at_work, 5, "case", "adopt", *WHY)
    assert [change.kind for change in changes(at_work)] == ["adoption", "note"]


def test_another_workstations_key_takes_over_from_the_adoption_on(moved: Examiner) -> None:
    told = refused(moved, 5, "ledger", "note", "x").err
    assert "key" in told  # it has none of its own yet
    answer = moved.asks("case", "adopt", *WHY, "--by", "赵六")
    moved.asks("ledger", "note", "x", "--by", "赵六")
    bodies = moved.entries()
    seq = answer["seq"]
    assert [body["kind"] for body in bodies[seq - 1 : seq + 1]] == ["session.open", "case.adopt"]
    with Ledger.open(moved.case / LEDGER) as ledger:
        first, second = ledger.verifier_key, ledger.key_in_force
        assert bodies[seq]["vkey"] == second != first
        signed = {size: note for size, _, note in ledger.checkpoints()}
    assert seq not in signed  # its session and it came in under one head
    for size, note in signed.items():
        by = first if size <= seq else second
        assert checkpoint.is_signed_by(note, *checkpoint.parse_verifier_key(by)), size


def test_both_keys_cannot_write_at_once(moved: Examiner, at_work: Examiner, stands: object) -> None:
    moved.asks("case", "adopt", *WHY)
    told = refused(at_work, 5, "ledger", "note", "x").err
    assert "another workstation's key" in told
    stands("a" * 32, "1111-AAAA")  # type: ignore[operator]
    assert "last opened for writing elsewhere" in refused(at_work, 5, "ledger", "note", "x").err
    at_work.asks("case", "adopt", "--reason", "退回")
    at_work.asks("ledger", "note", "x")
    with Ledger.open(at_work.case / LEDGER) as ledger:
        assert ledger.key_in_force == ledger.verifier_key


def test_an_adopted_case_verifies(moved: Examiner, tmp_path: Path) -> None:
    vkey = moved.asks("ledger", "head")["vkey"]
    moved.asks("case", "adopt", *WHY)
    moved.asks("ledger", "note", "x")
    assert moved.types("verify").code == 0
    with Ledger.open(moved.case / LEDGER) as ledger:
        keys = [word for key in (vkey, ledger.key_in_force) for word in ("--key", key)]
    line = [sys.executable, "-I", verify_ledger.__file__, moved.case, "--files", moved.case, "--strict"]
    for given, code in ((keys, 0), (keys[:2], 4)):  # the key that took over is known from outside, or it is not
        done = subprocess.run([*line, *given], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (code, ""), done.stdout


def test_a_receipt_names_every_key(moved: Examiner) -> None:
    answer = moved.asks("case", "adopt", *WHY)
    first, second = moved.entries()[0]["vkey"], answer["vkey"]
    paper = PdfReader(moved.asks("anchor", "print")["file"])
    text = "".join("".join(page.extract_text() for page in paper.pages).split())
    assert text.count(first) == text.count(second) == 2  # each by itself, and in the command that checks
    assert f"--key{first}\\--key{second}" in text
    assert f"sinceentry{answer['seq']}" in text


def test_a_head_that_the_key_before_did_not_sign_is_not_continued(moved: Examiner) -> None:
    """Else an adoption would vouch for entries that nobody had signed."""
    shell = f"DROP TRIGGER checkpoint_stays_delete; DELETE FROM checkpoint WHERE size = {len(moved.entries())};"
    subprocess.run(["sqlite3", moved.case / LEDGER, shell], check=True)
    assert moved.types("case", "adopt", *WHY).code == 6
    assert "case.adopt" not in [body["kind"] for body in moved.entries()]


test_a_head_that_the_key_before_did_not_sign_is_not_continued = pytest.mark.skipif(
    not shutil.which("sqlite3"), reason="sqlite3 is not installed"
)(test_a_head_that_the_key_before_did_not_sign_is_not_continued)


def test_what_is_where_it_was_needs_no_adoption(stands: object, at_work: Examiner) -> None:
    refused(at_work, 5, "case", "adopt", *WHY)
    refused(at_work, 2, "case", "adopt", "--reason", " ")
    stands("a" * 32, "")  # type: ignore[operator]
    at_work.asks("ledger", "note", "a disk that cannot be told is no other")


def test_reading_goes_on_wherever_the_case_is(moved: Examiner) -> None:
    for words in (("verify",), ("status",), ("ledger", "log"), ("exhibit", "list")):
        assert moved.types(*words).code == 0
    with Case.open(moved.case) as case:
        assert case.register.places.differs(case.place())


def test_the_disk_is_found_by_its_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_uuid = tmp_path / "by-uuid"
    by_uuid.mkdir()
    monkeypatch.setattr(place, "BY_UUID", by_uuid)
    (by_uuid / "dead-link").symlink_to(tmp_path / "nothing")
    assert place.disk(tmp_path) == ""
    try:
        os.mknod(tmp_path / "device", 0o60600, tmp_path.stat().st_dev)
    except PermissionError:
        pytest.skip("needs the right to make a device node")
    (by_uuid / "4e21-0000").symlink_to(tmp_path / "device")
    assert place.disk(tmp_path) == "4e21-0000"
    monkeypatch.setattr(place, "BY_UUID", tmp_path / "none")
    assert place.disk(tmp_path) == ""


def test_a_machine_without_an_id_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "MACHINE_ID", tmp_path / "none")
    assert place.machine("origin") == ""
    assert not Places().differs(Place("host", "", ""))
