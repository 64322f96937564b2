"""What the option parser says of a command line that it does not understand, in the words of this run's language."""

import re

from typer.exceptions import TyperException

from forensic.cli.language import words

_SAID = (
    (r"Missing (?:option|argument|parameter) (?P<name>\S+)\. Choose from: (?P<known>.*)", "cli-parse-missing-one-of"),
    (r"Missing (?:option|argument|parameter) (?P<name>.+)\.", "cli-parse-missing"),
    (r"Missing command\.", "cli-parse-no-command"),
    (r"No such command (?P<name>.+)\.", "cli-parse-command"),
    (r"No such option: (?P<name>\S+) \(Possible options: (?P<known>.+)\)", "cli-parse-option-like"),
    (r"No such option: (?P<name>\S+)", "cli-parse-option"),
    (r"Got unexpected extra argument\(s\) \((?P<given>.+)\)", "cli-parse-extra"),
    (r"Option (?P<name>\S+) requires .+", "cli-parse-value-missing"),
    (r"Option (?P<name>\S+) does not take a value\.", "cli-parse-value-none"),
    (
        r"Invalid value for (?P<name>.+?): (?:Value error, )?(?P<given>.+) is not one of (?P<known>.+?)\.?",
        "cli-parse-one-of",
    ),
    (r"Invalid value for (?P<name>.+?): Input should be a valid (?:integer|number).*", "cli-parse-number"),
    (
        r"Invalid value for (?P<name>.+?): Input should be greater than or equal to (?P<least>-?[0-9]+).*",
        "cli-parse-least",
    ),
    (r"Invalid value for (?P<name>.+?): File (?P<given>.+) does not exist\.", "cli-parse-no-file"),
    (r"Invalid value for (?P<name>.+?): (?P<reason>.+)", "cli-parse-value"),
    (r"Invalid value: (?P<reason>.+)", "cli-parse-wrong"),
)


def told(error: TyperException) -> str:
    """The parser's message; one that is not known stays as the parser wrote it."""
    said = " ".join(error.format_message().split())
    for pattern, message_id in _SAID:
        if found := re.fullmatch(pattern, said):
            return words(message_id, **{name: text.replace("'", "") for name, text in found.groupdict().items()})
    return said
