"""The Merkle tree of RFC 9162 section 2.1: hashes, roots, and proofs of inclusion and consistency.

SHA-256 throughout; a leaf is hashed behind 0x00, a node behind 0x01, so that neither can pass for the other.
"""

import hashlib
from collections.abc import Callable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()

Leaves = Callable[[int, int], Sequence[bytes]]  # leaf hashes of [start, stop)


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees that cover the tree so far: all that is needed to grow it.

    At most 64 hashes, tallest first. `size` counts leaves.
    """

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def copy(self) -> "Frontier":
        twin = Frontier()
        twin.size = self.size
        twin._peaks = list(self._peaks)
        return twin

    def add(self, subtree: bytes, height: int = 0) -> list[tuple[int, int, bytes]]:
        """Appends a complete subtree of 2^height leaves, aligned to its own size.

        Returns the subtrees that this completed, as (height, index at that height, hash), the given one first.
        """
        if self.size % (1 << height):
            raise ValueError(f"a subtree of height {height} cannot start at leaf {self.size}")
        self.size += 1 << height
        completed = [(height, (self.size >> height) - 1, subtree)]
        self._peaks.append((height, subtree))
        while len(self._peaks) > 1 and self._peaks[-1][0] == self._peaks[-2][0]:
            (height, right), (_, left) = self._peaks.pop(), self._peaks.pop()
            joined = node_hash(left, right)
            self._peaks.append((height + 1, joined))
            completed.append((height + 1, (self.size >> (height + 1)) - 1, joined))
        return completed

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


def _split(size: int) -> int:
    """The largest power of two below `size` (RFC 9162's k)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Leaves, index: int, size: int) -> list[bytes]:
    """The audit path of leaf `index` in the tree of the first `size` leaves (RFC 9162 section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(root_of(leaves(middle, stop)))
            stop = middle
        else:
            path.append(root_of(leaves(start, middle)))
            start = middle
    return path[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that the path proves (RFC 9162 section 2.1.3.2); None if the path cannot belong to the tree."""
    if not 0 <= index < size:
        return None
    node, last, root = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if node % 2 or node == last:
            root = node_hash(step, root)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, step)
        node, last = node >> 1, last >> 1
    return root if last == 0 else None


def consistency_proof(leaves: Leaves, old: int, new: int) -> list[bytes]:
    """Proof that the tree of `old` leaves is the beginning of that of `new` (RFC 9162 section 2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"no consistency proof from {old} to {new}")

    def subproof(size: int, start: int, stop: int, *, known: bool) -> list[bytes]:
        if size == stop - start:
            return [] if known else [root_of(leaves(start, stop))]
        middle = _split(stop - start)
        if size <= middle:
            rest = root_of(leaves(start + middle, stop))
            return [*subproof(size, start, start + middle, known=known), rest]
        rest = root_of(leaves(start, start + middle))
        return [*subproof(size - middle, start + middle, stop, known=False), rest]

    return subproof(old, 0, new, known=True)


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path proves the old tree to be the beginning of the new (RFC 9162 section 2.1.4.2)."""
    if old == new:
        return not path and old_root == new_root
    if not 0 < old < new or not path:
        return False
    steps = list(path) if old & (old - 1) else [old_root, *path]
    node, last = old - 1, new - 1
    while node % 2:
        node, last = node >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node % 2 or node == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, step)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root
