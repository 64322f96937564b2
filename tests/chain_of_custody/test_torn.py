"""Power cuts: the ledger file and a write-ahead log of which the end never reached the medium."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody import keys
from chain_of_custody.case import LEDGER
from chain_of_custody.ledger import Ledger
from chain_of_custody.progress import silent
from chain_of_custody.verify import Verdict, verify_ledger

WAL = LEDGER + "-wal"


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A ledger and its log as they lie on the medium while a writer lives, and the sizes of its heads."""
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
        shutil.copyfile(folder / "live.sqlite-wal", folder / WAL)
        sizes = [0, *(size for size, _, _ in ledger.checkpoints())]
    return folder, sizes


def size_after(folder: Path, log: bytes, at: Path) -> int:
    """How many entries stand after a power cut left `log`; they hold, or the test fails."""
    shutil.copyfile(folder / LEDGER, at / LEDGER)
    (at / WAL).write_bytes(log)
    with Ledger.open(at / LEDGER) as ledger:
        verdict = Verdict()
        verify_ledger(ledger, ledger.verifier_key, verdict, silent)
        codes = [breach.code for breach in verdict.breaches]
        assert codes == (["verify-empty"] if not len(ledger) else [])
        assert verdict.entries == len(ledger)
        return len(ledger)


@pytest.fixture
def after(crashed: tuple[Path, list[int]], tmp_path: Path) -> Callable[[bytes], int]:
    return lambda log: size_after(crashed[0], log, tmp_path)


def test_the_whole_log(crashed: tuple[Path, list[int]], after: Callable[[bytes], int]) -> None:
    folder, sizes = crashed
    assert after((folder / WAL).read_bytes()) == sizes[-1] > 90


def test_cut(crashed: tuple[Path, list[int]], after: Callable[[bytes], int]) -> None:
    """Wherever the log ends, the ledger ends at a signed head, and a longer log never has fewer entries."""
    folder, sizes = crashed
    log = (folder / WAL).read_bytes()
    schema = 60_000  # below it the schema itself is cut off, and there is no ledger yet
    offsets = sorted(random.Random(40).sample(range(schema, len(log)), 40))
    found = [after(log[:offset]) for offset in offsets]
    assert found == sorted(found)
    assert set(found) <= set(sizes)
    assert len(set(found)) > 10


def test_garbage(crashed: tuple[Path, list[int]], after: Callable[[bytes], int]) -> None:
    """A sector of the log that holds something else ends the log there."""
    folder, sizes = crashed
    log = (folder / WAL).read_bytes()
    chance = random.Random(41)
    for _ in range(25):
        start = chance.randrange(60_000, len(log), 512) // 512 * 512
        found = after(log[:start] + chance.randbytes(512) + log[start + 512 :])
        assert found in sizes
        assert found < sizes[-1]
