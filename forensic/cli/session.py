"""`forensic session`."""

from typing import Annotated

import typer

from chain_of_custody.clock import local
from forensic.cli import console
from forensic.cli.language import listed, words
from forensic.cli.options import By, With, finish, order, shared
from forensic.workflows import config, standing

session = typer.Typer(help=words("help-session-group"), no_args_is_help=True, rich_markup_mode=None)


def enrol(app: typer.Typer) -> None:
    app.add_typer(session, name="session")


@session.command("open", help=words("help-session-open"))
def open_(
    reason: Annotated[str, typer.Option("--reason", help=words("help-session-reason"))],
    by: By = "",
    with_: With = None,
) -> None:
    outcome = standing.open_(order(by, with_), console.announce, reason)
    console.tell("session-opened", seq=outcome.data["seq"], persons=listed(outcome.data["persons"]))
    finish(outcome)


@session.command("close", help=words("help-session-close"))
def close(
    reason: Annotated[str, typer.Option("--reason", help=words("help-session-close-reason"))] = "",
    by: By = "",
    with_: With = None,
) -> None:
    outcome = standing.close(order(by, with_), reason)
    console.tell("session-closed", seq=outcome.data["seq"])
    finish(outcome)


@session.command("show", help=words("help-session-show"))
def show() -> None:
    outcome = standing.shown(order())
    rows = outcome.data["sessions"]
    if not shared.json and rows:
        zone = config.zone_named(outcome.data["zone"])
        console.table(
            (
                "head-seq",
                "session-head-persons",
                "session-head-since",
                "session-head-reason",
                "session-head-host",
                "key-head-here",
            ),
            [
                (
                    row["seq"],
                    listed(row["persons"]),
                    local(row["since"], zone),
                    row["reason"],
                    f"{row['user']}@{row['host']}",
                    words("session-here" if row["here"] else "session-elsewhere"),
                )
                for row in rows
            ],
            (0,),
        )
    elif not rows:
        console.tell("session-none-stands")
    finish(outcome)
