"""`forensic ledger`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from chain_of_custody.clock import local
from forensic.cli import console
from forensic.cli.language import LANG, words
from forensic.cli.options import By, With, finish, order, shared
from forensic.cli.verify import Expect, PolicyFile, Qr
from forensic.workflows import changes, diagnosis, notes, proving
from forensic.workflows.verification import Outside
from forensic.workflows.work import Outcome, reading, writing

LINE = 60  # characters of a note that the log shows

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
            what = body.get("what") or body.get("step") or told(body)
            item = body.get("item") or ""
            console.result(f"{entry.seq:>8}  {local(entry.time, case.zone)}  {entry.kind:<18} {item:<8} {what}")


def told(body: dict[str, Any]) -> str:
    """What a line of the log says of an entry that names no kind of thing: a note's beginning, or the entry meant."""
    if "text" in body:
        text = " ".join(str(body["text"]).split())
        return text if len(text) <= LINE else text[: LINE - 1] + "…"
    return f"#{body['target']}" if isinstance(body.get("target"), int) else ""


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


@ledger.command("note", help=words("help-ledger-note"))
def note(
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help=words("help-note-text"))] = "",
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help=words("help-note-file"))] = None,
    about: Annotated[int | None, typer.Option("--about", metavar="SEQ", min=0, help=words("help-note-about"))] = None,
    exhibit: Annotated[str, typer.Option("--exhibit", metavar="EX-001", help=words("help-note-exhibit"))] = "",
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_, exhibit), console.announce, signed=True) as session:
        number = notes.note(session, notes.Note(text, file, about, exhibit))
        outcome = Outcome({"seq": number, "about": about, "exhibit": exhibit or None})
    console.tell("cli-entered", seq=number)
    finish(outcome, session.head)


@ledger.command("approve", help=words("help-ledger-approve"))
def approve(
    reason: Annotated[str, typer.Option("--reason", help=words("help-reason"))],
    plan: Annotated[Path | None, typer.Option("--plan", metavar="FILE", help=words("help-approve-plan"))] = None,
    entry: Annotated[
        int | None, typer.Option("--entry", metavar="SEQ", min=0, help=words("help-approve-entry"))
    ] = None,
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_), console.announce, signed=True) as session:
        outcome = notes.approve(session, plan, entry, reason)
    if sha256 := outcome.data["sha256"]:
        console.tell("changes-approved", seq=outcome.data["seq"], sha256=sha256)
    else:
        console.tell("cli-entered", seq=outcome.data["seq"])
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
    old: Annotated[int, typer.Argument(metavar="OLD", min=0, help=words("help-ledger-old"))],
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
    with writing(order(by, with_), console.announce, after_close=True) as session:
        outcome = proving.export(session, folder, withhold, reason)
    console.tell(
        "cli-ledger-exported", size=outcome.data["size"], withheld=outcome.data["withheld"], path=outcome.data["folder"]
    )
    finish(outcome, session.head)


@ledger.command("doctor", help=words("help-ledger-doctor"))
def doctor(expect: Expect = None, qr: Qr = None, policy: PolicyFile = None) -> None:
    found = diagnosis.diagnose(order(), shared.screen, Outside(expect or (), qr or (), policy, None, strict=True))
    shared.screen.finish()
    if not shared.json:
        for line in found.lines(LANG):
            console.result(line)
    finish(Outcome(found.as_json(LANG)), code=None if found.holds else 6)
