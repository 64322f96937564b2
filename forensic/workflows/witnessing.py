"""The witness's side, on a machine or stick that has no case: its key made, and heads cosigned."""

import time
from collections.abc import Callable
from pathlib import Path

from chain_of_custody import checkpoint, plain_file, witness
from chain_of_custody.errors import UsageError
from forensic.workflows.new_file import created
from forensic.workflows.work import Outcome

LARGEST = 1 << 16  # bytes of a request; the longest proof has 64 lines


def init(folder: Path, name: str, passphrase: str | None) -> Outcome:
    """A witness in a new folder, its key encrypted where there is a passphrase."""
    made = witness.create(folder, name, passphrase.encode() if passphrase else None)
    return Outcome({"folder": str(folder), "name": made.name, "vkey": made.vkey, "encrypted": bool(passphrase)})


def cosign(folder: Path, request: Path, log: str, output: Path | None, ask: Callable[[], str]) -> Outcome:
    """The head of a request, cosigned. `ask` gives the passphrase, where the key needs one."""
    asked = _read(request)
    passphrase = ask().encode() if witness.is_encrypted(folder) else None
    note = witness.load(folder, passphrase).cosign(asked, int(time.time()), log)
    if output:
        with created(output) as file:
            file.write(note.encode())
    head, _ = checkpoint.parse(note)
    facts = {"origin": head.origin, "size": head.size, "root": head.root.hex()}
    return Outcome({"note": note, "file": str(output) if output else None, **facts})


def _read(path: Path) -> str:
    try:
        data = plain_file.start(path, LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError(f"> {LARGEST}")
        return data.decode()
    except OSError as error:
        raise UsageError("anchor-unreadable", path=str(path), reason=error.strerror or str(error)) from error
    except ValueError as error:
        raise UsageError("witness-not-a-request", reason=str(error)) from error
