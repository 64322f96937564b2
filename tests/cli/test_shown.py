"""What lists and single lines show people: codes in words of the language, and what is there and no more."""

import json
from pathlib import Path

import pytest

from tests.examiner import Examiner

ADD = ("exhibit", "add", "--kind", "phone", "--label", "black phone", "--number", "检材1")


@pytest.fixture
def shown(at_work: Examiner, tmp_path: Path) -> Examiner:
    """EX-002 is a phone with a photo."""
    photo = tmp_path / "front.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0 a front")
    assert at_work.types(*ADD, "--seal", "F0002", "--photo", f"before:front={photo}").code == 0
    return at_work


def test_the_first_line_has_its_stops(shown: Examiner) -> None:
    note = ("ledger", "note", "x", "--exhibit", "EX-002", "--by", "Li", "--with", "Wang")
    said = shown.runs(*note).err.splitlines()[0]
    assert said.endswith("EX-002 检材1 black phone. Acting: Li, Wang")
    shown.lang = "zh"
    said = shown.runs(*note).err.splitlines()[0]
    assert said.endswith("检材 EX-002 检材1 black phone 操作人：Li、Wang")


def test_an_exhibit_is_shown_without_codes(shown: Examiner) -> None:
    entry = next(b["seq"] for b in shown.entries() if b["kind"] == "exhibit.add" and b["item"] == "EX-002")
    shown.asks("ledger", "correct", entry, "--set", "serial=S1", "--reason", "补录")
    shown.lang = "zh"
    done = shown.runs("exhibit", "show", "EX-002")
    assert "手机" in done.out
    assert "照片" in done.out
    for code in (": phone\n", "photo ", "serial"):
        assert code not in done.out
    assert "手机" in shown.runs("exhibit", "list").out


def test_the_log_names_persons_and_targets_in_words(shown: Examiner) -> None:
    assert shown.types("ledger", "note", "手机已开机", "--by", "王五").code == 0
    entry = next(b["seq"] for b in shown.entries() if b.get("what") == "photo")
    assert shown.types("artifact", "exclude", entry, "--reason", "重复").code == 0
    shown.lang = "zh"
    lines = shown.runs("ledger", "log").out.splitlines()
    assert len(lines) == len(shown.entries())
    (noted,) = [line for line in lines if "手机已开机" in line]
    assert "备注" in noted
    assert "王五" in noted
    (excluded,) = [line for line in lines if "排除" in line]
    assert excluded.endswith(f"#{entry}")
    assert not any("artifact." in line or "session." in line for line in lines)


def test_the_log_as_lines_of_json(shown: Examiner) -> None:
    told = [json.loads(line) for line in shown.types("ledger", "log", "--jsonl").out.splitlines()]
    assert told == shown.entries()


def test_a_ledger_export_has_no_discs(shown: Examiner, tmp_path: Path) -> None:
    assert shown.types("ledger", "export", tmp_path / "out").code == 0
    shown.lang = "zh"
    done = shown.runs("export", "list")
    assert "台账导出" in done.out
    assert "0 张" not in done.out
    done = shown.runs("ledger", "export", tmp_path / "more", "--withhold", "note.add")
    assert done.code == 2
    assert "--reason" in done.err


def test_an_image_of_a_sealed_exhibit_is_a_copy(shown: Examiner, tmp_path: Path) -> None:
    image = tmp_path / "phone.dd"
    image.write_bytes(bytes(range(256)) * 64)
    answer = shown.asks("acquire", "image", image, "--exhibit", "EX-002")
    assert "acquire-copy-of-sealed" in [finding["code"] for finding in answer["findings"]]
    answer = shown.asks("acquire", "image", image, "--exhibit", "EX-001", "--identity-differs", "测试")
    assert "acquire-copy-of-sealed" not in [finding["code"] for finding in answer["findings"]]
