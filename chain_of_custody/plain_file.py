"""Files that somebody named, read within bounds: whatever is no regular file is refused instead of waited for."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def opened(path: Path) -> BinaryIO:
    """A regular file, open for reading. Raises `OSError` for anything else: a pipe, a device, a socket, a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def start(path: Path, most: int) -> bytes:
    """The first `most` bytes of a regular file, or all of a shorter one."""
    with opened(path) as file:
        return file.read(most)
