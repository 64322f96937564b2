"""The book of custody: seals, holders and parts, replayed from entries that this test makes itself."""

import json
from itertools import count
from typing import Any

import pytest

from chain_of_custody.custody import Book, OpenUnseal, State, open_unseals
from chain_of_custody.errors import CaseError, UsageError
from chain_of_custody.exhibit import Exhibit
from chain_of_custody.ledger import Entry


class Writer:
    """Writes entries as the ledger has them, one a minute, into a book."""

    def __init__(self) -> None:
        self.book = Book()
        self._seqs = count(1)

    def enters(self, kind: str, **facts: Any) -> int:
        seq = next(self._seqs)
        entered = f"2026-01-05T10:{seq:02d}:00.000000Z"
        body = {"kind": kind, "seq": seq, "t": entered, "sess": 0, **facts}
        self.book.read(Entry(seq, bytes(32), json.dumps(body), ""))
        return seq

    def adds(self, item: str, **facts: str) -> int:
        return self.enters("exhibit.add", item=item, exhibit={"id": item, "kind": "phone", "label": "x", **facts})

    def acts(self, kind: str, item: str, at: str = "", **facts: Any) -> int:
        seq = next(self._seqs)
        self._seqs = count(seq)
        return self.enters(f"exhibit.{kind}", item=item, at=at or f"2026-01-05T10:{seq:02d}:00.000000Z", **facts)


@pytest.fixture
def writer() -> Writer:
    return Writer()


def told(writer: Writer, item: str) -> tuple[str, tuple[str, ...], str]:
    holding = writer.book.of(item)
    return str(holding.state), holding.seals, holding.holder


def test_an_exhibit_goes_through_its_states(writer: Writer) -> None:
    writer.adds("EX-001")
    assert told(writer, "EX-001") == ("never-sealed", (), "")
    writer.acts("seal", "EX-001", seals=["F1", "F2"])
    assert told(writer, "EX-001") == ("sealed", ("F1", "F2"), "")
    opened = writer.acts("unseal", "EX-001", seals=["F1", "F2"])
    assert told(writer, "EX-001") == ("unsealed", (), "")
    assert open_unseals(writer.book) == [OpenUnseal("EX-001", opened, f"2026-01-05T10:{opened:02d}:00.000000Z")]
    writer.acts("handover", "EX-001", to="赵敏", **{"from": "张三"})
    assert open_unseals(writer.book)
    writer.acts("seal", "EX-001", seals=["F3"])
    assert told(writer, "EX-001") == ("sealed", ("F3",), "赵敏")
    assert open_unseals(writer.book) == []
    writer.acts("return", "EX-001", to="王某", **{"from": "赵敏"})
    assert told(writer, "EX-001") == ("returned", (), "王某")
    assert [event.kind for event in writer.book.of("EX-001").events] == [
        *("exhibit.add", "exhibit.seal", "exhibit.unseal", "exhibit.handover", "exhibit.seal", "exhibit.return")
    ]


def test_a_return_ends_an_open_unsealing(writer: Writer) -> None:
    writer.adds("EX-001", seal="F1")
    writer.acts("unseal", "EX-001", seals=["F1"])
    writer.acts("return", "EX-001", to="王某", **{"from": "张三"})
    assert open_unseals(writer.book) == []


def test_a_seal_typed_at_the_seizure_seals(writer: Writer) -> None:
    writer.adds("EX-001", seal="F1", seized_at="2026-01-05T01:00:00.000000Z")
    assert told(writer, "EX-001") == ("sealed", ("F1",), "")
    (seized,) = writer.book.of("EX-001").events
    assert (seized.at, seized.late) == ("2026-01-05T01:00:00.000000Z", False)  # a seizure is always before its entry


