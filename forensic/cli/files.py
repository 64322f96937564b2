"""`forensic files`."""

from typing import Annotated

import typer

from chain_of_custody.finding import Finding
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import ExhibitId, JsonLines, finish, order, shared
from forensic.workflows import listing
from forensic.workflows.work import Outcome, reading


def enrol(app: typer.Typer) -> None:
    app.command("files", help=words("help-files"))(files)


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
