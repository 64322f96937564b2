"""Whose an artifact is and whether it counts: what was said of the file it was read from, or of the image which that
file lies in, holds for it too."""

from collections.abc import Iterator

from chain_of_custody.artifact import Artifact, located
from chain_of_custody.case import Case
from forensic.workflows import media


def exhibit_of(case: Case, artifact: Artifact) -> str | None:
    """The exhibit it belongs to now: the reassignment nearest to it rules."""
    moved = case.register.reassigned
    return next((moved[seq] for seq in _lineage(case, artifact) if seq in moved), artifact.exhibit)


def exhibit_of_entry(case: Case, seq: int, entered: str | None) -> str | None:
    """The same of any artifact by its number, a located one too; `entered` is what its entry says."""
    if artifact := case.register.artifacts.get(seq):
        return exhibit_of(case, artifact)
    moved = case.register.reassigned
    image = located(case.ledger.entry(seq)).image
    return next((moved[each] for each in (seq, image) if each in moved), entered)


def held(case: Case, exhibit: str) -> Iterator[Artifact]:
    """What is held of an exhibit and counts."""
    for artifact in case.register.held():
        if exhibit_of(case, artifact) == exhibit and counts(case, artifact):
            yield artifact


def counts(case: Case, artifact: Artifact) -> bool:
    """False if it was excluded, or something that it comes from."""
    return case.register.excluded.keys().isdisjoint(_lineage(case, artifact))


def _lineage(case: Case, artifact: Artifact) -> Iterator[int]:
    """Its own number, that of the file it was read from, and that of the image they come from."""
    yield artifact.seq
    facts = artifact.facts
    if "input" in facts:
        source = int(facts["input"])
        if source in case.register.artifacts:
            yield from _lineage(case, case.register.artifacts[source])
        else:
            yield source
            yield located(case.ledger.entry(source)).image
    elif "source" in facts:
        yield int(facts["source"]["image"])
    elif "image" in facts:
        yield int(facts["image"])
    elif artifact.what == media.HASH_LIST:
        image = case.register.artifacts.get(artifact.seq - 1)  # they come in together
        if image and image.facts["parcel"][0] == facts["parcel"][0]:
            yield image.seq
