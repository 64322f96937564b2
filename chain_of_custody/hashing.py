"""Several digests over one stream of bytes.

The algorithms are those a laboratory is asked for: MD5 and SHA-1 because old papers carry them,
SHA-256 because integrity rests on it, SM3 (GM/T 0004-2012) where Chinese commercial cryptography is wanted.
"""

import hashlib
from collections.abc import Iterable
from typing import Protocol

ALGORITHMS = ("md5", "sha1", "sha256", "sm3")


class _Hash(Protocol):
    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


def new(algorithm: str) -> _Hash:
    """A running digest. An algorithm that this OpenSSL lacks raises `ValueError`."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"unknown hash algorithm {algorithm}")
    return hashlib.new(algorithm, usedforsecurity=False) if algorithm in ("md5", "sha1") else hashlib.new(algorithm)


class Digests:
    """Feeds each block to every algorithm and counts the bytes."""

    def __init__(self, algorithms: Iterable[str] = ("sha256",)) -> None:
        self._running = {name: new(name) for name in algorithms}
        self.size = 0

    def update(self, block: bytes | bytearray | memoryview) -> None:
        for running in self._running.values():
            running.update(block)
        self.size += len(block)

    def hexdigests(self) -> dict[str, str]:
        """Lower-case hexadecimal, by algorithm."""
        return {name: running.hexdigest() for name, running in self._running.items()}


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
