"""Whether a case is what was recorded: the chain, the tree, the signatures, every file, and no file besides.

The rules, in order; each breach is a `Breach`, and the first one is what the command names:
1. Entries are numbered without a gap and each names the leaf before it.
2. Each leaf is the hash of its entry's exact bytes, and the body is canonical.
3. Between two entries of one boot the wall clock ran with the clock since boot, or a `time.step` entry says otherwise.
4. Each checkpoint's root is the root over the entries it counts, its origin is the case's, and its signature holds by
   the key in force: the first, until a `case.adopt` entry brings in another. A policy's log keys name whom to trust.
5. The newest checkpoint covers every entry.
6. The entries that the case is replayed from are all there are: none is hidden behind the ledger's own index.
7. Every held file is there with its size and SHA-256, but those that were disposed of; no other file lies in the case.
8. Every signature of a person holds, by a key that was enrolled then, and no act lacks one that it owes. That a policy
   does not name the key, or that nobody had one when an act was entered, is remarked.
9. Every anchor is of a head of this ledger, by its root and by what was stamped or cosigned; where the policy knows the
   authority or the witness, its signature holds.
What a closed case does not take is remarked, and no breach.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from chain_of_custody import checkpoint, clock, foreign
from chain_of_custody.anchors import Anchors
from chain_of_custody.artifact import HeldFile
from chain_of_custody.canonical import encode
from chain_of_custody.case import INDEX, LEDGER, Case
from chain_of_custody.errors import IntegrityError
from chain_of_custody.finding import Fact
from chain_of_custody.ledger import NO_LEAF, Entry, Ledger, entry_leaf
from chain_of_custody.messages import Lang, say
from chain_of_custody.parcel import INTAKE, is_parcel
from chain_of_custody.progress import Progress
from chain_of_custody.tree import Frontier
from chain_of_custody.trust import Trust
from chain_of_custody.verify_acts import NO_OPENSSL, UNCONFIRMED, ActCheck
from chain_of_custody.verify_anchors import AnchorCheck
from chain_of_custody.verify_custody import ClosingCheck
from chain_of_custody.volumes import CASE, MARKER, Volume

UNSURE = (UNCONFIRMED, NO_OPENSSL, "verify-adopted-unknown", "verify-no-quorum", "verify-unvouched")
"""Remarks that leave open what was asked."""


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that does not hold. `code` is a message id."""

    code: str
    facts: dict[str, Fact]

    def text(self, lang: Lang = "en") -> str:
        return say(self.code, lang, **foreign.facts(self.facts, lang))


@dataclass(slots=True)
class Verdict:
    """`remarks` are no breaches, but a reader must know them (a volume that is not connected). `outside` is the size of
    the largest head that left the laboratory; `proved` and `refuted` are the entries of anchors that outside keys bear
    out, or not."""

    entries: int = 0
    heads: int = 0
    outside: int = 0
    proved: set[int] = field(default_factory=set)
    refuted: set[int] = field(default_factory=set)
    files: int = 0
    bytes: int = 0
    breaches: list[Breach] = field(default_factory=list)
    remarks: list[Breach] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.breaches

    @property
    def is_unsure(self) -> bool:
        """Whether a key or a signature could not be checked to its end."""
        return any(remark.code in UNSURE for remark in self.remarks)

    def breach(self, code: str, **facts: Fact) -> None:
        self.breaches.append(Breach(code, facts))

    def stopped(self, error: IntegrityError) -> None:
        """Takes in what ended a reading, unless it is known already: each fault is told once."""
        breach = Breach(error.message_id, {name: _plain(fact) for name, fact in error.facts.items()})
        if (breach.code, breach.facts.get("seq")) not in ((one.code, one.facts.get("seq")) for one in self.breaches):
            self.breaches.append(breach)

    def remark(self, code: str, **facts: Fact) -> None:
        self.remarks.append(Breach(code, facts))


def _plain(fact: object) -> Fact:
    return fact if isinstance(fact, int | None) else str(fact)


