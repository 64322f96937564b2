"""Photographs as they can be printed."""

import subprocess
import sys
from pathlib import Path

from chain_of_custody.errors import Unavailable

_DARKROOM = Path(__file__).with_name("darkroom.py")
_SECONDS = 60
_NO_DECODER = 1  # what the interpreter returns when the script cannot start


def printable(picture: bytes) -> bytes | None:
    """The picture as an upright JPEG of at most 1,400 pixels a side, or None where it cannot be decoded, or only
    with more memory or time than a photograph takes. Raises `Unavailable` where there is no decoder."""
    command = [sys.executable, "-I", str(_DARKROOM)]
    try:
        # Our own script with fixed words, no shell; in a session of its own, Ctrl-C reaches only us.
        done = subprocess.run(  # noqa: S603
            command, input=picture, capture_output=True, timeout=_SECONDS, check=False, start_new_session=True
        )
    except OSError as error:
        raise Unavailable("reports-no-decoder", package="pillow", reason=str(error)) from error
    except subprocess.TimeoutExpired:
        return None
    if done.returncode == _NO_DECODER:
        reason = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Unavailable("reports-no-decoder", package="pillow", reason=reason)
    return done.stdout if done.returncode == 0 else None
