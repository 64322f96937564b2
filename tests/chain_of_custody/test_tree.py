"""The tree against RFC 9162 as it is written, recursively, here, and against pymerkle."""

import hashlib
import json
import random
import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import pytest

from chain_of_custody import tree

ALL = 65


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, over the data of the leaves, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


DATA = [bytes([n]) * (n % 5) for n in range(ALL)]
LEAVES = [tree.leaf_hash(data) for data in DATA]
ROOTS = [mth(DATA[:size]) for size in range(ALL + 1)]


def among(start: int, stop: int) -> list[bytes]:
    return LEAVES[start:stop]


def flipped(value: bytes) -> bytes:
    return bytes([value[0] ^ 1]) + value[1:]


def test_published_vectors() -> None:
    """The eight leaves and roots that the Certificate Transparency implementations share as test data."""
    data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    for size, root in roots.items():
        assert tree.root_of([tree.leaf_hash(bytes.fromhex(text)) for text in data[:size]]).hex() == root


@pytest.mark.parametrize("size", range(ALL + 1))
def test_root(size: int) -> None:
    assert tree.root_of(LEAVES[:size]) == ROOTS[size]


def test_every_inclusion_proof_holds_and_no_other() -> None:
    for size in range(1, ALL + 1):
        for index in range(size):
            path = tree.inclusion_proof(among, index, size)
            leaf, root = LEAVES[index], ROOTS[size]
            assert tree.root_from_inclusion(leaf, index, size, path) == root
            assert tree.root_from_inclusion(flipped(leaf), index, size, path) != root
            for at in range(len(path)):
                changed = [*path[:at], flipped(path[at]), *path[at + 1 :]]
                assert tree.root_from_inclusion(leaf, index, size, changed) != root
            for other in {index - 1, index + 1, index ^ 2, size - 1 - index} - {index}:
                assert tree.root_from_inclusion(leaf, other, size, path) != root
            assert tree.root_from_inclusion(leaf, index, size, [*path, root]) != root
            assert not path or tree.root_from_inclusion(leaf, index, size, path[:-1]) != root


def test_every_consistency_proof_holds_and_no_other() -> None:
    for new in range(1, ALL + 1):
        for old in range(1, new + 1):
            path = tree.consistency_proof(among, old, new)
            assert tree.is_consistent(old, ROOTS[old], new, ROOTS[new], path)
            assert not tree.is_consistent(old, flipped(ROOTS[old]), new, ROOTS[new], path)
            assert not tree.is_consistent(old, ROOTS[old], new, flipped(ROOTS[new]), path)
            assert not tree.is_consistent(old, ROOTS[old], new, ROOTS[new], [*path, ROOTS[new]])
            assert not path or not tree.is_consistent(old, ROOTS[old], new, ROOTS[new], path[:-1])
            assert old == 1 or not tree.is_consistent(old - 1, ROOTS[old], new, ROOTS[new], path)
            for at in range(len(path)):
                changed = [*path[:at], flipped(path[at]), *path[at + 1 :]]
                assert not tree.is_consistent(old, ROOTS[old], new, ROOTS[new], changed)


def test_larger_trees() -> None:
    chance = random.Random(9162)
    data = [chance.randbytes(8) for _ in range(5000)]
    leaves = [tree.leaf_hash(item) for item in data]
    for _ in range(12):
        old, new = sorted(chance.sample(range(1, len(data) + 1), 2))
        index = chance.randrange(old)
        roots = mth(data[:old]), mth(data[:new])
        path = tree.inclusion_proof(lambda start, stop: leaves[start:stop], index, new)
        assert tree.root_from_inclusion(leaves[index], index, new, path) == roots[1]
        path = tree.consistency_proof(lambda start, stop: leaves[start:stop], old, new)
        assert tree.is_consistent(old, roots[0], new, roots[1], path)
        assert not tree.is_consistent(old, roots[1], new, roots[1], path)


def test_no_proof_of_what_is_not_there() -> None:
    for index, size in ((0, 0), (-1, 3), (3, 3)):
        with pytest.raises(ValueError, match="not in a tree"):
            tree.inclusion_proof(among, index, size)
        assert tree.root_from_inclusion(LEAVES[0], index, size, []) is None
    for old, new in ((0, 3), (4, 3), (-1, 1)):
        with pytest.raises(ValueError, match="no consistency proof"):
            tree.consistency_proof(among, old, new)
        assert not tree.is_consistent(old, ROOTS[0], new, ROOTS[3], LEAVES[:2])


def test_a_leaf_does_not_pass_for_a_node() -> None:
    left, right = LEAVES[:2]
    assert tree.leaf_hash(left + right) != tree.node_hash(left, right)