def verify_ledger(ledger: Ledger, vkey: str, verdict: Verdict, progress: Progress, trust: Trust | None = None) -> None:
    """Rules 1 to 6, 8 and 9. `vkey` is the one key known from outside where no `trust` is given."""
    with ledger.snapshot():
        progress.start("phase-verify-ledger", len(ledger), "entries")
        _Pass(ledger, verdict, trust or Trust((vkey,))).run(progress)


def adopted_keys(ledger: Ledger) -> set[str]:
    """The keys that `case.adopt` entries bring in, as far as such entries can be read."""
    found = set()
    for entry in ledger.entries_without_located():
        if '"kind":"case.adopt"' in entry.text:
            with suppress(ValueError, KeyError, TypeError, RecursionError):
                found.add(str(entry.body["vkey"]))
    return found


class _Pass:
    """One way through a ledger, from its first entry to its last."""

    def __init__(self, ledger: Ledger, verdict: Verdict, trust: Trust) -> None:
        self._ledger, self._verdict, self._trust = ledger, verdict, trust
        self._acts = ActCheck(verdict.breach, verdict.remark, trust)
        self._closing = ClosingCheck(verdict.remark)
        self._anchors, self._roots = Anchors(), dict[int, bytes]()
        self._keys = trust.founders(ledger.verifier_key, adopted_keys(ledger))  # in force here

    def run(self, progress: Progress) -> None:
        verdict, ledger = self._verdict, self._ledger
        self._trusted(self._keys, -1)
        told = ledger.entries_without_located()
        shown, heads = next(told, None), ledger.checkpoints()
        head = next(heads, None)
        frontier, previous, covered = Frontier(), None, 0
        for entry in ledger.entries():
            if _check_entry(entry, frontier.size, previous, verdict):
                self._see(entry)
            if shown and shown.seq == entry.seq:
                shown = next(told, None)
            elif not _is_located(entry):
                verdict.breach("verify-hidden", seq=entry.seq)
            frontier.add(entry_leaf(entry.text, entry.sig))
            while head and head[0] == frontier.size:
                self._check_head(head, frontier.root())
                covered, head = head[0], next(heads, None)
            if head and head[0] < frontier.size:
                verdict.breach("verify-head-out-of-order", size=head[0])
                head = next(heads, None)
            previous = entry
            verdict.entries += 1
            progress.advance(1)
        if shown:
            verdict.breach("verify-hidden", seq=shown.seq)
        self._check_anchors()
        self._acts.finish()
        self._closing.finish()
        if not frontier.size:
            verdict.breach("verify-empty")
        if head:
            verdict.breach("verify-truncated", size=frontier.size, head=head[0])
        elif covered < frontier.size:
            tell = verdict.breach if self._trust.strict else verdict.remark
            tell("verify-unsealed", size=frontier.size, head=covered)

    def _see(self, entry: Entry) -> None:
        """What an entry whose body can be read says of the case's closing, of keys, persons and anchors."""
        self._closing.see(entry)
        if _is_located(entry) and not entry.sig:
            return
        try:
            self._acts.see(entry)
            self._anchors.read(entry)
            if entry.kind == "case.new":
                self._check_founding(entry)
            if entry.kind == "case.adopt":
                self._keys = (str(entry.body["vkey"]),)
                self._trusted(self._keys, entry.seq)
        except (KeyError, TypeError, ValueError, AttributeError):
            self._verdict.breach("verify-body", seq=entry.seq)

    def _check_founding(self, entry: Entry) -> None:
        """The first entry says whose ledger this is; the columns beside the entries must not say another's."""
        own = (self._ledger.origin, self._ledger.verifier_key)
        if (entry.body.get("origin"), entry.body.get("vkey")) != own:
            self._verdict.breach("verify-founding", seq=entry.seq)

    def _trusted(self, vkeys: tuple[str, ...], seq: int) -> None:
        """Tells of keys that nothing from outside vouches for."""
        policy = self._trust.policy
        for vkey in vkeys:
            name = vkey.rpartition("+")[0]
            if policy and vkey not in policy.logs:
                self._verdict.breach("verify-policy-log", key=name)
            elif seq >= 0 and vkey not in self._trust.keys:
                self._verdict.remark("verify-adopted-unknown", seq=seq, key=name)

    def _check_head(self, head: tuple[int, bytes, str], root: bytes) -> None:
        size, stored, note = head
        self._verdict.heads += 1
        self._roots[size] = root
        try:
            parsed, _ = checkpoint.parse(note)
        except ValueError as error:
            self._verdict.breach("verify-head-malformed", size=size, reason=str(error))
            return
        if (parsed.size, parsed.root) != (size, root) or stored != root:
            self._verdict.breach("verify-root", size=size)
        elif parsed.origin != self._ledger.origin:
            self._verdict.breach("verify-origin", size=size, origin=parsed.origin)
        elif not self._is_signed(note):
            self._verdict.breach("verify-signature", size=size)

    def _is_signed(self, note: str) -> bool:
        try:
            return any(checkpoint.is_signed_by(note, *checkpoint.parse_verifier_key(vkey)) for vkey in self._keys)
        except ValueError:
            return False

    def _check_anchors(self) -> None:
        check = AnchorCheck(self._verdict.breach, self._verdict.remark, self._trust)
        for anchor in self._anchors.all:
            check.check(anchor, self._ledger.origin, self._roots)
        check.finish()
        self._verdict.proved |= check.proved
        self._verdict.refuted |= check.refuted


