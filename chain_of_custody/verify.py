"""Whether a case is what was recorded: the chain, the tree, the signatures, every file, and no file besides.

The rules, in order; each breach is a `Breach`, and the first one is what the command names:
1. Entries are numbered without a gap and each names the leaf before it.
2. Each leaf is the hash of its entry's exact bytes, and the body is canonical.
3. Between two entries of one boot the wall clock ran with the clock since boot, or a `time.step` entry says otherwise.
4. Each checkpoint's root is the root over the entries it counts, its origin is the case's, and its signature holds.
5. The newest checkpoint covers every entry.
6. Every held file is there with its size and SHA-256; no other file lies in the case.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chain_of_custody import checkpoint, clock
from chain_of_custody.canonical import encode
from chain_of_custody.case import INDEX, LEDGER, Case
from chain_of_custody.finding import Fact
from chain_of_custody.ledger import NO_LEAF, Entry, Ledger, entry_leaf
from chain_of_custody.messages import Lang, say
from chain_of_custody.parcel import INTAKE
from chain_of_custody.progress import Progress, silent
from chain_of_custody.tree import Frontier
from chain_of_custody.volumes import MARKER


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that does not hold. `code` is a message id."""

    code: str
    facts: dict[str, Fact]

    def text(self, lang: Lang = "en") -> str:
        return say(self.code, lang, **self.facts)


@dataclass(slots=True)
class Verdict:
    """`remarks` are no breaches, but a reader must know them (a volume that is not connected)."""

    entries: int = 0
    heads: int = 0
    files: int = 0
    bytes: int = 0
    breaches: list[Breach] = field(default_factory=list)
    remarks: list[Breach] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.breaches

    def breach(self, code: str, **facts: Fact) -> None:
        self.breaches.append(Breach(code, facts))


def verify(case: Case, *, quick: bool = False, vkey: str | None = None, progress: Progress = silent) -> Verdict:
    """Checks everything; `quick` leaves out hashing the files (their presence and size are still checked).

    `vkey` is the public key from outside the case; without it the case's own claim is used, and a remark says so.
    """
    verdict = Verdict()
    if vkey is None:
        verdict.remarks.append(Breach("verify-no-outside-key", {}))
    verify_ledger(case.ledger, vkey or case.ledger.verifier_key, verdict, progress)
    verify_files(case, verdict, quick=quick, progress=progress)
    return verdict


def verify_ledger(ledger: Ledger, vkey: str, verdict: Verdict, progress: Progress) -> None:
    """Rules 1 to 5."""
    try:
        name, public = checkpoint.parse_verifier_key(vkey)
    except ValueError as error:
        verdict.breach("verify-key-malformed", reason=str(error))
        return
    progress.start("verify-ledger", len(ledger), "entries")
    heads = ledger.checkpoints()
    head = next(heads, None)
    frontier, previous, covered = Frontier(), None, 0
    for entry in ledger.entries():
        _check_entry(entry, frontier.size, previous, verdict)
        frontier.add(entry_leaf(entry.text, entry.sig))
        while head and head[0] == frontier.size:
            _check_head(head, frontier.root(), ledger.origin, (name, public), verdict)
            covered, head = head[0], next(heads, None)
        if head and head[0] < frontier.size:
            verdict.breach("verify-head-out-of-order", size=head[0])
            head = next(heads, None)
        previous = entry
        verdict.entries += 1
        progress.advance(1)
    if head:
        verdict.breach("verify-truncated", size=frontier.size, head=head[0])
    elif covered < frontier.size:
        verdict.breach("verify-unsealed", size=frontier.size, head=covered)


def _check_entry(entry: Entry, expected: int, previous: Entry | None, verdict: Verdict) -> None:
    if entry.seq != expected:
        verdict.breach("verify-gap", seq=entry.seq, expected=expected)
    if entry_leaf(entry.text, entry.sig) != entry.leaf:
        verdict.breach("verify-leaf", seq=entry.seq)
    try:
        body = json.loads(entry.text)
        canonical = isinstance(body, dict) and encode(body) == entry.text
    except (ValueError, TypeError, RecursionError):
        canonical = False
    if not canonical:
        verdict.breach("verify-body", seq=entry.seq)
        return
    if body.get("seq") != entry.seq:
        verdict.breach("verify-number", seq=entry.seq)
    if body.get("prev") != (previous.leaf if previous else NO_LEAF).hex():
        verdict.breach("verify-chain", seq=entry.seq)
    if previous and body.get("kind") != "time.step":
        _check_clock(previous, entry, verdict)


