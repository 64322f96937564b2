"""`forensic witness`: for the machine or stick of another custodian, where there is no case."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from chain_of_custody.errors import UsageError
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import finish, shared
from forensic.workflows import secret_value, witnessing

witness = typer.Typer(help=words("help-witness-group"), no_args_is_help=True, rich_markup_mode=None)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help=words("help-witness-folder"))]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", metavar="FILE", help=words("help-witness-passphrase-file"))
]
PassphraseFd = Annotated[
    int | None, typer.Option("--passphrase-fd", metavar="N", min=0, help=words("help-witness-passphrase-fd"))
]


def enrol(app: typer.Typer) -> None:
    app.add_typer(witness, name="witness")


@witness.command("init", help=words("help-witness-init"))
def init(
    folder: Folder,
    name: Annotated[str, typer.Option("--name", help=words("help-witness-name"))],
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    no_passphrase: Annotated[bool, typer.Option("--no-passphrase", help=words("help-witness-no-passphrase"))] = False,
) -> None:
    passphrase = None if no_passphrase else _passphrase(passphrase_file, passphrase_fd, twice=True)
    outcome = witnessing.init(folder, name, passphrase)
    if not shared.json:
        console.result(outcome.data["vkey"])
        console.tell("witness-made", path=folder)
        if no_passphrase:
            console.tell("witness-unprotected", path=folder)
    finish(outcome)


@witness.command("cosign", help=words("help-witness-cosign"))
def cosign(
    folder: Folder,
    request: Annotated[Path, typer.Argument(metavar="REQUEST", help=words("help-witness-request"))],
    log: Annotated[str, typer.Option("--log", metavar="VKEY", help=words("help-witness-log"))] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help=words("help-witness-output"))
    ] = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
) -> None:
    outcome = witnessing.cosign(
        folder, request, log, output, lambda: _passphrase(passphrase_file, passphrase_fd, twice=False)
    )
    if not shared.json:
        if not output:
            for line in outcome.data["note"].splitlines():
                console.result(line)
        console.tell("witness-cosigned", origin=outcome.data["origin"], size=outcome.data["size"])
    finish(outcome)


def _passphrase(file: Path | None, descriptor: int | None, *, twice: bool) -> str:
    ask = (lambda: _ask(twice=twice)) if sys.stdin.isatty() else None
    if ask is None and file is None and descriptor is None:
        raise UsageError("witness-no-passphrase", hint="witness-no-passphrase-hint")
    return secret_value.told(file, descriptor, ask)


def _ask(*, twice: bool) -> str:
    typed = getpass.getpass(words("witness-ask"), sys.stderr)
    if twice and getpass.getpass(words("witness-ask-again"), sys.stderr) != typed:
        raise UsageError("witness-asked-twice")
    return typed
