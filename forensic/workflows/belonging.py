"""Whose an artifact is and whether it counts: what was said of the file it was read from, or of the image which that
file lies in, holds for it too."""

from collections.abc import Iterator

from chain_of_custody.artifact import Artifact, located
from chain_of_custody.case import Case


def exhibit_of(case: Case, artifact: Artifact) -> str | None:
    """The exhibit it belongs to now: the reassignment nearest to it rules."""
    moved = case.register.reassigned
    return next((moved[seq] for seq in _lineage(case, artifact) if seq in moved), artifact.exhibit)


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
