"""`forensic artifact`."""

from typing import Annotated

import typer

from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, With, finish, order
from forensic.workflows import changes
from forensic.workflows.work import Outcome, writing

artifact = typer.Typer(help=words("help-artifact-group"), no_args_is_help=True, rich_markup_mode=None)

Seq = Annotated[int, typer.Argument(metavar="SEQ", min=0, help=words("help-seq"))]
NeededReason = Annotated[str, typer.Option("--reason", help=words("help-reason"))]


def enrol(app: typer.Typer) -> None:
    app.add_typer(artifact, name="artifact")


@artifact.command("reassign", help=words("help-artifact-reassign"))
def reassign(
    seq: Seq,
    to: Annotated[str, typer.Option("--to", metavar="EX-002", help=words("help-artifact-to"))],
    reason: NeededReason,
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_), console.announce, signed=True) as session:
        number = changes.reassign(session, seq, to, reason)
        outcome = Outcome({"seq": number, "target": seq, "exhibit": to})
    console.tell("cli-entered", seq=number)
    finish(outcome, session.head)


@artifact.command("exclude", help=words("help-artifact-exclude"))
def exclude(seq: Seq, reason: NeededReason, by: By = "", with_: With = None) -> None:
    with writing(order(by, with_), console.announce, signed=True) as session:
        number = changes.exclude(session, seq, reason)
        outcome = Outcome({"seq": number, "target": seq})
    console.tell("cli-entered", seq=number)
    finish(outcome, session.head)
