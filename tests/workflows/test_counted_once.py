"""Whatever finds a file, and however often: what it holds counts once, and nothing that was found is hidden."""

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chain_of_custody.case import Case
from fixtures.make.sdcard.dice import Dice
from fixtures.make.sdcard.png import screenshot
from forensic.workflows import reporting
from parsers.records import State
from reports import story
from tests.examiner import ROOT, Examiner

BILL = next((ROOT / "fixtures/parsers/wechat-bill/xlsx/input/Download").iterdir())
OTHER_BILL = next((ROOT / "fixtures/parsers/alipay-bill/app/input/Download").iterdir())
SMS = ROOT / "fixtures/parsers/android-sms/basic/input/data/data/com.android.providers.telephony/databases/mmssms.db"
MESSAGES = 9
PAYMENTS = 10
RECEIVED = ("--from", "当事人", "--received-at", "2026-01-05", "--kind", "bill")
CLUSTER = 32 << 10  # every file lies in one, so that recovery need not guess where it goes on


def volume(image: Path, deleted: dict[str, bytes], live: dict[str, bytes] | None = None) -> Path:
    """A FAT12 volume of 4 MiB with files that are there and files that were deleted."""
    for name in ("mformat", "mcopy", "mdel"):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")
    geometry = ("-T", "8192", "-h", "16", "-s", "32", "-c", str(CLUSTER // 512))
    subprocess.run(["mformat", "-C", "-i", image, *geometry, "::"], check=True)
    for name, content in {**deleted, **(live or {})}.items():
        assert len(content) <= CLUSTER
        subprocess.run(["mcopy", "-i", image, "-", f"::{name}"], input=content, check=True)
    for name in deleted:
        subprocess.run(["mdel", "-i", image, f"::{name}"], check=True)
    return image


def picture(number: int) -> bytes:
    return screenshot(Dice(f"picture {number}"), 60, 90)


def told(examiner: Examiner) -> story.Story:
    """The story that a report of this moment prints."""
    with Case.open(examiner.case) as case:
        size = len(case.ledger)
        return reporting.tell(case, size, reporting.Job("en"))


def counted(examiner: Examiner, *more: object) -> Counter[str]:
    talks = examiner.asks("chats", *more)["conversations"]
    return Counter({name: sum(talk[name] for talk in talks) for name in ("live", "other", "placeholders")})


def sources(examiner: Examiner, *more: object) -> list[dict[str, Any]]:
    totals: list[dict[str, Any]] = examiner.asks("payments", *more)["totals"]
    return totals


def assert_papers_tell(examiner: Examiner, of: int) -> None:
    paper = told(examiner)
    assert len(paper.payments) == of
    assert [len(list(source.rows())) for source in paper.payments] == [PAYMENTS] * of


@pytest.fixture
def card(at_work: Examiner, tmp_path: Path) -> Examiner:
    """A case with an image of a card from which a database, a bill and a picture were deleted."""
    deleted = {"short messages.db": SMS.read_bytes(), "bill.xlsx": BILL.read_bytes(), "chat picture.png": picture(1)}
    at_work.asks("acquire", "disk", volume(tmp_path / "card.img", deleted), "--exhibit", "EX-001")
    return at_work


@pytest.fixture
def pictures(at_work: Examiner, tmp_path: Path) -> Examiner:
    """A case with an image from which two pictures and a bill were deleted, whose names are gone too."""
    files = {"one picture.png": picture(1), "another picture.png": picture(2), "bill.xlsx": BILL.read_bytes()}
    image = volume(tmp_path / "card.img", files)
    root = (1 + 2) * 512  # behind the boot sector and two FATs of one sector
    with image.open("r+b") as medium:
        medium.seek(root)
        medium.write(bytes(512 * 32))
    at_work.asks("acquire", "disk", image, "--exhibit", "EX-001")
    assert at_work.asks("recover", "EX-001")["files"] == []
    return at_work


def test_a_deleted_database_found_twice_counts_once_and_never_as_live(card: Examiner) -> None:
    answer = card.asks("examine", "EX-001")
    found = [{f["sha256"] for f in card.asks(step, "EX-001")["files"]} for step in ("recover", "carve")]
    assert len(found[0] & found[1]) == 3
    assert answer["records"] == {"message": MESSAGES, "payment": PAYMENTS}
    assert counted(card) == Counter(other=MESSAGES)
    talks = card.asks("chats")["conversations"]
    messages = [m for talk in talks for m in card.asks("chats", "--conversation", talk["conversation"])["messages"]]
    assert len(messages) == MESSAGES
    assert {message["state"] for message in messages} <= {"deleted", "unknown"}
    printed = list(told(card).conversations())
    assert sum(talk.live for talk in printed) == 0
    assert sum(talk.deleted + talk.other for talk in printed) == MESSAGES
    rows = [row for talk in printed for row in talk.rows()]
    assert len(rows) == MESSAGES
    assert {row.state for row in rows} <= {State.DELETED, State.UNKNOWN}
    assert len(card.asks("search", "货到了吗")["hits"]) == 1


def test_a_live_database_that_is_carved_too_stays_live(at_work: Examiner, tmp_path: Path) -> None:
    """The same bytes, live under a name and once more in a deleted file: the live copy speaks."""
    content = SMS.read_bytes()
    image = volume(tmp_path / "card.img", {"old copy.db": content}, {"mmssms.db": content})
    at_work.asks("acquire", "disk", image, "--exhibit", "EX-001")
    at_work.asks("examine", "EX-001")
    assert counted(at_work) == Counter(live=MESSAGES)


def test_a_live_database_comes_before_one_that_was_carved_earlier(at_work: Examiner, tmp_path: Path) -> None:
    """The deleted copy is parsed first, in a case where the live one is acquired only later."""
    content = SMS.read_bytes()
    old = volume(tmp_path / "old.img", {"old copy.db": content})
    at_work.asks("acquire", "disk", old, "--exhibit", "EX-001")
    at_work.asks("examine", "EX-001")
    assert counted(at_work) == Counter(other=MESSAGES)
    now = volume(tmp_path / "now.img", {}, {"mmssms.db": content})
    at_work.asks("acquire", "disk", now, "--exhibit", "EX-001")
    at_work.asks("examine", "EX-001")
    assert counted(at_work) == Counter(live=MESSAGES)


def test_a_deleted_bill_found_twice_is_one_source(card: Examiner) -> None:
    answer = card.asks("examine", "EX-001")
    (source,) = sources(card)
    assert source["rows"] == PAYMENTS
    assert source["origin"].startswith(("recovered", "carved"))
    assert_papers_tell(card, 1)
    assert {"parse-same-bytes"} <= {finding["code"] for finding in answer["findings"]}
    assert len(card.asks("search", "发给张三")["hits"]) == 1


@pytest.mark.parametrize("profiles", [("quick", "full", "quick"), ("full", "quick", "full")])
def test_each_way_of_examining_after_the_other_counts_once(card: Examiner, profiles: tuple[str, ...]) -> None:
    for profile in profiles:
        card.asks("examine", "EX-001", "--profile", profile)
        assert [source["rows"] for source in sources(card)] == [PAYMENTS]
    assert counted(card) == Counter(other=MESSAGES)


def test_carved_and_parsed_once_more_with_other_options_counts_once(card: Examiner) -> None:
    card.asks("recover", "EX-001")
    for options in ([], ["--all"], ["--format", "zip"], ["--format", "sqlite"]):
        card.asks("carve", "EX-001", *options)
        card.asks("parse", "EX-001")
        assert [source["rows"] for source in sources(card)] == [PAYMENTS], options
        assert counted(card) == Counter(other=MESSAGES), options
    assert_papers_tell(card, 1)
    assert len(told(card).exhibits) == 1


def test_the_same_bill_taken_twice_counts_once_under_one_exhibit(at_work: Examiner, tmp_path: Path) -> None:
    copy = tmp_path / "sent again.xlsx"
    copy.write_bytes(BILL.read_bytes())
    at_work.asks("take", BILL, "--exhibit", "EX-001", *RECEIVED)
    at_work.asks("take", copy, "--exhibit", "EX-001", *RECEIVED)
    done = at_work.types("--json", "parse", "EX-001")
    (finding,) = done.json["findings"]
    assert (finding["code"], finding["severity"]) == ("parse-same-bytes", "note")
    assert finding["facts"]["path"] == copy.name
    assert done.code == 0, done.said
    assert [source["rows"] for source in sources(at_work)] == [PAYMENTS]
    assert_papers_tell(at_work, 1)


def test_the_same_bill_under_two_exhibits_is_a_source_of_each(at_work: Examiner) -> None:
    at_work.adds_exhibit("--label", "另一张卡")
    for exhibit in ("EX-001", "EX-002"):
        at_work.asks("take", BILL, "--exhibit", exhibit, *RECEIVED)
        assert at_work.asks("parse", exhibit)["findings"] == []
    assert [(s["exhibit"], s["rows"]) for s in sources(at_work)] == [("EX-001", PAYMENTS), ("EX-002", PAYMENTS)]
    for exhibit in ("EX-001", "EX-002"):
        assert [s["exhibit"] for s in sources(at_work, "--exhibit", exhibit)] == [exhibit]
    assert_papers_tell(at_work, 2)


def test_the_same_bill_put_under_one_exhibit_afterwards_counts_once(at_work: Examiner) -> None:
    at_work.adds_exhibit("--label", "另一张卡")
    for exhibit in ("EX-001", "EX-002"):
        at_work.asks("take", BILL, "--exhibit", exhibit, *RECEIVED)
        at_work.asks("parse", exhibit)
    second = sources(at_work, "--exhibit", "EX-002")[0]["input"]
    at_work.asks("artifact", "reassign", second, "--to", "EX-001", "--reason", "同一来源")
    assert [(s["exhibit"], s["rows"]) for s in sources(at_work)] == [("EX-001", PAYMENTS)]


def test_a_second_bill_is_a_second_source(at_work: Examiner) -> None:
    at_work.asks("take", BILL, OTHER_BILL, "--exhibit", "EX-001", *RECEIVED)
    at_work.asks("parse", "EX-001")
    assert {source["parser"] for source in sources(at_work)} == {"wechat-bill", "alipay-bill"}


def test_the_copy_that_is_left_speaks_when_the_other_is_excluded(at_work: Examiner, tmp_path: Path) -> None:
    copy = tmp_path / "sent again.xlsx"
    copy.write_bytes(BILL.read_bytes())
    at_work.asks("take", BILL, "--exhibit", "EX-001", *RECEIVED)
    at_work.asks("take", copy, "--exhibit", "EX-001", *RECEIVED)
    at_work.asks("parse", "EX-001")
    at_work.asks("artifact", "exclude", sources(at_work)[0]["input"], "--reason", "重复提交")
    at_work.asks("parse", "EX-001")
    assert [(s["path"], s["rows"]) for s in sources(at_work)] == [(copy.name, PAYMENTS)]


def test_the_same_image_twice_doubles_nothing(card: Examiner, tmp_path: Path) -> None:
    card.asks("examine", "EX-001")
    once = [{f["sha256"] for f in card.asks(step, "EX-001")["files"]} for step in ("recover", "carve")]
    before = told(card)
    card.asks("acquire", "disk", tmp_path / "card.img", "--exhibit", "EX-001")
    card.asks("examine", "EX-001")
    assert [source["rows"] for source in sources(card)] == [PAYMENTS]
    assert counted(card) == Counter(other=MESSAGES)
    after = told(card)
    for name in ("recovered", "carved"):
        assert getattr(after, name).by_status == getattr(before, name).by_status
        assert len(list(getattr(after, name).rows())) == len(list(getattr(before, name).rows()))
    exported = card.asks("export", "files", "EX-001", "--to", tmp_path / "out")["files"]
    assert len(exported) == sum(map(len, once))
    assert len(card.asks("search", "short messages.db")["hits"]) == 1


def shown(examiner: Examiner, folder: Path, exhibit: str = "EX-001") -> tuple[set[str], set[str]]:
    """The hashes of the found files that an export writes and that the report of an exhibit lists."""
    exported = {file["sha256"] for file in examiner.asks("export", "files", exhibit, "--to", folder)["files"]}
    with Case.open(examiner.case) as case:
        paper = reporting.tell(case, len(case.ledger), reporting.Job("en"))
        rows = {row.seq for part in (paper.recovered, paper.carved) for row in part.rows() if row.exhibit == exhibit}
    listed = {body["seq"]: body["sha256"] for body in examiner.entries() if body["kind"] == "artifact.located"}
    return exported, {listed[seq] for seq in rows}


def test_a_narrower_search_hides_nothing(pictures: Examiner, tmp_path: Path) -> None:
    whole = {f["sha256"] for f in pictures.asks("carve", "EX-001", "--all")["files"]}
    assert len(whole) == 3
    before = shown(pictures, tmp_path / "before")
    names = len(pictures.asks("search", ".xlsx")["hits"])
    narrow = {f["sha256"] for f in pictures.asks("carve", "EX-001", "--format", "png")["files"]}
    assert len(narrow) == 2
    assert shown(pictures, tmp_path / "after") == before == (whole, whole)
    assert len(pictures.asks("search", ".xlsx")["hits"]) == names
    pictures.asks("parse", "EX-001")
    assert [source["rows"] for source in sources(pictures)] == [PAYMENTS]
    assert pictures.types("verify").code == 0


def test_a_found_file_excluded_or_reassigned_is_followed_everywhere(pictures: Examiner, tmp_path: Path) -> None:
    pictures.adds_exhibit("--label", "另一张卡")
    found = {f["sha256"]: f["seq"] for f in pictures.asks("carve", "EX-001", "--all")["files"]}
    gone, moved, stays = sorted(found)
    pictures.asks("artifact", "exclude", found[gone], "--reason", "与本案无关")
    pictures.asks("artifact", "reassign", found[moved], "--to", "EX-002", "--reason", "属另一检材")
    assert shown(pictures, tmp_path / "first") == ({stays}, {stays})
    assert shown(pictures, tmp_path / "second", "EX-002") == ({moved}, {moved})


def test_a_name_found_is_searched_where_it_belongs_now(card: Examiner) -> None:
    card.adds_exhibit("--label", "另一张卡")
    files = {f["path"]: f["seq"] for f in card.asks("recover", "EX-001")["files"]}
    name = "chat picture.png"

    def hits(exhibit: str) -> int:
        return len(card.asks("search", name, "--exhibit", exhibit)["hits"])

    assert (hits("EX-001"), hits("EX-002")) == (1, 0)
    card.asks("artifact", "reassign", files[name], "--to", "EX-002", "--reason", "属另一检材")
    assert (hits("EX-001"), hits("EX-002")) == (0, 1)
    card.asks("artifact", "exclude", files[name], "--reason", "与本案无关")
    assert (hits("EX-001"), hits("EX-002")) == (0, 0)


def test_what_is_read_from_a_found_file_goes_where_the_file_goes(pictures: Examiner) -> None:
    pictures.adds_exhibit("--label", "另一张卡")
    pictures.asks("examine", "EX-001")
    (bill,) = sources(pictures)
    pictures.asks("artifact", "reassign", bill["input"], "--to", "EX-002", "--reason", "属另一检材")
    assert [(s["exhibit"], s["rows"]) for s in sources(pictures)] == [("EX-002", PAYMENTS)]
    pictures.asks("artifact", "exclude", bill["input"], "--reason", "与本案无关")
    assert sources(pictures) == []


def test_what_was_said_of_bytes_holds_however_often_they_are_found(pictures: Examiner, tmp_path: Path) -> None:
    pictures.adds_exhibit("--label", "另一张卡")
    found = {f["sha256"]: f["seq"] for f in pictures.asks("carve", "EX-001", "--all")["files"]}
    gone, moved, _ = sorted(found)
    pictures.asks("artifact", "exclude", found[gone], "--reason", "与本案无关")
    pictures.asks("artifact", "reassign", found[moved], "--to", "EX-002", "--reason", "属另一检材")
    first = shown(pictures, tmp_path / "first"), shown(pictures, tmp_path / "first-2", "EX-002")
    pictures.asks("carve", "EX-001", "--all", "--format", "png,jpeg")
    assert (shown(pictures, tmp_path / "again"), shown(pictures, tmp_path / "again-2", "EX-002")) == first
