"""What still holds of a ledger that is damaged or was tampered with: read row by row, past pages that cannot be read.

An entry holds if its bytes hash to its leaf and the leaf is under a head: the leaves up to that head's size give its
root (RFC 9162 section 2.1), and a key in force signed it. A leaf that is gone stands in the next entry as `prev`.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chain_of_custody import checkpoint, heads_out, ledger_file
from chain_of_custody.errors import CaseError, IntegrityError
from chain_of_custody.heads_out import HeadOut, Standing
from chain_of_custody.ledger import Entry
from chain_of_custody.tree import Frontier, leaf_hash

_ENTRIES = "SELECT seq, leaf, body, sig FROM entry NOT INDEXED WHERE seq >= ? ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Known:
    """A head that is known beside the ledger's own, where from, and how sure it is that it was outside. `root` is 32
    bytes. `entry` is the one that tells of it, None where none does."""

    source: str
    size: int
    root: bytes
    entry: int | None = None
    standing: Standing = Standing.PROVEN


@dataclass(slots=True)
class Survey:
    """`entries` is how many there are, or that a head counts. `sealed` is the largest size whose head holds. Of those
    that agree, `outside` is the largest head that an outside hand or key bears out, `told` the largest that left by
    the ledger's own word, `own` the largest that the laboratory remembers. `whole` are the runs [first, stop) of
    entries below `sealed`, `outside` or `own` that hold."""

    entries: int = 0
    sealed: int = 0
    outside: Known | None = None
    against: list[Known] = field(default_factory=list)
    lost: list[Known] = field(default_factory=list)
    whole: list[tuple[int, int]] = field(default_factory=list)
    told: Known | None = None
    own: Known | None = None

    @property
    def left(self) -> int:
        """How many entries the largest head counts that left the laboratory; 0 where none did."""
        return max(_size(self.outside), _size(self.told))

    @property
    def reach(self) -> int:
        return max(0 if self.is_rewritten else self.sealed, _size(self.outside), _size(self.own))

    @property
    def is_rewritten(self) -> bool:
        """Whether a head from outside says so; the ledger's and the laboratory's own word is worth nothing then."""
        return any(head.standing is Standing.PROVEN for head in self.against)

    def agree(self, head: Known) -> None:
        """Heads come by size."""
        if head.standing is Standing.PROVEN:
            self.outside = head
        elif self.is_rewritten:
            return
        elif head.standing is Standing.RECORDED:
            self.told = head
        elif head.entry is None:
            self.own = head


def survey(path: Path, known: Sequence[Known], proved: Collection[int] = (), refuted: Collection[int] = ()) -> Survey:
    """Heads that entries tell of count too; outside keys bear out the anchors of the entries `proved`, and not those of
    `refuted`. Never raises for what the file holds; a file that SQLite cannot open at all has no entry that holds."""
    found = Survey()
    try:
        opened = ledger_file.open_reading(path)
    except (IntegrityError, CaseError):
        found.lost = list(known)
        return found
    try:
        opened.connection.text_factory = bytes
        _examine(opened.connection, known, found, (proved, refuted))
    finally:
        opened.close()
    return found


def _examine(
    connection: sqlite3.Connection,
    known: Sequence[Known],
    found: Survey,
    weight: tuple[Collection[int], Collection[int]],
) -> None:
    computed, leaves, adopted, telling = _leaves(connection)
    left = heads_out.weighed(heads_out.collected(telling), *weight)
    heads = _heads(connection)
    found.entries = max([len(leaves), *(size for size, _, _ in heads)])
    sizes = {head.size for head in known} | {one.size for one in left} | {size for size, _, _ in heads}
    papers = [paper for entry in telling if (paper := _paper(entry))]
    roots = _roots(leaves, sizes | {paper.size for paper in papers})
    told = [_known(one, roots) for one in left]
    same = {(one.size, one.root) for one in told}
    known = [*known, *told, *(paper for paper in papers if (paper.size, paper.root) not in same)]
    first = _meta(connection)
    for size, root, note in heads:
        vkey = next((key for seq, key in reversed(adopted) if seq < size), first)
        if roots.get(size) == root and _is_signed(note, vkey):
            found.sealed = max(found.sealed, size)
    for head in sorted(known, key=lambda one: one.size):
        if head.size not in roots:
            (found.lost if head.size > len(computed) else found.against).append(head)
        elif roots[head.size] != head.root:
            found.against.append(head)
        else:
            found.agree(head)
    for seq in range(min(found.reach, len(leaves))):
        if computed[seq] is not None and computed[seq] == leaves[seq]:
            if found.whole and found.whole[-1][1] == seq:
                found.whole[-1] = (found.whole[-1][0], seq + 1)
            else:
                found.whole.append((seq, seq + 1))


def _leaves(
    connection: sqlite3.Connection,
) -> tuple[list[bytes | None], list[bytes | None], list[tuple[int, str]], list[Entry]]:
    """By number: the hash of the bytes that stand there, and the leaf that the next entry names, else the one stored;
    the keys that entries adopt, and the entries that tell of heads."""
    computed: list[bytes | None] = []
    leaves: list[bytes | None] = []
    adopted: list[tuple[int, str]] = []
    telling: list[Entry] = []
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
        if told.get("kind") in heads_out.KINDS and isinstance(body, bytes) and computed[seq] == leaves[seq]:
            telling.append(Entry(seq, computed[seq] or b"", body.decode("utf-8", "replace"), ""))
    return computed, leaves, adopted, telling


def _known(head: HeadOut, roots: Mapping[int, bytes]) -> Known:
    return Known(head.kind, head.size, head.root or roots.get(head.size, b""), head.seq, head.standing)


def _paper(entry: Entry) -> Known | None:
    """The head on a report in the case: it need not have left, and a ledger that differs from it was rewritten."""
    head = entry.body.get("head")
    if entry.body.get("what") != heads_out.REPORT or not isinstance(head, dict):
        return None
    size, root = head.get("size"), _leaf(head.get("root"))
    if not isinstance(size, int) or not 0 < size <= entry.seq or root is None:
        return None
    return Known(heads_out.REPORT, size, root, entry.seq, Standing.OWN)


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


def _size(head: Known | None) -> int:
    return head.size if head else 0


def _leaf(text: object) -> bytes | None:
    try:
        leaf = bytes.fromhex(str(text))
    except ValueError:
        return None
    return leaf if len(leaf) == 32 else None
