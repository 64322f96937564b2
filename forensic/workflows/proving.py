"""What the ledger hands out for others to check: proofs of entries and of earlier heads, and all of it as a bundle."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chain_of_custody import bundle, proof
from chain_of_custody.case import Case
from chain_of_custody.errors import CannotWrite, UsageError
from chain_of_custody.ledger import Ledger
from chain_of_custody.session import Session
from chain_of_custody.verify import Verdict
from forensic.workflows import new_file, withholding
from forensic.workflows.work import Outcome


def entry_proof(case: Case, seq: int) -> proof.Inclusion:
    with case.ledger.snapshot():
        return proof.prove(case.ledger, seq)


def consistency_proof(case: Case, old: int, new: int | None) -> proof.Consistency:
    with case.ledger.snapshot():
        return proof.prove_consistency(case.ledger, old, new)


def save(case: Case, text: str, path: Path) -> None:
    """Writes a proof to a new file outside the case."""
    new_file.refuse(case, path)
    with new_file.created(path) as file:
        file.write(text.encode())


def export(session: Session, folder: Path, withhold: str, reason: str) -> Outcome:
    """The ledger up to and with the entry of this export, as a bundle in a new or empty folder outside the case."""
    case = session.case
    _refuse_inside(case, folder)
    _refuse_occupied(folder)
    if withhold and not reason.strip():
        raise UsageError("bundle-withhold-reason")
    if reason and not withhold:
        raise UsageError("bundle-reason-alone")
    withheld = bundle.selected(case.ledger, withhold) if withhold else []
    facts: dict[str, Any] = {"withheld": bundle.ranges(withheld), "reason": reason} if withheld else {}
    seq = session.enter("export", what="ledger", **facts)
    size = seq + 1
    try:
        files = _write(bundle.files(case.ledger, size, withheld, reason), folder)
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error
    head = case.ledger.head(size)
    counted = {"size": size, "root": head.root.hex(), "withheld": len(withheld), "files": files}
    told = {"seq": seq, "folder": str(folder), **counted}
    return Outcome(told, [*withholding.remarks(case, withheld)], head=case.head())


def _write(files: bundle.Files, folder: Path) -> int:
    sums = []
    for name, blocks in files:
        path, digest = folder / name, hashlib.sha256()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for block in blocks:
                digest.update(block)
                file.write(block)
        sums.append(f"{digest.hexdigest()}  {name}\n")
    with (folder / bundle.SUMS).open("x", encoding="ascii", newline="\n") as file:
        file.write("".join(sums))
    return len(sums) + 1


def _refuse_inside(case: Case, path: Path) -> None:
    if path.resolve().is_relative_to(case.folder.resolve()):
        raise UsageError("export-inside-case", path=str(path))


def _refuse_occupied(folder: Path) -> None:
    try:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError("export-not-empty", path=str(folder))
    except OSError as error:
        raise CannotWrite("no-space", path=str(folder), reason=error.strerror or str(error)) from error


def check_expected(ledger: Ledger, expected: Sequence[tuple[int, bytes]], verdict: Verdict) -> None:
    """Whether the ledger still begins with the entries that each head from outside, size and root, was made over."""
    with ledger.snapshot():
        for size, root in expected:
            if size > len(ledger):
                verdict.breach("verify-expected-more", head=size, size=len(ledger))
            elif proof.root_at(ledger, size) != root:
                verdict.breach("verify-expected", size=size)
