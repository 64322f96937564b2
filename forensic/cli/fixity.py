"""`forensic fixity`."""

from typing import Annotated

import typer

from forensic.cli import console
from forensic.cli.language import LANG, words
from forensic.cli.options import By, With, finish, order, shared
from forensic.workflows import fixity
from forensic.workflows.verdict_lines import lines


def enrol(app: typer.Typer) -> None:
    app.command("fixity", help=words("help-fixity"))(check)


def check(
    volume: Annotated[str, typer.Option("--volume", metavar="ID", help=words("help-fixity-volume"))] = "",
    by: By = "",
    with_: With = None,
) -> None:
    checked = fixity.run(order(by, with_), console.announce, shared.screen, volume)
    verdict, outcome = checked.verdict, checked.outcome
    shared.screen.finish()
    if not shared.json:
        for line in lines(verdict.remarks, LANG):
            console.remark(line)
        for line in lines(verdict.breaches, LANG):
            console.result(line)
        console.result(words("cli-holds" if verdict.holds else "cli-does-not-hold", **outcome.data["checked"]))
    if checked.why:
        console.tell("fixity-not-entered", reason=checked.why.text(LANG))
    else:
        console.tell("cli-entered", seq=checked.entered)
    finish(outcome, code=None if verdict.holds else 6)
