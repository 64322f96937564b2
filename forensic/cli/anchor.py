"""`forensic anchor`."""

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from chain_of_custody.clock import local
from chain_of_custody.messages import Lang
from forensic.cli import console
from forensic.cli.language import LANG, words
from forensic.cli.options import By, With, finish, order, shared
from forensic.workflows import anchoring, outside_heads
from forensic.workflows.work import Outcome, reading, writing

anchor = typer.Typer(help=words("help-anchor-group"), no_args_is_help=True, rich_markup_mode=None)

Ca = Annotated[Path | None, typer.Option("--ca", metavar="CA.pem", help=words("help-anchor-ca"))]
Policy = Annotated[Path | None, typer.Option("--policy", metavar="FILE", help=words("help-anchor-policy"))]


def enrol(app: typer.Typer) -> None:
    app.add_typer(anchor, name="anchor")


@anchor.command("print", help=words("help-anchor-print"))
def print_(
    exhibit: Annotated[list[str] | None, typer.Option("--exhibit", help=words("help-anchor-exhibit"))] = None,
    lang: Annotated[str, typer.Option("--lang", help=words("help-anchor-lang"))] = LANG,
    by: By = "",
    with_: With = None,
) -> None:
    from forensic.workflows import receipts  # the typesetter is for this command alone

    if lang not in ("zh", "en"):
        raise typer.BadParameter(words("cli-lang-unknown", given=lang))
    language: Lang = "zh" if lang == "zh" else "en"
    with writing(order(by, with_), console.announce, after_close=True) as session:
        outcome = receipts.issue(session, exhibit or (), language)
    if not shared.json:
        console.result(outcome.data["file"])
        console.tell("anchor-printed", seq=outcome.data["seq"], size=outcome.data["size"])
    finish(outcome, session.head)


@anchor.command("request", help=words("help-anchor-request"))
def request(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.tsq", help=words("help-anchor-output"))
    ] = None,
) -> None:
    with reading(order()) as case:
        outcome = anchoring.request(case, output)
    if not shared.json:
        console.result(outcome.data["file"])
        console.tell("anchor-requested", size=outcome.data["size"])
    finish(outcome)


@anchor.command("add", help=words("help-anchor-add"))
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=words("help-anchor-file"))],
    request: Annotated[
        Path | None, typer.Option("--request", metavar="FILE.tsq", help=words("help-anchor-request-file"))
    ] = None,
    ca: Ca = None,
    witness: Annotated[
        list[str] | None, typer.Option("--witness", metavar="VKEY", help=words("help-anchor-witness"))
    ] = None,
    policy: Policy = None,
    by: By = "",
    with_: With = None,
) -> None:
    data, query = anchoring.read(file), anchoring.read(request) if request else None
    whom = anchoring.trust(ca, witness or (), policy)
    with writing(order(by, with_), console.announce, after_close=True) as session:
        outcome = anchoring.add(session, data, whom, query)
        zone = session.case.zone
    _told(outcome, zone)
    finish(outcome, session.head)


@anchor.command("fetch", help=words("help-anchor-fetch"))
def fetch(
    url: Annotated[str, typer.Argument(metavar="URL", help=words("help-anchor-url"))],
    ca: Ca = None,
    policy: Policy = None,
    by: By = "",
    with_: With = None,
) -> None:
    asked, whom = order(by, with_), anchoring.trust(ca, (), policy)
    with reading(asked) as case:
        data, query = anchoring.fetch(case, url)
    with writing(asked, console.announce, after_close=True) as session:
        outcome = anchoring.add(session, data, whom, query)
        zone = session.case.zone
    _told(outcome, zone)
    finish(outcome, session.head)


def _told(outcome: Outcome, zone: ZoneInfo) -> None:
    if not shared.json:
        for one in outcome.data["anchors"]:
            time = local(one["time"], zone)
            console.tell("anchor-added", seq=one["seq"], size=one["size"], time=time, by=one["by"] or "?")


@anchor.command("list", help=words("help-anchor-list"))
def list_() -> None:
    asked = order()
    with reading(asked) as case:
        outcome = outside_heads.listed(case, asked.config, asked.tell)
        zone = case.zone
    told = outcome.data["heads"]
    if not shared.json:
        headings = ("anchor-head-kind", "anchor-head-size", "anchor-head-time", "anchor-head-by", "head-seq")
        rows = (
            (
                words(f"anchor-kind-{row['kind']}"),
                row["size"],
                local(row["time"], zone) if row["time"] else "",
                row.get("by", ""),
                row.get("seq"),
                _state(row),
                words("yes" if row["holds"] else "no"),
            )
            for row in told
        )
        console.table((*headings, "anchor-head-state", "anchor-head-holds"), rows, right=(1, 4))
    finish(outcome, code=None if all(row["holds"] for row in told) else 6)


def _state(row: dict[str, Any]) -> str:
    """How sure it is that it left, and the scan that came back signed."""
    standing = words(f"anchor-standing-{row['standing']}")
    return standing if row.get("scan") is None else f"{standing}: {words('anchor-scan', seq=row['scan'])}"