def _check_entry(entry: Entry, expected: int, previous: Entry | None, verdict: Verdict) -> bool:
    """Whether the body can be read."""
    if entry.seq != expected:
        verdict.breach("verify-gap", seq=entry.seq, expected=expected)
    if entry_leaf(entry.text, entry.sig) != entry.leaf:
        verdict.breach("verify-leaf", seq=entry.seq)
    try:
        body = entry.body
        canonical = isinstance(body, dict) and encode(body) == entry.text
    except (ValueError, TypeError, RecursionError):
        canonical = False
    if not canonical:
        verdict.breach("verify-body", seq=entry.seq)
        return False
    if body.get("seq") != entry.seq:
        verdict.breach("verify-number", seq=entry.seq)
    if body.get("prev") != (previous.leaf if previous else NO_LEAF).hex():
        verdict.breach("verify-chain", seq=entry.seq)
    if previous:
        _check_clock(previous, entry, verdict)
    return True


def _is_located(entry: Entry) -> bool:
    try:
        return entry.kind == "artifact.located"
    except (KeyError, ValueError, TypeError, RecursionError):
        return False


def _check_clock(previous: Entry, entry: Entry, verdict: Verdict) -> None:
    """The clock ran on, or the entry is a `time.step` that says by how much it was set."""
    try:
        step = clock.stepped(previous.reading(), entry.reading()) or timedelta(0)
        said = timedelta(microseconds=int(entry.body["microseconds"])) if entry.kind == "time.step" else timedelta(0)
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError):
        verdict.breach("verify-body", seq=entry.seq)
        return
    if abs(step - said) > clock.STEP_ALLOWED:
        verdict.breach("verify-clock", seq=entry.seq, seconds=str((step - said).total_seconds()))


