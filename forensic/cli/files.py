"""`forensic files`, `recover`, `carve`, `export` and `open`."""

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from chain_of_custody.finding import Finding
from forensic.carve import enrolled
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, ExhibitId, JsonLines, With, finish, order, shared
from forensic.workflows import carving, exporting, listing, recovering
from forensic.workflows.work import Outcome, reading, writing

export = typer.Typer(help=words("help-export-group"), no_args_is_help=True, rich_markup_mode=None)
Hold = Annotated[bool, typer.Option("--hold", help=words("help-hold"))]


def enrol(app: typer.Typer) -> None:
    app.command("files", help=words("help-files"))(files)
    app.command("recover", help=words("help-recover"))(recover)
    app.command("carve", help=words("help-carve"))(carve)
    app.command("open", help=words("help-open"))(open_)
    app.add_typer(export, name="export")


def files(
    exhibit: ExhibitId,
    deleted: Annotated[bool, typer.Option("--deleted", help=words("help-files-deleted"))] = False,
    bodyfile: Annotated[bool, typer.Option("--bodyfile", help=words("help-files-bodyfile"))] = False,
    hashed: Annotated[bool | None, typer.Option("--hash/--no-hash", help=words("help-files-hash"))] = None,
    jsonl: JsonLines = False,
) -> None:
    findings: list[Finding] = []
    rows = []
    with reading(order()) as case:
        every = listing.listed(case, exhibit, findings, shared.screen)
        wanted = (item for item in every if not (deleted and item.entry.allocated))
        with_hash = shared.json if hashed is None else hashed
        for item in wanted:
            if shared.json or jsonl:
                row = listing.as_json(item, hashed=with_hash)
                if with_hash and row["kind"] == "file" and row["status"] == listing.LIVE and row["sha256"] is None:
                    findings.append(listing.unreadable(item))
                if jsonl:
                    console.result_lines([row])
                else:
                    rows.append(row)
            elif bodyfile:
                console.result(listing.bodyfile(item, case.zone))
            else:
                entry = item.entry
                mark = " " if entry.allocated else "*"
                digest = f"  {listing.sha256(item) or '-'}" if with_hash and entry.kind == "file" else ""
                console.result(f"{mark} {entry.kind:<5} {entry.inode:>10} {entry.size:>14}  {entry.path}{digest}")
        outcome = Outcome({"files": rows} if not jsonl else {}, findings, head=case.head())
    finish(outcome, lines=jsonl)


def recover(exhibit: ExhibitId, hold: Hold = False, jsonl: JsonLines = False, by: By = "", with_: With = None) -> None:
    with writing(order(by, with_), console.announce) as session:
        outcome = recovering.run(session, exhibit, recovering.Options(hold), shared.screen)
    shared.screen.finish()
    if not (shared.json or jsonl) and outcome.files:
        for file in outcome.files():
            seq = "" if file["seq"] is None else file["seq"]
            console.result(f"{seq:>8}  {words('status-' + file['status']):<12} {file['size']:>12}  {file['path']}")
            console.result(f"{'':>10}{'; '.join(words('recover-why-' + word) for word in file['evidence'])}")
        _counted(outcome)
    finish(outcome, lines=jsonl)


def carve(
    exhibit: Annotated[str, typer.Argument(metavar="[EX-001]", help=words("help-exhibit"))] = "",
    formats: Annotated[list[str] | None, typer.Option("--format", help=words("help-carve-format"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=words("help-carve-all"))] = False,
    list_: Annotated[bool, typer.Option("--list", help=words("help-carve-list"))] = False,
    hold: Hold = False,
    jsonl: JsonLines = False,
    by: By = "",
    with_: With = None,
) -> None:
    if list_:
        known = [{"name": f.name, "signatures": len(f.signatures)} for f in enrolled.formats()]
        if not shared.json:
            console.table(("head-format",), [(f["name"],) for f in known])
        finish(Outcome({"formats": known}))
        return
    if not exhibit:
        raise typer.BadParameter(words("cli-exhibit-missing"))
    names = tuple(name for given in formats or () for name in given.split(",") if name)
    options = carving.Options(names, everything, hold)
    options.chosen()
    with writing(order(by, with_), console.announce) as session:
        outcome = carving.run(session, exhibit, options, shared.screen)
    shared.screen.finish()
    if not (shared.json or jsonl) and outcome.files:
        for file in outcome.files():
            status = words("status-" + file["status"])
            console.result(
                f"{file['seq']:>8}  {file['offset']:>14}  {file['length']:>12}  {file['suffix']:<6} {status}"
            )
        _counted(outcome)
    finish(outcome, lines=jsonl)


def _counted(outcome: Outcome) -> None:
    if outcome.files:
        counts = Counter(str(file["status"]) for file in outcome.files())
        told = ", ".join(f"{words('status-' + status)} {number}" for status, number in sorted(counts.items()))
        console.tell("cli-found", counts=told or "0")


@export.command("files", help=words("help-export-files"))
def export_files(
    exhibit: ExhibitId,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help=words("help-export-to"))],
) -> None:
    with reading(order()) as case:
        outcome = exporting.export(case, exhibit, to, shared.screen)
    shared.screen.finish()
    console.tell("cli-exported", number=len(outcome.data["files"]), path=to)
    finish(outcome)


def open_(
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=0, help=words("help-seq"))],
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help=words("help-open-to"))] = None,
) -> None:
    with reading(order()) as case:
        if to is None and not sys.stdout.isatty() and not shared.json:
            for block in exporting.content(case, seq):
                sys.stdout.buffer.write(block)
            return
        path = to or Path(tempfile.mkdtemp(prefix="forensic-open-")) / f"{seq:08d}.{exporting.suffix(case, seq)}"
        exporting.save(case, seq, path)
    if not shared.json:
        console.result(str(path))
    finish(Outcome({"seq": seq, "file": str(path)}))
