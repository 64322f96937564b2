"""What still holds of a ledger that is damaged or was tampered with: read row by row, past pages that cannot be read.

An entry holds if its bytes hash to its leaf and the leaf is under a head: the leaves up to that head's size give its
root (RFC 9162 section 2.1), and a key in force signed it. A leaf that is gone stands in the next entry as `prev`.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chain_of_custody import checkpoint, ledger_file
from chain_of_custody.errors import CaseError, IntegrityError
from chain_of_custody.tree import Frontier, leaf_hash

_ENTRIES = "SELECT seq, leaf, body, sig FROM entry NOT INDEXED WHERE seq >= ? ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Known:
    """A head from outside, and where it came from. `root` is 32 bytes."""

    source: str
    size: int
    root: bytes


@dataclass(slots=True)
class Survey:
    """`entries` is how many there are, or that a head counts. `sealed` is the largest size whose head holds, `outside`
    the largest head from outside that agrees. `whole` are the runs [first, stop) of entries below `sealed`, or below
    `outside`, that hold."""

    entries: int = 0
    sealed: int = 0
    outside: Known | None = None
    against: list[Known] = field(default_factory=list)
    lost: list[Known] = field(default_factory=list)
    whole: list[tuple[int, int]] = field(default_factory=list)

    @property
    def reach(self) -> int:
        return max(self.sealed, self.outside.size if self.outside else 0)


def survey(path: Path, known: Sequence[Known]) -> Survey:
    """Never raises for what the file holds; a file that SQLite cannot open at all has no entry that holds."""
    found = Survey()
    try:
        opened = ledger_file.open_reading(path)
    except (IntegrityError, CaseError):
        found.lost = list(known)
        return found
    try:
        opened.connection.text_factory = bytes
        _examine(opened.connection, known, found)
    finally:
        opened.close()
    return found


def _examine(connection: sqlite3.Connection, known: Sequence[Known], found: Survey) -> None:
    computed, leaves, adopted = _leaves(connection)
    heads = _heads(connection)
    found.entries = max([len(leaves), *(size for size, _, _ in heads)])
    roots = _roots(leaves, {size for size, _, _ in heads} | {head.size for head in known})
    first = _meta(connection)
    for size, root, note in heads:
        vkey = next((key for seq, key in reversed(adopted) if seq < size), first)
        if roots.get(size) == root and _is_signed(note, vkey):
            found.sealed = max(found.sealed, size)
    for head in sorted(known, key=lambda one: one.size):
        if head.size not in roots:
            (found.lost if head.size > len(computed) else found.against).append(head)
        elif roots[head.size] == head.root:
            found.outside = head
        else:
            found.against.append(head)
    for seq in range(min(found.reach, len(leaves))):
        if computed[seq] is not None and computed[seq] == leaves[seq]:
            if found.whole and found.whole[-1][1] == seq:
                found.whole[-1] = (found.whole[-1][0], seq + 1)
            else:
                found.whole.append((seq, seq + 1))


def _leaves(
    connection: sqlite3.Connection,
) -> tuple[list[bytes | None], list[bytes | None], list[tuple[int, str]]]:
    """By number: the hash of the bytes that stand there, and the leaf that the next entry names, else the one stored;
    and the keys that entries adopt."""
    computed: list[bytes | None] = []
    leaves: list[bytes | None] = []
    adopted = []
    for seq, leaf, body, sig in _rows(connection):
        while len(leaves) <= seq:
            computed.append(None)
            leaves.append(None)
        told = _body(body)
        if seq:
            leaves[seq - 1] = _leaf(told.get("prev")) or leaves[seq - 1]
        if isinstance(body, bytes) and isinstance(sig, bytes):
            computed[seq] = leaf_hash(body + b"\t" + sig)
        leaves[seq] = leaf if isinstance(leaf, bytes) and len(leaf) == 32 else computed[seq]
        if told.get("kind") == "case.adopt":
            adopted.append((seq, str(told.get("vkey"))))
    return computed, leaves, adopted


def _rows(connection: sqlite3.Connection) -> Iterator[tuple[int, object, object, object]]:
    """Every row that can be read; after one that cannot, the search goes on behind it in growing steps."""
    start, step = 0, 1
    last = _largest(connection)
    while start <= last:
        try:
            for seq, leaf, body, sig in connection.execute(_ENTRIES, (start,)):
                if isinstance(seq, int) and 0 <= seq <= last:
                    yield seq, leaf, body, sig
                    start, step = seq + 1, 1
            return
        except sqlite3.Error:
            start, step = start + step, step + 1


def _largest(connection: sqlite3.Connection) -> int:
    for query in ("SELECT max(seq) FROM entry NOT INDEXED", "SELECT max(size) - 1 FROM checkpoint"):
        try:
            ((largest,),) = connection.execute(query).fetchall()
        except sqlite3.Error:
            continue
        if isinstance(largest, int):
            return largest
    return -1


def _roots(leaves: Sequence[bytes | None], sizes: set[int]) -> dict[int, bytes]:
    """The roots at these sizes, as far as every leaf is known."""
    frontier, roots = Frontier(), {}
    for leaf in leaves:
        if leaf is None:
            break
        frontier.add(leaf)
        if frontier.size in sizes:
            roots[frontier.size] = frontier.root()
    return roots


def _heads(connection: sqlite3.Connection) -> list[tuple[int, bytes, str]]:
    """Size, root and note of each head that can be read, by what its note says."""
    heads = []
    try:
        for size, note in connection.execute("SELECT size, note FROM checkpoint ORDER BY size"):
            text = note.decode("utf-8", "replace") if isinstance(note, bytes) else ""
            try:
                head, _ = checkpoint.parse(text)
            except ValueError:
                continue
            if head.size == size:
                heads.append((head.size, head.root, text))
    except sqlite3.Error:
        pass  # those that were read are of use
    return heads


def _meta(connection: sqlite3.Connection) -> str:
    try:
        rows = connection.execute("SELECT v FROM meta WHERE k = 'vkey'").fetchall()
    except sqlite3.Error:
        return ""
    return rows[0][0].decode("utf-8", "replace") if rows and isinstance(rows[0][0], bytes) else ""


def _is_signed(note: str, vkey: str) -> bool:
    try:
        return checkpoint.is_signed_by(note, *checkpoint.parse_verifier_key(vkey))
    except ValueError:
        return False


def _body(text: object) -> dict[str, object]:
    try:
        body = json.loads(text) if isinstance(text, bytes) else None
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _leaf(text: object) -> bytes | None:
    try:
        leaf = bytes.fromhex(str(text))
    except ValueError:
        return None
    return leaf if len(leaf) == 32 else None
