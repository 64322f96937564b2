"""`forensic dispose`."""

from functools import partial
from typing import Annotated

import typer

from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, With, finish, order
from forensic.workflows import disposal
from forensic.workflows.work import writing


def enrol(app: typer.Typer) -> None:
    app.command("dispose", help=words("help-dispose"))(dispose)


def dispose(
    seqs: Annotated[list[int], typer.Argument(metavar="SEQ...", min=0, help=words("help-dispose-seqs"))],
    approved_by: Annotated[list[str], typer.Option("--approved-by", help=words("help-approved-by"))],
    reason: Annotated[str, typer.Option("--reason", help=words("help-reason"))],
    yes: Annotated[bool, typer.Option("--yes", help=words("help-dispose-yes"))] = False,
    by: By = "",
    with_: With = None,
) -> None:
    job = disposal.Job(tuple(seqs), tuple(approved_by), reason, yes)
    check = partial(disposal.check, job=job)
    with writing(order(by, with_), console.announce, signed=True, approvers=approved_by, check=check) as session:
        outcome = disposal.dispose(session, job)
    for one in outcome.data["disposed"]:
        facts = {"seq": one["seq"], "target": one["target"], "located": one["located"]}
        console.tell("changes-disposed", files=len(one["files"]), **facts)
    finish(outcome, session.head)
