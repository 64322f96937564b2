"""The value of a secret on its way in: from a file, an open descriptor or the keyboard, never from the command line."""

import os
import resource
import unicodedata
from collections.abc import Callable
from pathlib import Path

from chain_of_custody import plain_file
from chain_of_custody.errors import UsageError

LONGEST = 4096  # bytes


def told(file: Path | None, descriptor: int | None, ask: Callable[[], str] | None) -> str:
    """The value: from a file, from an open descriptor, or asked for. One line end after it is none of it, nor is the
    mark that some editors put before UTF-8 text."""
    leave_no_dump()
    if (file is not None) + (descriptor is not None) > 1:
        raise UsageError("secret-two-sources")
    if file is not None:
        return _text(_from_file(file))
    if descriptor is not None:
        return _text(_from_descriptor(descriptor))
    if ask is None:
        raise UsageError("secret-nothing-to-ask", hint="secret-nothing-to-ask-hint")
    return _text(ask().encode("utf-8", "surrogateescape"))


def leave_no_dump() -> None:
    """A crash from here on leaves no core file with the memory in it (setrlimit(2), RLIMIT_CORE)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _from_file(path: Path) -> bytes:
    try:
        return plain_file.start(path, LONGEST + 3)
    except OSError as error:
        raise UsageError("secret-file", path=str(path), reason=error.strerror or str(error)) from error


def _from_descriptor(number: int) -> bytes:
    if number < 0 or os.isatty(number):
        raise UsageError("secret-descriptor", number=number)
    read = b""
    try:
        while len(read) <= LONGEST + 2 and (block := os.read(number, LONGEST)):
            read += block
    except OSError as error:
        raise UsageError("secret-descriptor", number=number) from error
    return read


def _text(read: bytes) -> str:
    """Raises `UsageError` for what is no single line of UTF-8. No cause goes with it: it would quote the value."""
    line = read.removesuffix(b"\n").removesuffix(b"\r")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("secret-not-text") from None
    if not text:
        raise UsageError("secret-empty")
    if len(line) > LONGEST or any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
        raise UsageError("secret-not-a-line", longest=LONGEST)
    return text
