"""The exported ledger: what is in it, that a stranger can check it, and that what is withheld is said."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chain_of_custody import bundle, keys, proof
from chain_of_custody.case import LEDGER
from chain_of_custody.errors import CaseError, UsageError
from chain_of_custody.ledger import Ledger
from tests.examiner import Examiner

ORIGIN = "forensic/4501/0123456789ab"
PROVED, NOT_CHECKED, BROKEN = 0, 4, 6


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger.create(tmp_path / LEDGER, ORIGIN, keys.load_or_create())
    for number in range(12):
        with made.transaction() as transaction:
            transaction.add("note.add" if number % 3 else "note.secret", text=f"收款 {number}")
    return made


def handed_out(ledger: Ledger, folder: Path, withhold: str = "", *, said: bool = True) -> Path:
    """The bundle as the workflow makes it: first the entry, then the files."""
    withheld = bundle.selected(ledger, withhold) if withhold else []
    with ledger.transaction() as transaction:
        facts = {"withheld": bundle.ranges(withheld), "reason": "涉及他案"} if said and withheld else {}
        transaction.add("export", what="ledger", **facts)
    for name, blocks in bundle.files(ledger, len(ledger), withheld, "涉及\n他案"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(blocks))
    return folder


def verified(folder: Path, *arguments: str) -> tuple[int, str]:
    line = [sys.executable, "-I", str(folder / bundle.VERIFIER), str(folder), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout


def test_the_verifier_in_it_proves_it(ledger: Ledger, tmp_path: Path) -> None:
    folder = handed_out(ledger, tmp_path / "out")
    head = ledger.head()
    key, expect = ("--key", ledger.verifier_key), ("--expect", f"{head.size}:{head.root.hex()}")
    assert verified(folder, *key, *expect, "--strict")[0] == PROVED
    assert verified(folder, *expect)[0] == NOT_CHECKED
    assert verified(folder, *key, "--expect", f"{head.size}:{'0' * 64}")[0] == BROKEN
    assert verified(folder, *key, "--expect", f"{head.size + 1}:{head.root.hex()}")[0] == BROKEN
    assert {path.name for path in folder.iterdir()} == {
        *(bundle.ENTRIES, bundle.VERIFIER, "checkpoints", "origin", "vkey", "README.txt")
    }


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_a_leaf_by_hand(ledger: Ledger, tmp_path: Path) -> None:
    folder = handed_out(ledger, tmp_path / "out")
    for seq in (0, 5, 12):
        command = f"printf '\\0' | cat - <(sed -n {seq + 1}p entries.tsv | tr -d '\\n') | sha256sum"
        assert command.replace(f"{seq + 1}p", "1p") in (folder / "README.txt").read_text("utf-8")
        done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
        assert done.stdout.split()[0] == ledger.entry(seq).leaf.hex()


@pytest.mark.parametrize(("selection", "numbers"), [("3,7-9", [3, 7, 8, 9]), ("note.secret", [0, 3, 6, 9])])
def test_withheld_entries_are_counted_and_named(
    ledger: Ledger, tmp_path: Path, selection: str, numbers: list[int]
) -> None:
    folder = handed_out(ledger, tmp_path / "out", selection)
    code, said = verified(folder, "--key", ledger.verifier_key, "--strict")
    assert code == PROVED
    assert f"{bundle.ranges(numbers)}: 隐去 withheld ({len(numbers)})" in said
    lines = (folder / bundle.ENTRIES).read_text("utf-8").splitlines()
    assert len(lines) == 13
    for number in numbers:
        assert lines[number] == f"withheld\t{ledger.entry(number).leaf.hex()}\t涉及 他案"
        assert f"收款 {number}" not in "".join(lines)


def test_withholding_more_than_was_said_is_seen(ledger: Ledger, tmp_path: Path) -> None:
    """Nobody on the way can take a body out."""
    folder = handed_out(ledger, tmp_path / "out", "3")
    entries = folder / bundle.ENTRIES
    lines = entries.read_text("utf-8").split("\n")
    lines[5] = f"withheld\t{ledger.entry(5).leaf.hex()}\tfor no reason"
    entries.write_text("\n".join(lines), "utf-8")
    code, said = verified(folder, "--key", ledger.verifier_key)
    assert code == BROKEN
    assert "5: 隐去而无导出记载" in said


def test_changes_on_the_way_are_seen(ledger: Ledger, tmp_path: Path) -> None:
    folder = handed_out(ledger, tmp_path / "out")
    key = ("--key", ledger.verifier_key)
    entries, note = folder / bundle.ENTRIES, folder / "checkpoints" / "00000007.note"
    whole, signed = entries.read_bytes(), note.read_bytes()
    lines = whole.splitlines(keepends=True)
    changed = [
        whole.replace("收款 4".encode(), "收款 5".encode()),
        whole[:-1],
        b"".join(lines[:-1]),
        b"".join(lines[:3] + lines[4:]),
        b"".join([*lines[:3], lines[4], lines[3], *lines[5:]]),
        whole.replace(b"\n", b"\r\n"),
        b"",
    ]
    for content in changed:
        entries.write_bytes(content)
        assert verified(folder, *key)[0] == (PROVED if content == whole[:-1] else BROKEN)
    entries.write_bytes(whole)
    for content in (
        signed.replace(b"\n7\n", b"\n6\n"),
        b"",
        b"\xff",
        signed[:-9],
        signed.replace(ORIGIN.encode(), b"x"),
    ):
        note.write_bytes(content)
        assert verified(folder, *key)[0] == BROKEN
    note.unlink()
    assert verified(folder, *key)[0] == PROVED


@pytest.mark.parametrize(("given", "error"), [("99", CaseError), ("3-1", UsageError), ("no.such", UsageError)])
def test_selections_that_mean_nothing(ledger: Ledger, given: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        bundle.selected(ledger, given)


def test_ranges() -> None:
    assert bundle.ranges([]) == ""
    assert bundle.ranges([3, 7, 8, 9, 11, 12]) == "3,7-9,11-12"


def test_the_program_hands_it_out(at_work, tmp_path: Path) -> None:
    """`ledger export`, `ledger prove` and `verify --expect` from the command line."""
    folder, one = tmp_path / "out", tmp_path / "1.tlog-proof"
    at_work.types("ledger", "export", folder, "--withhold", "case.new", "--reason", "涉及他案")
    assert at_work.types("ledger", "prove", "1", "-o", one).code == 0
    head = at_work.types("--json", "ledger", "head").json["head"]
    for root, code in ((head["root"], 0), ("0" * 64, 6)):
        assert at_work.types("verify", "--expect", f"{head['size']}:{root}").code == code
    assert at_work.types("verify", "--expect", f"{head['size'] + 1}:{head['root']}").code == 6
    assert at_work.types("verify", "--expect", "17").code == 2
    assert at_work.types("ledger", "prove-consistency", "2").out.startswith("old 2\n")
    assert at_work.types("ledger", "export", folder).code == 2
    assert at_work.types("ledger", "export", at_work.case / "out").code == 2
    assert at_work.types("ledger", "export", tmp_path / "other", "--withhold", "1").code == 2
    listed = (folder / bundle.SUMS).read_text("ascii").splitlines()
    assert {line[66:]: line[:64] for line in listed} == {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != bundle.SUMS
    }
    told = json.loads((folder / bundle.ENTRIES).read_text("utf-8").splitlines()[-1].split("\t")[0])
    assert (told["kind"], told["withheld"], told["reason"]) == ("export", "0", "涉及他案")
    vkey, exported = (folder / "vkey").read_text("ascii").strip(), (folder / bundle.ENTRIES).read_bytes().split(b"\n")
    assert verified(folder, "--key", vkey)[0] == PROVED
    assert proof.check(proof.parse(one.read_text("utf-8")), exported[1], vkey).origin == vkey.split("+")[0]


def test_its_anchors_are_copied_and_its_hash_is_printed(at_work, tmp_path: Path) -> None:
    """The copies are for other programs; what a report prints is the hash of the program that each export brings."""
    with Ledger.create(tmp_path / "other.sqlite", ORIGIN, keys.load_or_create()) as made:
        with made.transaction() as transaction:
            transaction.add("note.add", text="x")
        root = made.head().root.hex()
        with made.transaction() as transaction:
            transaction.add("anchor.add", type="rfc3161", size=1, root=root, token="dG9rZW4=", by="x")
            transaction.add("anchor.add", type="print", size=1, root=root, by="x")
        files = {name: b"".join(blocks) for name, blocks in bundle.files(made, len(made), [], "")}
        assert {name: files[name] for name in files if name.startswith("anchors/")} == {
            "anchors/00000001.tsr": b"token"
        }
    at_work.types("report", "build", "--to", tmp_path / "papers")
    page = next((tmp_path / "papers").glob("*.html")).read_text("utf-8")
    digest = hashlib.sha256(bundle.verifier()).hexdigest()
    assert bundle.VERIFIER in page
    assert digest[:32] in page
    assert digest[32:] in page


def test_a_command_line_that_stays_to_be_read_is_said(at_work: Examiner, tmp_path: Path) -> None:
    seq = at_work.asks("ledger", "note", "他案的线索")["seq"]
    session = at_work.entries()[seq]["sess"]
    done = at_work.types("--json", "ledger", "export", tmp_path / "half", "--withhold", seq, "--reason", "涉及他案")
    (finding,) = done.json["findings"]
    assert (done.code, finding["code"], finding["facts"]) == (0, "bundle-session-shown", {"sessions": str(session)})
    assert "他案的线索" in (tmp_path / "half" / "entries.tsv").read_text("utf-8")  # as it was typed
    both = ("--withhold", f"{session},{seq}", "--reason", "涉及他案")
    assert at_work.asks("ledger", "export", tmp_path / "less", *both)["findings"] == []
    assert "他案的线索" not in (tmp_path / "less" / "entries.tsv").read_text("utf-8")
