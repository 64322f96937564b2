"""`forensic config`."""

import os

import typer

from chain_of_custody import case as cases
from forensic.cli import console, language
from forensic.cli.language import words
from forensic.cli.options import finish, shared
from forensic.workflows import config as settings
from forensic.workflows.work import BY, Outcome

OVERRIDING = {"by": BY, "lang": language.ENVIRONMENT, "case": cases.ENVIRONMENT}
"""Environment variables that rule over the file, by the setting each takes the place of."""

config = typer.Typer(help=words("help-config-group"), no_args_is_help=True, rich_markup_mode=None)


def enrol(app: typer.Typer) -> None:
    app.add_typer(config, name="config")


@config.command("show", help=words("help-config-show"))
def show() -> None:
    loaded = settings.load()
    values = {
        **loaded.effective(),
        "by": loaded.by,
        "with": " ".join(loaded.with_),
        "volumes": " ".join(loaded.volumes),
    }
    shown = {name: {"value": value, "from": loaded.sources[name]} for name, value in values.items()}
    for name, variable in OVERRIDING.items():
        if value := os.environ.get(variable):
            shown[name] = {"value": value, "from": variable}
    people = [person.as_json() for person in loaded.people]
    if not shared.json:
        rows = [(name, entry["value"], entry["from"]) for name, entry in shown.items()]
        console.table(("head-setting", "head-value", "head-source"), rows)
        if people:
            listed = [(p.name, p.unit, p.certificate, p.valid_until) for p in loaded.people]
            console.table(("head-person", "head-unit", "head-certificate", "head-valid-until"), listed)
    finish(Outcome({"path": str(settings.path()), "settings": shown, "people": people}))


@config.command("init", help=words("help-config-init"))
def init() -> None:
    path = settings.write_template()
    console.tell("cli-config-written", path=path)
    finish(Outcome({"path": str(path)}))
