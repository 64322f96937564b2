"""`forensic ledger`."""

import json
from typing import Annotated

import typer

from chain_of_custody.clock import local
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, With, finish, order, shared
from forensic.workflows import changes
from forensic.workflows.work import Outcome, reading, writing

ledger = typer.Typer(help=words("help-ledger-group"), no_args_is_help=True, rich_markup_mode=None)


def enrol(app: typer.Typer) -> None:
    app.add_typer(ledger, name="ledger")


@ledger.command("log", help=words("help-ledger-log"))
def log(
    last: Annotated[int, typer.Option("--last", min=0, help=words("help-ledger-last"))] = 0,
) -> None:
    with reading(order()) as case:
        start = max(0, len(case.ledger) - last) if last else 0
        entries = case.ledger.entries(start)
        if shared.json:
            console.result_json({"entries": [entry.body for entry in entries], "head": case.head()})
            return
        for entry in entries:
            body = entry.body
            what = body.get("what") or body.get("step") or ""
            item = body.get("item") or ""
            console.result(f"{entry.seq:>8}  {local(entry.time, case.zone)}  {entry.kind:<18} {item:<8} {what}")


@ledger.command("show", help=words("help-ledger-show"))
def show(seq: Annotated[int, typer.Argument(metavar="SEQ", min=0, help=words("help-seq"))]) -> None:
    with reading(order()) as case:
        entry = case.ledger.entry(seq)
    if shared.json:
        console.result_json({"entry": entry.body, "leaf": entry.leaf.hex(), "sig": entry.sig})
        return
    console.result(json.dumps(entry.body, ensure_ascii=False, indent=1))
    console.result(f"leaf: {entry.leaf.hex()}")


@ledger.command("head", help=words("help-ledger-head"))
def head() -> None:
    with reading(order()) as case:
        note, vkey, described = case.ledger.head_note(), case.ledger.verifier_key, case.head()
    if shared.json:
        console.result_json({"head": described, "note": note, "vkey": vkey})
        return
    for line in note.splitlines():
        console.result(line)
    console.result(f"vkey: {vkey}")


@ledger.command("correct", help=words("help-ledger-correct"))
def correct(
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=0, help=words("help-seq"))],
    set_: Annotated[str, typer.Option("--set", metavar="FIELD=VALUE", help=words("help-ledger-set"))],
    reason: Annotated[str, typer.Option("--reason", help=words("help-reason"))],
    by: By = "",
    with_: With = None,
) -> None:
    field, _, value = set_.partition("=")
    with writing(order(by, with_), console.announce) as session:
        number = changes.correct(session, seq, field.strip().replace("-", "_"), value, reason)
        outcome = Outcome({"seq": number, "target": seq, "field": field, "value": value})
    console.tell("cli-entered", seq=number)
    finish(outcome, session)
