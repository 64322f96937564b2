"""`forensic case` and `forensic status`."""

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from chain_of_custody.clock import local
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, With, finish, order, shared
from forensic.workflows import adoption, casework, closing, copying, status
from forensic.workflows.work import Outcome, reading, writing

case = typer.Typer(help=words("help-case-group"), no_args_is_help=True, rich_markup_mode=None)
volume = typer.Typer(help=words("help-volume-group"), no_args_is_help=True, rich_markup_mode=None)


def enrol(app: typer.Typer) -> None:
    app.add_typer(case, name="case")
    case.add_typer(volume, name="volume")
    app.command("status", help=words("help-status"))(show_status)


@case.command("new", help=words("help-case-new"))
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=words("help-case-folder"))],
    number: Annotated[str, typer.Option("--number", help=words("help-case-number"))],
    title: Annotated[str, typer.Option("--title", help=words("help-case-title"))],
    by: By = "",
    with_: With = None,
    authority: Annotated[str, typer.Option("--authority", help=words("help-authority"))] = "",
    zone: Annotated[str, typer.Option("--zone", help=words("help-zone"))] = "",
    training: Annotated[bool, typer.Option("--training", help=words("help-training"))] = False,
) -> None:
    told = casework.New(folder, number, title, authority, zone, training=training)
    made = casework.new(order(by, with_), told)
    console.tell("cli-case-made", folder=folder, origin=made.data["origin"])
    finish(made)


@case.command("show", help=words("help-case-show"))
def show() -> None:
    with reading(order()) as opened:
        outcome = casework.show(opened)
    if not shared.json:
        for name, value in outcome.data["case"].items():
            told = words("yes" if value else "no") if isinstance(value, bool) else value
            console.result(f"{words(f'field-{name}')}: {told}")
    finish(outcome)


@case.command("destroy", help=words("help-case-destroy"))
def destroy(
    yes: Annotated[bool, typer.Option("--yes", help=words("help-yes"))] = False,
) -> None:
    folder = casework.destroy(order(), confirmed=yes)
    console.tell("cli-case-destroyed", folder=folder)
    finish(Outcome({"destroyed": str(folder)}))


NeededReason = Annotated[str, typer.Option("--reason", help=words("help-reason"))]


@case.command("close", help=words("help-case-close"))
def close(reason: NeededReason, by: By = "", with_: With = None) -> None:
    with writing(order(by, with_), console.announce, signed=True) as session:
        outcome = Outcome({"seq": closing.close(session, reason)})
    console.tell("changes-closed", **outcome.data)
    finish(outcome, session.head)


@case.command("reopen", help=words("help-case-reopen"))
def reopen(reason: NeededReason, by: By = "", with_: With = None) -> None:
    with writing(order(by, with_), console.announce, signed=True, after_close=True) as session:
        outcome = Outcome({"seq": closing.reopen(session, reason)})
    console.tell("changes-reopened", **outcome.data)
    finish(outcome, session.head)


@case.command("copy", help=words("help-case-copy"))
def copy(
    folder: Annotated[Path, typer.Argument(metavar="DEST", help=words("help-copy-dest"))],
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_), console.announce, after_close=True) as session:
        outcome = copying.copy(session, folder, shared.screen)
    shared.screen.finish()
    told = {name: outcome.data[name] for name in ("seq", "files", "bytes")}
    console.tell("changes-copied", folder=folder, **told)
    for volume_id, place in outcome.data["volumes"].items():
        console.tell("changes-copied-volume", volume=volume_id, folder=place)
    finish(outcome, session.head)


@case.command("adopt", help=words("help-case-adopt"))
def adopt(reason: NeededReason, by: By = "", with_: With = None) -> None:
    outcome = adoption.adopt(order(by, with_), console.announce, reason)
    console.tell("changes-adopted", seq=outcome.data["seq"])
    if outcome.data["new_key"]:
        console.tell("changes-adopted-key", vkey=outcome.data["vkey"])
    finish(outcome)


@volume.command("add", help=words("help-volume-add"))
def volume_add(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=words("help-volume-folder"))],
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_), console.announce) as session:
        outcome = casework.add_volume(session, folder)
    console.tell("cli-volume-added", volume=outcome.data["volume"], path=folder)
    finish(outcome, session.head)


@volume.command("list", help=words("help-volume-list"))
def volume_list() -> None:
    with reading(order()) as opened:
        outcome = casework.volumes(opened)
    if not shared.json:
        rows = [(v["volume"], v["path"], words("yes" if v["connected"] else "no")) for v in outcome.data["volumes"]]
        console.table(("head-volume", "head-path", "head-connected"), rows)
    finish(outcome)


def show_status() -> None:
    with reading(order()) as opened:
        outcome = status.status(opened)
        zone = opened.zone
    if not shared.json:
        for name, value in outcome.data.items():
            if name == "verified_in_full":
                value = local(value, zone) if value else words("never")
            if name in ("closed", "fixity"):
                value = _entered(value, zone)
            if name == "standing":
                value = _standing(value, zone)
            if isinstance(value, list):
                value = "; ".join(str(item) for item in value) or words("none")
            console.result(f"{words(f'status-{name}')}: {value}")
    finish(outcome)


def _standing(session: dict[str, Any] | None, zone: ZoneInfo) -> str:
    if session is None:
        return words("none")
    return f"#{session['seq']} {local(session['since'], zone)} {'、'.join(session['persons'])}: {session['reason']}"


def _entered(event: dict[str, Any] | None, zone: ZoneInfo) -> str:
    """An entry that the status names: its number, its time, and for a check what came of it."""
    if event is None:
        return words("none")
    result = f" {words('yes' if event['holds'] else 'no')}" if "holds" in event else ""
    return f"#{event['seq']} {local(event['time'], zone)}{result}"
