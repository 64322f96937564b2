"""`forensic witness`, on a stick of somebody else's, and what the case makes of its cosignatures."""

import os
import shutil
from pathlib import Path

import pytest

from tests.examiner import Done, Examiner


@pytest.fixture
def stick(at_work: Examiner, tmp_path: Path) -> Path:
    """A witness whose key has no passphrase."""
    folder = tmp_path / "stick"
    done = at_work.types("witness", "init", folder, "--name", "supervisor", "--no-passphrase")
    assert done.code == 0, done.said
    assert "no passphrase" in done.err
    return folder


def vkey(stick: Path) -> str:
    return (stick / "witness.vkey").read_text("utf-8").strip()


def asked(examiner: Examiner, tmp_path: Path, old: int) -> Path:
    """A request from `old`, in a file of its own."""
    file = tmp_path / f"request-{len(list(tmp_path.iterdir()))}"
    done = examiner.types("ledger", "prove-consistency", old, "-o", file)
    assert done.code == 0, done.said
    return file


def log(examiner: Examiner) -> str:
    return str(examiner.asks("ledger", "head")["vkey"])


def size(examiner: Examiner) -> int:
    return int(examiner.asks("ledger", "head")["head"]["size"])


def cosigned(examiner: Examiner, stick: Path, tmp_path: Path, old: int = 0) -> tuple[Path, Done]:
    note = tmp_path / f"cosigned-{old}.note"
    request = asked(examiner, tmp_path, old)
    return note, examiner.types("witness", "cosign", stick, request, "--log", log(examiner), "-o", note)


def test_a_head_is_cosigned_and_enters_the_case(at_work: Examiner, stick: Path, tmp_path: Path) -> None:
    note, done = cosigned(at_work, stick, tmp_path)
    assert done.code == 0, done.said
    counted = size(at_work)
    added = at_work.types("anchor", "add", note, "--witness", vkey(stick))
    assert added.code == 0, added.said
    (body,) = (body for body in at_work.entries() if body["kind"] == "anchor.add")
    assert (body["type"], body["size"], body["by"], body["checked"]) == ("cosignature", counted, "supervisor", True)
    again, done = cosigned(at_work, stick, tmp_path, counted)
    assert done.code == 0, done.said
    added = at_work.types("anchor", "add", again)
    assert (added.code, "binds nothing" in added.err) == (3, True)
    *_, body = (body for body in at_work.entries() if body["kind"] == "anchor.add")
    assert body["checked"] is False


def test_a_mark_that_nobody_known_made_is_a_claim(at_work: Examiner, stick: Path, tmp_path: Path) -> None:
    """Under another name the line is no longer the witness's, and a policy that names him says so."""
    note, _ = cosigned(at_work, stick, tmp_path)
    policy = tmp_path / "policy"
    policy.write_text(f"log {log(at_work)}\nwitness w {vkey(stick)}\nquorum w\n", "utf-8")
    (tmp_path / "renamed").write_text(note.read_text("utf-8").replace("— supervisor ", "— someone "), "utf-8")
    done = at_work.types("--json", "anchor", "add", tmp_path / "renamed", "--policy", policy)
    (finding,) = done.json["findings"]
    assert (done.code, finding["code"], finding["facts"]["by"]) == (3, "anchor-unknown-witness", "someone")
    assert at_work.types("anchor", "add", tmp_path / "renamed", "--witness", vkey(stick)).code == 6
    altered = note.read_text("utf-8")[:-6] + "AAA==\n"
    (tmp_path / "altered").write_text(altered, "utf-8")
    assert at_work.types("anchor", "add", tmp_path / "altered", "--policy", policy).code == 6
    assert at_work.asks("anchor", "list")["outside"] == 0
    assert at_work.asks("status")["since_outside_head"] == len(at_work.entries())


def test_a_claim_is_entered_again_once_there_is_a_key(at_work: Examiner, stick: Path, tmp_path: Path) -> None:
    note, _ = cosigned(at_work, stick, tmp_path)
    counted = size(at_work)
    assert at_work.types("anchor", "add", note).code == 3
    assert at_work.types("anchor", "add", note).code == 5
    assert at_work.types("anchor", "add", note, "--witness", vkey(stick)).code == 0
    assert at_work.types("anchor", "add", note, "--witness", vkey(stick)).code == 5
    assert at_work.asks("anchor", "list")["outside"] == counted


def test_the_note_goes_to_the_screen_as_the_witness_wrote_it(at_work: Examiner, stick: Path, tmp_path: Path) -> None:
    request = asked(at_work, tmp_path, 0)
    done = at_work.types("witness", "cosign", stick, request, "--log", log(at_work))
    (tmp_path / "note").write_bytes(done.bytes)
    assert at_work.types("anchor", "add", tmp_path / "note", "--witness", vkey(stick)).code == 0
    answer = at_work.types("--json", "witness", "cosign", stick, asked(at_work, tmp_path, 0)).json
    assert answer["error"]["exit"] == 5


