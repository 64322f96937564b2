"""What is held is compared with what was entered before anybody works on it: a difference stops the step with 6."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fixtures.make.sdcard.dice import Dice
from fixtures.make.sdcard.png import screenshot
from tests.examiner import ROOT, Examiner

BILL = next((ROOT / "fixtures/parsers/wechat-bill/csv/input/Download").iterdir())
RECEIVED = ("--exhibit", "EX-001", "--from", "当事人", "--received-at", "2026-01-05", "--kind", "bill")
AT_ONCE = 20  # seconds; a reader of a pipe would wait for ever
ENDINGS = ("run.end", "artifact.held", "artifact.located")


def held(examiner: Examiner, what: str) -> Path:
    """Where the only held artifact of a kind lies."""
    (body,) = [body for body in examiner.entries() if body.get("what") == what and body["kind"] == "artifact.held"]
    return examiner.case / str(body["files"][0]["path"])


def refused(examiner: Examiner, *words: object, how: str = "") -> None:
    """The command ends with 6 and leaves no entry that speaks of work done. Where it might wait for a pipe, it runs in
    a process of its own and has to end at once."""
    before = len(examiner.entries())
    done = examiner.runs(*words, timeout=AT_ONCE) if how == "pipe" else examiner.types(*words)
    assert done.code == 6, (words, done.said)
    assert done.err.strip()
    assert not [body["kind"] for body in examiner.entries()[before:] if body["kind"] in ENDINGS], words


# -- a held bill


def edited(bill: Path) -> None:
    """The first amount of a bill raised by hand, its size as before."""
    content = bill.read_bytes()
    assert b"200.00" in content
    bill.chmod(0o644)
    bill.write_bytes(content.replace(b"200.00", b"900.00", 1))


@pytest.fixture
def billed(at_work: Examiner) -> Examiner:
    at_work.asks("take", BILL, *RECEIVED)
    return at_work


def test_a_bill_edited_before_it_is_parsed_counts_nowhere(billed: Examiner) -> None:
    edited(held(billed, "taken"))
    for words in (["parse", "EX-001"], ["examine", "EX-001"]):
        refused(billed, *words)
    assert billed.asks("payments")["totals"] == []
    assert billed.asks("search", "微信红包")["hits"] == []
    assert billed.types("verify").code == 6


def test_a_bill_edited_after_it_was_parsed_is_not_parsed_again(billed: Examiner) -> None:
    billed.asks("parse", "EX-001")
    totals = billed.asks("payments")["totals"]
    edited(held(billed, "taken"))
    refused(billed, "parse", "EX-001")
    assert billed.asks("payments")["totals"] == totals


@pytest.mark.parametrize("how", ["shortened", "emptied", "link", "pipe", "folder", "gone"])
def test_a_bill_replaced_by_something_else_is_6(billed: Examiner, tmp_path: Path, how: str) -> None:
    billed.watched = False
    replace(held(billed, "taken"), how, tmp_path)
    refused(billed, "parse", "EX-001", how=how)
    assert billed.asks("payments")["totals"] == []
    assert billed.types("verify").code == 6


# -- a held image


def replace(file: Path, how: str, away: Path) -> None:
    """Puts something else in the place of a held file."""
    if how in ("shortened", "emptied"):
        file.chmod(0o644)
        os.truncate(file, file.stat().st_size // 2 if how == "shortened" else 0)
        return
    file.rename(away / "the true one")
    if how == "link":
        file.symlink_to(away / "the true one")
    elif how == "pipe":
        os.mkfifo(file)
    elif how == "folder":
        file.mkdir()


STEPS = (
    ["files", "EX-001"],
    ["recover", "EX-001"],
    ["carve", "EX-001"],
    ["parse", "EX-001"],
    ["examine", "EX-001"],
)


@pytest.fixture
def imaged(at_work: Examiner, tmp_path: Path) -> Examiner:
    """A case with an image that holds a picture and nothing else."""
    source = tmp_path / "card.img"
    source.write_bytes(bytes(1 << 16) + screenshot(Dice("held"), 60, 90) + bytes(1 << 16))
    at_work.asks("acquire", "disk", source, "--exhibit", "EX-001")
    return at_work


@pytest.mark.parametrize("how", ["shortened", "link", "pipe", "folder", "gone"])
def test_an_image_replaced_by_something_else_stops_every_step(imaged: Examiner, tmp_path: Path, how: str) -> None:
    imaged.watched = False
    replace(held(imaged, "image"), how, tmp_path)
    for words in STEPS:
        refused(imaged, *words, how=how)
    assert imaged.types("verify").code == 6


@pytest.mark.parametrize("how", ["shortened", "link", "pipe", "folder", "gone"])
def test_an_image_replaced_after_it_was_searched_stops_every_step(imaged: Examiner, tmp_path: Path, how: str) -> None:
    found = imaged.asks("carve", "EX-001")["files"]
    assert len(found) == 1
    imaged.watched = False
    replace(held(imaged, "image"), how, tmp_path)
    image = next(body["seq"] for body in imaged.entries() if body.get("what") == "image")
    for words in (
        ["files", "EX-001"],
        ["recover", "EX-001"],
        ["carve", "EX-001", "--all"],
        ["export", "files", "EX-001", "--to", tmp_path / "out"],
        ["open", found[0]["seq"]],
        ["open", image],
    ):
        refused(imaged, *words, how=how)
    assert imaged.types("verify").code == 6


@pytest.mark.parametrize("how", ["shortened", "link", "pipe", "folder", "gone"])
def test_no_report_is_built_on_a_list_that_is_not_what_was_entered(imaged: Examiner, tmp_path: Path, how: str) -> None:
    imaged.asks("carve", "EX-001")
    imaged.watched = False
    replace(held(imaged, "carved-list"), how, tmp_path)
    for words in (["report", "build"], ["search", "x"], ["export", "files", "EX-001", "--to", tmp_path / "out"]):
        refused(imaged, *words, how=how)


# -- the ledger


def rewritten(examiner: Examiner, old: str, new: str) -> None:
    """An entry's words changed in the database, past the program."""
    with closing(sqlite3.connect(examiner.case / "custody.sqlite")) as ledger:
        triggers = [name for (name,) in ledger.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")]
        for name in triggers:
            ledger.execute(f"DROP TRIGGER {name}")
        changed = ledger.execute(
            "UPDATE entry SET body = replace(body, ?, ?) WHERE body LIKE ?", (old, new, f"%{old}%")
        )
        assert changed.rowcount
        ledger.commit()


@pytest.mark.parametrize(
    ("old", "new"), [("存储卡", "储存卡"), ("无证售药", "有证售药"), ('"kind":"card"', '"kind":"usb"')]
)
def test_an_entry_rewritten_in_the_ledger_is_6_everywhere(at_work: Examiner, old: str, new: str) -> None:
    rewritten(at_work, old, new)
    before = at_work.entries()
    add = ["exhibit", "add", "--kind", "usb", "--label", "U盘"]
    for words in (["report", "build"], add, ["verify"], ["verify", "--quick"]):
        done = at_work.types(*words)
        assert done.code == 6, (words, done.said)
    assert at_work.entries() == before