def verify_files(
    case: Case,
    verdict: Verdict,
    *,
    quick: bool,
    progress: Progress,
    only: str | None = None,
    elsewhere: Path | None = None,
) -> None:
    """Rule 7, over every connected volume, or `only` over one. With `elsewhere` the files of the case folder are looked
    for in that folder, which may hold others too."""
    volumes = case.volumes()
    if elsewhere:
        volumes[CASE] = Volume(CASE, elsewhere)
    chosen = [volume for volume in volumes.values() if only in (None, volume.id)]
    connected = {volume.id: volume.path for volume in chosen if volume.is_connected(case.ledger.origin)}
    artifacts = [artifact for artifact in case.register.artifacts.values() if only in (None, artifact.volume)]
    for volume_id in sorted({artifact.volume for artifact in artifacts} & volumes.keys() - connected.keys()):
        path = str(volumes[volume_id].path)
        verdict.remarks.append(Breach("volume-not-connected", {"volume": volume_id, "path": path}))
    progress.start("phase-verify-files", sum(file.size for a in artifacts if a.volume in connected for file in a.files))
    for artifact in artifacts:
        if artifact.volume not in volumes:
            verdict.breach("verify-no-volume", seq=artifact.seq, volume=artifact.volume)
        elif artifact.volume in connected:
            disposed = case.register.disposed.get(artifact.seq)
            if disposed:
                persons, reason = ", ".join(disposed.persons), disposed.reason
                verdict.remark("verify-disposed", seq=artifact.seq, by=disposed.seq, persons=persons, reason=reason)
            for file in artifact.files:
                if disposed and not os.path.lexists(connected[artifact.volume] / file.path):
                    continue
                if disposed:
                    verdict.remark("verify-disposed-present", seq=artifact.seq, path=file.path)
                _check_file(connected[artifact.volume], file, artifact.seq, verdict, quick=quick, progress=progress)
    if elsewhere:
        connected.pop(CASE, None)
    found = {volume: list(strangers(root, _expected(case))) for volume, root in connected.items()}
    case.register.update(case.ledger)  # what another command entered meanwhile is no stranger
    expected = _expected(case)
    for volume, paths in found.items():
        for stranger in paths:
            if stranger not in expected:
                verdict.breach("verify-stranger", path=str(stranger.relative_to(connected[volume])))


def _expected(case: Case) -> set[Path]:
    volumes = case.volumes()
    held = [artifact for artifact in case.register.artifacts.values() if artifact.volume in volumes]
    return {volumes[artifact.volume].path / file.path for artifact in held for file in artifact.files}


def _check_file(root: Path, file: HeldFile, seq: int, verdict: Verdict, *, quick: bool, progress: Progress) -> None:
    """A file still in the intake counts: the next writing command puts it in its place, or a living one does now."""
    verdict.files += 1
    final, parcelled = root / file.path, root / INTAKE / file.parcelled
    for path in (final, parcelled, final) if file.parcelled else (final,):
        try:
            _check_bytes(path, file, seq, verdict, quick=quick, progress=progress)
        except FileNotFoundError:
            continue
        except OSError as error:
            verdict.breach("verify-unreadable", seq=seq, path=str(path), reason=error.strerror or str(error))
        if path == parcelled:
            verdict.remarks.append(Breach("verify-waiting", {"seq": seq, "path": file.path}))
        return
    verdict.breach("verify-missing", seq=seq, path=str(final))


def _check_bytes(path: Path, file: HeldFile, seq: int, verdict: Verdict, *, quick: bool, progress: Progress) -> None:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        verdict.breach("verify-not-a-file", seq=seq, path=str(path))
    elif found.st_size != file.size:
        verdict.breach("verify-size", seq=seq, path=str(path), size=found.st_size, entered=file.size)
    elif not quick and _sha256(path, progress) != file.sha256:
        verdict.breach("verify-hash", seq=seq, path=str(path))
    verdict.bytes += file.size


def _sha256(path: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            progress.advance(len(block))
    return digest.hexdigest()


def strangers(root: Path, expected: set[Path]) -> Iterator[Path]:
    """Files of a volume that no entry names, and whatever lies in the intake and is no parcel. The ledger and the index
    are none."""
    ours = {MARKER, *(name + end for name in (LEDGER, INDEX) for end in ("", "-wal", "-shm", "-journal"))}
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        if here == root:
            folders[:] = [name for name in folders if name != INTAKE]
            files = [name for name in files if name not in ours]
            waiting = here / INTAKE
            if waiting.is_symlink():
                yield waiting
            elif waiting.is_dir():
                yield from (path for path in sorted(waiting.iterdir()) if not is_parcel(path))
        files += [name for name in folders if (here / name).is_symlink()]
        for name in sorted(files):
            if here / name not in expected:
                yield here / name
