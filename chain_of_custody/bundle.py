"""A ledger as plain files for the other side: entries, heads, key, and the program that checks them.

entries.tsv holds entry n on line n + 1: `body TAB sig`, exactly the bytes whose hash is the leaf; or, of an entry that
is not handed out, `withheld TAB leaf TAB reason`, the leaf in hexadecimal. checkpoints/SIZE.note are the signed heads,
`origin` and `vkey` one line each, SHA256SUMS as sha256sum writes it. anchors/SEQ.tsr and SEQ.note are what outside
clocks and witnesses gave back, for other programs; the verifier takes them from their entries.
"""

import re
from collections.abc import Iterable, Iterator
from importlib import resources

from chain_of_custody import anchors
from chain_of_custody.anchors import Anchor
from chain_of_custody.errors import CaseError, UsageError
from chain_of_custody.ledger import Ledger, entry_leaf
from chain_of_custody.messages import say

ENTRIES = "entries.tsv"
VERIFIER = "verify_ledger.py"
SUMS = "SHA256SUMS"

Files = Iterator[tuple[str, Iterable[bytes]]]  # relative path, content in pieces


def selected(ledger: Ledger, selection: str) -> list[int]:
    """The entries that `3,7-9` or a kind (`note.add`) means, in order. One that means none raises `UsageError`."""
    size = len(ledger)
    if re.fullmatch(r"[0-9]{1,15}(-[0-9]{1,15})?(,[0-9]{1,15}(-[0-9]{1,15})?)*", selection, re.ASCII):
        chosen: set[int] = set()
        for part in selection.split(","):
            first, _, last = part.partition("-")
            if int(last or first) >= size:
                raise CaseError("ledger-no-entry", seq=int(last or first), size=size)
            chosen.update(range(int(first), int(last or first) + 1))
    else:
        marked = (entry for entry in ledger.entries() if f'"kind":"{selection}"' in entry.text)
        chosen = {entry.seq for entry in marked if entry.kind == selection}
    if not chosen:
        raise UsageError("bundle-selects-nothing", given=selection)
    return sorted(chosen)


def ranges(numbers: Iterable[int]) -> str:
    """Ascending numbers as `3,7-9`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def files(ledger: Ledger, size: int, withheld: Iterable[int], reason: str) -> Files:
    """The bundle of the first `size` entries, all but SHA256SUMS. `size` is one that a head counts."""
    head, hidden = ledger.head(size), frozenset(withheld)
    yield ENTRIES, _entries(ledger, size, hidden, " ".join(reason.split()))
    for counted, _, note in ledger.checkpoints():
        if counted <= size:
            yield f"checkpoints/{counted:08d}.note", (note.encode(),)
    for anchor in _anchors(ledger, size, hidden):
        suffix = "tsr" if anchor.type == anchors.RFC3161 else "note"
        yield f"anchors/{anchor.seq:08d}.{suffix}", (anchor.token,)
    yield "origin", (f"{ledger.origin}\n".encode(),)
    yield "vkey", (f"{ledger.verifier_key}\n".encode(),)
    yield VERIFIER, (verifier(),)
    words = [say("bundle-readme", lang, origin=ledger.origin, size=size, root=head.root.hex()) for lang in ("zh", "en")]
    yield "README.txt", ("\n".join(words).encode("utf-8"),)


def verifier() -> bytes:
    """The stand-alone verifier, as it is handed out."""
    return resources.files("chain_of_custody").joinpath(VERIFIER).read_bytes()


def _anchors(ledger: Ledger, size: int, withheld: frozenset[int]) -> Iterator[Anchor]:
    """The anchors among the first `size` entries that are handed out and brought something back."""
    told = anchors.Anchors()
    for entry in ledger.entries_without_located():
        if entry.seq < size and entry.seq not in withheld and entry.kind == anchors.KIND:
            told.read(entry)
    yield from (anchor for anchor in told.all if anchor.token)


def _entries(ledger: Ledger, size: int, withheld: frozenset[int], reason: str) -> Iterator[bytes]:
    for entry in ledger.entries(0, size):
        if entry.seq in withheld:
            yield f"withheld\t{entry_leaf(entry.text, entry.sig).hex()}\t{reason}\n".encode()
        else:
            yield f"{entry.text}\t{entry.sig}\n".encode()
