"""`forensic exhibit`."""

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from chain_of_custody.clock import local
from chain_of_custody.exhibit import Exhibit, Kind
from forensic.cli import console
from forensic.cli.language import coded, words
from forensic.cli.options import By, ExhibitId, With, finish, order, shared
from forensic.workflows import belonging, exhibit_history, exhibit_list, exhibits
from forensic.workflows.photographed import Photo
from forensic.workflows.work import Outcome, reading, writing

exhibit = typer.Typer(help=words("help-exhibit-group"), no_args_is_help=True, rich_markup_mode=None)


def enrol(app: typer.Typer) -> None:
    app.add_typer(exhibit, name="exhibit")


def _option(name: str) -> object:
    return typer.Option(f"--{name}", help=words(f"help-exhibit-{name}"))


@exhibit.command("add", help=words("help-exhibit-add"))
def add(
    kind: Annotated[Kind, _option("kind")],
    label: Annotated[str, _option("label")],
    number: Annotated[str, _option("number")] = "",
    part_of: Annotated[str, _option("part-of")] = "",
    serial: Annotated[str, _option("serial")] = "",
    imei: Annotated[str, _option("imei")] = "",
    model: Annotated[str, _option("model")] = "",
    capacity: Annotated[str, _option("capacity")] = "",
    seal: Annotated[str, _option("seal")] = "",
    seized_at: Annotated[str, _option("seized-at")] = "",
    seized_from: Annotated[str, _option("seized-from")] = "",
    place: Annotated[str, _option("place")] = "",
    as_found: Annotated[str, _option("as-found")] = "",
    photo: Annotated[list[str] | None, _option("photo")] = None,
    by: By = "",
    with_: With = None,
) -> None:
    typed = Exhibit(
        "", kind, label, number, part_of, serial, imei, model, capacity, seal, seized_at, seized_from, place, as_found
    )
    photos = tuple(Photo.typed(text) for text in photo or ())
    _enter([exhibits.New(typed, photos)], by, with_)


@exhibit.command("import", help=words("help-exhibit-import"))
def import_(
    workbook: Annotated[
        Path, typer.Argument(metavar="LIST.xlsx", readable=False, help=words("help-exhibit-list-file"))
    ],
    by: By = "",
    with_: With = None,
) -> None:
    _enter(exhibit_list.read(workbook), by, with_)


def _enter(new: list[exhibits.New], by: str, with_: list[str] | None) -> None:
    with writing(order(by, with_), console.announce) as session:
        entered = exhibits.add(session, new)
        told = {"exhibits": [ready.as_json() for ready in entered]}
        outcome = Outcome(told, [*exhibits.remarks(session, entered)])
    if not shared.json:
        for ready in entered:
            if ready.seized_at:
                console.tell("cli-time-echo", name="--seized-at", time=local(ready.seized_at, session.case.zone))
            console.result(f"{ready.id} {ready.label}")
    finish(outcome, session.head)


@exhibit.command("list", help=words("help-exhibit-list"))
def list_() -> None:
    with reading(order()) as case:
        known = list(case.register.exhibits.values())
        now = [exhibit_history.standing(case, e.id) for e in known]
        listed = [{**e.as_json(), "custody": standing} for e, standing in zip(known, now, strict=True)]
        outcome = Outcome({"exhibits": listed}, head=case.head())
    if not shared.json:
        headings = ("exhibit", "number", "kind", "label", "serial", "custody", "seals", "part-of")
        rows = [
            (
                e.id,
                e.number,
                coded("kind-of-exhibit", e.kind),
                e.label,
                e.serial or e.imei,
                _state(standing),
                ", ".join(standing["seals"]),
                e.part_of,
            )
            for e, standing in zip(known, now, strict=True)
        ]
        console.table([f"head-{heading}" for heading in headings], rows)
    finish(outcome)


def _state(standing: dict[str, Any]) -> str:
    return words(f"custody-state-{standing['state']}")


@exhibit.command("show", help=words("help-exhibit-show"))
def show(exhibit_id: ExhibitId) -> None:
    with reading(order()) as case:
        shown = case.register.exhibit(exhibit_id)
        held = [
            {"seq": artifact.seq, "what": artifact.what, "path": artifact.main.path, "sha256": artifact.main.sha256}
            for artifact in belonging.held(case, exhibit_id)
        ]
        changes = [c for c in case.register.changes if c.target == case.register.exhibit_entries[exhibit_id]]
        changed = [{"seq": c.seq, "field": c.field, "old": c.old, "new": c.new, "reason": c.reason} for c in changes]
        now = exhibit_history.standing(case, exhibit_id)
        shown_json = {"exhibit": shown.as_json(), "custody": now, "held": held, "corrections": changed}
        outcome = Outcome(shown_json, head=case.head())
        zone = case.zone
    if not shared.json:
        for name, value in shown.as_json().items():
            console.result(f"{words(f'field-{name}')}: {_told(name, value, zone)}")
        console.result(f"{words('head-custody')}: {_state(now)} {', '.join(now['seals'])}".rstrip())
        console.result(f"{words('field-holder')}: {now['holder']}")
        for c in changes:
            field, old, new = coded("field", c.field), _told(c.field, c.old, zone), _told(c.field, c.new, zone)
            console.result(words("cli-corrected", seq=c.seq, field=field, old=old, new=new, reason=c.reason))
        console.table(
            ("head-seq", "head-what", "head-path"),
            [(h["seq"], coded("held", str(h["what"])), h["path"]) for h in held],
            (0,),
        )
    finish(outcome)


def _told(field: str, value: str, zone: ZoneInfo) -> str:
    """A field of an exhibit as it is shown."""
    if field == "kind":
        return coded("kind-of-exhibit", value)
    return local(value, zone) if field == "seized_at" and value else value
