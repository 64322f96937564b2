"""`forensic export` and `forensic open`."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from chain_of_custody.clock import local
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import MOST, By, ExhibitId, With, finish, order, shared
from forensic.workflows import disc, disc_book, disc_check, exporting, typed
from forensic.workflows.work import Outcome, reading, writing

export = typer.Typer(help=words("help-export-group"), no_args_is_help=True, rich_markup_mode=None)


def enrol(app: typer.Typer) -> None:
    app.command("open", help=words("help-open"))(open_)
    app.add_typer(export, name="export")


@export.command("files", help=words("help-export-files"))
def export_files(
    exhibit: ExhibitId,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help=words("help-export-to"))],
) -> None:
    with reading(order()) as case:
        outcome = exporting.export(case, exhibit, to, shared.screen)
    shared.screen.finish()
    console.tell("cli-exported", number=len(outcome.data["files"]), path=to)
    finish(outcome)


@export.command("disc", help=words("help-export-disc"))
def export_disc(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=words("help-disc-folder"))],
    recipient: Annotated[str, typer.Option("--for", metavar="WHO", help=words("help-disc-for"))],
    number: Annotated[str, typer.Option("--no", metavar="NUMBER", help=words("help-disc-no"))],
    size: Annotated[str, typer.Option("--size", metavar="4.7G|25G|BYTES", help=words("help-disc-size"))],
    artifact: Annotated[
        list[int] | None, typer.Option("--artifact", metavar="SEQ", min=0, help=words("help-disc-artifact"))
    ] = None,
    report: Annotated[
        int | None, typer.Option("--report", metavar="SEQ", min=0, help=words("help-disc-report"))
    ] = None,
    withhold: Annotated[str, typer.Option("--withhold", metavar="SEQ|KIND", help=words("help-ledger-withhold"))] = "",
    reason: Annotated[str, typer.Option("--reason", help=words("help-reason"))] = "",
    by: By = "",
    with_: With = None,
) -> None:
    job = disc.Job(folder, recipient, number, size, tuple(artifact or ()), report, withhold, reason)
    with writing(order(by, with_), console.announce, after_close=True) as session:
        outcome = disc.export(session, job, shared.screen)
    shared.screen.finish()
    if not shared.json:
        for made in outcome.data["discs"]:
            console.result(words("cli-disc-made", **made))
            console.result(words("cli-disc-sums", sums=made["sums"]))
        told = {name: outcome.data[name] for name in ("seq", "made", "size", "root")}
        console.result(words("cli-disc-head", **told))
        console.tell("cli-disc-next", **told)
    finish(outcome, session.head)


@export.command("check", help=words("help-export-check"))
def export_check(
    medium: Annotated[Path, typer.Argument(metavar="MEDIUM", help=words("help-disc-medium"))],
    number: Annotated[str, typer.Option("--no", metavar="NUMBER", help=words("help-disc-check-no"))] = "",
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_), console.announce, after_close=True) as session:
        outcome = disc_check.check(session, medium, number, shared.screen)
    shared.screen.finish()
    told = outcome.data
    for breach in told["breaches"]:
        breach["text"] = words(breach["code"], **breach["facts"])
    if not shared.json:
        for breach in told["breaches"][:MOST]:
            console.result(breach["text"])
        if len(told["breaches"]) > MOST:
            console.tell("cli-more-findings", number=len(told["breaches"]) - MOST)
        verdict = "cli-disc-holds" if told["holds"] else "cli-disc-differs"
        console.result(
            words(verdict, number=told["number"], disc=told["disc"], files=told["files"], bytes=told["bytes"])
        )
    finish(outcome, session.head, code=None if told["holds"] else 6)


@export.command("receipt", help=words("help-export-receipt"))
def export_receipt(
    number: Annotated[str, typer.Option("--no", metavar="NUMBER", help=words("help-disc-no"))],
    signed_by: Annotated[str, typer.Option("--signed-by", metavar="WHO", help=words("help-disc-signed-by"))],
    at: Annotated[str, typer.Option("--at", metavar="TIME", help=words("help-disc-at"))],
    scan: Annotated[Path | None, typer.Option("--scan", metavar="FILE", help=words("help-disc-scan"))] = None,
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_), console.announce, after_close=True) as session:
        received = typed.past(at, session.case.zone)
        if not shared.json:
            console.tell("cli-time-echo", name="--at", time=local(received, session.case.zone))
        outcome = disc_book.receipt(session, number, signed_by, received, scan)
    console.tell("cli-entered", seq=outcome.data["seq"])
    finish(outcome, session.head)


@export.command("list", help=words("help-export-list"))
def export_list() -> None:
    with reading(order()) as case:
        outcome = disc_book.listed(case)
        zone = case.zone
    if not shared.json:
        console.table(LISTED, [_row(told, zone) for told in outcome.data["exports"]], right=(0,))
    finish(outcome)


LISTED = ("disc-col-seq", "disc-col-time", "disc-col-what", "disc-col-no", "disc-col-to", "disc-col-state")


def _row(told: dict[str, Any], zone: ZoneInfo) -> tuple[object, ...]:
    state = [_made(told)]
    state += [
        words("disc-state-checked" if check["holds"] else "disc-state-differs", disc=check["disc"], seq=check["seq"])
        for check in told["checks"]
    ]
    state += [words("disc-state-received", by=paper["by"], at=local(paper["at"], zone)) for paper in told["receipts"]]
    time = local(told["time"], zone)
    return told["seq"], time, words(f"disc-is-{told['what']}"), told["number"] or "", told["to"] or "", "; ".join(state)


def _made(told: dict[str, Any]) -> str:
    if not told["finished"]:
        return words("disc-state-unfinished")
    discs = len(told["discs"])
    return words("disc-state-made", discs=discs) if discs else words("disc-state-finished")


def open_(
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=0, help=words("help-seq"))],
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help=words("help-open-to"))] = None,
) -> None:
    with reading(order()) as case:
        if to is None and not sys.stdout.isatty() and not shared.json:
            for block in exporting.content(case, seq):
                sys.stdout.buffer.write(block)
            return
        path = to or Path(tempfile.mkdtemp(prefix="forensic-open-")) / f"{seq:08d}.{exporting.suffix(case, seq)}"
        exporting.save(case, seq, path)
    if not shared.json:
        console.result(str(path))
    finish(Outcome({"seq": seq, "file": str(path)}))
