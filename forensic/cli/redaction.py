"""The command line as the ledger keeps it: with nothing in it that could be a secret."""

from collections.abc import Sequence

HIDDEN = "***"
SECRET_WORDS = ("secret", "password", "passphrase", "key", "pin", "token")


def redacted(arguments: Sequence[str]) -> tuple[str, ...]:
    """No option takes a secret's value; whoever types one all the same finds it struck out."""
    kept: list[str] = []
    hide_next = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        is_secret = name.startswith("--") and any(word in name.lower() for word in SECRET_WORDS)
        safe = name.endswith(("-file", "-fd"))
        if hide_next:
            kept.append(HIDDEN)
        elif is_secret and not safe and equals:
            kept.append(f"{name}={HIDDEN}")
        else:
            kept.append(argument.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
        hide_next = is_secret and not safe and not equals
    return tuple(kept)
