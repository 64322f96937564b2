"""`forensic exhibit seal`, `unseal`, `handover`, `return` and `history`."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from chain_of_custody.clock import local
from forensic.cli import console
from forensic.cli.exhibit import exhibit
from forensic.cli.language import words
from forensic.cli.options import By, ExhibitId, With, finish, order, shared
from forensic.workflows import custody, exhibit_history
from forensic.workflows.custody import Form, Found, Isolation, Passing, Seal, Told
from forensic.workflows.work import Outcome, reading, writing


def enrol(_app: typer.Typer) -> None:
    """The commands stand in the group of `forensic.cli.exhibit`."""
    exhibit.command("seal", help=words("help-custody-seal"))(seal)
    exhibit.command("unseal", help=words("help-custody-unseal"))(unseal)
    exhibit.command("handover", help=words("help-custody-handover"))(handover)
    exhibit.command("return", help=words("help-custody-return"))(return_)
    exhibit.command("history", help=words("help-custody-history"))(history)


def _option(name: str, message: str = "", metavar: str | None = None) -> object:
    return typer.Option(f"--{name}", metavar=metavar, help=words(f"help-custody-{message or name}"))


Exhibits = Annotated[list[str], typer.Argument(metavar="EX-001...", help=words("help-custody-exhibits"))]
At = Annotated[str, _option("at", metavar="TIME")]
Place = Annotated[str, _option("place")]
Reason = Annotated[str, _option("reason")]
Note = Annotated[str, _option("note")]
ApprovedBy = Annotated[list[str] | None, _option("approved-by", metavar="NAME")]
Photos = Annotated[list[str] | None, _option("photo")]
FoundAs = Annotated[Found | None, _option("found")]
From = Annotated[str, _option("from", metavar="NAME")]
To = Annotated[str, _option("to", metavar="NAME")]
ToUnit = Annotated[str, _option("to-unit")]
Receipt = Annotated[str, _option("receipt")]


def seal(
    exhibits: Exhibits,
    number: Annotated[list[str], _option("seal", "number", "NUMBER")],
    kind: Annotated[Form, _option("kind", "form")] = Form.TAPE,
    sealed: Annotated[str, _option("sealed", "covers", "PARTS")] = "",
    isolation: Annotated[Isolation | None, _option("isolation")] = None,
    photo: Photos = None,
    at: At = "",
    place: Place = "",
    reason: Reason = "",
    note: Note = "",
    approved_by: ApprovedBy = None,
    by: By = "",
    with_: With = None,
) -> None:
    told = _told(exhibits, at, place, reason, note, approved_by, photo)
    _enter(custody.seal(told, Seal(tuple(number), kind, sealed, isolation)), by, with_)


def unseal(
    exhibits: Exhibits,
    reason: Reason,
    approved_by: Annotated[list[str], _option("approved-by", metavar="NAME")],
    found: Annotated[Found, _option("found")],
    video: Annotated[str, _option("video")] = "",
    photo: Photos = None,
    at: At = "",
    place: Place = "",
    note: Note = "",
    by: By = "",
    with_: With = None,
) -> None:
    told = _told(exhibits, at, place, reason, note, approved_by, photo)
    _enter(custody.unseal(told, found, video), by, with_)


def handover(
    exhibits: Exhibits,
    to: To,
    from_: From = "",
    to_unit: ToUnit = "",
    purpose: Annotated[str, _option("purpose")] = "",
    found: FoundAs = None,
    receipt: Receipt = "",
    photo: Photos = None,
    at: At = "",
    place: Place = "",
    reason: Reason = "",
    note: Note = "",
    approved_by: ApprovedBy = None,
    by: By = "",
    with_: With = None,
) -> None:
    told = _told(exhibits, at, place, reason, note, approved_by, photo)
    act = custody.handover(told, Passing(to, from_, to_unit, purpose, found, receipt))
    _enter(act, by, with_, after_close=True)


def return_(
    exhibits: Exhibits,
    to: To,
    reason: Reason,
    from_: From = "",
    to_unit: ToUnit = "",
    found: FoundAs = None,
    receipt: Receipt = "",
    photo: Photos = None,
    at: At = "",
    place: Place = "",
    note: Note = "",
    approved_by: ApprovedBy = None,
    by: By = "",
    with_: With = None,
) -> None:
    told = _told(exhibits, at, place, reason, note, approved_by, photo)
    act = custody.give_back(told, Passing(to, from_, to_unit, "", found, receipt))
    _enter(act, by, with_, after_close=True)


def _told(
    exhibits: list[str],
    at: str,
    place: str,
    reason: str,
    note: str,
    approved_by: list[str] | None,
    photos: list[str] | None,
) -> Told:
    return Told(tuple(exhibits), at, place, reason, note, tuple(approved_by or ()), tuple(photos or ()))


def _enter(act: custody.Act, by: str, with_: list[str] | None, *, after_close: bool = False) -> None:
    told = act.told
    with writing(
        order(by, with_, " ".join(told.exhibits)),
        console.announce,
        signed=True,
        approvers=told.approvers,
        after_close=after_close,
        check=act.check,
    ) as session:
        outcome = act.enter(session)
    _finish(outcome, session.case.zone, session.head, told.at)


def _finish(outcome: Outcome, zone: ZoneInfo, head: dict[str, Any] | None, at: str) -> None:
    if at:
        console.tell("cli-time-echo", name="--at", time=local(outcome.data["at"], zone))
    if not shared.json:
        act = words(f"custody-event-{outcome.data['act'].removeprefix('exhibit.')}")
        for done in outcome.data["acts"]:
            state = words(f"custody-state-{done['state']}")
            console.result(words("cli-custody-done", exhibit=done["exhibit"], act=act, seq=done["seq"], state=state))
    finish(outcome, head)


def history(exhibit_id: ExhibitId) -> None:
    with reading(order()) as case:
        outcome = exhibit_history.history(case, exhibit_id)
        zone = case.zone
    if not shared.json:
        headings = ("head-happened", "head-late", "head-event", "head-persons", "head-details", "head-seq")
        console.table(headings, [_row(row, exhibit_id, zone) for row in outcome.data["history"]], (5,))
    finish(outcome)


def _row(row: dict[str, Any], exhibit_id: str, zone: ZoneInfo) -> tuple[object, ...]:
    event = words(f"custody-event-{row['event']}")
    if row.get("item", exhibit_id) != exhibit_id:
        event = words("custody-with", event=event, whole=row["item"])
    late = local(row["entered"], zone) if row["late"] else ""
    facts = {**row["facts"], **({"photos": [photo["seq"] for photo in row["photos"]]} if row["photos"] else {})}
    details = "; ".join(f"{words(f'custody-fact-{name}')}: {_text(name, value)}" for name, value in facts.items())
    return local(row["at"], zone), late, event, ", ".join(row["persons"]), details, row["seq"]


def _text(name: str, value: object) -> str:
    if name in exhibit_history.CODED:
        return words(f"custody-is-{value}")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
