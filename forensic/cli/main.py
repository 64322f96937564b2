"""The command `forensic`: builds the commands, and turns every error into one line and its exit code."""

import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from chain_of_custody import build, foreign
from chain_of_custody.errors import ForensicError
from forensic.cli import console, parsing
from forensic.cli.language import LANG, words
from forensic.cli.options import shared
from forensic.cli.passphrases import Passphrases
from forensic.cli.redaction import redacted

app = typer.Typer(
    name="forensic",
    help=words("help-forensic"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        console.result(f"{build.NAME} {build.release()} {build.source_hash()}")
        raise typer.Exit


@app.callback()
def options(
    case: Annotated[Path | None, typer.Option("--case", help=words("help-case"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("help-json"))] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=words("help-quiet"))] = False,
    lang: Annotated[str, typer.Option("--lang", help=words("help-lang"))] = LANG,
    passphrase_file: Annotated[
        list[str] | None, typer.Option("--passphrase-file", metavar="NAME=FILE", help=words("help-passphrase-file"))
    ] = None,
    passphrase_fd: Annotated[
        list[str] | None, typer.Option("--passphrase-fd", metavar="NAME=N", help=words("help-passphrase-fd"))
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help=words("help-version"), callback=_version, is_eager=True)
    ] = False,
) -> None:
    if lang not in ("zh", "en"):
        raise typer.BadParameter(words("cli-lang-unknown", given=lang))
    shared.case, shared.json, shared.quiet = case, json, quiet
    shared.command = redacted(sys.argv[1:])
    shared.left = None
    shared.passphrases = Passphrases(passphrase_file or (), passphrase_fd or ())
    shared.screen = console.Screen(console.Stop(), quiet=quiet or json)


ROOMS = {
    "acquire": ("acquire", "devices"),
    "anchor": ("anchor",),
    "artifact": ("artifact",),
    "case": ("case", "status"),
    "config": ("config",),
    "custody": ("exhibit",),
    "dispose": ("dispose",),
    "examine": ("examine", "parse", "parsers"),
    "exhibit": ("exhibit",),
    "export": ("export", "open"),
    "files": ("files",),
    "fixity": ("fixity",),
    "key": ("key",),
    "ledger": ("ledger",),
    "records": ("chats", "payments", "search", "index"),
    "recover": ("recover", "carve"),
    "report": ("report",),
    "secret": ("secret",),
    "session": ("session",),
    "take": ("take",),
    "verify": ("verify",),
    "witness": ("witness",),
}
"""The modules of this room and the commands each brings."""


def _enrol(arguments: Sequence[str]) -> None:
    """Adds the commands. Where the command is plain to see, only its module is loaded: a listing need not wait for the
    typesetter."""
    named = {word for word in arguments if not word.startswith("-")}
    chosen = [room for room, commands in ROOMS.items() if named & set(commands)]
    for room in chosen or ROOMS:
        import_module(f"forensic.cli.{room}").enrol(app)


def run() -> None:
    """The entry point. Exit codes are those of the error classes; 70 is a bug and shows where."""
    _prepare_streams()
    _enrol(sys.argv[1:])
    try:
        try:
            code = app(prog_name="forensic", standalone_mode=False)
        finally:
            sys.stdout.flush()
    except TyperException as error:
        _say_usage(error)
        _leave(USAGE)
    except ForensicError as error:
        shared.screen.finish()
        _say(error)
        _leave(error.exit_code)
    except (KeyboardInterrupt, Abort):
        shared.screen.finish()
        console.tell("cli-stopped")
        _say_left()
        _leave(130)
    except UnicodeEncodeError as error:
        console.tell("cli-not-text", text=repr(error.object[max(0, error.start - 20) : error.end + 20]))
        _say_left()
        _leave(USAGE)
    except OSError as error:
        shared.screen.finish()
        reason = foreign.words(error.strerror or str(error), LANG)
        console.tell("cli-system", path=error.filename or "-", reason=reason)
        _say_left()
        _leave(USAGE if error.errno in TYPED_WRONG else 7)
    except Exception as error:
        shared.screen.finish()
        console.tell("cli-bug", error=repr(error))
        traceback.print_tb(error.__traceback__)
        _say_left()
        _leave(70)
    if code:
        _leave(code)


USAGE = 2
TYPED_WRONG = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EINVAL})


def _prepare_streams() -> None:
    """Output that nobody reads ends the program as it ends any filter; a stream that was closed is not a file of ours;
    what is not text is shown and never stops us."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number, which is this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _say(error: ForensicError) -> None:
    if shared.json:
        told = {"code": error.message_id, "text": error.text(LANG), "exit": error.exit_code}
        console.result_json({"error": told, **({"head": shared.left} if shared.left else {})})
    console.remark(error.text(LANG))
    if hint := error.hint_text(LANG):
        console.remark(hint)
    _say_left()


def _say_left() -> None:
    """That the command was entered as an attempt before the error ended it, and the head over that."""
    if shared.left:
        console.tell("cli-attempt-entered", size=shared.left["size"], root=shared.left["root"])


def _say_usage(error: TyperException) -> None:
    """A command line that cannot be understood. Where nothing was typed that could be, the help."""
    context = getattr(error, "ctx", None)
    text = parsing.told(error)
    if context and error.message == context.get_help():
        for line in error.message.splitlines():
            console.remark(line)
        text = words("cli-parse-no-command")
    else:
        console.remark(text)
        console.tell("cli-parse-help", command=context.command_path if context else build.NAME)
    if shared.json or "--json" in sys.argv:
        console.result_json({"error": {"code": "usage", "text": text, "exit": USAGE}})


def _leave(code: int) -> None:
    raise SystemExit(code)
