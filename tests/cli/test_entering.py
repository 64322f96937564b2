"""What is typed or listed of exhibits, the case and the workstation: entered as meant, or refused and said why."""

import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.cli.test_refusals import refused
from tests.examiner import Examiner

PHOTO = b"\xff\xd8\xff\xe0 a photo"
MARK = ("exhibit", "add", "--kind", "phone", "--label")


@pytest.fixture
def listing(tmp_path: Path) -> Callable[..., Path]:
    """A workbook made by openpyxl, one row of cells after the other."""

    def made(*rows: list[object]) -> Path:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(tmp_path / "list.xlsx")
        return tmp_path / "list.xlsx"

    return made


def test_blanks_around_what_was_typed_are_dropped(at_work: Examiner) -> None:
    facts = ("--number", " A-1\u3000", "--seal", "\tS1 ", "--serial", " C02 ", "--imei", " 490154203237518 ")
    assert at_work.types(*MARK, " 手机 ", *facts).code == 0
    (body,) = [body for body in at_work.entries() if body.get("item") == "EX-002"]
    told = {"label": "手机", "number": "A-1", "seal": "S1", "serial": "C02", "imei": "490154203237518"}
    assert told.items() <= body["exhibit"].items()
    for same in (("--number", "Ａ－１"), ("--seal", "Ｓ１"), ("--imei", "490154203237518\u3000")):
        refused(at_work, 5, *MARK, "另一部", *same)
    refused(at_work, 2, *MARK, "\u3000")


