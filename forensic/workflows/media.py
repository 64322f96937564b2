"""The images of an exhibit, opened from where they are held."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.errors import CaseError
from chain_of_custody.finding import Finding
from forensic.sources.examined import survey
from forensic.sources.images import Image, open_image
from forensic.sources.medium import Medium
from forensic.sources.raw import RawImage

RAW = ".dd"
ENCRYPTED, UNKNOWN = "sources-encrypted-volume", "sources-unknown-filesystem"
IMAGE, PARTIAL, HASH_LIST = "image", "image-partial", "block-hashes"


def images(case: Case, exhibit: str) -> list[Artifact]:
    """Whole images of an exhibit, oldest first. An exhibit without one raises `CaseError`."""
    case.register.exhibit(exhibit)
    found = list(case.register.held(exhibit, IMAGE))
    if not found:
        raise CaseError("exhibit-no-image", hint="exhibit-no-image-hint", exhibit=exhibit)
    return found


@dataclass(frozen=True, slots=True)
class FirstLook:
    """`needs_key`: something on the medium is encrypted, so that a perfect copy is not mistaken for a damaged one.
    `findings`: what is encrypted, or that nothing on the medium is known."""

    needs_key: bool
    findings: tuple[Finding, ...]


def first_look(medium: Medium) -> FirstLook:
    found = survey(medium)
    encrypted = [finding for finding in found.findings if finding.code == ENCRYPTED]
    unknown = [finding for finding in found.findings if finding.code == UNKNOWN]
    nothing_known = not encrypted and not found.filesystems and len(unknown) == len(found.volumes)
    return FirstLook(bool(encrypted), tuple(encrypted or (unknown if nothing_known else ())))


@contextmanager
def opened(case: Case, artifact: Artifact) -> Iterator[Image]:
    """A held image as a medium, all its segments."""
    paths = [case.path_of(artifact, file) for file in artifact.files]
    is_raw = len(paths) == 1 and paths[0].suffix == RAW  # whatever its first bytes look like
    image: Image = RawImage(paths) if is_raw else open_image(paths)
    try:
        yield image
    finally:
        image.close()
