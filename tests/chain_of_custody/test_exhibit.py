"""What must be true of an exhibit, and how a correction leaves old and new both to be seen."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_of_custody import clock, exhibit
from chain_of_custody.case import Case
from chain_of_custody.errors import CaseError, CustodyRefusal, ForensicError, UsageError
from chain_of_custody.exhibit import Exhibit, check, luhn_holds
from chain_of_custody.people import Person, known_or_bare

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FIRST = Exhibit("EX-001", "phone", "black phone", number="A-1", seal="0001", imei="490154203237518")
SECOND = Exhibit("EX-002", "sim", "SIM card", part_of="EX-001")


def refusal(one: Exhibit, *others: Exhibit) -> str:
    with pytest.raises(ForensicError) as caught:
        check(one, others, NOW)
    assert isinstance(caught.value, UsageError | CaseError)
    return caught.value.message_id


@pytest.mark.parametrize("imei", ["490154203237518", "356938035643809", "352099001761481"])
def test_imeis_that_hold(imei: str) -> None:
    """The first is 3GPP TS 23.003's kind of example, all three are printed in public texts on the IMEI."""
    assert luhn_holds(imei)
    check(replace(FIRST, imei=imei), (), NOW)


@given(st.integers(0, 10**14 - 1), st.integers(0, 14), st.integers(1, 9))
def test_one_wrong_digit_shows(body: int, place: int, by: int) -> None:
    digits = next(f"{body:014d}{last}" for last in range(10) if luhn_holds(f"{body:014d}{last}"))
    wrong = f"{digits[:place]}{(int(digits[place]) + by) % 10}{digits[place + 1 :]}"
    assert not luhn_holds(wrong)


@pytest.mark.parametrize(
    "imei",
    [
        "490154203237519",
        "49015420323751",
        "4901542032375180",
        "49015420323751x",
        "\uff1490154203237518",
        " 90154203237518",
    ],
)
def test_imeis_that_do_not(imei: str) -> None:
    assert refusal(replace(FIRST, imei=imei)) == "exhibit-imei-wrong"


def test_what_cannot_be() -> None:
    check(FIRST, (), NOW)
    check(SECOND, (FIRST,), NOW)
    assert refusal(replace(FIRST, label="  ")) == "exhibit-no-label"
    assert refusal(replace(FIRST, kind="phones")) == "exhibit-kind-unknown"
    assert refusal(SECOND) == "exhibit-none"
    assert refusal(replace(FIRST, part_of="EX-001")) == "exhibit-part-of-itself"
    assert refusal(replace(FIRST, part_of="EX-002"), SECOND) == "exhibit-part-of-itself"


def test_the_future() -> None:
    check(replace(FIRST, seized_at="2026-03-01T08:00:00+08:00"), (), NOW)
    assert refusal(replace(FIRST, seized_at="2026-03-01T08:00:01+08:00")) == "exhibit-in-the-future"
    with pytest.raises(ValueError, match="no zone"):
        check(replace(FIRST, seized_at="2026-01-01T08:00:00"), (), NOW)


@pytest.mark.parametrize("field", ["number", "seal", "imei"])
def test_taken(field: str) -> None:
    other = replace(Exhibit("EX-002", "phone", "white phone"), **{field: getattr(FIRST, field)})
    assert refusal(other, FIRST) == "exhibit-taken"
    check(replace(other, id="EX-001"), (FIRST,), NOW)  # its own mark is not taken


def test_a_part_lies_under_the_seal_of_the_whole() -> None:
    part = replace(Exhibit("EX-002", "sim", "its SIM", part_of="EX-001"), seal=FIRST.seal)
    assert FIRST.seal
    check(part, (FIRST,), NOW)
    assert refusal(replace(part, part_of=""), FIRST) == "exhibit-taken"


def test_numbers_are_not_used_twice() -> None:
    assert exhibit.next_id([]) == "EX-001"
    assert exhibit.next_id(["EX-001", "EX-007"]) == "EX-008"
    assert exhibit.next_id(["EX-999"]) == "EX-1000"


# -- corrections


