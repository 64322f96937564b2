"""Which heads left the laboratory, and how sure that is: the one answer for status, list, verify, doctor and report.

A head left if an outside key bears it out, or if the laboratory entered that it was handed over: on a report that was
issued, a receipt whose signed scan came back, a disc that was finished or signed for. A report merely built is still in
the house; a receipt merely printed and a token that no key was held against are claims. What the workstation and the
laboratory's own ledger remember is in the same hands as the signing key.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from chain_of_custody import anchors
from chain_of_custody.anchors import Anchors
from chain_of_custody.errors import CaseError, IntegrityError
from chain_of_custody.ledger import Entry, Ledger

REPORT, DISC = "report", "disc"  # kinds of heads, besides the types of anchors
KINDS = frozenset(
    {
        *(anchors.KIND, "artifact.held", "artifact.exclude", "report.issue"),
        *("export", "export.made", "export.receipt"),
    }
)
"""Entries that tell of heads that left."""


class Standing(StrEnum):
    """How sure it is that a head was outside."""

    PROVEN = "proven"  # an outside clock or hand signed it, and a key from outside the case bore that out
    RECORDED = "recorded"  # the laboratory itself entered that it was handed over
    CLAIMED = "claimed"  # nothing bears it out
    OWN = "own"  # the laboratory's own memory: never outside


@dataclass(frozen=True, slots=True)
class HeadOut:
    """Entry `seq` says that the head of `size` entries under `root` left. `kind` is an anchor's type, `report` or
    `disc`; `at` the outside clock's UTC, else the workstation's; `by` whose clock or hand it was, or who received it;
    `paper` the report, receipt or export that carried it, `scan` what came back signed. `root` is empty where the
    entry names none: a disc carries the ledger up to its export. `agrees`: the ledger's own head of that size has this
    root."""

    kind: str
    standing: Standing
    size: int
    root: bytes
    at: str
    by: str
    seq: int
    paper: int | None = None
    scan: int | None = None
    agrees: bool = True

    @property
    def covers(self) -> bool:
        """Whether the entries it counts are under a head that left."""
        return self.agrees and self.standing in (Standing.PROVEN, Standing.RECORDED)


def told(ledger: Ledger, stop: int | None = None) -> list[HeadOut]:
    """By what the first `stop` entries say, held to the ledger's own heads."""
    entries = (entry for entry in ledger.entries_without_located() if stop is None or entry.seq < stop)
    return [_held_to(ledger, head) for head in collected(entries)]


def collected(entries: Iterable[Entry]) -> list[HeadOut]:
    """By what these entries say, smallest head first. Entries that cannot be read tell nothing."""
    book = _Book()
    for entry in entries:
        with suppress(KeyError, TypeError, ValueError, AttributeError, RecursionError):
            book.read(entry)
    return sorted(book.heads(), key=lambda head: (head.size, head.seq))


def weighed(heads: Iterable[HeadOut], proved: Collection[int], refuted: Collection[int]) -> list[HeadOut]:
    """For who verifies and believes no key but those he brought: `proved` and `refuted` are the entries of anchors that
    these bear out, or not. That a key bore one out when it was entered is the laboratory's own record."""
    return [replace(head, standing=_weight(head, proved, refuted)) for head in heads]


def reach(heads: Iterable[HeadOut]) -> int:
    """How many entries the largest head counts that left; 0 where none did."""
    return max((head.size for head in heads if head.covers), default=0)


def _weight(head: HeadOut, proved: Collection[int], refuted: Collection[int]) -> Standing:
    if head.seq in refuted:
        return Standing.CLAIMED
    if head.seq in proved:
        return Standing.PROVEN
    return Standing.RECORDED if head.standing is Standing.PROVEN else head.standing


def _held_to(ledger: Ledger, head: HeadOut) -> HeadOut:
    try:
        own = ledger.head(head.size)
    except (CaseError, IntegrityError):
        return replace(head, agrees=False)
    return replace(head, root=head.root or own.root, agrees=head.root in (b"", own.root))


class _Book:
    """What the entries say of papers, discs and anchors."""

    def __init__(self) -> None:
        self._anchors = Anchors()
        self._reports: dict[int, tuple[int, bytes]] = {}  # size and root in the report of this entry
        self._scans: dict[int, list[int]] = {}  # by receipt
        self._excluded: set[int] = set()
        self._exports: dict[int, dict[str, Any]] = {}
        self._handed: dict[int, HeadOut] = {}  # exports that were finished or signed for
        self._issued: list[HeadOut] = []

    def read(self, entry: Entry) -> None:
        body = entry.body
        match entry.kind:
            case anchors.KIND:
                self._anchors.read(entry)
            case "artifact.held" if body["what"] == REPORT:
                self._reports[entry.seq] = int(body["head"]["size"]), bytes.fromhex(body["head"]["root"])
            case "artifact.held" if body["what"] == anchors.SCAN:
                self._scans.setdefault(int(body["receipt"]), []).append(entry.seq)
            case "artifact.exclude":
                self._excluded.add(int(body["target"]))
            case "report.issue":
                paper = int(body["target"])
                size, root = self._reports[paper]
                to = str(body.get("to") or "")
                self._issued.append(
                    HeadOut(REPORT, Standing.RECORDED, size, root, entry.time, to, entry.seq, paper=paper)
                )
            case "export":
                self._exports[entry.seq] = body
            case "export.made" | "export.receipt":
                self._hand_over(entry, body)
            case _:
                pass

    def _hand_over(self, entry: Entry, body: dict[str, Any]) -> None:
        """The ledger that goes out with an export ends with the export's own entry."""
        export = int(body["target"])
        to = str(body.get("by") or self._exports[export].get("to") or "")
        scan = body.get("receipt")
        self._handed[export] = HeadOut(
            DISC,
            Standing.RECORDED,
            export + 1,
            b"",
            entry.time,
            to,
            entry.seq,
            paper=export,
            scan=None if scan is None else int(scan),
        )

    def heads(self) -> list[HeadOut]:
        found = [*self._issued, *self._handed.values()]
        for anchor in self._anchors.all:
            scans = self._scans.get(anchor.receipt, []) if anchor.receipt is not None else []
            scan = next((seq for seq in scans if seq not in self._excluded), None)
            sure = Standing.PROVEN if anchor.is_proven else Standing.RECORDED if scan else Standing.CLAIMED
            at = anchor.time or anchor.entered
            place = (anchor.size, anchor.root, at, anchor.by, anchor.seq, anchor.receipt, scan)
            found.append(HeadOut(anchor.type, sure, *place))
        return found
