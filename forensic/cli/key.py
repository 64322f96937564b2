"""`forensic key`."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from chain_of_custody.errors import UsageError
from chain_of_custody.keyring import Kind
from chain_of_custody.signers import Reach, command, pkcs11, ssh
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import By, With, finish, order, shared
from forensic.cli.passphrases import Passphrases
from forensic.workflows import keys
from forensic.workflows.work import Outcome

key = typer.Typer(help=words("help-key-group"), no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help=words("help-key-name"))]


def enrol(app: typer.Typer) -> None:
    app.add_typer(key, name="key")


@key.command("new", help=words("help-key-new"))
def new(
    name: Name,
    signer: Annotated[Kind, typer.Option("--signer", help=words("help-key-signer"))] = Kind.FILE,
    passphrase_file: Annotated[
        list[str] | None, typer.Option("--passphrase-file", metavar="FILE", help=words("help-key-passphrase-file"))
    ] = None,
    passphrase_fd: Annotated[
        list[str] | None, typer.Option("--passphrase-fd", metavar="N", help=words("help-key-passphrase-fd"))
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help=words("help-key-ssh"))] = None,
    module: Annotated[Path | None, typer.Option("--module", metavar="FILE", help=words("help-key-module"))] = None,
    token: Annotated[str, typer.Option("--token", metavar="LABEL", help=words("help-key-token"))] = "",
    label: Annotated[str, typer.Option("--label", metavar="LABEL", help=words("help-key-label"))] = "",
    command: Annotated[str, typer.Option("--command", metavar="WORDS", help=words("help-key-command"))] = "",
    algorithm: Annotated[str, typer.Option("--algorithm", help=words("help-key-algorithm"))] = "",
    public: Annotated[Path | None, typer.Option("--public", metavar="FILE", help=words("help-key-public"))] = None,
    another: Annotated[bool, typer.Option("--another", help=words("help-key-another"))] = False,
) -> None:
    given = {"--key": key, "--module": module, "--token": token, "--label": label}
    given |= {"--command": command, "--algorithm": algorithm, "--public": public}
    reach = _reach(signer, {name: str(value) for name, value in given.items() if value})
    named = passphrase_file or passphrase_fd
    source = Passphrases(passphrase_file or (), passphrase_fd or ()) if named else shared.passphrases
    outcome = keys.new(dataclasses.replace(order(), passphrase=source.twice), name, reach, signer, another=another)
    if not shared.json:
        console.result(outcome.data["vkey"])
        console.tell("key-made", person=outcome.data["person"], signer=outcome.data["signer"])
    finish(outcome)


NEEDED = {
    Kind.FILE: (),
    Kind.SSH: ("--key",),
    Kind.PKCS11: ("--module", "--token", "--label"),
    Kind.COMMAND: ("--command", "--algorithm", "--public"),
}
"""The options by which each signer is reached."""


def _reach(signer: Kind, given: dict[str, str]) -> Reach | None:
    needed = NEEDED[signer]
    if set(given) != set(needed):
        raise UsageError("key-new-options", signer=signer.value, needed=" ".join(needed) or "-")
    match signer:
        case Kind.FILE:
            return None
        case Kind.SSH:
            return ssh.record(Path(given["--key"]))
        case Kind.PKCS11:
            return pkcs11.record(Path(given["--module"]), given["--token"], given["--label"])
        case Kind.COMMAND:
            return command.record(given["--command"], given["--algorithm"], Path(given["--public"]))


@key.command("enroll", help=words("help-key-enroll"))
def enroll(name: Name, by: By = "", with_: With = None) -> None:
    _entered(keys.enroll(order(by, with_), console.announce, name))


@key.command("revoke", help=words("help-key-revoke"))
def revoke(
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help=words("help-reason"))],
    by: By = "",
    with_: With = None,
) -> None:
    _entered(keys.revoke(order(by, with_), console.announce, name, reason))


@key.command("replace", help=words("help-key-replace"))
def replace(
    name: Name,
    lost: Annotated[bool, typer.Option("--lost", help=words("help-key-lost"))] = False,
    reason: Annotated[str, typer.Option("--reason", help=words("help-reason"))] = "",
    by: By = "",
    with_: With = None,
) -> None:
    _entered(keys.replace(order(by, with_), console.announce, name, reason, lost=lost))


def _entered(outcome: Outcome) -> None:
    console.tell("cli-entered", seq=outcome.data["seq"])
    finish(outcome)


@key.command("list", help=words("help-key-list"))
def list_() -> None:
    outcome = keys.listed(order())
    if not shared.json:
        rows = [
            (row["person"], row["key"], row["signer"], _where(row), words(f"key-state-{row['state']}"), row["enrolled"])
            for row in outcome.data["keys"]
        ]
        console.table(
            ("head-person", "key-head-key", "key-head-signer", "key-head-here", "key-head-case", "head-seq"), rows, (5,)
        )
    finish(outcome)


def _where(row: dict[str, object]) -> str:
    return words("key-unlocked" if row["unlocked"] else "key-here" if row["here"] else "key-elsewhere")


@key.command("export", help=words("help-key-export"))
def export(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help=words("help-key-output"))
    ] = None,
) -> None:
    outcome = keys.export(order(), output)
    if not shared.json and output:
        console.tell("key-exported", path=output)
    elif not shared.json:
        for line in outcome.data["policy"].splitlines():
            console.result(line)
    finish(outcome)


@key.command("unlock", help=words("help-key-unlock"))
def unlock(
    name: Name, for_: Annotated[str, typer.Option("--for", metavar="8h", help=words("help-key-for"))] = "8h"
) -> None:
    outcome = keys.unlock(order(), name, for_)
    console.tell("key-unlocked-for", person=name, number=len(outcome.data["unlocked"]), time=for_)
    finish(outcome)


@key.command("lock", help=words("help-key-lock"))
def lock(name: Annotated[str, typer.Argument(metavar="[NAME]", help=words("help-key-name"))] = "") -> None:
    outcome = keys.lock(name)
    console.tell("key-locked", number=len(outcome.data["locked"]))
    finish(outcome)
