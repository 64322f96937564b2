"""`forensic take`."""

from pathlib import Path
from typing import Annotated

import typer

from chain_of_custody.clock import local
from chain_of_custody.errors import UsageError
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, With, finish, order, shared
from forensic.workflows import loose, typed
from forensic.workflows.work import writing


def enrol(app: typer.Typer) -> None:
    app.command("take", help=words("help-take"))(take)


def take(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|DIR...", readable=False, help=words("help-take-paths"))],
    given_by: Annotated[str, typer.Option("--from", help=words("help-take-from"))],
    received_at: Annotated[str, typer.Option("--received-at", help=words("help-take-received-at"))],
    exhibit: Annotated[str, typer.Option("--exhibit", help=words("help-take-exhibit"))] = "",
    kind: Annotated[str, typer.Option("--kind", help=words("help-take-kind"))] = "",
    receipt: Annotated[
        int | None, typer.Option("--receipt", metavar="SEQ", min=0, help=words("help-take-receipt"))
    ] = None,
    by: By = "",
    with_: With = None,
) -> None:
    if receipt is None:
        _need(exhibit=exhibit, kind=kind)
    with writing(order(by, with_, exhibit), console.announce, after_close=receipt is not None) as session:
        received = typed.past(received_at, session.case.zone)
        if not shared.json:
            console.tell("cli-time-echo", name="--received-at", time=local(received, session.case.zone))
        if receipt is None:
            outcome = loose.take(session, paths, exhibit, kind, given_by, received, shared.screen)
        else:
            outcome = loose.take_scan(session, paths, receipt, exhibit, given_by, received)
    if not shared.json:
        for artifact in outcome.artifacts:
            console.result(f"{artifact['seq']} {artifact['path']} {artifact['sha256']}")
            for member in artifact.get("members", ()):
                console.result(f"{'':>{len(str(artifact['seq']))}} {member['path']} {member['sha256']}")
    finish(outcome, session.head)


def _need(**options: str) -> None:
    """What only the scan of a receipt can do without."""
    for name, value in options.items():
        if not value:
            raise UsageError("take-needs", option=f"--{name}")
