"""The images of an exhibit, opened from where they are held."""

from collections.abc import Iterator
from contextlib import contextmanager

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.errors import CaseError
from forensic.sources.images import Image, open_image

IMAGE, PARTIAL, HASH_LIST = "image", "image-partial", "block-hashes"


def images(case: Case, exhibit: str) -> list[Artifact]:
    """Whole images of an exhibit, oldest first. An exhibit without one raises `CaseError`."""
    case.register.exhibit(exhibit)
    found = list(case.register.held(exhibit, IMAGE))
    if not found:
        raise CaseError("exhibit-no-image", hint="exhibit-no-image-hint", exhibit=exhibit)
    return found


@contextmanager
def opened(case: Case, artifact: Artifact) -> Iterator[Image]:
    """A held image as a medium, all its segments."""
    root = case.root_of(artifact.volume)
    image = open_image([root / file.path for file in artifact.files])
    try:
        yield image
    finally:
        image.close()
