"""The commands that hand out discs: what they refuse, what they print, what they enter."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chain_of_custody import clock
from tests.examiner import Examiner

BILL = b"\xef\xbb\xbf\xe8\xae\xa2\xe5\x8d\x95,\xe9\x87\x91\xe9\xa2\x9d\r\n1,2.00\r\n"


@pytest.fixture
def held(at_work: Examiner) -> Examiner:
    """A case with one file taken in, and no report."""
    bill = at_work.home.parent / "账单.csv"
    bill.write_bytes(BILL)
    at_work.asks("take", bill, "--exhibit", "EX-001", "--from", "银行", "--received-at", "2026-01-05", "--kind", "bill")
    return at_work


def seq_of(examiner: Examiner) -> int:
    return next(body["seq"] for body in examiner.entries() if body.get("what") == "taken")


def line(examiner: Examiner, folder: Path, **more: object) -> list[object]:
    options = {"for": "某区法院", "no": "GP-1", "size": "700M", "artifact": seq_of(examiner), **more}
    given = [word for name, value in options.items() if value is not None for word in (f"--{name}", value)]
    return ["export", "disc", folder, *given]


@pytest.fixture
def out(held: Examiner) -> Path:
    folder = held.home.parent / "out"
    assert held.types(*line(held, folder)).code == 0
    return folder


def kinds(examiner: Examiner) -> list[str]:
    return [body["kind"] for body in examiner.entries()]


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"no": "光盘一"}, 2, "letters, digits"),
        ({"no": "../1"}, 2, "letters, digits"),
        ({"no": "."}, 2, "letters, digits"),
        ({"for": "  "}, 2, "--for needs a name"),
        ({"size": "big"}, 2, "Blu-ray"),
        ({"size": "-1"}, 2, "Blu-ray"),
        ({"size": "100K"}, 2, "does not hold the ledger"),
        ({"artifact": 0}, 2, "no artifact"),
        ({"artifact": 999}, 5, "999"),
        ({"artifact": None}, 5, "report build"),
        ({"report": 1}, 2, "no report"),
        ({"withhold": "exhibit.add"}, 2, "reason"),
        ({"reason": "x"}, 2, "--withhold"),
        ({"withhold": "artifact.held", "reason": "x"}, 2, "--artifact"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_entered(
    held: Examiner, tmp_path: Path, more: dict[str, object], code: int, said: str
) -> None:
    done = held.types(*line(held, tmp_path / "out", **more))
    assert (done.code, said in done.err) == (code, True), done.said
    assert "export" not in kinds(held)
    assert not (tmp_path / "out").exists()


def test_places_that_are_no_place_for_it(held: Examiner, tmp_path: Path) -> None:
    inside = held.types(*line(held, held.case / "out"))
    assert (inside.code, "inside the case" in inside.err) == (2, True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert held.types(*line(held, tmp_path / "full")).code == 2
    assert held.types(*line(held, tmp_path / "full" / "x")).code in (2, 7)
    assert "export" not in kinds(held)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_disc_is_made_and_its_hash_and_head_printed(held: Examiner, tmp_path: Path, lang: str) -> None:
    held.lang = lang
    done = held.runs(*line(held, tmp_path / "out"))
    assert done.code == 0, done.said
    sums = hashlib.sha256((tmp_path / "out" / "SHA256SUMS").read_bytes()).hexdigest()
    label = json.loads((tmp_path / "out" / "disc.json").read_text("ascii"))
    assert all(word in done.out for word in (sums, f"{label['size']}:{label['root']}"))
    assert "U+000A" not in done.out + done.err
    assert ("交接回执" if lang == "zh" else "receipt") in done.err
    assert f"{seq_of(held):08d}.csv" in {path.name for path in (tmp_path / "out" / "EX-001").rglob("*.csv")}
    assert not list((tmp_path / "out").glob("reports"))


def test_a_number_is_taken_once(held: Examiner, out: Path, tmp_path: Path) -> None:
    again = held.types(*line(held, tmp_path / "again"))
    assert (again.code, "GP-1" in again.err) == (5, True), again.said
    assert held.types(*line(held, tmp_path / "again", no="GP-2")).code == 0


def test_check_says_which_disc_it_read(held: Examiner, out: Path) -> None:
    done = held.types("export", "check", out)
    assert (done.code, "Disc GP-1, number 1" in done.out) == (0, True), done.said
    assert kinds(held)[-2:] == ["export.check", "session.close"]
    wrong = held.types("export", "check", out, "--no", "GP-9")
    assert (wrong.code, "This is disc GP-1, not GP-9" in wrong.out) == (6, True), wrong.said


def test_check_of_what_is_no_disc_of_the_case(held: Examiner, out: Path, tmp_path: Path) -> None:
    assert held.types("export", "check", tmp_path / "none").code == 2
    (tmp_path / "empty").mkdir()
    unknown = held.types("export", "check", tmp_path / "empty")
    assert (unknown.code, "--no" in unknown.err) == (4, True), unknown.said
    assert held.types("export", "check", tmp_path / "empty", "--no", "GP-7").code == 5
    assert "export.check" not in kinds(held)
    empty = held.types("--json", "export", "check", tmp_path / "empty", "--no", "GP-1")
    assert (empty.code, [b["code"] for b in empty.json["breaches"]]) == (6, ["disc-check-no-sums"])
    assert all(breach["text"] for breach in empty.json["breaches"])


def planted(folder: Path, name: str, content: object) -> None:
    path = folder / name
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "pipe":
        os.mkfifo(path)
    elif content == "folder":
        path.mkdir()
    else:
        path.symlink_to(str(content))


@pytest.mark.parametrize("name", ["SHA256SUMS", "contents.csv", "disc.json", "ledger/entries.tsv", "ledger/vkey"])
@pytest.mark.parametrize(
    "content", [b"", b"\xff\0" * 99, b"[" * 99_999, b"1,../../x,1\n", "pipe", "folder", "/dev/zero"]
)
def test_a_hostile_medium_stops_neither_check(held: Examiner, out: Path, name: str, content: object) -> None:
    planted(out, name, content)
    done = held.types("export", "check", out, "--no", "GP-1")
    assert done.code == 6, done.said
    program = [sys.executable, "-I", str(out / "check.py"), "--blocks"]
    alone = subprocess.run(program, capture_output=True, timeout=20, check=False)
    assert (alone.returncode in (4, 6), alone.stderr) == (True, b""), alone.stdout


def test_hostile_names_are_shown_and_not_obeyed(held: Examiner, out: Path) -> None:
    (out / "\u202egpj.exe\n\x1b[2J").touch()
    done = held.types("export", "check", out)
    assert done.code == 6
    program = [sys.executable, "-I", str(out / "check.py")]
    alone = subprocess.run(program, capture_output=True, text=True, check=False).stdout
    for said in (done.out, alone):
        assert "gpj.exe" in said
        assert not set(said) & {"\u202e", "\x1b"}


def test_receipts(held: Examiner, out: Path, tmp_path: Path) -> None:
    scan = tmp_path / "回执.jpg"
    scan.write_bytes(b"\xff\xd8\xff\xe0" + b"signed" * 50)
    now = datetime.now(UTC).replace(microsecond=0)
    told = ("--signed-by", "王五", "--at", now.isoformat())
    answer = held.asks("export", "receipt", "--no", "GP-1", *told, "--scan", scan)
    entries = held.entries()
    entry, paper = entries[answer["seq"]], entries[answer["receipt"]]
    assert (entry["kind"], entry["by"], entry["at"]) == ("export.receipt", "王五", clock.iso(now))
    assert entry["target"] == next(body["seq"] for body in entries if body["kind"] == "export")
    assert (paper["what"], paper["target"], entry["receipt"]) == ("disc-receipt", entry["target"], paper["seq"])
    assert paper["files"][0]["sha256"] == hashlib.sha256(scan.read_bytes()).hexdigest()
    done = held.types("export", "receipt", "--no", "GP-1", *told)
    assert (done.code, "+08:00" in done.err) == (0, True), done.said
    assert "receipt" not in held.entries()[-2]
    for wrong, code in (
        (["--no", "GP-2", *told], 5),
        (["--no", "GP-1", "--signed-by", " ", "--at", "2026-01-06"], 2),
        (["--no", "GP-1", "--signed-by", "王五", "--at", "2999-01-06"], 2),
        (["--no", "GP-1", "--signed-by", "王五", "--at", "2020-01-06"], 2),
        (["--no", "GP-1", *told, "--scan", tmp_path / "none.jpg"], 2),
    ):
        assert held.types("export", "receipt", *wrong).code == code, wrong
    assert held.types("verify").code == 0


def test_list_tells_what_became_of_each(held: Examiner, out: Path, tmp_path: Path) -> None:
    held.types("ledger", "export", tmp_path / "ledger")
    held.types("export", "check", out)
    (out / "README.txt").write_bytes(b"")
    held.types("export", "check", out)
    held.asks("export", "receipt", "--no", "GP-1", "--signed-by", "王五", "--at", datetime.now(UTC).isoformat())
    disc, ledger = held.asks("export", "list")["exports"]
    assert (disc["what"], disc["number"], disc["to"], disc["finished"]) == ("disc", "GP-1", "某区法院", True)
    assert [check["holds"] for check in disc["checks"]] == [True, False]
    assert [paper["by"] for paper in disc["receipts"]] == ["王五"]
    assert (ledger["what"], ledger["number"]) == ("ledger", None)
    for lang, words in (("en", ["does not hold", "received by 王五"]), ("zh", ["核对不符", "王五 于", "签收"])):
        said = held_in(held, lang).out
        assert all(word in said.replace("\n", "") for word in words), said


def held_in(examiner: Examiner, lang: str) -> Any:
    examiner.lang = lang
    return examiner.runs("export", "list")


def test_listing_writes_nothing(held: Examiner, out: Path) -> None:
    before = len(held.entries())
    held.asks("export", "list")
    assert len(held.entries()) == before


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="needs sha256sum")
def test_an_image_asked_for_stands_whole_on_it(held: Examiner, tmp_path: Path) -> None:
    held.adds_exhibit()
    image = tmp_path / "card.dd"
    image.write_bytes(bytes(3 << 20))
    held.types("acquire", "image", image, "--exhibit", "EX-002")
    seq = next(body["seq"] for body in held.entries() if body.get("what") == "image")
    answer = held.types(*line(held, tmp_path / "out", artifact=seq))
    assert answer.code == 0, answer.said
    (whole,) = (tmp_path / "out" / "EX-002").rglob("*.dd")
    assert whole.read_bytes() == image.read_bytes()
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path / "out", check=True)
    small = held.types(*line(held, tmp_path / "small", artifact=seq, no="GP-2", size="4M"))
    assert (small.code, "--size" in small.err, f"entry {seq}" in small.err) == (2, True, True), small.said
