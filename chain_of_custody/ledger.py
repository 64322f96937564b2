"""The custody ledger: an RFC 9162 Merkle log kept in SQLite, append-only.

The rules, in prose:
- An entry is one line, `body TAB sig`; its leaf is SHA-256 over 0x00 and exactly those stored bytes. Bodies are
  canonical JSON, in which a tab cannot occur.
- Every body carries its own number `seq` and the previous leaf's hash `prev`, so that the log reads as a chain too.
- Every body carries 128 random bits, so that a leaf's hash tells nothing of what was hashed.
- Acts of persons are signed by them: the body names their keys, `sig` holds their signatures, and the leaf covers both.
- Each transaction ends with a signed head (checkpoint) over all entries so far.
- Heads are signed by the workstation that opened the case, until a `case.adopt` entry names another's key: from the
  head over that entry on, that one.
- Nothing is ever changed or removed. Triggers refuse it; the tree shows it if somebody drops the triggers.

One writer at a time: a transaction takes the write lock before it reads the head.
"""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chain_of_custody import canonical, checkpoint, clock, ledger_file, signature
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.clock import Clock, Reading, SystemClock
from chain_of_custody.errors import CaseError, ForensicError, IntegrityError
from chain_of_custody.keys import LedgerKey
from chain_of_custody.progress import Progress
from chain_of_custody.signature import Signer
from chain_of_custody.tree import Frontier, leaf_hash

VERSION = 1
NO_LEAF = bytes(32)
TILE_HEIGHTS = (8, 16, 24, 32)  # subtree roots kept in `node`, a cache that can be rebuilt


@dataclass(frozen=True)
class Entry:
    """One event. `leaf` is its hash (32 bytes), `text` the exact body that was hashed, `sig` its signature or ''."""

    seq: int
    leaf: bytes
    text: str
    sig: str

    @cached_property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.text)
        return body

    @property
    def kind(self) -> str:
        return str(self.body["kind"])

    @property
    def time(self) -> str:
        """UTC, as the workstation's clock had it."""
        return str(self.body["t"])

    def reading(self) -> Reading:
        return Reading(clock.parse_iso(self.time), str(self.body["boot"]), int(self.body["mono"]))


def entry_leaf(text: str, sig: str) -> bytes:
    return leaf_hash(f"{text}\t{sig}".encode())


class Transaction:
    """Entries on their way in. They exist once the transaction has been left without an error."""

    def __init__(self, ledger: "Ledger", frontier: Frontier, last: bytes, reading: Reading) -> None:
        self._ledger = ledger
        self._last = last
        self._reading = reading
        self.frontier = frontier
        self.rows: list[tuple[int, bytes, str, str]] = []
        self.tiles: list[tuple[int, int, bytes]] = []

    @property
    def next_seq(self) -> int:
        return self.frontier.size

    def add(self, kind: str, /, **facts: object) -> int:
        """Appends one entry and returns its number. Facts that are None are left out."""
        return self.add_signed(kind, (), **facts)

    def add_signed(self, kind: str, signers: Sequence[Signer], /, **facts: object) -> int:
        """Appends one entry that the `signers` sign."""
        body: dict[str, object] = {name: value for name, value in facts.items() if value is not None}
        if signers:
            body["signers"] = [signer.vkey for signer in signers]
        body |= {
            "v": VERSION,
            "seq": self.next_seq,
            "prev": self._last.hex(),
            "t": clock.iso(self._reading.utc),
            "boot": self._reading.boot,
            "mono": str(self._reading.since_boot),
            "salt": secrets.token_hex(16),
            "kind": kind,
        }
        seq, text = self.next_seq, canonical.encode(body)
        sig = signature.sign(text, signers)
        self._last = entry_leaf(text, sig)
        self.rows.append((seq, self._last, text, sig))
        self.tiles += [done for done in self.frontier.add(self._last) if done[0] in TILE_HEIGHTS]
        return seq


