"""`forensic acquire` and `forensic devices`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from chain_of_custody.volumes import CASE
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, With, finish, order, shared
from forensic.workflows import attached, imaging, imported
from forensic.workflows.config import load
from forensic.workflows.work import Outcome, reading, writing

acquire = typer.Typer(help=words("help-acquire-group"), no_args_is_help=True, rich_markup_mode=None)

Exhibit = Annotated[str, typer.Option("--exhibit", metavar="EX-001", help=words("help-exhibit"))]
Volume = Annotated[str, typer.Option("--volume", help=words("help-acquire-volume"))]
Differs = Annotated[str, typer.Option("--identity-differs", metavar="REASON", help=words("help-acquire-differs"))]


def enrol(app: typer.Typer) -> None:
    app.add_typer(acquire, name="acquire")
    app.command("devices", help=words("help-devices"))(devices)


def devices() -> None:
    listed = attached.devices(order())
    if not shared.json:
        rows = [
            (
                d["path"],
                d["kind"],
                d["model"],
                d["serial"],
                d["size"],
                " ".join(d["labels"]),
                words("yes" if d["read_only"] else "no"),
                " ".join(d["mounts"]),
                d["exhibit"],
            )
            for d in listed.data["devices"]
        ]
        console.table(
            (
                "head-path",
                "head-kind",
                "head-model",
                "head-serial",
                "head-size",
                "head-labels",
                "head-read-only",
                "head-mounted",
                "head-exhibit",
            ),
            rows,
            (4,),
        )
    finish(listed)


@acquire.command("disk", help=words("help-acquire-disk"))
def disk(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", readable=False, help=words("help-acquire-source"))],
    exhibit: Exhibit,
    format_: Annotated[str, typer.Option("--format", help=words("help-acquire-format"))] = "",
    volume: Volume = CASE,
    differs: Differs = "",
    anyway: Annotated[str, typer.Option("--anyway", metavar="REASON", help=words("help-acquire-anyway"))] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=words("help-dry-run"))] = False,
    by: By = "",
    with_: With = None,
) -> None:
    config = load()
    job = imaging.Job(source, exhibit, format_ or config.format, volume, config.hashes, differs, anyway)
    if dry_run:
        _show_checks(job)
        return
    with writing(order(by, with_, exhibit), console.announce) as session:
        outcome = imaging.acquire(session, job, shared.screen)
    _print(outcome, session.head)


def _show_checks(job: imaging.Job) -> None:
    """Every check and how it stands; the exit code is that of the first that would refuse."""
    with reading(order()) as case:
        _, checks = imaging.examined(case, job)
    listed = [
        {"check": c.name, "standing": str(c.standing), "text": words(c.code, **c.facts), "overridable": c.overridable}
        for c in checks
    ]
    if shared.json:
        console.result_json({"checks": listed})
    else:
        rows = [(words(f"standing-{c['standing']}"), c["text"]) for c in listed]
        console.table(("head-standing", "head-check"), rows)
    refusal = imaging.refusal(checks, job)
    if refusal:
        raise typer.Exit(refusal.error.exit_code)


@acquire.command("image", help=words("help-acquire-image"))
def image(
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help=words("help-acquire-image-file"))],
    exhibit: Exhibit,
    volume: Volume = CASE,
    differs: Differs = "",
    by: By = "",
    with_: With = None,
) -> None:
    with writing(order(by, with_, exhibit), console.announce) as session:
        outcome = imported.take_in(session, imported.Job(file, exhibit, volume, differs), shared.screen)
    _print(outcome, session.head)


def _print(outcome: Outcome, head: dict[str, Any] | None) -> None:
    shared.screen.finish()
    if not shared.json:
        for name in ("verdict", "bytes", "md5", "sha1", "sha256", "sm3"):
            if name in outcome.data:
                value = outcome.data[name]
                console.result(f"{words(f'field-{name}')}: {words(f'verdict-{value}') if name == 'verdict' else value}")
        for artifact in outcome.artifacts:
            console.result(f"{artifact['seq']} {artifact['path']}")
    finish(outcome, head, code=6 if outcome.data["verdict"] == imported.MISMATCH else None)
