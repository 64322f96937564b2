"""`forensic report`."""

from pathlib import Path
from typing import Annotated

import typer

from chain_of_custody.messages import Lang
from forensic.cli import console
from forensic.cli.language import LANG, words
from forensic.cli.options import By, With, finish, order, shared
from forensic.workflows import issuing, reporting
from forensic.workflows.work import Outcome, reading, writing

report = typer.Typer(help=words("help-report-group"), no_args_is_help=True, rich_markup_mode=None)


def enrol(app: typer.Typer) -> None:
    app.add_typer(report, name="report")


@report.command("build", help=words("help-report-build"))
def build(
    lang: Annotated[str, typer.Option("--lang", help=words("help-report-lang"))] = LANG,
    at: Annotated[int | None, typer.Option("--at", metavar="SIZE", min=1, help=words("help-report-at"))] = None,
    question: Annotated[str, typer.Option("--question", help=words("help-report-question"))] = "",
    client: Annotated[str, typer.Option("--client", help=words("help-report-client"))] = "",
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help=words("help-report-to"))] = None,
    by: By = "",
    with_: With = None,
) -> None:
    if lang not in ("zh", "en"):
        raise typer.BadParameter(words("cli-lang-unknown", given=lang))
    language: Lang = "zh" if lang == "zh" else "en"
    ordered = order(by, with_)
    with reading(ordered) as case:
        size = at or len(case.ledger)  # as it stands before this command enters anything
        job = reporting.Job(language, size, question, client, to)
        built = reporting.outside(case, size, job, to, shared.screen) if to and reporting.takes_none(case) else None
    if built:
        _print(built, "cli-report-outside")
        finish(built)
        return
    with writing(ordered, console.announce) as session:
        outcome = reporting.run(session, size, job, shared.screen)
    _print(outcome, "cli-report-built")
    finish(outcome, session.head)


@report.command("issue", help=words("help-report-issue"))
def issue(
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=0, help=words("help-seq"))],
    to: Annotated[str, typer.Option("--to", help=words("help-issue-to"))] = "",
    number: Annotated[str, typer.Option("--number", help=words("help-issue-number"))] = "",
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_), console.announce, signed=True) as session:
        outcome = issuing.issue(session, seq, to, number)
    console.tell("cli-entered", seq=outcome.data["seq"])
    finish(outcome, session.head)


def _print(outcome: Outcome, message_id: str) -> None:
    shared.screen.finish()
    if not shared.json:
        for file in outcome.data["files"]:
            console.result(file["path"])
        seq = outcome.artifacts[0]["seq"] if outcome.artifacts else ""
        console.tell(message_id, path=outcome.data["files"][0]["path"], seq=seq)
