"""How a person's key signs: one module a kind of signer, each with `record` (what it needs to be reached by, and its
public key) and `reach` (a signer, ready).

Whatever holds the key, its signature is checked here before it is handed out.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from chain_of_custody import algorithms, signature
from chain_of_custody.errors import IntegrityError, Unavailable

SECONDS = 120  # that a token or program may take: somebody may have to touch it
LARGEST = 4096  # bytes of a signature


@dataclass(frozen=True, slots=True)
class Checked:
    """A signer whose every signature has been verified against its verifier key."""

    vkey: str
    make: Callable[[bytes], bytes]

    def sign(self, message: bytes) -> bytes:
        """Raises `IntegrityError` for a signature by another key, and `Unavailable` where none came."""
        signed = self.make(message)
        key = signature.parse_key(self.vkey)
        if len(signed) > LARGEST or not algorithms.verify(key.algorithm, key.public, message, signed):
            raise IntegrityError("signer-other-key", person=key.name)
        return signed


@dataclass(frozen=True, slots=True)
class Reach:
    """A public key in the form of its `algorithm`, and by which words (paths, labels, a command) its signer is
    reached. Nothing in it is secret."""

    algorithm: str
    public: bytes
    how: dict[str, str]


def failed(program: str, reason: str) -> Unavailable:
    """A signer that gave no signature."""
    return Unavailable("signer-failed", program=program, reason=reason.strip()[-500:] or "-")


@contextmanager
def handed(content: bytes) -> Iterator[IO[bytes]]:
    """A file in memory for a program's standard input: no pipe, which would break where the program does not read."""
    with os.fdopen(os.memfd_create("handed"), "w+b") as file:
        file.write(content)
        file.seek(0)
        yield file


def run(
    line: Sequence[str], message: bytes, *, seconds: float, env: Mapping[str, str] | None = None, alone: bool = False
) -> bytes:
    """What a program answers to a message on its standard input; `alone` it has no terminal to ask on. `Unavailable`
    for one that is missing, fails or takes too long."""
    try:
        with handed(message) as file:
            done = subprocess.run(  # noqa: S603 - words that the key's owner recorded, and no shell
                line, stdin=file, capture_output=True, timeout=seconds, check=False, env=env, start_new_session=alone
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise failed(line[0], str(error)) from error
    if done.returncode:
        raise failed(line[0], done.stderr.decode("utf-8", "replace"))
    return done.stdout
