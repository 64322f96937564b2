"""What the ledger says now: exhibits, held artifacts, volumes, runs and corrections, replayed from its entries.

A projection: it holds no fact of its own and can be made again at any time. Located artifacts are left to
the index, for there can be a million of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chain_of_custody import closing, disposal
from chain_of_custody import exhibit as exhibits
from chain_of_custody.anchors import Anchors
from chain_of_custody.artifact import Artifact, held
from chain_of_custody.closing import Closing
from chain_of_custody.custody import Book
from chain_of_custody.disposal import Disposal
from chain_of_custody.enrolment import Enrolment
from chain_of_custody.errors import CaseError, IntegrityError
from chain_of_custody.exhibit import Exhibit
from chain_of_custody.ledger import NO_LEAF, Entry, Ledger, entry_leaf
from chain_of_custody.place import Places
from chain_of_custody.standing import Standing
from chain_of_custody.volumes import Volume


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """The attributes of the case, corrections applied."""

    number: str
    title: str
    zone: ZoneInfo
    training: bool
    authority: str = ""
    agency: str = ""


def corrected_case(case: CaseFacts, field: str, value: str) -> CaseFacts:
    """Raises `KeyError` for a field that no correction can mend: zone and training decide what was recorded how."""
    match field:
        case "number":
            return replace(case, number=value)
        case "title":
            return replace(case, title=value)
        case "authority":
            return replace(case, authority=value)
        case "agency":
            return replace(case, agency=value)
        case _:
            raise KeyError(field)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a step over one exhibit. `key` tells runs over the same input apart from others; `end` is the body
    of its `run.end` entry, None while it goes on or after it was cut off."""

    seq: int
    step: str
    exhibit: str
    key: str
    time: str
    begin: dict[str, Any]
    end: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A correction, reassignment or exclusion: entry `seq` changes what entry `target` said."""

    seq: int
    kind: str
    target: int
    time: str
    reason: str
    field: str
    old: str
    new: str


class Register:
    """The replayed state; `size` is how many entries it has read."""

    def __init__(self) -> None:
        self.size = 0
        self._last: Entry | None = None
        self.case: CaseFacts | None = None
        self.exhibits: dict[str, Exhibit] = {}
        self.exhibit_entries: dict[str, int] = {}
        self.artifacts: dict[int, Artifact] = {}
        self.volumes: dict[str, Volume] = {}
        self.runs: dict[int, Run] = {}
        self.acquisitions: dict[int, dict[str, Any]] = {}  # by begin; "end" holds the body that ended it
        self.changes: list[Change] = []
        self.excluded: dict[int, Change] = {}
        self.reassigned: dict[int, str] = {}
        self.sessions: dict[int, dict[str, Any]] = {}
        self.secrets: dict[int, dict[str, Any]] = {}  # bodies of `secret.add`
        self.reveals: dict[int, dict[str, Any]] = {}  # bodies of `secret.reveal`
        self.disposed: dict[int, Disposal] = {}
        self.closed: Closing | None = None
        self.fixity: dict[str, Any] | None = None  # the body of the newest `fixity` entry
        self.places = Places()
        self.standing = Standing()
        self.enrolment = Enrolment()
        self.anchors = Anchors()
        self.custody = Book()

    def update(self, ledger: Ledger, stop: int | None = None) -> None:
        """Reads what was appended since, up to entry `stop` where one is named."""
        stop = len(ledger) if stop is None else stop
        if stop > self.size:
            for entry in ledger.entries_without_located(self.size):
                if entry.seq >= stop:
                    break
                if entry_leaf(entry.text, entry.sig) != entry.leaf:
                    raise IntegrityError("verify-leaf", seq=entry.seq)
                self._check_place(ledger, entry)
                self._read(entry)
            self.size = stop

    def _check_place(self, ledger: Ledger, entry: Entry) -> None:
        """Nobody is told by an entry that stands outside the chain: it must name the leaf of the one before it."""
        before, self._last = self._last, entry
        if before and before.seq == entry.seq - 1:
            leaf = before.leaf
        else:
            leaf = next(iter(ledger.leaves(entry.seq - 1, entry.seq)), NO_LEAF)
        if entry.body["prev"] != leaf.hex() or (leaf == NO_LEAF and entry.seq > 0):
            raise IntegrityError("verify-chain", seq=entry.seq)

    def exhibit(self, exhibit_id: str) -> Exhibit:
        """Raises `CaseError` if the case has no such exhibit."""
        if exhibit_id not in self.exhibits:
            raise CaseError("exhibit-none", exhibit=exhibit_id)
        return self.exhibits[exhibit_id]

    def exhibit_of(self, seq: int, entered: str | None) -> str | None:
        """Where an artifact belongs now: its reassignment rules over what was entered."""
        return self.reassigned.get(seq, entered)

    def held(self, exhibit_id: str | None = None, what: str | None = None) -> Iterator[Artifact]:
        """Held artifacts that are neither excluded nor disposed of, by exhibit and kind, in the order they came in.
        More may come in while they are gone through."""
        for artifact in list(self.artifacts.values()):
            if artifact.seq in self.excluded or artifact.seq in self.disposed or (what and artifact.what != what):
                continue
            if exhibit_id is None or self.exhibit_of(artifact.seq, artifact.exhibit) == exhibit_id:
                yield artifact

    def latest_runs(self, step: str, exhibit_id: str | None = None) -> list[Run]:
        """The newest completed run for each input and each choice of options: a narrower run hides no wider one."""
        newest: dict[tuple[str, str, str], Run] = {}
        for run in self.runs.values():
            if run.step == step and run.end and exhibit_id in (None, run.exhibit):
                newest[(run.exhibit, str(run.begin["input"]), repr(sorted(run.begin.get("options", {}).items())))] = run
        return list(newest.values())

    def completed(self, step: str, key: str) -> Run | None:
        """The completed run of exactly this key."""
        done = (run for run in self.runs.values() if run.step == step and run.key == key and run.end)
        return next(done, None)

    def _read(self, entry: Entry) -> None:
        self.enrolment.read(entry)
        self.anchors.read(entry)
        self.custody.read(entry)
        self.standing.read(entry)
        self.places.read(entry)
        self.closed = closing.read(entry, self.closed)
        body = entry.body
        match entry.kind:
            case "case.new":
                self.case = CaseFacts(
                    body["number"],
                    body["title"],
                    ZoneInfo(body["zone"]),
                    bool(body.get("training")),
                    body.get("authority", ""),
                    body.get("agency", ""),
                )
            case "session.open":
                self.sessions[entry.seq] = body
            case "exhibit.add":
                exhibit = exhibits.from_body(body["exhibit"])
                self.exhibits[exhibit.id] = exhibit
                self.exhibit_entries[exhibit.id] = entry.seq
            case "artifact.held":
                self.artifacts[entry.seq] = held(entry)
            case "volume.add":
                self.volumes[body["volume"]] = Volume(body["volume"], Path(body["path"]))
            case "run.begin":
                self.runs[entry.seq] = Run(entry.seq, body["step"], body["item"], body["key"], entry.time, body)
            case "run.end":
                self.runs[body["begin"]] = replace(self.runs[body["begin"]], end=body)
            case "acquire.begin":
                self.acquisitions[entry.seq] = {**body, "end": None}
            case "acquire.end" | "acquire.abort":
                self.acquisitions[body["begin"]]["end"] = body
            case "correct" | "artifact.reassign" | "artifact.exclude":
                self._change(entry)
            case "dispose":
                target, gone = disposal.read(entry, self.sessions[body["sess"]])
                self.disposed[self.artifacts[target].seq] = gone
            case "secret.add":
                self.secrets[entry.seq] = body
            case "secret.reveal":
                self.reveals[entry.seq] = body
            case "fixity":
                self.fixity = body
            case _:
                pass

    def _change(self, entry: Entry) -> None:
        body = entry.body
        change = Change(
            entry.seq,
            entry.kind,
            body["target"],
            entry.time,
            body["reason"],
            body.get("field", ""),
            body.get("old", ""),
            body.get("new", ""),
        )
        self.changes.append(change)
        if entry.kind == "artifact.exclude":
            self.excluded[change.target] = change
        elif entry.kind == "artifact.reassign":
            self.reassigned[change.target] = change.new
        else:
            self._correct(change)

    def _correct(self, change: Change) -> None:
        for exhibit_id, seq in self.exhibit_entries.items():
            if seq == change.target:
                corrected = exhibits.corrected(self.exhibits[exhibit_id], change.field, change.new)
                self.exhibits[exhibit_id] = corrected
        if self.case and change.target == 0:
            self.case = corrected_case(self.case, change.field, change.new)
