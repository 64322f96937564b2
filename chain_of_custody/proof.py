"""Proofs that an entry, or a whole earlier state, is part of a ledger, small enough to print: made, written, checked.

Formats: c2sp.org/tlog-proof@v1 for an entry, whose exact bytes, `body TAB sig`, are its extra data; for a state what
c2sp.org/tlog-witness asks of a log that adds a checkpoint (`old SIZE`, hashes, blank line, checkpoint). Hashes are
RFC 9162's, 32 bytes, one line of base64 each.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from chain_of_custody import checkpoint, tree
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.errors import IntegrityError, UsageError
from chain_of_custody.ledger import TILE_HEIGHTS, Ledger
from chain_of_custody.tree import Frontier, Leaves

SUFFIX = "tlog-proof"
LONGEST = 64  # hashes; no tree is taller

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_PIECE = 1 << 16  # leaves read at a time


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a leaf is number `index` of the ledger whose head is `note`; `path` from its sibling up. `entry` holds the
    bytes of the leaf, where they come with the proof."""

    index: int
    path: tuple[bytes, ...]
    note: str
    entry: bytes = b""

    def text(self) -> str:
        extra = f"extra {base64.b64encode(self.entry).decode()}\n" if self.entry else ""
        return f"{_FIRST_LINE}\n{extra}index {self.index}\n{_lines(self.path)}\n{self.note}"


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the first `old` entries of the ledger whose head is `note` had the root `old_root`."""

    old: int
    old_root: bytes
    path: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        return f"old {self.old}\n{_lines(self.path)}\n{self.note}"


def prove(ledger: Ledger, seq: int, size: int | None = None) -> Inclusion:
    """Proof of entry `seq` under the newest head, or the one at exactly `size` entries.

    It is checked against entry and head before it is given away: `IntegrityError` if the ledger does not bear it out.
    """
    entry, note = ledger.entry(seq), ledger.head_note(size)
    head, line = ledger.head(size), f"{entry.text}\t{entry.sig}".encode()
    if seq >= head.size:
        raise UsageError("proof-not-under-head", seq=seq, size=head.size)
    for subtrees in (_cached(ledger), _from_leaves(ledger)):  # the cache may be wrong, the leaves are what was signed
        path = tree.inclusion_proof(subtrees, seq, head.size)
        if tree.root_from_inclusion(tree.leaf_hash(line), seq, head.size, path) == head.root:
            return Inclusion(seq, tuple(path), note, line)
    raise IntegrityError("proof-not-borne-out", hint="ledger-not-as-signed-hint", seq=seq, size=head.size)


def prove_consistency(ledger: Ledger, old: int, new: int | None = None) -> Consistency:
    """Proof that the first `old` entries are the beginning of what the newest head counts, or the one at `new`.

    Of no entries at all every ledger is the continuation: the proof from 0 is empty, as a witness that sees the ledger
    for the first time wants it.
    """
    note, head = ledger.head_note(new), ledger.head(new)
    if not 0 <= old <= head.size:
        raise UsageError("proof-sizes-wrong", old=old, size=head.size)
    for subtrees in (_cached(ledger), _from_leaves(ledger)):
        if old == 0:
            old_root, path, holds = tree.EMPTY_ROOT, [], subtrees(0, head.size) == [head.root]
        else:
            (old_root,) = subtrees(0, old)
            path = tree.consistency_proof(subtrees, old, head.size)
            holds = tree.is_consistent(old, old_root, head.size, head.root, path)
        if holds:
            return Consistency(old, old_root, tuple(path), note)
    raise IntegrityError("proof-not-borne-out", hint="ledger-not-as-signed-hint", seq=max(old - 1, 0), size=head.size)


def continues(ledger: Ledger, size: int, root: bytes) -> bool:
    """Whether the ledger begins with the `size` entries that this root is over; quick where the node cache is right."""
    if size > len(ledger):
        return False
    return any(subtrees(0, size) == [root] for subtrees in (_cached(ledger), _from_leaves(ledger)))


def root_at(ledger: Ledger, size: int) -> bytes:
    """The root over the first `size` entries, from their leaves alone. There must be as many."""
    (root,) = _from_leaves(ledger)(0, size)
    return root


def parse(text: str) -> Inclusion:
    """The proof of a .tlog-proof file, its extra data taken for the entry. Raises `ValueError` for anything else."""
    above, _, note = text.partition("\n\n")
    first, *lines = above.split("\n")
    entry = b""
    if lines and lines[0].startswith("extra "):
        entry = _decoded(lines.pop(0).removeprefix("extra "))
    index = lines[0].removeprefix("index ") if lines and lines[0].startswith("index ") else ""
    if first != _FIRST_LINE or not _NUMBER.fullmatch(index) or len(lines) > LONGEST + 1:
        raise ValueError("not a tlog-proof")
    return Inclusion(int(index), _hashes(lines[1:]), note, entry)


def parse_consistency(text: str) -> tuple[int, tuple[bytes, ...], str]:
    """(old size, path, note) of what `Consistency.text` writes. Raises `ValueError` for anything else."""
    above, _, note = text.partition("\n\n")
    first, *lines = above.split("\n")
    old = first.removeprefix("old ")
    if first == old or not _NUMBER.fullmatch(old) or len(lines) > LONGEST:
        raise ValueError("not a request to a witness")
    return int(old), _hashes(lines), note


def check(proof: Inclusion, line: bytes, vkey: str) -> Checkpoint:
    """The head under which the entry stands. `line` is the entry as exported, `body TAB sig`; `vkey` is from outside.

    Raises `ValueError` if the head is not signed with the key, or the proof does not lead from the entry to it.
    """
    name, public = checkpoint.parse_verifier_key(vkey)
    head, _ = checkpoint.parse(proof.note)
    if head.origin != name or not checkpoint.is_signed_by(proof.note, name, public):
        raise ValueError("the head is not signed with this key")
    if tree.root_from_inclusion(tree.leaf_hash(line), proof.index, head.size, proof.path) != head.root:
        raise ValueError("the proof does not lead from this entry to the head")
    return head


def parse_head(text: str) -> tuple[int, bytes]:
    """`SIZE:ROOT` as receipts and reports print a head, the root in hexadecimal or base64. Raises `UsageError`."""
    size, _, root = text.strip().partition(":")
    try:
        digest = bytes.fromhex(root) if len(root) == 64 else base64.b64decode(root, validate=True)
    except ValueError as error:
        raise UsageError("proof-head-wrong", given=text) from error
    if not _NUMBER.fullmatch(size) or size == "0" or len(digest) != 32:
        raise UsageError("proof-head-wrong", given=text)
    return int(size), digest


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    path = tuple(map(_decoded, lines))
    if any(len(step) != 32 for step in path):
        raise ValueError("a hash is not 32 bytes")
    return path


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _lines(path: Sequence[bytes]) -> str:
    return "".join(base64.b64encode(step).decode() + "\n" for step in path)


def _from_leaves(ledger: Ledger) -> Leaves:
    """For a subtree's leaves its root alone, which stands for them in any proof."""

    def subtree(start: int, stop: int) -> list[bytes]:
        frontier = Frontier()
        for here in range(start, stop, _PIECE):
            for leaf in ledger.leaves(here, min(here + _PIECE, stop)):
                frontier.add(leaf)
        return [frontier.root()]

    return subtree


def _cached(ledger: Ledger) -> Leaves:
    """The same with the help of the ledger's node cache: a few hundred hashes for any subtree."""

    def subtree(start: int, stop: int) -> list[bytes]:
        frontier, here = Frontier(), start
        for height in reversed(TILE_HEIGHTS):
            first, last = here >> height, stop >> height
            if first << height != here or first >= last:
                continue
            tiles = ledger.tiles(height // 8, first, last)
            if len(tiles) == last - first:
                for tile in tiles:
                    frontier.add(tile, height)
                here = last << height
        for leaf in ledger.leaves(here, stop):
            frontier.add(leaf)
        return [frontier.root()]

    return subtree
