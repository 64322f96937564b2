"""What is printed: line by line for people, safe on any terminal, and the same values for scripts."""

import csv
import json
import sqlite3
import subprocess
import sys
import time
import unicodedata
from contextlib import closing
from pathlib import Path

import pytest

from forensic.cli import console
from forensic.workflows import exporting, finds
from tests.cli.test_refusals import refused
from tests.examiner import PROGRAM, Examiner

HOSTILE = "红包\x1b[2J\u202eexe.gpj\u200b\x7f\x9b\u2028\ue000\U000e0041\u3164é😀"
BILL = next((Path(__file__).parents[2] / "fixtures/parsers/wechat-bill").rglob("input/**/*.csv"))
RECEIVED = ("--exhibit", "EX-001", "--from", "当事人", "--received-at", "2026-01-05", "--kind", "bill")


@pytest.fixture
def with_bill(at_work: Examiner) -> Examiner:
    at_work.asks("take", BILL, *RECEIVED)
    at_work.asks("parse", "EX-001")
    return at_work


def test_an_entry_is_shown_line_by_line(at_work: Examiner) -> None:
    done = at_work.types("ledger", "show", "2")
    assert "LINE FEED" not in done.out
    body, _, leaf = done.out.rpartition("leaf: ")
    assert json.loads(body) == at_work.entries()[2]
    assert len(leaf.strip()) == 64


def test_json_is_harmless_on_a_terminal_and_keeps_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    console.result_json({HOSTILE: [HOSTILE]})
    told = capsys.readouterr().out
    console.result_lines([{"a": HOSTILE}, {"b": 1}])
    lines = capsys.readouterr().out
    for text in (told, lines):
        odd = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp")} - {"\n"}
        assert not odd
        assert "红包" in text
        assert "é😀" in text
    assert json.loads(told) == {"schema": 1, HOSTILE: [HOSTILE]}
    assert [json.loads(line) for line in lines.splitlines()] == [{"a": HOSTILE}, {"b": 1}]


def test_half_a_surrogate_is_valid_json(capsys: pytest.CaptureFixture[str]) -> None:
    console.result_json({"a": "x\udc80"})
    assert json.loads(capsys.readouterr().out)["a"] == "x\udc80"


def test_a_label_that_steers_the_display_is_escaped_in_json(at_work: Examiner) -> None:
    assert at_work.types("exhibit", "add", "--kind", "usb", "--label", f"x{HOSTILE}").code == 0
    done = at_work.types("--json", "exhibit", "list")
    assert "\u202e" not in done.out
    assert "\\u202e" in done.out
    assert done.json["exhibits"][1]["label"] == f"x{HOSTILE}"


def test_the_list_of_an_export_shows_what_would_be_invisible(
    at_work: Examiner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("=1+1\u202e", "\tcmd", "plain 红包.jpg")
    lines = [
        {"seq": n, "path": name, "status": "intact", "size": 1, "sha256": "0" * 64, "suffix": "jpg"}
        for n, name in enumerate(names)
    ]
    monkeypatch.setattr(finds, "files", lambda case, exhibit: ((None, line) for line in lines))
    monkeypatch.setattr(finds, "has_bytes", lambda case, list_, line: True)
    monkeypatch.setattr(exporting, "content", lambda case, seq: iter([b"x"]))
    assert at_work.types("export", "files", "EX-001", "--to", tmp_path / "out").code == 0
    with (tmp_path / "out" / exporting.LIST).open(encoding="utf-8-sig", newline="") as file:
        paths = [row[2] for row in csv.reader(file)][1:]
    assert paths == ["'=1+1[U+202E RIGHT-TO-LEFT OVERRIDE]", "[U+0009 HORIZONTAL TABULATION]cmd", "plain 红包.jpg"]


@pytest.mark.parametrize("before", [(), ("--json",)])
def test_json_lines_end_with_the_findings_and_the_head(
    at_work: Examiner, tmp_path: Path, before: tuple[str, ...]
) -> None:
    noise = tmp_path / "noise.dd"
    noise.write_bytes(bytes(range(256)) * 64)
    assert at_work.types("acquire", "disk", noise, "--exhibit", "EX-001").code == 0
    for words in (["recover", "EX-001"], ["carve", "EX-001"], ["files", "EX-001"]):
        done = at_work.types(*before, *words, "--jsonl")
        lines = [json.loads(line) for line in done.out.splitlines()]
        assert lines[-1].keys() == {"schema", "findings", "head"}
        assert lines[-1]["schema"] == 1
        assert lines[-1]["head"] == at_work.asks("ledger", "head")["head"]
        assert all("schema" not in line for line in lines[:-1])
        assert (done.code == 3) == bool(lines[-1]["findings"])


# -- search


def test_an_index_that_was_edited_shows_nothing_false(with_bill: Examiner) -> None:
    hits = with_bill.asks("search", "微信")["hits"]
    assert hits
    assert with_bill.asks("search", "forged words")["hits"] == []
    with closing(sqlite3.connect(with_bill.case / "index.sqlite")) as index:
        index.execute("UPDATE line SET text = text || ' forged words'")
        index.execute("INSERT INTO line SELECT NULL, 99999, 0, exhibit, kind, app, time, place, state, text FROM line")
        for offset in ("3", "-7", "1 << 40", "'x'"):
            index.execute(
                f'INSERT INTO line SELECT NULL, "set", {offset}, exhibit, kind, app, time, place, state, text FROM line'
            )
        index.commit()
    assert with_bill.asks("search", "forged words")["hits"] == []
    assert with_bill.asks("search", "微信")["hits"] == hits
    assert with_bill.types("index", "rebuild").code == 0
    assert with_bill.asks("search", "微信")["hits"] == hits


def test_an_index_that_is_damaged_is_said_so(with_bill: Examiner) -> None:
    hits = with_bill.asks("search", "微信")["hits"]
    with closing(sqlite3.connect(with_bill.case / "index.sqlite")) as index:
        index.execute("DROP TABLE line")
        index.commit()
    assert "index rebuild" in refused(with_bill, 6, "search", "微信").err
    assert with_bill.types("index", "rebuild").code == 0
    assert with_bill.asks("search", "微信")["hits"] == hits


# -- status


def test_status_names_the_command_that_runs(at_work: Examiner, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(3 << 30)
    line = [sys.executable, *PROGRAM, "--case", str(at_work.case), "take", str(large), *RECEIVED]
    at_work.watched = False
    running = subprocess.Popen(line, env=at_work.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        told: list[str] = []
        for _ in range(200):
            told = at_work.asks("status")["running"]
            if told or running.poll() is not None:
                break
            time.sleep(0.05)
        (command,) = told
        assert " take " in command
        assert "--exhibit EX-001" in command
    finally:
        running.kill()
        running.wait()
    assert at_work.asks("status")["running"] == []
