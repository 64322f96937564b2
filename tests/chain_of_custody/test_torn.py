"""Power cuts: the ledger file and a write-ahead log of which the end never reached the medium.

What must stand afterwards is told by the log itself: a transaction counts when the frame that commits it, and every
frame before it, is whole (sqlite.org/fileformat2.html, section 4.3).
"""

import random
import shutil
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from chain_of_custody import keys
from chain_of_custody.case import LEDGER
from chain_of_custody.errors import CaseError
from chain_of_custody.keys import LedgerKey
from chain_of_custody.ledger import Ledger
from chain_of_custody.progress import silent
from chain_of_custody.verify import Verdict, verify_ledger

WAL = LEDGER + "-wal"
HEADER, FRAME = 32, 24  # bytes before the frames, and before the page in each of them
CUTS = 500


@dataclass(frozen=True)
class Crashed:
    """A ledger as it lies on the medium while a writer lives: its log, and the number of entries at each head."""

    folder: Path
    key: LedgerKey
    log: bytes
    sizes: list[int]

    @property
    def frame(self) -> int:
        """Bytes of one frame: its header and a page, whose size the log's header names."""
        return FRAME + int(struct.unpack_from(">I", self.log, 8)[0])

    @property
    def boundaries(self) -> range:
        return range(HEADER, len(self.log) + 1, self.frame)

    def committed(self, whole: int) -> int | None:
        """How many entries the first `whole` bytes hold; None before the schema, the first transaction, is in."""
        commits = [at + self.frame for at in self.boundaries[:-1] if struct.unpack_from(">I", self.log, at + 4)[0]]
        count = bisect_right(commits, whole)
        return self.sizes[count - 1] if count else None


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Crashed:
    folder = tmp_path_factory.mktemp("crashed")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FORENSIC_HOME", str(folder / "home"))
        key = keys.load_or_create()
    with Ledger.create(folder / "live.sqlite", "forensic/4501/0123456789ab", key) as ledger:
        for count in range(1, 40):
            with ledger.transaction() as transaction:
                for number in range(count % 4 + 1):
                    transaction.add("note.add", text=f"note {number}" * (count % 7))
        shutil.copyfile(folder / "live.sqlite", folder / LEDGER)
        log = (folder / "live.sqlite-wal").read_bytes()
        sizes = [0, *(size for size, _, _ in ledger.checkpoints())]
    made = Crashed(folder, key, log, sizes)
    assert (len(log) - HEADER) % made.frame == 0
    assert made.committed(len(log)) == sizes[-1] > 90
    return made


def size_after(crashed: Crashed, log: bytes, at: Path) -> int | None:
    """How many entries stand after a power cut left `log`, None where no ledger is; they hold, or the test fails."""
    shutil.copyfile(crashed.folder / LEDGER, at / LEDGER)
    (at / WAL).write_bytes(log)
    try:
        ledger = Ledger.open(at / LEDGER)
    except CaseError as error:
        if error.message_id != "case-none":
            raise
        return None
    with ledger:
        verdict = Verdict()
        verify_ledger(ledger, ledger.verifier_key, verdict, silent)
        codes = [breach.code for breach in verdict.breaches]
        assert codes == (["verify-empty"] if not len(ledger) else [])
        assert verdict.entries == len(ledger)
        return len(ledger)


@pytest.fixture
def after(crashed: Crashed, tmp_path: Path) -> Callable[[bytes], int | None]:
    return lambda log: size_after(crashed, log, tmp_path)


def test_cut_at_every_frame_boundary(crashed: Crashed, after: Callable[[bytes], int | None]) -> None:
    found = [after(crashed.log[:offset]) for offset in crashed.boundaries]
    assert found == [crashed.committed(offset) for offset in crashed.boundaries]
    assert {size for size in found if size is not None} == set(crashed.sizes)


def test_cut_at_any_byte(crashed: Crashed, after: Callable[[bytes], int | None]) -> None:
    offsets = random.Random(40).sample(range(len(crashed.log)), CUTS)
    assert [after(crashed.log[:offset]) for offset in offsets] == [crashed.committed(offset) for offset in offsets]


def torn(log: bytes, chance: random.Random) -> Iterator[bytes]:
    """Logs with something else in them: in one sector, from some byte to the end, in a single bit."""
    for _ in range(40):
        sector = chance.randrange(0, len(log) - 512, 512)
        yield log[:sector] + chance.randbytes(512) + log[sector + 512 :]
        start = chance.randrange(len(log))
        yield log[:start] + chance.randbytes(len(log) - start)
        yield log[:start] + bytes(len(log) - start)
        yield log[:start] + bytes([log[start] ^ 1 << chance.randrange(8)]) + log[start + 1 :]


def test_garbage(crashed: Crashed, after: Callable[[bytes], int | None]) -> None:
    """With the first frame that is not as it was, the log ends."""
    steps = list(pairwise((0, *crashed.boundaries)))
    for log in torn(crashed.log, random.Random(41)):
        wrong = next((start for start, end in steps if log[start:end] != crashed.log[start:end]), len(log))
        assert after(log) == crashed.committed(wrong), wrong


def test_writing_goes_on(crashed: Crashed, tmp_path: Path) -> None:
    """After a cut the next entry follows the last one that stood."""
    for offset in random.Random(42).sample(crashed.boundaries[20:], 12):
        stood = size_after(crashed, crashed.log[:offset], tmp_path)
        with Ledger.open(tmp_path / LEDGER, crashed.key) as ledger, ledger.transaction() as transaction:
            assert transaction.next_seq == stood
            transaction.add("note.add", text="the power is back")
        verdict = Verdict()
        with Ledger.open(tmp_path / LEDGER) as ledger:
            verify_ledger(ledger, ledger.verifier_key, verdict, silent)
        assert verdict.holds