class Ledger:
    """An open ledger. Without a key it can only be read."""

    def __init__(self, opened: ledger_file.Opened, key: LedgerKey | None, clock_: Clock) -> None:
        self._file = opened
        self._db = opened.connection
        self._key = key
        self._signed_by = key.public if key else b""  # by whom the newest head must be signed before we add another
        self._clock = clock_
        self.path = opened.path  # of the file itself, wherever it is read from
        self.origin = ledger_file.meta(self._db, "origin")
        self.verifier_key = ledger_file.meta(self._db, "vkey")
        self._frontier = Frontier()

    @classmethod
    def create(cls, path: Path, origin: str, key: LedgerKey, clock_: Clock | None = None) -> "Ledger":
        """A new, empty ledger. An existing file raises `CaseError`."""
        opened = ledger_file.create(path, origin, checkpoint.verifier_key(origin, key.public))
        return cls(opened, key, clock_ or SystemClock())

    @classmethod
    def open(
        cls,
        path: Path,
        key: LedgerKey | None = None,
        clock_: Clock | None = None,
        *,
        patience: float = ledger_file.PATIENCE,
    ) -> "Ledger":
        """For writing with the key that signs this ledger, else for reading, leaving no trace. A writer waits as many
        seconds for another's transaction as its `patience` lasts."""
        opened = ledger_file.open_writing(path, patience=patience) if key else ledger_file.open_reading(path)
        ledger = cls(opened, key, clock_ or SystemClock())
        try:
            if key and ledger.own_key != ledger.key_in_force:
                raise CaseError("ledger-other-key", hint="ledger-other-key-hint", path=str(path))
        except ForensicError:
            ledger.close()
            raise
        return ledger

    @classmethod
    def open_to_adopt(cls, path: Path, key: LedgerKey, clock_: Clock | None = None) -> "Ledger":
        """For writing with a key that takes over: the first transaction must enter the `case.adopt` that names it."""
        ledger = cls(ledger_file.open_writing(path), key, clock_ or SystemClock())
        try:
            ledger._signed_by = checkpoint.parse_verifier_key(ledger.key_in_force)[1]
        except ValueError as error:
            ledger.close()
            raise IntegrityError("verify-key-malformed", reason=str(error)) from error
        except ForensicError:
            ledger.close()
            raise
        return ledger

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- writing

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Takes the pen, lends a `Transaction`, then commits its entries under one signed head."""
        if self._key is None:
            raise CaseError("ledger-read-only")
        with ledger_file.writing(self._db):
            frontier, reading = self._grown(), self._clock.read()
            last = self._last_entry()
            if last and entry_leaf(last.text, last.sig) != last.leaf:
                raise IntegrityError("ledger-not-as-signed", hint="ledger-not-as-signed-hint", size=frontier.size)
            transaction = Transaction(self, frontier, last.leaf if last else NO_LEAF, reading)
            step = clock.stepped(last.reading(), reading) if last else None
            if step is not None:
                transaction.add("time.step", microseconds=str(int(step.total_seconds() * 1_000_000)))
            yield transaction
            if transaction.rows:
                self._insert(transaction)
                assert self._signed_by == self._key.public or self.key_in_force == self.own_key
        if transaction.rows:
            self._signed_by = self._key.public
        self._frontier = frontier

    def _insert(self, transaction: Transaction) -> None:
        assert self._key is not None
        head = Checkpoint(self.origin, transaction.frontier.size, transaction.frontier.root())
        note = checkpoint.sign(head, self._key.sign, self._key.public)
        self._db.executemany("INSERT INTO entry(seq, leaf, body, sig) VALUES(?,?,?,?)", transaction.rows)
        self._db.executemany(
            "INSERT INTO node(level, idx, hash) VALUES(?,?,?)",
            ((height // 8, index, subtree) for height, index, subtree in transaction.tiles),
        )
        self._db.execute("INSERT INTO checkpoint(size, root, note) VALUES(?,?,?)", (head.size, head.root, note))

    def _grown(self) -> Frontier:
        """The frontier over all committed entries: what we had, grown by what others appended since.

        A head that the key in force did not sign, or entries that the newest head does not cover, raise
        `IntegrityError`: the next head would vouch for them.
        """
        size = len(self)
        if 0 < self._frontier.size == size:
            return self._frontier.copy()
        for known in (self._frontier.copy() if 0 < self._frontier.size < size else self._from_tiles(size), Frontier()):
            for (leaf,) in self._rows("SELECT leaf FROM entry WHERE seq >= ? ORDER BY seq", known.size):
                known.add(leaf)
            if self._is_newest_head(known):
                return known
        raise IntegrityError("ledger-not-as-signed", hint="ledger-not-as-signed-hint", size=size)

    def _is_newest_head(self, frontier: Frontier) -> bool:
        row = next(self._rows("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"), None)
        if row is None:
            return frontier.size == 0
        try:
            head, _ = checkpoint.parse(row[0])
        except ValueError:
            return False
        computed = Checkpoint(self.origin, frontier.size, frontier.root())
        return head == computed and checkpoint.is_signed_by(row[0], self.origin, self._signed_by)

    def _from_tiles(self, size: int) -> Frontier:
        frontier = Frontier()
        for height in reversed(TILE_HEIGHTS):
            first, stop = frontier.size >> height, size >> height
            tiles = list(
                self._rows(
                    "SELECT hash FROM node WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx",
                    height // 8,
                    first,
                    stop,
                )
            )
            if len(tiles) != stop - first:
                return Frontier()  # the cache is not whole: the leaves themselves will do
            for (subtree,) in tiles:
                frontier.add(subtree, height)
        return frontier

    # -- reading

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        return ledger_file.rows(self._db, query, values)

    @property
    def own_key(self) -> str:
        """The verifier key of the key that this ledger was opened with; "" where it can only be read."""
        return checkpoint.verifier_key(self.origin, self._key.public) if self._key else ""

    def adopted_keys(self) -> list[str]:
        """The verifier keys that adoptions put in force, in their order. Raises `IntegrityError` for one without."""
        query = (
            "SELECT body FROM entry WHERE kind <> 'artifact.located'"  # the index has these
            " AND kind = 'case.adopt' ORDER BY seq"
        )
        try:
            return [str(json.loads(body)["vkey"]) for (body,) in self._rows(query)]
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise IntegrityError("ledger-damaged", path="custody.sqlite", reason=repr(error)) from error

    @property
    def key_in_force(self) -> str:
        """The verifier key that the newest head is to be checked with: that of the newest adoption, else the first.

        Adoptions are rare and looking for them takes a while: a head that the first key signed needs none.
        """
        return self.verifier_key if self._first_key_signed() else [self.verifier_key, *self.adopted_keys()][-1]

    def _first_key_signed(self) -> bool:
        row = next(self._rows("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"), None)
        try:
            name, public = checkpoint.parse_verifier_key(self.verifier_key)
        except ValueError:
            return False
        return row is not None and checkpoint.is_signed_by(row[0], name, public)

    def copy_to(self, path: Path, progress: Progress) -> None:
        """A copy of all that is committed, into a new file. Raises `CannotWrite`."""
        ledger_file.copy(self._db, path, progress)

    def snapshot(self) -> AbstractContextManager[None]:
        """All reading inside sees one state, whatever others append meanwhile."""
        return ledger_file.snapshot(self._db)

    def __len__(self) -> int:
        ((size,),) = self._rows("SELECT coalesce(max(seq) + 1, 0) FROM entry")
        return int(size)

    def _last_entry(self) -> Entry | None:
        row = next(self._rows("SELECT seq, leaf, body, sig FROM entry ORDER BY seq DESC LIMIT 1"), None)
        return Entry(*row) if row else None

    def entry(self, seq: int) -> Entry:
        """Entry number `seq`. Raises `CaseError` if there is none."""
        query = "SELECT seq, leaf, body, sig FROM entry WHERE seq = ?"
        row = next(self._rows(query, seq), None) if 0 <= seq <= canonical.LARGEST_INTEGER else None
        if row is None:
            raise CaseError("ledger-no-entry", seq=seq, size=len(self))
        return Entry(*row)

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Entries of [start, stop) in order, without `stop` to the very last row there is."""
        within, bounds = ("seq >= ?", (start,)) if stop is None else ("seq >= ? AND seq < ?", (start, stop))
        for row in self._rows(f"SELECT seq, leaf, body, sig FROM entry WHERE {within} ORDER BY seq", *bounds):  # noqa: S608
            yield Entry(*row)

    def entries_without_located(self, start: int = 0) -> Iterator[Entry]:
        """Entries from `start` on but those of located artifacts, of which there can be a million."""
        rows = self._rows(
            "SELECT seq, leaf, body, sig FROM entry WHERE kind <> 'artifact.located' AND seq >= ? ORDER BY seq", start
        )
        for row in rows:
            yield Entry(*row)

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """Leaf hashes of [start, stop), as the proofs of `tree` ask for them."""
        rows = self._rows("SELECT leaf FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq", start, stop)
        return [leaf for (leaf,) in rows]

    def tiles(self, level: int, start: int, stop: int) -> list[bytes]:
        """Roots of subtrees [start, stop) of 256^level leaves each, as far as they are cached; they may be wrong."""
        query = "SELECT hash FROM node WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx"
        return [subtree for (subtree,) in self._rows(query, level, start, stop)]

    def head_note(self, size: int | None = None) -> str:
        """The signed note of the newest head, or of the one at exactly `size` entries."""
        if size is None:
            row = next(self._rows("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"), None)
        else:
            query = "SELECT note FROM checkpoint WHERE size = ?"
            row = next(self._rows(query, size), None) if 0 <= size <= canonical.LARGEST_INTEGER else None
        if row is None:
            raise CaseError("ledger-no-head", size=len(self) if size is None else size)
        return str(row[0])

    def head(self, size: int | None = None) -> Checkpoint:
        note = self.head_note(size)
        try:
            return checkpoint.parse(note)[0]
        except ValueError as error:
            raise IntegrityError("ledger-head-malformed", reason=str(error)) from error

    def checkpoints(self) -> Iterator[tuple[int, bytes, str]]:
        """(size, root, note) of every head, smallest first."""
        yield from self._rows("SELECT size, root, note FROM checkpoint ORDER BY size")
