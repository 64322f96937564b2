"""`make bench-ledger [ENTRIES=1280000]`: appending, verifying and proving a ledger, beside plain hashlib.

Entries are those of located artifacts, a thousand a transaction. Verification is that of the stand-alone verifier with
two processes, its time held against one thread of `hashlib.sha256` over the same leaf bytes in memory; memory is the
peak resident set of one of its processes. Times are wall clock, but where processor time is named; the load of the
machine is printed with them.
"""

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chain_of_custody import keys, proof, verify_ledger
from chain_of_custody.case import LEDGER
from chain_of_custody.ledger import Ledger

GROUP = 1000
PROOFS = 200


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def timed(seconds: list[float]) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - begun)


def fill(ledger: Ledger, entries: int) -> None:
    digest = hashlib.sha256(b"").hexdigest()
    for start in range(0, entries, GROUP):
        with ledger.transaction() as transaction:
            for number in range(start, min(start + GROUP, entries)):
                transaction.add(
                    "artifact.located",
                    sess=1,
                    item="EX-001",
                    image=4,
                    run=9,
                    what="carved",
                    suffix="jpg",
                    runs=[[number * 4096, 4096]],
                    size=4096,
                    sha256=digest,
                    status="valid",
                )


def hashed(ledger: Ledger) -> tuple[float, int]:
    """Seconds of plain hashing over all leaf bytes, and how many those are; the bytes are in memory beforehand."""
    taken, size = 0.0, 0
    for start in range(0, len(ledger), 1 << 16):
        lines = [b"\0" + f"{entry.text}\t{entry.sig}".encode() for entry in ledger.entries(start, start + (1 << 16))]
        begun = time.perf_counter()
        for line in lines:
            hashlib.sha256(line).digest()
        taken += time.perf_counter() - begun
        size += sum(map(len, lines))
    return taken, size


def verified(path: Path, head: str, vkey: str) -> tuple[float, float, float]:
    """Seconds, seconds of processor time, and MiB at the peak of its largest process."""
    line = [sys.executable, "-I", str(verify_ledger.__file__), str(path), "--key", vkey, "--expect", head, "--strict"]
    line += ["--processes", "2"]
    begun = time.perf_counter()
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main(entries: int) -> None:
    with tempfile.TemporaryDirectory(prefix="forensic-ledger-") as folder:
        os.environ["FORENSIC_HOME"] = str(Path(folder) / "workstation")
        path = Path(folder) / LEDGER
        tell(f"{entries} entries, {GROUP} a transaction, load {os.getloadavg()[0]:.1f}")
        appending: list[float] = []
        with Ledger.create(path, "forensic/4501/0123456789ab", keys.load_or_create()) as ledger, timed(appending):
            fill(ledger, entries)
        tell(f"  append       {entries / appending[0]:10.0f} entries/s   {path.stat().st_size >> 20} MiB on disk")
        with Ledger.open(path) as ledger:
            plain, size = hashed(ledger)
            head, vkey = ledger.head(), ledger.verifier_key
        taken, processor, memory = verified(path, f"{head.size}:{head.root.hex()}", vkey)
        tell(f"  hashlib      {plain:10.2f} s           {size >> 20} MiB of leaf bytes, one thread")
        tell(f"  verify       {taken:10.2f} s           {taken / plain:.1f} times hashlib, {memory:.0f} MiB a process")
        tell(f"               {processor:10.2f} s           of processor time, {processor / plain:.1f} times hashlib")
        with Ledger.open(path) as ledger:
            prove(ledger, entries)
        tell(f"  load at the end {os.getloadavg()[0]:.1f}")


def prove(ledger: Ledger, entries: int) -> None:
    making: list[float] = []
    checking: list[float] = []
    longest = 0
    for seq in range(0, entries, max(1, entries // PROOFS)):
        entry = ledger.entry(seq)
        line = f"{entry.text}\t{entry.sig}".encode()
        with timed(making):
            made = proof.prove(ledger, seq)
        with timed(checking):
            proof.check(made, line, ledger.verifier_key)
        longest = max(longest, len(made.path))
    middle = len(making) // 2
    made_in, checked_in = sorted(making)[middle] * 1000, sorted(checking)[middle] * 1000
    tell(f"  a proof      {made_in:10.2f} ms to make, {checked_in:.2f} ms to check, at most {longest} hashes")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_280_000)
