"""A session that stands open names the persons of the commands within it, on its host and for its user alone."""

from pathlib import Path

import pytest

from chain_of_custody import place, standing
from tests.examiner import Examiner

OPEN = ("session", "open", "--by", "李四", "--with", "王五", "--reason", "检验手机")
ADD = ("exhibit", "add", "--kind", "card", "--label", "存储卡")


def last_opened(examiner: Examiner) -> dict[str, object]:
    return [body for body in examiner.entries() if body["kind"] == "session.open"][-1]


def persons(body: dict[str, object]) -> list[str]:
    return [person["name"] for person in body["persons"]]


@pytest.fixture
def standing_open(examiner: Examiner) -> Examiner:
    examiner.makes_case()
    done = examiner.types(*OPEN)
    assert done.code == 0, done.said
    return examiner


def test_it_is_entered_with_its_reason(standing_open: Examiner) -> None:
    body = standing_open.entries()[-1]
    assert (body["kind"], body["standing"], body["reason"]) == ("session.open", True, "检验手机")
    assert persons(body) == ["李四", "王五"]
    assert body["host"]["user"] == standing.user()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_status_shows_it_to_those_whose_it_is(
    standing_open: Examiner, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    told = standing_open.asks("status")["standing"]
    assert (told["persons"], told["reason"]) == (["李四", "王五"], "检验手机")
    assert "李四、王五: 检验手机" in standing_open.runs("--lang", lang, "status").out
    monkeypatch.setattr(standing, "user", lambda: "somebody else")
    assert standing_open.asks("status")["standing"] is None
    assert standing_open.types("status").code == 0


def test_commands_within_take_its_persons(standing_open: Examiner) -> None:
    seq = standing_open.entries()[-1]["seq"]
    done = standing_open.types(*ADD)
    assert done.code == 0, done.said
    assert "李四, 王五" in done.err
    body = last_opened(standing_open)
    assert (persons(body), body["within"]) == (["李四", "王五"], seq)
    assert "standing" not in body


def test_it_goes_before_the_environment_and_the_configuration(standing_open: Examiner) -> None:
    standing_open.env["FORENSIC_BY"] = "赵六"
    (standing_open.home / "config.toml").write_text('by = "钱七"\nwith = ["孙八"]\n', "utf-8")
    standing_open.types(*ADD)
    assert persons(last_opened(standing_open)) == ["李四", "王五"]


def test_who_is_named_goes_before_it(standing_open: Examiner) -> None:
    standing_open.types(*ADD, "--by", "张三")
    body = last_opened(standing_open)
    assert persons(body) == ["张三"]
    assert "within" not in body


def test_a_further_person_joins_for_one_command(standing_open: Examiner) -> None:
    standing_open.types(*ADD, "--with", "赵六", "--with", "王五")
    assert persons(last_opened(standing_open)) == ["李四", "王五", "赵六"]
    standing_open.types(*ADD)
    assert persons(last_opened(standing_open)) == ["李四", "王五"]


def test_it_ends(standing_open: Examiner) -> None:
    seq = standing_open.entries()[-1]["seq"]
    done = standing_open.types("--json", "session", "close")
    assert done.code == 0, done.said
    closed = standing_open.entries()[-1]
    assert (closed["kind"], closed["sess"], done.json["seq"]) == ("session.close", seq, seq)
    assert done.json["head"]["size"] == closed["seq"] + 1
    standing_open.types(*ADD)
    body = last_opened(standing_open)
    assert persons(body) == ["张三", "李四"]
    assert "within" not in body


def test_who_ends_it_and_why_is_entered(standing_open: Examiner) -> None:
    done = standing_open.types("session", "close", "--by", "王五", "--with", "赵六", "--reason", "检验完毕")
    assert done.code == 0, done.said
    closed = standing_open.entries()[-1]
    assert (persons(closed), closed["reason"]) == (["王五", "赵六"], "检验完毕")


def test_there_is_one_at_a_time(standing_open: Examiner) -> None:
    before = len(standing_open.entries())
    for lang, said in (("en", "stands open"), ("zh", "值守时段")):
        standing_open.lang = lang
        done = standing_open.runs(*OPEN)
        assert done.code == 5
        assert said in done.err
        assert "session close" in done.err
    assert standing_open.types("session", "open", "--reason", " ").code == 2
    assert len(standing_open.entries()) == before
    assert standing_open.types("session", "close").code == 0
    assert standing_open.types("session", "close").code == 5
    assert standing_open.types(*OPEN).code == 0


def test_it_is_shown(standing_open: Examiner) -> None:
    (row,) = standing_open.asks("session", "show")["sessions"]
    assert (row["persons"], row["reason"], row["here"]) == (["李四", "王五"], "检验手机", True)
    assert "检验手机" in standing_open.types("session", "show").out
    standing_open.types("session", "close")
    assert standing_open.asks("session", "show")["sessions"] == []


@pytest.mark.parametrize("other", ["user", "name"])
def test_that_of_another_host_or_user_is_not_taken(
    standing_open: Examiner, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    if other == "user":
        monkeypatch.setattr(standing, "user", lambda: "somebody")
    else:
        monkeypatch.setattr("platform.node", lambda: "elsewhere")
    standing_open.types(*ADD)
    assert persons(last_opened(standing_open)) == ["张三", "李四"]
    assert standing_open.asks("session", "show")["sessions"][0]["here"] is False
    assert standing_open.types("session", "close").code == 5
    assert standing_open.types(*OPEN).code == 0


def test_the_ledger_holds_with_it(standing_open: Examiner) -> None:
    standing_open.types(*ADD)
    assert standing_open.types("verify").code == 0
    standing_open.types("session", "close")
    assert standing_open.types("verify").code == 0


def at_machine(monkeypatch: pytest.MonkeyPatch, folder: Path, machine: str) -> None:
    file = folder / machine
    file.write_text(machine * 32 + "\n", "ascii")
    monkeypatch.setattr(place, "MACHINE_ID", file)


def test_it_is_of_one_workstation_and_ends_where_the_case_is_adopted(
    examiner: Examiner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another workstation can bear the same name and have a user of the same name."""
    at_machine(monkeypatch, tmp_path, "a")
    examiner.makes_case()
    assert examiner.types(*OPEN).code == 0
    at_machine(monkeypatch, tmp_path, "b")
    assert examiner.asks("status")["standing"] is None
    assert examiner.types("case", "adopt", "--reason", "换机").code == 0
    opened = last_opened(examiner)
    assert (persons(opened), "within" in opened) == (["张三", "李四"], False)
    assert examiner.asks("session", "show")["sessions"] == []
    at_machine(monkeypatch, tmp_path, "a")
    assert examiner.types("case", "adopt", "--reason", "换回").code == 0
    assert examiner.types(*ADD).code == 0
    assert "within" not in last_opened(examiner)


def test_an_adoption_takes_no_standing_persons(
    examiner: Examiner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On another disk of the same workstation too."""
    at_machine(monkeypatch, tmp_path, "a")
    monkeypatch.setattr(place, "disk", lambda _: "1111-AAAA")
    examiner.makes_case()
    assert examiner.types(*OPEN).code == 0
    monkeypatch.setattr(place, "disk", lambda _: "2222-BBBB")
    assert examiner.types("case", "adopt", "--reason", "换盘").code == 0
    assert persons(last_opened(examiner)) == ["张三", "李四"]
