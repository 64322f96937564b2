"""`forensic examine`, `parse` and `parsers`."""

from typing import Annotated

import typer

from forensic.cli import console
from forensic.cli.language import LANG, words
from forensic.cli.options import By, ExhibitId, With, finish, order, shared
from forensic.workflows import examining, parsing
from forensic.workflows.work import Outcome, writing
from parsers import enrolled


def enrol(app: typer.Typer) -> None:
    app.command("examine", help=words("help-examine"))(examine)
    app.command("parse", help=words("help-parse"))(parse)
    app.command("parsers", help=words("help-parsers"))(parsers)


def parse(exhibit: ExhibitId, by: By = "", with_: With = None) -> None:
    with writing(order(by, with_, exhibit), console.announce) as session:
        outcome = parsing.run(session, exhibit, shared.screen)
    shared.screen.finish()
    _print_parsed(outcome)
    finish(outcome, session.head)


def _print_parsed(outcome: Outcome) -> None:
    if shared.json:
        return
    rows = [
        (p["input"], p["name"], p["version"], _counts(p["records"]), p["findings"], p["path"])
        for p in outcome.data["parsers"]
    ]
    console.table(
        ("head-seq", "head-parser", "head-version", "head-records", "head-findings", "head-path"), rows, (0, 4)
    )
    console.tell("cli-parsed", counts=_counts(outcome.data["records"]) or "0")


def _counts(records: dict[str, int]) -> str:
    return ", ".join(f"{words(f'kind-{kind}')} {number}" for kind, number in records.items())


def examine(
    exhibit: ExhibitId,
    profile: Annotated[str, typer.Option("--profile", help=words("help-examine-profile"))] = "full",
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_, exhibit), console.announce) as session:
        outcome = examining.run(session, exhibit, profile, shared.screen)
    shared.screen.finish()
    if not shared.json:
        for step, summary in outcome.data["steps"].items():
            if step in ("recover", "carve"):
                counts = ", ".join(f"{words('status-' + s)} {n}" for s, n in summary.items() if s != "files")
                told = f"{summary['files']} ({counts})" if counts else str(summary["files"])
                console.result(f"{words(f'step-{step}')}: {told}")
    _print_parsed(outcome)
    finish(outcome, session.head)


def parsers() -> None:
    listed = [
        {
            "name": parser.name,
            "version": parser.version,
            "title": parser.title_text(LANG),
            "app": parser.app,
            "globs": list(parser.globs),
            "limitations": list(parser.limitation_texts(LANG)),
            "tested_on": list(parser.tested_on),
            "references": list(parser.references),
        }
        for parser in enrolled.parsers()
    ]
    if not shared.json:
        for parser in listed:
            console.result(f"{parser['name']} {parser['version']}  {parser['title']}")
            for limitation in parser["limitations"]:
                console.result(f"    {limitation}")
    finish(Outcome({"parsers": listed}))
