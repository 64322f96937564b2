"""Anchors: heads that went out or came back from outside, as entries tell of them, and the time brackets they make.

An anchor is an entry `anchor.add`: it holds what came back from outside over an earlier head (a time-stamp token, a
cosigned note), or says that a head went out on a receipt. What an entry holds was there before it, and a head that was
stamped was there before its stamp: so every entry lies between two outside times (Haber and Stornetta, 1991).
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from chain_of_custody.ledger import Entry

KIND = "anchor.add"
RFC3161, COSIGNATURE, PRINT = "rfc3161", "cosignature", "print"
RECEIPT, SCAN = "receipt", "receipt-scan"  # what the artifacts are


@dataclass(frozen=True, slots=True)
class Anchor:
    """Entry `seq` says that the head of `size` entries under `root` was outside.

    `time` is UTC by an outside clock, None where there was none; `by` whose clock or hand that was; `checked` whether
    the signature was verified when it was entered, None where there is none to verify; `entered` the workstation's
    time; `receipt` the paper that carried the head; `token` the bytes that came back.
    """

    seq: int
    type: str
    size: int
    root: bytes
    time: str | None
    by: str
    checked: bool | None
    entered: str
    receipt: int | None = None
    token: bytes = b""

    @property
    def is_proven(self) -> bool:
        """Whether a key from outside the case bore it out when it was entered."""
        return bool(self.checked) and self.type in (RFC3161, COSIGNATURE)


@dataclass(frozen=True, slots=True)
class Bracket:
    """Entries `first` to `last` were made after the time of the one anchor and before that of the other; None where
    there is no such anchor."""

    first: int
    last: int
    after: Anchor | None
    before: Anchor | None


@dataclass(slots=True)
class Anchors:
    """The anchors of a case in the order they were entered."""

    all: list[Anchor] = field(default_factory=list)

    def read(self, entry: Entry) -> None:
        """Takes in `anchor.add`; any other entry changes nothing."""
        if entry.kind == KIND:
            self.all.append(_anchor(entry.seq, entry.time, entry.body))

    def holds(self, token: bytes) -> Anchor | None:
        """The anchor by which these bytes were entered already, one that is proven before one that is not."""
        same = [anchor for anchor in self.all if anchor.token and anchor.token == token]
        return next((anchor for anchor in same if anchor.is_proven), same[0] if same else None)


def _anchor(seq: int, entered: str, body: dict[str, Any]) -> Anchor:
    receipt, checked = body.get("receipt"), body.get("checked")
    return Anchor(
        seq,
        str(body["type"]),
        int(body["size"]),
        bytes.fromhex(body["root"]),
        body.get("time"),
        str(body.get("by", "")),
        None if checked is None else bool(checked),
        entered,
        None if receipt is None else int(receipt),
        base64.b64decode(body.get("token", ""), validate=True),
    )


def brackets(anchors: Sequence[Anchor], size: int) -> list[Bracket]:
    """The first `size` entries in runs of one bracket each, in order.

    An entry lies after the latest outside time that it or an entry before it holds, and before the earliest one of a
    head that counts it. A time whose signature nobody verified bounds nothing.
    """
    timed = [anchor for anchor in anchors if anchor.time and anchor.is_proven and anchor.seq < size]
    edges = {0, size, *(anchor.seq for anchor in timed), *(min(anchor.size, size) for anchor in timed)}
    found: list[Bracket] = []
    for first, stop in pairwise(sorted(edges)):
        after = max((anchor for anchor in timed if anchor.seq <= first), key=_time, default=None)
        before = min((anchor for anchor in timed if anchor.size >= stop), key=_time, default=None)
        if found and (found[-1].after, found[-1].before) == (after, before):
            first = found.pop().first
        found.append(Bracket(first, stop - 1, after, before))
    return found


def _time(anchor: Anchor) -> str:
    return anchor.time or ""
