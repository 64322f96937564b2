"""`forensic export` and `forensic open`."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import ExhibitId, finish, order, shared
from forensic.workflows import exporting
from forensic.workflows.work import Outcome, reading

export = typer.Typer(help=words("help-export-group"), no_args_is_help=True, rich_markup_mode=None)


def enrol(app: typer.Typer) -> None:
    app.command("open", help=words("help-open"))(open_)
    app.add_typer(export, name="export")


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
