"""What the command line says to every command: which case, which language, how much to print, and who acts."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from chain_of_custody.finding import Finding
from forensic.cli import console
from forensic.cli.console import Screen, Stop
from forensic.cli.language import LANG, words
from forensic.cli.passphrases import Passphrases
from forensic.workflows import config
from forensic.workflows.work import Order, Outcome


@dataclass(slots=True)
class Shared:
    """The options before the command."""

    case: Path | None = None
    json: bool = False
    quiet: bool = False
    command: tuple[str, ...] = ()
    passphrases: Passphrases = field(default_factory=Passphrases)
    screen: Screen = field(default_factory=lambda: Screen(Stop(), quiet=True))
    left: dict[str, Any] | None = None  # the head over the session of a command that an error ended

    def broken_off(self, head: dict[str, Any]) -> None:
        self.left = head


shared = Shared()

By = Annotated[str, typer.Option("--by", help=words("help-by"), rich_help_panel=None)]
With = Annotated[list[str] | None, typer.Option("--with", help=words("help-with"))]
ExhibitId = Annotated[str, typer.Argument(metavar="EX-001", help=words("help-exhibit"))]
JsonLines = Annotated[bool, typer.Option("--jsonl", help=words("help-jsonl"))]


def order(by: str = "", with_: list[str] | None = None, exhibit: str = "") -> Order:
    """What the workflow is told of the command."""
    return Order(
        config.load(),
        shared.case,
        by,
        tuple(with_ or ()),
        shared.command,
        exhibit,
        passphrase=shared.passphrases,
        tell=console.tell,
        broken_off=shared.broken_off,
    )


def finish(
    outcome: Outcome, head: dict[str, Any] | None = None, *, lines: bool = False, code: int | None = None
) -> None:
    """Prints the outcome's findings and head, or all of it as JSON. Ends with `code`, else with 3 for findings.

    A writing command tells the `head` that its session left behind. With `lines` each file is a line of JSON, and
    the last line has the findings and the head.
    """
    shared.screen.finish()
    outcome.head = head or outcome.head
    if lines:
        console.result_lines(outcome.files() if outcome.files else ())
        console.result_lines([{"schema": console.SCHEMA, "findings": _findings(outcome), "head": outcome.head}])
    elif shared.json:
        console.result_json(as_json(outcome))
    else:
        for finding in outcome.findings[:MOST]:
            console.remark(f"[{finding.severity}] {finding.text(LANG)}{_where(finding)}")
        if len(outcome.findings) > MOST:
            console.tell("cli-more-findings", number=len(outcome.findings) - MOST)
        if outcome.head:
            console.tell("cli-head", size=outcome.head["size"], root=outcome.head["root"])
    if code is None and outcome.has_findings:
        code = FOUND
    if code:
        raise typer.Exit(code)


MOST = 20  # findings printed one by one
FOUND = 3


def as_json(outcome: Outcome) -> dict[str, object]:
    data, artifacts = dict(outcome.data), list(outcome.artifacts)
    if outcome.files:
        data["files"] = list(outcome.files())
        artifacts += (
            {"seq": file["seq"], "path": file["stored"], "sha256": file["sha256"], "size": file["size"]}
            for file in data["files"]
            if file.get("seq") is not None
        )
    return {**data, "artifacts": artifacts, "findings": _findings(outcome), "head": outcome.head}


def _findings(outcome: Outcome) -> list[dict[str, object]]:
    return [{**finding.as_json(), "text": finding.text(LANG)} for finding in outcome.findings]


def _where(finding: Finding) -> str:
    place = ", ".join(f"{name} {value}" for name, value in finding.where.items() if value is not None)
    return f" ({place})" if place else ""