@pytest.mark.parametrize("order", ["whole first", "part first"])
def test_a_part_goes_with_the_whole(writer: Writer, order: str) -> None:
    steps = [lambda: writer.adds("EX-001", seal="F1"), lambda: writer.adds("EX-002", part_of="EX-001")]
    for step in steps if order == "whole first" else reversed(steps):
        step()
    writer.adds("EX-003", part_of="EX-002")
    for item in ("EX-002", "EX-003"):
        assert told(writer, item) == ("sealed", ("F1",), "")
    opened = writer.acts("unseal", "EX-001", seals=["F1"])
    assert {told(writer, item)[0] for item in ("EX-001", "EX-002", "EX-003")} == {"unsealed"}
    assert [each.exhibit for each in open_unseals(writer.book)] == ["EX-001"]  # named once
    writer.acts("handover", "EX-002", to="李四", **{"from": "张三"})
    writer.acts("seal", "EX-001", seals=["F2"])
    assert told(writer, "EX-001") == ("sealed", ("F2",), "")
    assert told(writer, "EX-002") == ("unsealed", (), "李四")  # it was taken out before
    assert told(writer, "EX-003") == ("unsealed", (), "李四")  # and what lies in it with it
    assert [(each.exhibit, each.seq) for each in open_unseals(writer.book)] == [("EX-002", opened)]


def test_a_part_with_a_seal_of_its_own_goes_its_own_way(writer: Writer) -> None:
    writer.adds("EX-001", seal="F1")
    writer.adds("EX-002", part_of="EX-001", seal="F9")
    writer.adds("EX-003", part_of="EX-001", seal="Ｆ１")  # the same seal, typed in full-width forms
    writer.acts("unseal", "EX-001", seals=["F1"])
    assert told(writer, "EX-002")[0] == "sealed"
    assert told(writer, "EX-003")[0] == "unsealed"


def test_a_corrected_seizure_is_followed(writer: Writer) -> None:
    seized = writer.adds("EX-001")
    writer.adds("EX-002", part_of="EX-001")
    writer.enters("correct", target=seized, field="seal", old="", new="F7")
    assert told(writer, "EX-002") == ("sealed", ("F7",), "")
    writer.acts("unseal", "EX-001", seals=["F7"])
    writer.enters("correct", target=seized, field="seal", old="F7", new="F8")
    assert told(writer, "EX-001")[0] == "unsealed"
    assert writer.book.bearer("F7") is None  # the number on paper was another
    assert writer.book.bearer("Ｆ８").item == "EX-001"
    writer.enters("correct", target=seized, field="seized_at", old="", new="2026-01-05T00:00:00.000000Z")
    assert writer.book.of("EX-001").events[0].at == "2026-01-05T00:00:00.000000Z"


def test_a_seal_number_is_never_free_again(writer: Writer) -> None:
    writer.adds("EX-001")
    writer.acts("seal", "EX-001", seals=["F1"])
    writer.acts("unseal", "EX-001", seals=["F1"])
    assert writer.book.bearer(" F1 ").item == "EX-001"
    with pytest.raises(CaseError):
        writer.book.check(Exhibit("EX-002", "card", "card", seal="F1"))
    writer.book.check(Exhibit("EX-002", "card", "card", part_of="EX-001", seal="F1"))


def test_a_seizure_is_not_moved_behind_what_followed(writer: Writer) -> None:
    writer.adds("EX-001")
    writer.acts("seal", "EX-001", at="2026-01-05T09:00:00.000000Z", seals=["F1"])
    writer.book.check(Exhibit("EX-001", "phone", "x", seized_at="2026-01-05T08:00:00.000000Z"))
    with pytest.raises(UsageError):
        writer.book.check(Exhibit("EX-001", "phone", "x", seized_at="2026-01-05T09:30:00.000000Z"))


@pytest.mark.parametrize(("at", "late"), [("09:46:59", True), ("09:47:00", False), ("10:02:00", False)])
def test_a_quarter_of_an_hour_is_late(writer: Writer, at: str, late: bool) -> None:
    writer.adds("EX-001")
    writer.acts("seal", "EX-001", at=f"2026-01-05T{at}.000000Z", seals=["F1"])  # entered at 10:02
    assert writer.book.of("EX-001").last.late is late


def test_exhibits_that_name_each_other_do_not_go_round_for_ever(writer: Writer) -> None:
    writer.adds("EX-001", part_of="EX-002")
    writer.adds("EX-002", part_of="EX-001")
    writer.acts("seal", "EX-001", seals=["F1"])
    assert writer.book.of("EX-002").state is State.SEALED


def test_an_unknown_exhibit_is_said(writer: Writer) -> None:
    with pytest.raises(CaseError):
        writer.book.of("EX-001")
