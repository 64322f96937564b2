"""`forensic verify`."""

from pathlib import Path
from typing import Annotated

import typer

from forensic.cli import console
from forensic.cli.language import LANG, words
from forensic.cli.options import FOUND, finish, order, shared
from forensic.workflows import verification
from forensic.workflows.verdict_lines import lines
from forensic.workflows.verification import Outside
from forensic.workflows.work import Outcome


def enrol(app: typer.Typer) -> None:
    app.command("verify", help=words("help-verify"))(verify)


Expect = Annotated[list[str] | None, typer.Option("--expect", metavar="SIZE:ROOT", help=words("help-verify-expect"))]
Qr = Annotated[list[Path] | None, typer.Option("--qr", metavar="IMAGE", help=words("help-verify-qr"))]
PolicyFile = Annotated[Path | None, typer.Option("--policy", metavar="FILE", help=words("help-verify-policy"))]


def verify(
    quick: Annotated[bool, typer.Option("--quick", help=words("help-verify-quick"))] = False,
    expect: Expect = None,
    qr: Qr = None,
    policy: PolicyFile = None,
    files: Annotated[Path | None, typer.Option("--files", metavar="DIR", help=words("help-verify-files"))] = None,
    strict: Annotated[bool, typer.Option("--strict", help=words("help-verify-strict"))] = False,
) -> None:
    outside = Outside(expect or (), qr or (), policy, files, strict)
    verdict, head = verification.verify(order(), shared.screen, quick=quick, outside=outside)
    breaches = [{"code": b.code, "facts": b.facts, "text": b.text(LANG)} for b in verdict.breaches]
    remarks = [{"code": b.code, "facts": b.facts, "text": b.text(LANG)} for b in verdict.remarks]
    counted = {"entries": verdict.entries, "heads": verdict.heads, "files": verdict.files, "bytes": verdict.bytes}
    told = {"holds": verdict.holds, "checked": counted, "outside": verdict.outside}
    outcome = Outcome({**told, "breaches": breaches, "remarks": remarks}, head=head)
    shared.screen.finish()
    if not shared.json:
        for line in lines(verdict.remarks, LANG):
            console.remark(line)
        for line in lines(verdict.breaches, LANG):
            console.result(line)
        console.result(words("cli-holds" if verdict.holds else "cli-does-not-hold", **counted))
        if not verdict.holds:
            console.tell("verify-doctor")
    finish(outcome, code=6 if not verdict.holds else FOUND if verdict.is_unsure else None)
