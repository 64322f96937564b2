"""`verify` with what was brought from outside, and `ledger doctor`, from the command line."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import segno
from PIL import Image

from chain_of_custody.ledger import Ledger, entry_leaf
from tests.examiner import Examiner


def note(examiner: Examiner) -> str:
    return examiner.types("--json", "ledger", "head").json["note"]


def photo(path: Path, text: str, *, turned: int = 0) -> Path:
    drawn = path.with_suffix(".drawn.png")
    segno.make_qr(text.encode(), error="m", mode="byte").save(str(drawn), scale=5)
    with Image.open(drawn) as picture:
        picture.convert("L").rotate(turned, expand=True, fillcolor=255).save(path)
    drawn.unlink()
    return path


def codes(done_json: dict, name: str) -> list[str]:
    return [one["code"] for one in done_json[name]]


def tampered(examiner: Examiner, *statements: str) -> None:
    examiner.watched = False
    with closing(sqlite3.connect(examiner.case / "custody.sqlite", isolation_level=None)) as sql:
        for (name,) in sql.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            sql.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            sql.execute(statement)


@pytest.mark.parametrize("name", ["head.png", "head.jpg"])
def test_a_head_from_a_picture(at_work: Examiner, tmp_path: Path, name: str) -> None:
    picture = photo(tmp_path / name, note(at_work), turned=7)
    assert at_work.types("verify", "--qr", picture).code == 0
    at_work.types("ledger", "note", "later")
    done = at_work.types("--json", "verify", "--qr", picture)
    assert (done.code, codes(done.json, "remarks")) == (0, ["verify-tail"])
    tampered(at_work, "DELETE FROM entry WHERE seq > 2", "DELETE FROM checkpoint WHERE size > 3")
    done = at_work.types("--json", "verify", "--qr", picture)
    assert done.code == 6
    assert "verify-expected-more" in codes(done.json, "breaches")


def test_a_picture_that_shows_no_head_of_this_case(at_work: Examiner, tmp_path: Path) -> None:
    plain, text = tmp_path / "plain.png", tmp_path / "text.png"
    Image.new("L", (200, 200), 255).save(plain)
    text.write_text("no picture")
    wrong = [plain, text, tmp_path / "none.png", photo(tmp_path / "other.png", "https://example.org")]
    wrong.append(photo(tmp_path / "elsewhere.png", note(at_work).replace("forensic/", "forensic/9")))
    for lang in ("zh", "en"):
        for path in wrong:
            done = at_work.types("--lang", lang, "verify", "--qr", path)
            assert done.code == 2, done.said
            assert path.name in done.err


def test_a_picture_that_somebody_made_up(at_work: Examiner, tmp_path: Path) -> None:
    forged = note(at_work).splitlines()
    forged[-1] = forged[-1][:-8] + "AAAAAAA="
    done = at_work.types("--json", "verify", "--qr", photo(tmp_path / "forged.png", "\n".join([*forged, ""])))
    assert done.code == 6
    assert "verify-qr-signature" in codes(done.json, "breaches")


def test_a_policy(at_work: Examiner, tmp_path: Path) -> None:
    vkey = at_work.types("--json", "ledger", "head").json["vkey"]
    policy = tmp_path / "policy"
    policy.write_text(f"log {vkey}\nquorum none\n", "utf-8")
    assert at_work.types("verify", "--policy", policy).code == 0
    other = Examiner(tmp_path / "elsewhere", at_work.case)  # a workstation without the key
    assert codes(other.types("--json", "verify").json, "remarks")[0] == "verify-no-outside-key"
    done = other.types("--json", "verify", "--policy", policy)
    assert (done.code, done.json["remarks"]) == (0, [])
    policy.write_text("quorum none\n", "utf-8")
    done = other.types("--json", "verify", "--policy", policy)
    assert (done.code, set(codes(done.json, "breaches"))) == (6, {"verify-policy-log"})
    assert at_work.types("verify", "--policy", tmp_path / "none").code == 2


def test_the_unsealed_end(at_work: Examiner) -> None:
    tampered(at_work, "DELETE FROM checkpoint WHERE size > 3")
    done = at_work.types("--json", "verify")
    assert "verify-unsealed" in codes(done.json, "remarks")
    done = at_work.types("--json", "verify", "--strict")
    assert (done.code, codes(done.json, "breaches")[0]) == (6, "verify-unsealed")


def test_files_taken_from_another_place(at_work: Examiner, tmp_path: Path) -> None:
    copy = tmp_path / "disc"
    source = tmp_path / "paper.pdf"
    source.write_bytes(b"%PDF-1.4 made up")
    assert at_work.types("exhibit", "photo", "EX-001", source).code in (0, 2)
    shutil.copytree(at_work.case, copy)
    assert at_work.types("verify", "--files", copy).code == 0
    assert at_work.types("verify", "--files", tmp_path / "nowhere").code == 2


def test_the_doctor(at_work: Examiner) -> None:
    for _ in range(3):
        at_work.types("ledger", "note", "something")
    head = at_work.types("--json", "ledger", "head").json["head"]
    outside = ("--expect", f"{head['size']}:{head['root']}")
    at_work.types("ledger", "note", "after it went out")
    whole = at_work.types("--json", "ledger", "doctor", *outside)
    assert (whole.code, whole.json["holds"], whole.json["advice"]) == (0, True, "nothing")
    assert (whole.json["ranges"][0]["under"]["size"], whole.json["outside"]) == (head["size"], head["size"])
    tampered(at_work, "UPDATE entry SET body = replace(body, 'something', 'another') WHERE body LIKE '%something%'")
    done = at_work.types("--json", "ledger", "doctor", *outside)
    assert (done.code, done.json["breaches"][0]["code"], done.json["advice"]) == (6, "verify-leaf", "ledger")
    for lang in ("zh", "en"):
        done = at_work.types("--lang", lang, "ledger", "doctor", *outside)
        assert (done.code, len(done.out.splitlines()) > 3) == (6, True)


def test_the_doctor_takes_heads_from_the_laboratory_and_from_papers(at_work: Examiner) -> None:
    """A receipt that was merely printed covers nothing, but a ledger that is not what it carries was rewritten."""
    receipt = at_work.asks("anchor", "print")
    at_work.asks("ledger", "note", "after it was printed")
    shutil.rmtree(at_work.home / "heads")
    under = at_work.asks("ledger", "doctor")["ranges"][0]["under"]
    assert (under["source"], under["standing"], under["entry"]) == ("laboratory", "own", None)
    (at_work.home / "laboratory.sqlite").unlink()
    shutil.rmtree(at_work.home / "heads", ignore_errors=True)
    assert [run["under"] for run in at_work.asks("ledger", "doctor")["ranges"]] == [None]
    tampered(at_work, f"DELETE FROM checkpoint WHERE size > {receipt['seq']}", _other_leaf(at_work, 2))
    done = at_work.types("--json", "ledger", "doctor")
    assert [one["entry"] for one in done.json["against"]] == [receipt["seq"] + 1]


def taken(examiner: Examiner, receipt: int) -> None:
    """The receipt comes back signed."""
    scan = examiner.home.parent / "scan.jpg"
    scan.write_bytes(b"\xff\xd8\xff scan")
    examiner.asks("take", scan, "--receipt", receipt, "--from", "当事人", "--received-at", "2026-02-01 09:00")


def test_a_head_that_does_not_match_covers_nothing(at_work: Examiner) -> None:
    head = at_work.asks("ledger", "head")["head"]
    done = at_work.types("--json", "verify", "--strict", "--expect", f"{head['size']}:{'00' * 32}")
    assert (done.code, done.json["outside"]) == (6, 0)
    (tail,) = (one for one in done.json["remarks"] if one["code"] == "verify-tail")
    assert tail["facts"]["entries"] == f"0-{head['size'] - 1}"


def test_one_entry_is_one(at_work: Examiner) -> None:
    head = at_work.asks("ledger", "head")["head"]
    last = head["size"] - 1
    tampered(at_work, f"UPDATE entry SET body = replace(body, 'kind', 'kine') WHERE seq = {last}")
    said = at_work.types("ledger", "doctor").out
    assert f"Entry {last}: not to be relied on" in said
    assert f"{last} to {last}" not in said


def test_the_doctor_of_a_file_of_garbage(at_work: Examiner) -> None:
    at_work.watched = False
    (at_work.case / "custody.sqlite").write_bytes(b"\xa5" * 20000)
    for lang, none in (("zh", "0 条"), ("en", " 0 entries")):
        done = at_work.runs("--lang", lang, "ledger", "doctor")
        assert done.code == 6
        assert none not in done.out, done.out


def _other_leaf(examiner: Examiner, seq: int) -> str:
    """Entry 2 says something else, and the entry after it names the leaf of that."""
    with Ledger.open(examiner.case / "custody.sqlite") as ledger:
        text, after = ledger.entry(seq).text.replace("存储卡", "别的卡"), ledger.entry(seq + 1)
        leaf = entry_leaf(text, "").hex()
        follows = after.text.replace(ledger.entry(seq).leaf.hex(), leaf)
    set_ = "UPDATE entry SET body = CASE seq WHEN {0} THEN '{1}' ELSE '{2}' END WHERE seq IN ({0}, {0} + 1)"
    return set_.format(seq, text, follows)


def test_the_doctor_of_a_ruin(at_work: Examiner) -> None:
    at_work.watched = False
    ledger = at_work.case / "custody.sqlite"
    whole = ledger.read_bytes()
    before = {path: path.stat().st_mtime_ns for path in at_work.case.rglob("*") if path != ledger}
    for start in range(0, len(whole), 4096):
        ledger.write_bytes(whole[:start] + b"\xa5" * 4096 + whole[start + 4096 :])
        done = at_work.types("--json", "ledger", "doctor")
        assert done.code in (0, 5, 6), done.said
    ledger.write_bytes(whole)
    assert {path: path.stat().st_mtime_ns for path in at_work.case.rglob("*") if path != ledger} == before