def test_frontier_grows_from_whole_subtrees() -> None:
    """Subtrees of heights 16, 8 and 0 give the root that the leaves alone give."""
    leaves = [tree.leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]
    single, tiles = tree.Frontier(), {}
    for leaf in leaves:
        for height, index, subtree in single.add(leaf):
            tiles[height, index] = subtree
    grown = tree.Frontier()
    for height, count in ((16, 1), (8, (70_000 - 65_536) >> 8), (0, 70_000 % 256)):
        first = grown.size >> height
        for index in range(first, first + count):
            grown.add(tiles[height, index], height)
    assert grown.size == single.size == 70_000
    assert grown.root() == single.root()
    grown.add(leaves[0])
    single.add(leaves[0])
    assert grown.root() == single.root()


def test_frontier_refuses_a_subtree_that_does_not_fit() -> None:
    frontier = tree.Frontier()
    frontier.add(LEAVES[0])
    with pytest.raises(ValueError, match="cannot start at leaf 1"):
        frontier.add(LEAVES[1], 1)


def test_a_copied_frontier_grows_alone() -> None:
    frontier = tree.Frontier()
    roots = []
    for leaf in LEAVES[:9]:
        frontier.copy().add(leaf)
        frontier.add(leaf)
        roots.append(frontier.root())
    assert roots == ROOTS[1:10]
    assert all(before != after for before, after in pairwise(roots))


# -- pymerkle: under the GPL, so a program beside ours, never imported by it

PYMERKLE = """
import json, sys
from pymerkle import InclusionProof, InmemoryTree, InvalidProof

def holds(index, size, path, root):
    rule = tree.prove_inclusion(index + 1, size).rule
    proof = InclusionProof("sha256", True, size, index + 1, rule, [bytes.fromhex(step) for step in path])
    try:
        proof.verify(tree.get_leaf(index + 1), bytes.fromhex(root), index + 1, size, "sha256")
    except InvalidProof:
        return False
    return True

asked = json.load(sys.stdin)
tree = InmemoryTree(algorithm="sha256")
for item in asked["data"]:
    tree.append_entry(bytes.fromhex(item))
for old, new in asked["pairs"]:
    tree.prove_consistency(old, new).verify(tree.get_root(old), tree.get_root(new), old, new, "sha256")
json.dump({
    "roots": {size: tree.get_root(size).hex() for size in asked["sizes"]},
    "paths": [[step.hex() for step in tree.prove_inclusion(i + 1, n).path] for i, n, _, _ in asked["proofs"]],
    "holds": [holds(*proof) for proof in asked["proofs"]],
}, sys.stdout)
"""


def pymerkle(**asked: object) -> dict[str, Any]:
    """What pymerkle says of a tree: roots at `sizes`, its own paths for `proofs`, and whether each of those
    (index, size, path from the leaf on, root) holds. It proves the `pairs` of old and new size to itself."""
    if find_spec("pymerkle") is None:
        pytest.skip("needs pymerkle")
    line = [sys.executable, "-c", PYMERKLE]
    done = subprocess.run(line, input=json.dumps(asked), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def beside_pymerkle(data: list[bytes], places: list[tuple[int, int]], pairs: list[tuple[int, int]]) -> None:
    """Ours and theirs agree on every root, on every proof that leaf `index` is in a tree of `size`, and on what those
    proofs prove; our proofs from an old size to a new one hold between their roots."""
    leaves = [tree.leaf_hash(item) for item in data]

    def stored(start: int, stop: int) -> list[bytes]:
        return leaves[start:stop]

    sizes = sorted({0, *(size for _, size in places), *(size for pair in pairs for size in pair)})
    ours = {size: tree.root_of(leaves[:size]) for size in sizes}
    proofs = []
    for index, size in places:
        path = [leaves[index], *tree.inclusion_proof(stored, index, size)]
        proofs.append((index, size, [step.hex() for step in path], ours[size].hex()))
    wrong = [(index, size, path, flipped(bytes.fromhex(root)).hex()) for index, size, path, root in proofs[:50]]
    told = [item.hex() for item in data]
    theirs = pymerkle(data=told, sizes=sizes, proofs=proofs + wrong, pairs=pairs)
    roots = {int(size): bytes.fromhex(root) for size, root in theirs["roots"].items()}
    assert roots == ours
    assert theirs["paths"][: len(proofs)] == [path for _, _, path, _ in proofs]
    assert theirs["holds"] == [True] * len(proofs) + [False] * len(wrong)
    for old, new in pairs:
        path = tree.consistency_proof(stored, old, new)
        assert tree.is_consistent(old, roots[old], new, roots[new], path)


def test_beside_pymerkle_every_size() -> None:
    places = [(index, size) for size in range(1, ALL + 1) for index in range(size)]
    pairs = [(old, new) for new in range(1, ALL + 1) for old in range(1, new + 1)]
    beside_pymerkle(DATA, places, pairs)


def test_beside_pymerkle_larger_trees() -> None:
    chance = random.Random(6962)
    data = [chance.randbytes(chance.randrange(64)) for _ in range(4000)]
    sizes = [*chance.sample(range(ALL, 4000), 20), 1023, 1024, 1025, 4000]
    places = [(chance.randrange(size), size) for size in sizes]
    pairs = [(chance.randrange(1, size + 1), size) for size in sizes]
    beside_pymerkle(data, places, pairs)
