"""Which program this is: its version, and one hash over every source file of it."""

import hashlib
from functools import cache
from pathlib import Path

NAME = "forensic"
PACKAGES = ("chain_of_custody", "forensic", "parsers", "reports")


@cache
def release() -> str:
    from importlib import metadata  # slow to load, and reading a case does not need it

    try:
        return metadata.version(NAME)
    except metadata.PackageNotFoundError:
        return "0"


@cache
def source_hash() -> str:
    """SHA-256 over path and content of every source file of the four packages, in path order."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    files = [path for package in PACKAGES for path in (root / package).rglob("*") if path.suffix in _SOURCES]
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


_SOURCES = {".py", ".toml", ".typ", ".html"}


def tool() -> dict[str, str]:
    """As entries name it."""
    return {"name": NAME, "version": release(), "source_sha256": source_hash()}