def test_a_cosignature_of_another_witness_is_refused(at_work: Examiner, stick: Path, tmp_path: Path) -> None:
    note, _ = cosigned(at_work, stick, tmp_path)
    for name in ("supervisor", "another"):  # one takes the witness's name
        assert at_work.types("witness", "init", tmp_path / name, "--name", name, "--no-passphrase").code == 0
        assert at_work.types("anchor", "add", note, "--witness", vkey(tmp_path / name)).code == 6
    (tmp_path / "policy").write_text(f"witness w {vkey(tmp_path / 'supervisor')}\nquorum w\n")
    assert at_work.types("anchor", "add", note, "--policy", tmp_path / "policy").code == 6
    assert at_work.types("anchor", "add", note, "--witness", "no key").code == 2
    forged = note.read_text("utf-8").replace("supervisor", "supervisoR")
    (tmp_path / "forged").write_text(forged, "utf-8")
    assert at_work.types("anchor", "add", tmp_path / "forged", "--witness", vkey(stick)).code == 6


def test_a_note_without_cosignature_or_of_another_ledger_is_refused(
    at_work: Examiner, stick: Path, tmp_path: Path
) -> None:
    (tmp_path / "bare").write_text(at_work.asks("ledger", "head")["note"], "utf-8")
    assert at_work.types("anchor", "add", tmp_path / "bare").code == 2
    other = Examiner(tmp_path / "elsewhere", tmp_path / "other")
    other.makes_case()
    note, done = cosigned(other, stick, tmp_path)
    assert done.code == 0
    assert at_work.types("anchor", "add", note, "--witness", vkey(stick)).code == 6


def test_rollback_and_fork_are_refused(at_work: Examiner, stick: Path, tmp_path: Path) -> None:
    """An older copy of the case is shown to the witness, and then one that went on by itself."""
    shutil.copytree(at_work.case, tmp_path / "older")
    shutil.copytree(at_work.home / "keys", tmp_path / "elsewhere" / "keys")
    at_work.adds_exhibit("--label", "第二件")
    _, done = cosigned(at_work, stick, tmp_path)
    assert done.code == 0
    known = size(at_work)
    intruder = Examiner(tmp_path / "elsewhere", tmp_path / "older")
    old = size(intruder)
    refused = intruder.types("witness", "cosign", stick, asked(intruder, tmp_path, old))
    assert refused.code == 6
    assert f"400 ROLLBACK {old} < {known}" in refused.err
    for _ in range(2):
        intruder.types("exhibit", "add", "--kind", "card", "--label", "伪造")
    refused = intruder.types("witness", "cosign", stick, asked(intruder, tmp_path, known))
    assert refused.code == 6
    assert "422 FORK" in refused.err
    refused = intruder.types("witness", "cosign", stick, asked(intruder, tmp_path, old))
    assert refused.code == 5
    assert f"prove-consistency {known}" in refused.err


def test_the_first_time_the_keeper_says_which_key_counts(at_work: Examiner, stick: Path, tmp_path: Path) -> None:
    request = asked(at_work, tmp_path, 0)
    refused = at_work.types("witness", "cosign", stick, request)
    assert refused.code == 5
    assert "--log" in refused.err
    assert at_work.types("witness", "cosign", stick, request, "--log", log(at_work)).code == 0


def test_a_passphrase_comes_from_a_file_or_a_descriptor(at_work: Examiner, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("correct horse\n")
    safe, given = tmp_path / "safe", ("--passphrase-file", tmp_path / "passphrase")
    assert at_work.types("witness", "init", safe, "--name", "w", *given).code == 0
    request = asked(at_work, tmp_path, 0)
    line = ("witness", "cosign", safe, request, "--log", log(at_work))
    refused = at_work.runs(*line)
    assert refused.code == 2
    assert "--passphrase-file" in refused.err
    (tmp_path / "wrong").write_text("wrong\n")
    assert at_work.types(*line, "--passphrase-file", tmp_path / "wrong").code == 5
    reading, writing = os.pipe()
    os.write(writing, b"correct horse")
    os.close(writing)
    assert at_work.runs(*line, "--passphrase-fd", reading, pass_fds=(reading,)).code == 0
    os.close(reading)


def test_a_witness_needs_no_case_and_leaves_what_stands(at_work: Examiner, tmp_path: Path) -> None:
    nobody = Examiner(tmp_path / "nobody", tmp_path / "nowhere")
    assert nobody.runs("witness", "init", tmp_path / "w", "--name", "w").code == 2  # no terminal to ask at
    made = nobody.runs("--json", "witness", "init", tmp_path / "w", "--name", "领导 甲", "--no-passphrase")
    assert made.json["vkey"].startswith("领导_甲+")
    assert nobody.runs("witness", "init", tmp_path / "w", "--name", "w", "--no-passphrase").code == 5
    assert nobody.runs("witness", "cosign", tmp_path / "none", asked(at_work, tmp_path, 0)).code == 5
    note, done = cosigned(at_work, tmp_path / "w", tmp_path)
    assert done.code == 0
    request = asked(at_work, tmp_path, 0)
    assert nobody.types("witness", "cosign", tmp_path / "w", request, "-o", note).code == 5
    assert nobody.types("witness", "cosign", tmp_path / "w", tmp_path / "missing").code == 2
    known = asked(at_work, tmp_path, size(at_work))
    assert nobody.types("witness", "cosign", tmp_path / "w", known, "-o", note).code == 5  # never over a file


def test_a_cosigned_time_stands_in_the_report(at_work: Examiner, stick: Path, tmp_path: Path) -> None:
    note, _ = cosigned(at_work, stick, tmp_path)
    assert at_work.types("anchor", "add", note, "--witness", vkey(stick)).code == 0
    report = at_work.asks("report", "build", "--lang", "zh")
    (html,) = (at_work.case / file["path"] for file in report["files"] if file["role"] == "html")
    assert "见证人会签：supervisor" in html.read_text("utf-8")
