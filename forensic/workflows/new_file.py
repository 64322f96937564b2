"""A new file where the examiner asked for it: never over anything, and not in the case."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from chain_of_custody.case import Case
from chain_of_custody.errors import CannotWrite, CaseError, UsageError


def refuse(case: Case, path: Path) -> None:
    """Raises what `created` would, as far as it can be known before, and `UsageError` for a path inside the case."""
    if path.resolve().is_relative_to(case.folder.resolve()):
        raise UsageError("export-inside-case", path=str(path))
    if os.path.lexists(path):
        raise CaseError("output-exists", hint="output-exists-hint", path=str(path))
    if not path.parent.is_dir():
        raise UsageError("output-no-folder", path=str(path), folder=str(path.parent))


@contextmanager
def created(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """The file, open for writing. One that exists raises `CaseError`, a folder that is missing `UsageError`, and what
    the system refuses `CannotWrite`."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise CaseError("output-exists", hint="output-exists-hint", path=str(path)) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError("output-no-folder", path=str(path), folder=str(path.parent)) from error
    except OSError as error:
        raise CannotWrite("no-space", path=str(path), reason=error.strerror or str(error)) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except OSError as error:
        raise CannotWrite("no-space", path=str(path), reason=error.strerror or str(error)) from error
