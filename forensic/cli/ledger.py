"""`forensic ledger`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import cell_len

from chain_of_custody.case import Case
from chain_of_custody.clock import local
from chain_of_custody.ledger import Entry
from forensic.cli import console
from forensic.cli.language import LANG, coded, listed, words
from forensic.cli.options import By, JsonLines, With, finish, order, shared
from forensic.cli.verify import Expect, PolicyFile, Qr
from forensic.workflows import corrections, diagnosis, notes, proof_check, proving
from forensic.workflows.verification import Outside
from forensic.workflows.work import Outcome, reading, writing

LINE = 60  # characters of a note that the log shows
KIND, ITEM, WHO = 20, 8, 16  # columns of the log, in cells of the terminal

ledger = typer.Typer(help=words("help-ledger-group"), no_args_is_help=True, rich_markup_mode=None)


def enrol(app: typer.Typer) -> None:
    app.add_typer(ledger, name="ledger")


@ledger.command("log", help=words("help-ledger-log"))
def log(
    last: Annotated[int, typer.Option("--last", min=0, help=words("help-ledger-last"))] = 0,
    lines: JsonLines = False,
) -> None:
    with reading(order()) as case:
        start = max(0, len(case.ledger) - last) if last else 0
        entries = case.ledger.entries(start)
        if lines:
            console.result_lines(entry.body for entry in entries)
        elif shared.json:
            console.result_json({"entries": [entry.body for entry in entries], "head": case.head()})
        else:
            for entry in entries:
                console.result(_line(case, entry))


def _line(case: Case, entry: Entry) -> str:
    """An entry as the log shows it: number, time, what was done, to which exhibit, by whom, what there is to say."""
    body = entry.body
    persons = body.get("persons") or case.register.sessions.get(body.get("sess", -1), {}).get("persons", ())
    kind, item = coded("entry", entry.kind), str(body.get("item") or "")
    who = listed(str(person["name"]) for person in persons)
    columns = (kind, KIND), (item, ITEM), (who, WHO)
    row = "  ".join(text + " " * (width - cell_len(text)) for text, width in columns)
    return f"{entry.seq:>8}  {local(entry.time, case.zone)}  {row}  {_told(body)}".rstrip()


def _told(body: dict[str, Any]) -> str:
    """A note's beginning, else what kind of thing it is and the entry meant."""
    if "text" in body:
        text = " ".join(str(body["text"]).split())
        return text if len(text) <= LINE else text[: LINE - 1] + "…"
    what = body.get("what") or body.get("step")
    meant = next((body[name] for name in ("target", "begin", "about") if isinstance(body.get(name), int)), None)
    told = [coded("held", str(what)) if what else "", f"#{meant}" if meant is not None else ""]
    return " ".join(text for text in told if text)


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
        outcome = corrections.correct(session, seq, field.strip().replace("-", "_"), value, reason)
    if outcome.data["field"] in corrections.TIMES:
        console.tell("cli-time-echo", name=field, time=local(outcome.data["value"], session.case.zone))
    console.tell("cli-entered", seq=outcome.data["seq"])
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
    told = notes.note(notes.Note(text, file, about, exhibit))
    with writing(
        order(by, with_, exhibit), console.announce, signed=True, check=lambda case, _: notes.check(case, told)
    ) as session:
        number = notes.enter(session, told)
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
    approval = notes.approval(plan, entry, reason)
    with writing(
        order(by, with_), console.announce, signed=True, check=lambda case, _: notes.check_approval(case, approval)
    ) as session:
        outcome = notes.approve(session, approval)
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


@ledger.command("check-proof", help=words("help-ledger-check-proof"))
def check_proof(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=words("help-ledger-proof-file"))],
    key: Annotated[str, typer.Option("--key", metavar="VKEY", help=words("help-ledger-proof-key"))] = "",
    policy: PolicyFile = None,
) -> None:
    outcome = proof_check.check(file, key, policy)
    if not shared.json:
        console.result(words("cli-ledger-proof-holds", **outcome.data))
        console.result(words("cli-ledger-proof-head", **outcome.data))
        if signers := outcome.data["signers"]:
            console.result(words("cli-ledger-proof-signers", signers=", ".join(signers)))
        console.result(outcome.data["text"])
    finish(outcome)


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