def test_a_correction_keeps_old_and_new(make_case: Callable[..., Case], write_in: Callable, tmp_path: Path) -> None:
    case = make_case()
    with write_in(case) as session:
        added = session.enter("exhibit.add", exhibit=FIRST.as_json())
        corrected = session.enter(
            "correct", target=added, field="seal", old="0001", new="0010", reason="misread on the bag"
        )
        session.enter("correct", target=0, field="title", old=case.facts.title, new="another title", reason="typing")
    case.close()
    with Case.open(case.folder) as again:
        assert again.register.exhibit("EX-001") == replace(FIRST, seal="0010")
        assert again.facts.title == "another title"
        assert again.facts.number == "2026-17"
        before = again.as_of(corrected)
        assert before.register.exhibit("EX-001") == FIRST
        assert before.facts.title == "medicines sold without a licence"
        change, _ = again.register.changes
        assert (change.seq, change.target, change.old, change.new) == (corrected, added, "0001", "0010")
        assert change.reason == "misread on the bag"
        assert again.ledger.entry(added).body["exhibit"]["seal"] == "0001"
        assert again.ledger.entry(0).body["title"] == "medicines sold without a licence"
        with pytest.raises(CaseError) as caught:
            again.register.exhibit("EX-002")
        assert caught.value.message_id == "exhibit-none"


def test_excluded_and_reassigned(make_case: Callable[..., Case], write_in: Callable) -> None:
    case = make_case()
    with write_in(case) as session:
        for one in (FIRST, SECOND):
            session.enter("exhibit.add", exhibit=one.as_json())
        with session.delivery() as delivery:
            for _ in range(3):
                with delivery.receive("txt") as incoming:
                    incoming.write(b"x")
                delivery.add("file", "files", "EX-001", [incoming], {})
            kept, moved, out = (artifact.seq for artifact in delivery.commit())
        session.enter("artifact.reassign", target=moved, old="EX-001", new="EX-002", reason="wrong cable")
        session.enter("artifact.exclude", target=out, reason="test file")
    register = case.register
    assert [artifact.seq for artifact in register.held("EX-001")] == [kept]
    assert [artifact.seq for artifact in register.held("EX-002")] == [moved]
    assert [artifact.seq for artifact in register.held(what="file")] == [kept, moved]
    assert set(register.artifacts) == {kept, moved, out}
    assert register.excluded[out].reason == "test file"


def test_latest_runs(make_case: Callable[..., Case], write_in: Callable) -> None:
    case = make_case()
    with write_in(case) as session:
        for key, ended in (("v1", True), ("v2", True), ("v3", False)):
            begun = session.enter("run.begin", step="parse", item="EX-001", key=key, input="5")
            if ended:
                session.enter("run.end", begin=begun, records=7)
    (latest,) = case.register.latest_runs("parse", "EX-001")
    assert latest.key == "v2"
    assert case.register.completed("parse", "v1")
    assert case.register.completed("parse", "v3") is None
    assert case.register.latest_runs("parse", "EX-002") == []


# -- times and people


def test_times_are_typed_and_told_in_the_zone_of_the_case() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    assert clock.iso(clock.typed("2026-02-01 00:00", shanghai)) == "2026-01-31T16:00:00.000000Z"
    assert clock.iso(clock.typed(" 2026/02/01T00:00Z ", shanghai)) == "2026-02-01T00:00:00.000000Z"
    assert clock.local("2026-01-31T16:00:00.000000Z", shanghai) == "2026-02-01 00:00:00 +08:00"
    assert clock.local("2026-01-31T16:00:00.999999Z", ZoneInfo("America/St_Johns")) == "2026-01-31 12:30:00 -03:30"
    assert clock.local("1890-01-01T00:00:00Z", shanghai) == "1890-01-01 08:05:43 +08:05:43"
    with pytest.raises(ValueError):
        clock.typed("yesterday", shanghai)


def test_people() -> None:
    wei = Person("Wei", "unit 3", "4501-7", "2026-02-28")
    assert wei.certificate_expired(NOW.date())
    assert not replace(wei, valid_until="2026-03-01").certificate_expired(NOW.date())
    assert not replace(wei, valid_until="").certificate_expired(NOW.date())
    assert known_or_bare("Wei", [wei]) is wei
    assert known_or_bare("Li", [wei]) == Person("Li")
    assert Person("Li").as_json() == {"name": "Li"}


def test_a_refusal_has_the_code_of_the_custody_rules() -> None:
    assert CustodyRefusal("exhibit-none", exhibit="EX-009").exit_code == 5
