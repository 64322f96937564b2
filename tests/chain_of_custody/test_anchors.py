"""The book of anchors, and the time brackets that it makes."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from chain_of_custody.anchors import KIND, Anchor, Bracket, brackets
from chain_of_custody.case import LEDGER, Case
from tests.chain_of_custody.conftest import MakeCase, WriteIn


def anchor(seq: int, size: int, time: str | None, *, checked: bool = True) -> Anchor:
    return Anchor(seq, "rfc3161", size, bytes(32), time, "TSA", checked, "2026-01-01T00:00:00.000000Z")


def day(number: int) -> str:
    return f"2026-02-{number:02}T00:00:00.000000Z"


def test_every_entry_lies_between_two_outside_times() -> None:
    first, second = anchor(12, 10, day(3)), anchor(20, 15, day(5))
    assert brackets([first, second], 25) == [
        Bracket(0, 9, None, first),
        Bracket(10, 11, None, second),
        Bracket(12, 14, first, second),
        Bracket(15, 19, first, None),
        Bracket(20, 24, second, None),
    ]


def test_without_outside_clocks_nothing_is_bounded() -> None:
    assert brackets([], 3) == [Bracket(0, 2, None, None)]
    assert brackets([anchor(2, 2, None)], 4) == [Bracket(0, 3, None, None)]


def test_an_anchor_that_came_later_than_the_head_bounds_nothing() -> None:
    assert brackets([anchor(9, 5, day(1))], 8) == [Bracket(0, 7, None, None)]


def test_the_tightest_times_count_whatever_their_order() -> None:
    late, early = anchor(10, 8, day(9)), anchor(11, 9, day(2))
    assert brackets([late, early], 12) == [
        Bracket(0, 8, None, early),
        Bracket(9, 9, None, None),
        Bracket(10, 11, late, None),
    ]


def test_a_time_that_nobody_verified_bounds_nothing() -> None:
    sure, unsure = anchor(10, 8, day(5)), anchor(11, 8, day(1), checked=False)
    assert brackets([sure, unsure], 12) == brackets([sure], 12)
    assert brackets([unsure], 12) == [Bracket(0, 11, None, None)]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30), st.integers(1, 28)), max_size=6), st.integers(1, 31))
def test_brackets_cover_every_entry_once_and_say_what_each_may(raw: list[tuple[int, int, int]], size: int) -> None:
    known = [anchor(max(seq, counted), counted, day(when)) for seq, counted, when in raw]
    runs = brackets(known, size)
    assert [seq for run in runs for seq in range(run.first, run.last + 1)] == list(range(size))
    for run in runs:
        for seq in range(run.first, run.last + 1):
            held = [a.time for a in known if a.seq <= seq and a.seq < size]
            covering = [a.time for a in known if a.size > seq and a.seq < size]
            assert (run.after.time if run.after else None) == max(held, default=None)
            assert (run.before.time if run.before else None) == min(covering, default=None)


def test_the_book_is_replayed_from_the_entries(make_case: MakeCase, write_in: WriteIn) -> None:
    case = make_case()
    root = case.ledger.head().root.hex()
    with write_in(case) as session:
        stamped = session.enter(
            KIND, type="rfc3161", size=1, root=root, token=base64.b64encode(b"token").decode(), time=day(2), by="TSA"
        )
        printed = session.enter(KIND, type="print", size=1, root=root, receipt=7, by="Wei")
    with Case.open(case.folder) as read:
        book = read.register.anchors
        assert [(one.seq, one.type, one.time, one.token) for one in book.all] == [
            (stamped, "rfc3161", day(2), b"token"),
            (printed, "print", None, b""),
        ]
        known, unknown = book.holds(b"token"), book.holds(b"")
        assert known
        assert known.seq == stamped
        assert unknown is None
        assert read.as_of(stamped).register.anchors.all == []
    assert (case.folder / LEDGER).exists()
