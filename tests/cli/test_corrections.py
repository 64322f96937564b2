"""`ledger correct` of what was said of seals, unsealings, hand-overs and returns: mended, the old still to be seen."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_changes import changes, last, told
from tests.cli.test_refusals import refused
from tests.examiner import Examiner

UNSEAL = ("--reason", "检验", "--approved-by", "王科长", "--found", "intact")
WHY = ("--reason", "抄录有误")


@pytest.fixture
def handled(at_work: Examiner) -> Examiner:
    """EX-001 was sealed, unsealed and handed over, each a day after the other; EX-002 is a part of it."""
    at_work.adds_exhibit("--part-of", "EX-001")
    at_work.adds_exhibit("--seal", "F0009")
    at_work.asks("exhibit", "seal", "EX-001", "--seal", "F0001", "--seal", "F0002", "--at", "2026-01-05 10:00")
    at_work.asks("exhibit", "unseal", "EX-001", *UNSEAL, "--at", "2026-01-06 10:00")
    at_work.asks("exhibit", "handover", "EX-001", "--to", "赵民", "--note", "n", "--at", "2026-01-07 10:00")
    at_work.asks("exhibit", "handover", "EX-001", "--to", "李四", "--from", "赵敏", "--note", "n")
    return at_work


def seqs(examiner: Examiner, kind: str) -> list[int]:
    return [body["seq"] for body in examiner.entries() if body["kind"] == f"exhibit.{kind}"]


def history(examiner: Examiner, exhibit: str = "EX-001") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = examiner.asks("exhibit", "history", exhibit)["history"]
    return rows


def test_a_mistyped_seal_number_is_mended_everywhere(handled: Examiner) -> None:
    (seal,) = seqs(handled, "seal")
    answer = handled.asks("ledger", "correct", seal, "--set", "seals=F0001，Ｆ0003", *WHY)
    assert (answer["old"], answer["value"]) == ("F0001, F0002", "F0001, Ｆ0003")
    body = last(handled, "correct")
    assert (body["target"], body["field"], body["old"]) == (seal, "seals", "F0001, F0002")
    for exhibit in ("EX-001", "EX-002"):  # the part lay under the same seal
        rows = {row["event"]: row["facts"] for row in history(handled, exhibit)}
        assert rows["seal"]["seals"] == rows["unseal"]["seals"] == ["F0001", "Ｆ0003"]
        assert (rows["correct"]["target"], rows["correct"]["old"]) == (seal, "F0001, F0002")
    with told(handled) as story:
        assert [row.seal for row in story.exhibits[0].transfers if row.act == "unseal"] == ["F0001, Ｆ0003"]
    (change,) = changes(handled)
    assert (change.subject, change.old, change.new) == (seal, "F0001, F0002", "F0001, Ｆ0003")
    assert handled.types("verify").code == 0
    # the number that nobody put on is free, the one that was put on is not
    handled.asks("exhibit", "unseal", "EX-003", *UNSEAL)
    refused(handled, 5, "exhibit", "seal", "EX-003", "--seal", "F0003")
    handled.asks("exhibit", "seal", "EX-003", "--seal", "F0002")


def test_a_receiver_is_mended_for_who_gives_it_on(handled: Examiner) -> None:
    handed = seqs(handled, "handover")[0]
    assert "custody-other-holder" in [finding.code for finding in _findings(handled)]
    handled.asks("ledger", "correct", handed, "--set", "to=赵敏", *WHY)
    handled.asks("ledger", "correct", handed, "--set", "to-unit=物证室", *WHY)
    assert "custody-other-holder" not in [finding.code for finding in _findings(handled)]
    (row,) = [row for row in history(handled) if row["seq"] == handed]
    assert (row["facts"]["to"], row["facts"]["to_unit"]) == ("赵敏", "物证室")


def _findings(examiner: Examiner) -> list[Any]:
    with told(examiner) as story:
        return list(story.findings())


def test_the_time_of_an_act_is_mended_while_the_order_holds(handled: Examiner) -> None:
    (opened,) = seqs(handled, "unseal")
    done = handled.types("ledger", "correct", opened, "--set", "at=2026-01-06 09:00", *WHY)
    assert done.code == 0, done.said
    assert "at is taken as 2026-01-06 09:00:00 +08:00" in done.err
    assert last(handled, "correct")["new"] == "2026-01-06T01:00:00.000000Z"
    assert [row["at"] for row in history(handled) if row["seq"] == opened] == ["2026-01-06T01:00:00.000000Z"]
    for at in ("2026-01-05 09:59", "2026-01-07 10:01", "2126-01-01", "yesterday"):
        refused(handled, 2, "ledger", "correct", opened, "--set", f"at={at}", *WHY)


def test_no_original_is_found_read_under_its_seal(handled: Examiner, tmp_path: Path) -> None:
    source = tmp_path / "card.dd"
    source.write_bytes(bytes(range(256)) * 16)
    handled.asks("exhibit", "unseal", "EX-003", *UNSEAL, "--at", "2026-01-06 10:00")
    handled.asks("acquire", "disk", source, "--exhibit", "EX-003")
    handled.asks("exhibit", "seal", "EX-003", "--seal", "F0010")
    (_, opened), (_, sealed) = seqs(handled, "unseal"), seqs(handled, "seal")
    begun = last(handled, "acquire.begin")["seq"]
    end = last(handled, "acquire.end")["t"]
    assert f"entry {begun}" in refused(handled, 2, "ledger", "correct", sealed, "--set", "at=2026-01-07", *WHY).err
    assert f"entry {begun}" in refused(handled, 2, "ledger", "correct", opened, "--set", f"at={end}", *WHY).err
    handled.asks("ledger", "correct", opened, "--set", "at=2026-01-06 11:00", *WHY)
    handled.asks("ledger", "correct", sealed, "--set", f"at={end}", *WHY)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (5, "seal", "seals=F0009"),  # borne by EX-003 since its seizure
        (2, "seal", "seals=F0001,F0001"),
        (2, "seal", "seals="),
        (2, "seal", "seals=F0001,"),
        (2, "seal", "form=rope"),
        (2, "unseal", "found=whole"),
        (2, "handover", "to= "),
        (5, "seal", "photos=x"),
        (5, "seal", "item=EX-003"),
        (5, "unseal", "seals=F0001"),  # those of the seal are mended
        (5, "unseal", "approved_by=x"),
        (5, "handover", "holder=x"),
        (5, "handover", "t=2026-01-01"),
    ],
)
def test_what_cannot_be_mended_is_not_entered(handled: Examiner, code: int, kind: str, words: str) -> None:
    before = len(handled.entries())
    refused(handled, code, "ledger", "correct", seqs(handled, kind)[0], "--set", words, *WHY)
    assert all(body["kind"] != "correct" for body in handled.entries()[before:])


def test_codes_and_words_are_mended(handled: Examiner) -> None:
    (seal,), (opened,) = seqs(handled, "seal"), seqs(handled, "unseal")
    for seq, words in ((seal, "form=bag"), (seal, "isolation="), (opened, "found=broken"), (opened, "video=V-7")):
        handled.asks("ledger", "correct", seq, "--set", words, *WHY)
    rows = {row["event"]: row["facts"] for row in history(handled)}
    assert (rows["seal"]["form"], rows["unseal"]["found"], rows["unseal"]["video"]) == ("bag", "broken", "V-7")
    assert "custody-seal-broken" in [finding.code for finding in _findings(handled)]


def test_what_receives_signals_keeps_an_isolation(handled: Examiner) -> None:
    handled.adds_exhibit("--kind", "phone", "--label", "手机")
    handled.asks("exhibit", "seal", "EX-004", "--seal", "F0020", "--isolation", "airplane")
    seal = seqs(handled, "seal")[-1]
    refused(handled, 2, "ledger", "correct", seal, "--set", "isolation=", *WHY)
    handled.asks("ledger", "correct", seal, "--set", "isolation=power-off", *WHY)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_person_reads_both_values(handled: Examiner, lang: str) -> None:
    handled.asks("ledger", "correct", seqs(handled, "handover")[0], "--set", "to=赵敏", *WHY)
    done = handled.runs("--lang", lang, "exhibit", "history", "EX-001")
    assert done.code == 0, done.said
    assert all(word in done.out for word in ("赵民", "赵敏"))
