"""`export check`: a medium read again after burning, against its own list and against what the ledger says of it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from chain_of_custody import bundle, check_disc
from chain_of_custody.case import Case
from chain_of_custody.errors import CaseError, EvidenceError, UsageError
from chain_of_custody.progress import Progress
from chain_of_custody.session import Session
from chain_of_custody.verify import Breach
from forensic.workflows import disc_book
from forensic.workflows.disc_book import Export
from forensic.workflows.work import Outcome

WORDS = {
    "missing": "disc-check-missing",
    "hash": "disc-check-hash",
    "extra": "disc-check-extra",
    "kind": "disc-check-kind",
    "unreadable": "disc-check-unreadable",
    "list": "disc-check-list",
    "entry": "disc-check-entry",
    "block": "disc-check-block",
    "rebuilt": "disc-check-rebuilt",
}


@dataclass(slots=True)
class Checked:
    """What was found of a medium. `sums` is the hash of its SHA256SUMS, "" where there is none; `disc` its number among
    those of the export, 0 where that cannot be told."""

    sums: str = ""
    disc: int = 0
    files: int = 0
    bytes: int = 0
    breaches: list[Breach] = field(default_factory=list)

    def breach(self, code: str, **facts: str | int) -> None:
        self.breaches.append(Breach(code, dict(facts)))


def check(session: Session, medium: Path, number: str, progress: Progress) -> Outcome:
    """Reads every file of the medium and enters what came of it. `number` says which disc it should be; it must be told
    where the medium does not tell."""
    if not medium.is_dir():
        raise UsageError("disc-no-medium", path=str(medium))
    checked = Checked()
    export = _identified(session.case, medium, number, checked)
    _compare(session.case, medium, export, checked, progress)
    told = {"files": checked.files, "bytes": checked.bytes, "sums": checked.sums or None}
    codes = sorted({breach.code for breach in checked.breaches})
    seq = session.enter(
        "export.check",
        target=export.seq,
        disc=checked.disc,
        holds=not checked.breaches,
        medium=str(medium),
        breaches=codes,
        **told,
    )
    data = {"seq": seq, "number": export.number, "target": export.seq, "disc": checked.disc, **told}
    breaches = [{"code": breach.code, "facts": breach.facts} for breach in checked.breaches]
    return Outcome({**data, "medium": str(medium), "holds": not checked.breaches, "breaches": breaches})


def _identified(case: Case, medium: Path, number: str, checked: Checked) -> Export:
    """The export that the medium is of: by the hash of its SHA256SUMS, else by the number typed, else by its label."""
    exports = disc_book.exports(case)
    try:
        checked.sums = check_disc.sha256_of(medium / check_disc.SUMS)
    except OSError:
        checked.breach("disc-check-no-sums")
    found = next((each for each in exports if checked.sums in each.sums), None)
    if found:
        checked.disc = found.sums[checked.sums]
        if number and number != found.number:
            checked.breach("disc-check-other", number=found.number, typed=number)
        return found
    label = _label(medium)
    named = disc_book.numbered(exports, number or str(label.get("number", "")))
    if named is None and number:
        raise CaseError("disc-none", number=number)
    if named is None:
        raise EvidenceError("disc-unknown", hint="disc-unknown-hint", path=str(medium))
    if named.made is None:
        checked.breach("disc-check-unfinished", number=named.number)
    elif checked.sums:
        checked.breach("disc-check-sums", number=named.number, sums=checked.sums)
    disc = label.get("disc")
    checked.disc = disc if isinstance(disc, int) and 0 < disc <= int(named.body["discs"]) else 0
    return named


def _label(medium: Path) -> dict[str, Any]:
    try:
        label = json.loads(check_disc.plain(medium / check_disc.LABEL).read_bytes())
    except check_disc.MALFORMED:
        return {}
    return label if isinstance(label, dict) else {}


def _compare(case: Case, medium: Path, export: Export, checked: Checked, progress: Progress) -> None:
    """Files against the list; where the list is the one that was entered, also the list of contents, the blocks and the
    files that lie in them; and the ledger on the medium, if its files are as listed."""
    try:
        sums = check_disc.sums_of(medium) if checked.sums else {}
    except (OSError, ValueError):
        checked.breach("disc-check-no-sums")
        return
    sizes = {name: _size(medium / name) for name in sums}
    checked.files, checked.bytes = len(sums), sum(sizes.values())
    progress.start("phase-verify-files", checked.bytes)
    for word, name in check_disc.differences(medium, sums, progress.advance):
        checked.breach(WORDS[word], file=name)
    if checked.sums in export.sums:
        for word, name in _inside(medium, export, checked.disc):
            checked.breach(WORDS[word], file=name)
    if sums and not any(str(breach.facts.get("file", "")).startswith("ledger/") for breach in checked.breaches):
        _check_ledger(case, medium, export, checked)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _inside(medium: Path, export: Export, disc: int) -> Iterator[tuple[str, str]]:
    try:
        if check_disc.sha256_of(medium / check_disc.CONTENTS) != export.body["contents"]:
            yield "list", check_disc.CONTENTS
        for word, name in check_disc.check_blocks(medium, {"disc": disc}):
            if word in WORDS:
                yield word, name
    except check_disc.MALFORMED:
        yield "entry", check_disc.CONTENTS


def _check_ledger(case: Case, medium: Path, export: Export, checked: Checked) -> None:
    """By the stand-alone verifier as we have it, not by the one on the medium, with key and head from the case."""
    head = case.ledger.head(export.seq + 1)
    expect = f"{head.size}:{head.root.hex()}"
    with resources.as_file(resources.files("chain_of_custody").joinpath(bundle.VERIFIER)) as program:
        line = [sys.executable, "-I", str(program), str(medium / "ledger"), "--key", case.ledger.verifier_key]
        done = subprocess.run([*line, "--expect", expect], capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").partition("\n")[0]
        checked.breach("disc-check-ledger", said=said)
