"""What of the heads that entries tell of left, and what of it is only claimed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chain_of_custody.canonical import encode
from chain_of_custody.heads_out import HeadOut, Standing, collected, reach, weighed
from chain_of_custody.ledger import Entry

ROOT = "ab" * 32
TIME = "2026-02-03T00:00:00.000000Z"


def entry(seq: int, kind: str, **facts: Any) -> Entry:
    return Entry(seq, bytes(32), encode({"seq": seq, "kind": kind, "t": TIME, **facts}), "")


def anchor(seq: int, size: int, type_: str = "rfc3161", **facts: Any) -> Entry:
    return entry(seq, "anchor.add", type=type_, size=size, root=ROOT, by="TSA", time=TIME, **facts)


def held(seq: int, what: str, **facts: Any) -> Entry:
    return entry(seq, "artifact.held", what=what, **facts)


REPORT = held(9, "report", head={"size": 8, "root": ROOT})
PRINT = anchor(11, 10, "print", receipt=10)
SCAN = held(12, "receipt-scan", receipt=10)
DISC = [entry(20, "export", what="disc", to="法院"), entry(21, "export.made", target=20)]


@pytest.mark.parametrize(
    ("entries", "standing", "covered"),
    [
        ([anchor(5, 4, checked=True)], Standing.PROVEN, 4),
        ([anchor(5, 4, checked=False)], Standing.CLAIMED, 0),
        ([anchor(5, 4, "cosignature", checked=True)], Standing.PROVEN, 4),
        ([PRINT], Standing.CLAIMED, 0),
        ([anchor(11, 10, "print", receipt=10, checked=True)], Standing.CLAIMED, 0),
        ([PRINT, SCAN], Standing.RECORDED, 10),
        ([PRINT, held(12, "receipt-scan", receipt=7)], Standing.CLAIMED, 0),
        ([PRINT, SCAN, entry(13, "artifact.exclude", target=12)], Standing.CLAIMED, 0),
        ([REPORT, entry(13, "report.issue", target=9, to=None)], Standing.RECORDED, 8),
        (DISC, Standing.RECORDED, 21),
        ([DISC[0], entry(22, "export.receipt", target=20, by="王五", receipt=None)], Standing.RECORDED, 21),
    ],
)
def test_what_left(entries: list[Entry], standing: Standing, covered: int) -> None:
    (head,) = collected(entries)
    assert (head.standing, reach([head])) == (standing, covered)
    assert reach([replace(head, agrees=False)]) == 0


@pytest.mark.parametrize("entries", [[], [REPORT], DISC[:1], [entry(13, "report.issue", target=9)]])
def test_what_stayed(entries: list[Entry]) -> None:
    assert collected(entries) == []


def test_entries_that_cannot_be_read_tell_nothing() -> None:
    wrong: list[Any] = [
        {"kind": "anchor.add"},
        {"kind": "anchor.add", "type": "rfc3161", "size": "x", "root": 7},
        {"kind": "artifact.held", "what": "report", "head": 3},
        {"kind": "export.made", "target": None},
        [],
    ]
    texts = ["", "{", *map(json.dumps, wrong)]
    assert collected(Entry(seq, bytes(32), text, "") for seq, text in enumerate(texts)) == []


def test_who_verifies_believes_the_keys_that_he_brought() -> None:
    heads = collected([anchor(5, 4, checked=True), anchor(7, 6, checked=False), anchor(9, 8, checked=True), PRINT])

    def standings(*judged: set[int]) -> list[Standing]:
        return [head.standing for head in weighed(heads, *judged)]

    recorded, claimed = Standing.RECORDED, Standing.CLAIMED
    assert standings(set(), set()) == [recorded, claimed, recorded, claimed]
    assert standings({7}, {9}) == [recorded, Standing.PROVEN, claimed, claimed]
    assert all(isinstance(head, HeadOut) for head in heads)
