"""`forensic recover` and `forensic carve`."""

from collections import Counter
from typing import Annotated

import typer

from forensic.carve import enrolled
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, ExhibitId, JsonLines, With, finish, order, shared
from forensic.workflows import carving, recovering
from forensic.workflows.work import Outcome, writing

Hold = Annotated[bool, typer.Option("--hold", help=words("help-hold"))]


def enrol(app: typer.Typer) -> None:
    app.command("recover", help=words("help-recover"))(recover)
    app.command("carve", help=words("help-carve"))(carve)


def recover(exhibit: ExhibitId, hold: Hold = False, jsonl: JsonLines = False, by: By = "", with_: With = None) -> None:
    with writing(order(by, with_, exhibit), console.announce) as session:
        outcome = recovering.run(session, exhibit, recovering.Options(hold), shared.screen)
    shared.screen.finish()
    if not (shared.json or jsonl) and outcome.files:
        for file in outcome.files():
            seq = "" if file["seq"] is None else file["seq"]
            console.result(f"{seq:>8}  {words('status-' + file['status']):<12} {file['size']:>12}  {file['path']}")
            console.result(f"{'':>10}{'; '.join(words('recover-why-' + word) for word in file['evidence'])}")
        _counted(outcome)
    finish(outcome, session.head, lines=jsonl)


def carve(
    exhibit: Annotated[str, typer.Argument(metavar="[EX-001]", help=words("help-exhibit"))] = "",
    formats: Annotated[list[str] | None, typer.Option("--format", help=words("help-carve-format"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=words("help-carve-all"))] = False,
    list_: Annotated[bool, typer.Option("--list", help=words("help-carve-list"))] = False,
    hold: Hold = False,
    jsonl: JsonLines = False,
    by: By = "",
    with_: With = None,
) -> None:
    if list_:
        known = [{"name": f.name, "signatures": len(f.signatures)} for f in enrolled.formats()]
        if not shared.json:
            console.table(("head-format",), [(f["name"],) for f in known])
        finish(Outcome({"formats": known}))
        return
    if not exhibit:
        raise typer.BadParameter(words("cli-exhibit-missing"))
    names = tuple(name for given in formats or () for name in given.split(",") if name)
    options = carving.Options(names, everything, hold)
    options.chosen()
    with writing(order(by, with_, exhibit), console.announce) as session:
        outcome = carving.run(session, exhibit, options, shared.screen)
    shared.screen.finish()
    if not (shared.json or jsonl) and outcome.files:
        for file in outcome.files():
            status = words("status-" + file["status"])
            console.result(
                f"{file['seq']:>8}  {file['offset']:>14}  {file['length']:>12}  {file['suffix']:<6} {status}"
            )
        _counted(outcome)
    finish(outcome, session.head, lines=jsonl)


def _counted(outcome: Outcome) -> None:
    if outcome.files:
        counts = Counter(str(file["status"]) for file in outcome.files())
        told = ", ".join(f"{words('status-' + status)} {number}" for status, number in sorted(counts.items()))
        console.tell("cli-found", counts=told or "0")