def _check_clock(previous: Entry, entry: Entry, verdict: Verdict) -> None:
    try:
        step = clock.stepped(previous.reading(), entry.reading())
    except (KeyError, ValueError, TypeError):
        verdict.breach("verify-body", seq=entry.seq)
        return
    if step is not None:
        verdict.breach("verify-clock", seq=entry.seq, seconds=str(step.total_seconds()))


def _check_head(
    head: tuple[int, bytes, str], root: bytes, origin: str, key: tuple[str, bytes], verdict: Verdict
) -> None:
    size, stored, note = head
    verdict.heads += 1
    try:
        parsed, _ = checkpoint.parse(note)
    except ValueError as error:
        verdict.breach("verify-head-malformed", size=size, reason=str(error))
        return
    if (parsed.size, parsed.root) != (size, root) or stored != root:
        verdict.breach("verify-root", size=size)
    elif parsed.origin != origin:
        verdict.breach("verify-origin", size=size, origin=parsed.origin)
    elif not checkpoint.is_signed_by(note, *key):
        verdict.breach("verify-signature", size=size)


def verify_files(case: Case, verdict: Verdict, *, quick: bool, progress: Progress) -> None:
    """Rule 6, over every connected volume."""
    expected: dict[Path, tuple[int, str, int]] = {}
    missing_volumes: set[str] = set()
    for artifact in case.register.artifacts.values():
        volume = case.volumes()[artifact.volume]
        if not volume.is_connected(case.ledger.origin):
            missing_volumes.add(volume.id)
            continue
        for file in artifact.files:
            expected[volume.path / file.path] = (file.size, file.sha256, artifact.seq)
    for volume_id in sorted(missing_volumes):
        path = str(case.volumes()[volume_id].path)
        verdict.remarks.append(Breach("volume-not-connected", {"volume": volume_id, "path": path}))
    progress.start("verify-files", sum(size for size, _, _ in expected.values()))
    for file_path, (size, sha256, seq) in expected.items():
        _check_file(file_path, size, sha256, seq, verdict, quick=quick, progress=progress)
    for volume in case.volumes().values():
        if volume.is_connected(case.ledger.origin):
            for stranger in strangers(volume.path, set(expected)):
                verdict.breach("verify-stranger", path=str(stranger.relative_to(volume.path)))


def _check_file(
    path: Path, size: int, sha256: str, seq: int, verdict: Verdict, *, quick: bool, progress: Progress
) -> None:
    verdict.files += 1
    try:
        found = path.lstat()
        if not path.is_file() or path.is_symlink():
            verdict.breach("verify-not-a-file", seq=seq, path=str(path))
        elif found.st_size != size:
            verdict.breach("verify-size", seq=seq, path=str(path), size=found.st_size, entered=size)
        elif not quick and _sha256(path, progress) != sha256:
            verdict.breach("verify-hash", seq=seq, path=str(path))
        verdict.bytes += size
    except FileNotFoundError:
        verdict.breach("verify-missing", seq=seq, path=str(path))
    except OSError as error:
        verdict.breach("verify-unreadable", seq=seq, path=str(path), reason=error.strerror or str(error))


def _sha256(path: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            progress.advance(len(block))
    return digest.hexdigest()


def strangers(root: Path, expected: set[Path]) -> Iterator[Path]:
    """Files of a volume that no entry names. The ledger, the index and parcels on their way in are none."""
    ours = {MARKER, *(name + end for name in (LEDGER, INDEX) for end in ("", "-wal", "-shm", "-journal"))}
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        if here == root:
            folders[:] = [name for name in folders if name != INTAKE]
            files = [name for name in files if name not in ours]
        for name in sorted(files):
            if here / name not in expected:
                yield here / name
