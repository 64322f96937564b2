"""The laboratory's own ledger: the head of every case at the end of each session, case beside case.

It lies in the workstation's home. Whoever rewrites one case after the fact must rewrite this ledger too, and with it
what every other case's session left here since. It names cases by their origin, which is random, and by nothing else.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from chain_of_custody import keys
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.errors import CannotWrite
from chain_of_custody.keys import LedgerKey
from chain_of_custody.ledger import Ledger

FILE = "laboratory.sqlite"
KIND = "case.head"
PATIENCE = 2.0  # seconds for another session that ends at the same moment


def path() -> Path:
    return keys.home() / FILE


def record(laboratory: str, head: Checkpoint, key: LedgerKey) -> None:
    """Enters the head of a case. Raises `ForensicError` where the ledger is held, damaged, or another key's."""
    if not path().exists():
        _create(laboratory, key)
    with suppress(OSError):  # SQLite gives the files beside it the mode that it has
        keys.tighten()
    with Ledger.open(path(), key, patience=PATIENCE) as ledger, ledger.transaction() as transaction:
        transaction.add(KIND, origin=head.origin, size=head.size, root=head.root.hex())


def last_of(origin: str) -> tuple[int, bytes, str] | None:
    """(size, root, UTC) of the last head recorded of a case; None where none was."""
    if not path().exists():
        return None
    with Ledger.open(path()) as ledger:
        for seq in range(len(ledger) - 1, -1, -1):
            entry = ledger.entry(seq)
            if entry.kind == KIND and entry.body["origin"] == origin:
                return int(entry.body["size"]), bytes.fromhex(entry.body["root"]), entry.time
    return None


def _create(laboratory: str, key: LedgerKey) -> None:
    """Made whole beside its place and linked there: of two first sessions that end at once, one makes it."""
    origin = f"forensic/{laboratory}/laboratory-{secrets.token_hex(6)}"
    draft = path().with_name(f"{FILE}.{secrets.token_hex(4)}")
    try:
        try:
            Ledger.create(draft, origin, key).close()
            draft.chmod(0o600)
            os.link(draft, path())
        except FileExistsError:
            return
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise CannotWrite("no-space", path=str(path()), reason=error.strerror or str(error)) from error
