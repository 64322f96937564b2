"""The kept case of format version 1: every later version opens it, verifies it, and reads the same out of it."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chain_of_custody import verify_ledger
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.signature import ACTS
from fixtures.make.format_1 import KINDS, LARGEST
from tests.examiner import ROOT, Examiner, entries, files

KEPT = ROOT / "fixtures/cases/format-1"
VOLUME_OF_ITS_MAKING = {"volume-not-connected"}


@pytest.fixture(scope="module")
def outside() -> dict[str, Any]:
    """What was written down beside the case when it was made."""
    told: dict[str, Any] = json.loads((KEPT / "outside.json").read_text("utf-8"))
    return told


@pytest.fixture
def kept(tmp_path: Path) -> Examiner:
    """A copy of the case, its files read-only as they were, at a workstation that never saw it."""
    shutil.copytree(KEPT / "case", tmp_path / "case")
    for path in (tmp_path / "case").rglob("*"):
        if path.is_file() and path.name != LEDGER:
            path.chmod(0o444)
    return Examiner(tmp_path / "workstation", tmp_path / "case")


def head(outside: dict[str, Any]) -> str:
    return f"{outside['head']['size']}:{outside['head']['root']}"


def test_it_opens_and_verifies(kept: Examiner, outside: dict[str, Any], tmp_path: Path) -> None:
    before = (kept.case / LEDGER).read_bytes()
    trusted = tmp_path / "trusted.policy"
    trusted.write_text("".join(f"log {key}\n" for key in outside["keys"]) + "quorum none\n", "utf-8")
    done = kept.types("--json", "verify", "--expect", head(outside), "--policy", trusted)
    assert done.code == 0, done.said
    assert done.json["holds"] is True
    assert done.json["checked"]["entries"] == outside["head"]["size"]
    assert not {remark["code"] for remark in done.json["remarks"]} & VOLUME_OF_ITS_MAKING
    assert (kept.case / LEDGER).read_bytes() == before


def test_the_stand_alone_verifier_proves_it(kept: Examiner, outside: dict[str, Any]) -> None:
    given = (("--key", "keys"), ("--person", "persons"))
    keys = [word for option, which in given for key in outside[which] for word in (option, key)]
    line = [sys.executable, "-I", verify_ledger.__file__, kept.case, *keys, "--strict"]
    done = subprocess.run(
        [*line, "--expect", head(outside), "--files", kept.case], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_one_changed_character_shows(kept: Examiner, outside: dict[str, Any]) -> None:
    ledger = kept.case / LEDGER
    content = ledger.read_bytes()
    note = "样例备注".encode()
    assert note in content
    ledger.write_bytes(content.replace(note, "样例备柱".encode()))
    assert kept.types("verify", "--expect", head(outside)).code == 6


def test_it_holds_what_was_written_down(kept: Examiner, outside: dict[str, Any]) -> None:
    bodies = entries(kept.case)
    assert dict(sorted(Counter(body["kind"] for body in bodies).items())) == outside["kinds"]
    with Case.open(kept.case) as case:
        register = case.register
        assert {str(seq): artifact.what for seq, artifact in register.artifacts.items()} == outside["held"]
        assert [case.ledger.verifier_key, case.ledger.key_in_force] == outside["keys"]
        assert set(register.disposed) == {body["target"] for body in bodies if body["kind"] == "dispose"}
        assert set(register.excluded) == {body["target"] for body in bodies if body["kind"] == "artifact.exclude"}
        assert register.closed is not None
        assert register.fixity is not None
        assert [key.person for key in register.enrolment.valid()] == ["张三", "李四"]


def test_it_has_one_of_each_kind(outside: dict[str, Any]) -> None:
    assert set(outside["kinds"]) == KINDS
    assert KINDS >= ACTS


def test_it_is_small_and_holds_no_key() -> None:
    stored = [path for path in KEPT.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in stored) <= LARGEST
    assert not [path for path in stored if path.suffix in (".pem", ".age") or b"PRIVATE KEY" in path.read_bytes()]
    assert {name.partition("/")[0] for name in files(KEPT / "case")} <= {"EX-001", "EX-002", "reports"}


def test_every_command_that_reads_reads_it(kept: Examiner) -> None:
    for words in (
        ("case", "show"),
        ("status",),
        ("exhibit", "list"),
        ("exhibit", "show", "EX-001"),
        ("exhibit", "history", "EX-001"),
        ("payments",),
        ("search", "微信"),
        ("ledger", "log"),
        ("anchor", "list"),
        ("secret", "list"),
    ):
        assert kept.types(*words).code in (0, 3), words
