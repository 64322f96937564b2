"""`forensic ledger`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from chain_of_custody.clock import local
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, With, finish, order, shared
from forensic.workflows import changes, proving
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
    for line in json.dumps(entry.body, ensure_ascii=False, indent=1).split("\n"):
        console.result(line)
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
    with writing(order(by, with_), console.announce, signed=True) as session:
        number = changes.correct(session, seq, field.strip().replace("-", "_"), value, reason)
        outcome = Outcome({"seq": number, "target": seq, "field": field, "value": value})
    console.tell("cli-entered", seq=number)
    finish(outcome, session.head)


Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help=words("help-ledger-output"))]


@ledger.command("prove", help=words("help-ledger-prove"))
def prove(
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=0, help=words("help-seq"))],
    output: Output = None,
) -> None:
    with reading(order()) as case:
        proof = proving.entry_proof(case, seq)
        if output:
            proving.save(case, proof.text(), output)
    _hand_over(proof.text(), output, {"seq": seq})


@ledger.command("prove-consistency", help=words("help-ledger-prove-consistency"))
def prove_consistency(
    old: Annotated[int, typer.Argument(metavar="OLD", min=1, help=words("help-ledger-old"))],
    new: Annotated[int | None, typer.Argument(metavar="[NEW]", min=1, help=words("help-ledger-new"))] = None,
    output: Output = None,
) -> None:
    with reading(order()) as case:
        proof = proving.consistency_proof(case, old, new)
        if output:
            proving.save(case, proof.text(), output)
    _hand_over(proof.text(), output, {"old": old, "old_root": proof.old_root.hex()})


def _hand_over(proof: str, output: Path | None, facts: dict[str, object]) -> None:
    if shared.json:
        console.result_json({**facts, "proof": proof, "file": str(output) if output else None})
    elif output:
        console.tell("cli-ledger-proved", path=output)
    else:
        for line in proof.splitlines():
            console.result(line)


@ledger.command("export", help=words("help-ledger-export"))
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=words("help-ledger-folder"))],
    withhold: Annotated[str, typer.Option("--withhold", metavar="SEQ|KIND", help=words("help-ledger-withhold"))] = "",
    reason: Annotated[str, typer.Option("--reason", help=words("help-reason"))] = "",
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_), console.announce) as session:
        outcome = proving.export(session, folder, withhold, reason)
    console.tell(
        "cli-ledger-exported", size=outcome.data["size"], withheld=outcome.data["withheld"], path=outcome.data["folder"]
    )
    finish(outcome, session.head)