def test_a_photo_that_cannot_be_read_leaves_no_exhibit(
    at_work: Examiner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = tmp_path / "good.jpg", tmp_path / "bad.jpg"
    good.write_bytes(PHOTO)
    bad.symlink_to("/proc/self/mem")  # opens, and gives an input/output error when it is read
    refused(at_work, 4, *MARK, "手机", "--photo", f"before:front={good}", "--photo", f"after:seal={bad}")
    assert at_work.asks("exhibit", "list")["exhibits"][-1]["id"] == "EX-001"
    assert at_work.types(*MARK, "手机", "--photo", f"before:front={good}").code == 0
    held = at_work.asks("exhibit", "show", "EX-002")["held"]
    assert [artifact["what"] for artifact in held] == ["photo"]
    assert (at_work.case / held[0]["path"]).read_bytes() == PHOTO


def test_a_time_in_the_future_is_said_in_the_zone_of_the_case(at_work: Examiner, tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"
    bill.write_text("a,b\n")
    facts = ("--exhibit", "EX-001", "--from", "x", "--kind", "bill", "--received-at")
    for words in ([*MARK, "x", "--seized-at"], ["take", bill, *facts]):
        assert "2126-01-01 10:00:00 +08:00" in refused(at_work, 2, *words, "2126-01-01 10:00").err
        assert "2126-01-01 10:00:00 +08:00" in refused(at_work, 2, *words, "2126-01-01T02:00Z").err
        refused(at_work, 2, *words, "0001-01-01")
        refused(at_work, 2, *words, "9999-12-31 23:59:59Z")
        refused(at_work, 2, *words, "9999-12-31 23:59:59-12:00")


def test_what_is_no_workbook_is_4(at_work: Examiner, listing: Callable[..., Path], tmp_path: Path) -> None:
    whole = listing(["kind", "label"], ["usb", "x"]).read_bytes()
    (tmp_path / "text.xlsx").write_text("类别,名称\n手机,x\n")
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "holed.xlsx").write_bytes(whole[:200] + bytes(400) + whole[600:])
    (tmp_path / "empty.xlsx").touch()
    for name in ("text", "cut", "holed", "empty", "missing"):
        refused(at_work, 4, "exhibit", "import", tmp_path / f"{name}.xlsx")
    refused(at_work, 4, "exhibit", "import", tmp_path)


@pytest.mark.parametrize(
    ("heading", "cell"),
    [("IMEI", 4901542032375180), ("序列号", 12.5), ("编号", 1e20), ("serial", -3), ("封条号", True)],
)
def test_a_mark_that_a_spreadsheet_has_rounded_is_refused(
    at_work: Examiner, listing: Callable[..., Path], heading: str, cell: object
) -> None:
    rows = ["kind", "label", heading], ["usb", "一", None], ["usb", "二", cell]
    done = refused(at_work, 2, "exhibit", "import", listing(*rows))
    assert "3" in done.err
    assert heading.lower() in done.err


def test_whole_numbers_of_a_list_are_taken_as_they_stand(at_work: Examiner, listing: Callable[..., Path]) -> None:
    file = listing(
        ["类别", "名称", "IMEI", "编号"], ["phone", " 手机 ", 490154203237518, "007"], ["usb", "U盘", None, 8]
    )
    first, second = at_work.asks("exhibit", "import", file)["exhibits"]
    assert (first["label"], first["imei"], first["number"]) == ("手机", "490154203237518", "007")
    assert second["number"] == "8"


def test_a_list_is_entered_whole_or_not_at_all(at_work: Examiner, listing: Callable[..., Path]) -> None:
    refused(
        at_work, 5, "exhibit", "import", listing(["kind", "label", "seal"], ["usb", "x", "S9"], ["usb", "y", "Ｓ９ "])
    )


def test_a_capacity_must_be_a_size(at_work: Examiner) -> None:
    for text in ("about 64", "64 apples", "0", "9" * 5000, "1.5"):
        assert "GB" in refused(at_work, 2, *MARK, "x", "--capacity", text).err
    assert at_work.types(*MARK, "x", "--capacity", " ６４GB").code == 0
    refused(at_work, 2, "ledger", "correct", "2", "--set", "capacity=viel", "--reason", "r")


@pytest.mark.parametrize("field", ["title", "number"])
def test_a_case_keeps_its_title_and_number(at_work: Examiner, field: str) -> None:
    refused(at_work, 2, "ledger", "correct", "0", "--set", f"{field}=", "--reason", "r")
    refused(at_work, 2, "ledger", "correct", "0", "--set", f"{field}= \u3000", "--reason", "r")


def test_no_exhibit_is_part_of_itself(at_work: Examiner) -> None:
    for above in ("EX-001", "EX-002"):
        at_work.adds_exhibit("--part-of", above)
    first = next(body["seq"] for body in at_work.entries() if body["kind"] == "exhibit.add")
    refused(at_work, 2, "ledger", "correct", first, "--set", "label= ", "--reason", "r")
    for below in ("EX-001", "EX-002", "EX-003"):
        refused(at_work, 5, "ledger", "correct", first, "--set", f"part_of={below}", "--reason", "r")
    assert at_work.types("ledger", "correct", first, "--set", "label= 卡 ", "--reason", "r").code == 0
    assert at_work.asks("exhibit", "show", "EX-001")["exhibit"]["label"] == "卡"


@pytest.mark.parametrize("line", ['hashes = ["md5", "crc32"]', 'format = "aff4"', 'lang = "fr"', "hashes = [5]"])
def test_a_setting_that_means_nothing_is_refused_at_once(examiner: Examiner, line: str) -> None:
    examiner.home.mkdir()
    (examiner.home / "config.toml").write_text(line + "\n", "utf-8")
    done = examiner.types("config", "show")
    assert done.code == 2
    assert line.split()[0] in done.err


def test_the_configuration_says_what_the_environment_rules_over(examiner: Examiner) -> None:
    examiner.home.mkdir()
    (examiner.home / "config.toml").write_text('by = "张三"\nlang = "zh"\n', "utf-8")
    settings = examiner.asks("config", "show")["settings"]
    assert settings["by"] == {"value": "张三", "from": str(examiner.home / "config.toml")}
    assert settings["lang"] == {"value": "en", "from": "FORENSIC_LANG"}
    assert "case" not in settings
    examiner.env |= {"FORENSIC_BY": "李四", "FORENSIC_CASE": "/cases/17"}
    settings = json.loads(examiner.types("--json", "config", "show").out)["settings"]
    assert settings["by"] == {"value": "李四", "from": "FORENSIC_BY"}
    assert settings["case"] == {"value": "/cases/17", "from": "FORENSIC_CASE"}


def test_a_training_case_says_yes(examiner: Examiner) -> None:
    examiner.makes_case("--training")
    assert "Training: yes" in examiner.types("case", "show").out
