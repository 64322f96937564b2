"""The language of this run, settled before the commands are built, because their help is part of it.

`--lang` rules, then `FORENSIC_LANG`, then the configuration, then the system's locale; Chinese where it begins with zh.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import cast

from chain_of_custody.errors import UsageError
from chain_of_custody.messages import Lang, say, table
from forensic.workflows import config

ENVIRONMENT = "FORENSIC_LANG"


def chosen(arguments: Sequence[str]) -> Lang:
    for place, argument in enumerate(arguments):
        given = argument.removeprefix("--lang=") if argument.startswith("--lang=") else None
        if argument == "--lang" and place + 1 < len(arguments):
            given = arguments[place + 1]
        if given in ("zh", "en"):
            return cast(Lang, given)
    named = os.environ.get(ENVIRONMENT) or _configured()
    if named in ("zh", "en"):
        return cast(Lang, named)
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if locale.startswith("zh") else "en"


def _configured() -> str:
    try:
        return config.load().lang
    except UsageError:  # said in full when the command itself reads the configuration
        return ""


LANG: Lang = chosen(sys.argv[1:])


def listed(names: Iterable[str]) -> str:
    """Names one after another."""
    return words("cli-comma").join(names)


def coded(family: str, code: str) -> str:
    """A code that entries hold in words, or itself where the table has none for it."""
    message_id = f"{family}-{code.replace('.', '-')}"
    return words(message_id) if message_id in table() else code


def words(message_id: str, /, **facts: object) -> str:
    """The message in the language of this run."""
    return say(message_id, LANG, **facts)
