"""`forensic secret`."""

import getpass
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from chain_of_custody.case import Case
from chain_of_custody.clock import local
from chain_of_custody.errors import UsageError
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, With, finish, order, shared
from forensic.workflows import secret_value, secrets
from forensic.workflows.work import Outcome, reading, who, writing

secret = typer.Typer(help=words("help-secret-group"), no_args_is_help=True, rich_markup_mode=None)

Seq = Annotated[int, typer.Argument(metavar="SEQ", min=0, help=words("help-secret-seq"))]
ValueFile = Annotated[
    Path | None, typer.Option("--value-file", metavar="FILE", readable=False, help=words("help-secret-value-file"))
]
ValueFd = Annotated[int | None, typer.Option("--value-fd", metavar="N", min=0, help=words("help-secret-value-fd"))]


def enrol(app: typer.Typer) -> None:
    app.add_typer(secret, name="secret")


@secret.command("add", help=words("help-secret-add"))
def add(
    where: Annotated[str, typer.Argument(metavar="EX-001[:PART]", help=words("help-secret-where"))],
    given_by: Annotated[str, typer.Option("--from", metavar="WHO", help=words("help-secret-from"))],
    how: Annotated[str, typer.Option("--how", metavar="TEXT", help=words("help-secret-how"))],
    authority: Annotated[str, typer.Option("--authority", metavar="TEXT", help=words("help-secret-authority"))] = "",
    voluntary: Annotated[
        secrets.Stated | None, typer.Option("--voluntary", help=words("help-secret-voluntary"))
    ] = None,
    notice: Annotated[secrets.Stated | None, typer.Option("--notice", help=words("help-secret-notice"))] = None,
    kind: Annotated[secrets.Kind, typer.Option("--kind", help=words("help-secret-kind"))] = secrets.Kind.PASSCODE,
    for_: Annotated[list[str] | None, typer.Option("--for", metavar="NAME", help=words("help-secret-for"))] = None,
    value_file: ValueFile = None,
    value_fd: ValueFd = None,
    by: By = "",
    with_: With = None,
) -> None:
    item, part = secrets.place(where)
    stated = secrets.stated(voluntary), secrets.stated(notice)
    new = secrets.New(item, part, given_by, how, kind, authority, *stated, tuple(for_ or ()))
    asked = order(by, with_, item)
    with reading(asked) as case:
        secrets.check(case, new)
    value = _value(value_file, value_fd, twice=True)
    secrets.refuse_telltale(value, asked, *secrets.texts(new))
    with writing(asked, console.announce, signed=True) as session:
        outcome = secrets.add(session, new, value)
    if not shared.json:
        console.tell("secret-entered", seq=outcome.data["seq"], readers=", ".join(outcome.data["for"]))
        if value_file:
            console.tell("secret-file-remains", path=value_file)
    finish(outcome, session.head)


@secret.command("list", help=words("help-secret-list"))
def list_() -> None:
    with reading(order()) as case:
        outcome = secrets.listing(case)
    if not shared.json:
        headings = ("head-seq", "head-exhibit", "secret-head-kind", "secret-head-from", "secret-head-when")
        rows = (
            (
                row["seq"],
                f"{row['item']}:{row['part']}" if row["part"] else row["item"],
                words(f"secret-kind-{row['kind']}"),
                row["given_by"],
                local(row["time"], case.zone),
                ", ".join(row["readers"]),
                len(row["reveals"]),
                words("yes" if row["here"] else "no"),
            )
            for row in outcome.data["secrets"]
        )
        console.table((*headings, "secret-head-for", "secret-head-reveals", "secret-head-here"), rows, right=(0, 6))
    finish(outcome)


@secret.command("reveal", help=words("help-secret-reveal"))
def reveal(
    seq: Seq,
    reason: Annotated[str, typer.Option("--reason", help=words("help-reason"))],
    to: Annotated[str, typer.Option("--to", metavar="FILE|-", help=words("help-secret-to"))] = "",
    by: By = "",
    with_: With = None,
) -> None:
    if not to and (shared.json or not sys.stdout.isatty()):
        raise UsageError("secret-no-terminal", hint="secret-no-terminal-hint")
    file = Path(to) if to not in ("", "-") else None
    asked = order(by, with_)

    def check(case: Case, names: Sequence[str]) -> None:
        secrets.check_reveal(case, seq, reason, names, file)
        secrets.refuse_telling_reveal(case, seq, reason, names, asked)

    with writing(asked, console.announce, signed=True, check=check) as session:
        value = secrets.reveal(session, seq, reason, asked.passphrase, file)
    outcome = Outcome({"target": seq, "file": str(file) if file else None})
    if to == "-" and shared.json:
        outcome.data["value"] = value
    elif to == "-":
        sys.stdout.write(value)
    elif not file:
        console.result(value)
    finish(outcome, session.head)


@secret.command("check", help=words("help-secret-check"))
def check(seq: Seq, value_file: ValueFile = None, value_fd: ValueFd = None, by: By = "") -> None:
    asked = order(by)
    value = _value(value_file, value_fd, twice=False)
    with reading(asked) as case:
        names = [person.name for person in who(asked, case)]
        outcome = secrets.matches(case, seq, value, names, asked.passphrase)
    if outcome.data["same"] and not shared.json:
        console.tell("secret-same", seq=seq)
    finish(outcome)


def _value(file: Path | None, descriptor: int | None, *, twice: bool) -> str:
    ask = (lambda: _ask(twice=twice)) if sys.stdin.isatty() else None
    return secret_value.told(file, descriptor, ask)


def _ask(*, twice: bool) -> str:
    typed = getpass.getpass(words("secret-ask"), sys.stderr)
    if twice and getpass.getpass(words("secret-ask-again"), sys.stderr) != typed:
        raise UsageError("secret-asked-twice")
    return typed
