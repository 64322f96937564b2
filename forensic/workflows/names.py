"""The names that files bear in the evidence, kept beside them in lists: never in an entry, never in a path."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chain_of_custody.artifact import Room
from chain_of_custody.case import Case
from chain_of_custody.intake import Delivery

WHAT = "name-list"


def add_list(delivery: Delivery, exhibit: str | None, lines: Sequence[Mapping[str, Any]]) -> None:
    """Adds a list to a delivery: one line for each artifact added to it before, in their order.

    Artifacts and list are entered in one transaction, so an artifact's number follows from the list's.
    """
    assert len(lines) == delivery.waiting
    with delivery.receive("jsonl") as incoming:
        for line in lines:
            incoming.write(json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode() + b"\n")
    delivery.add(WHAT, Room.RECORDS, exhibit, [incoming], {"lines": len(lines)})


def read(case: Case) -> dict[int, dict[str, Any]]:
    """What the lists say of each artifact, by its number."""
    known: dict[int, dict[str, Any]] = {}
    for artifact in case.register.held(what=WHAT):
        first = artifact.seq - int(artifact.facts["lines"])
        with case.path_of(artifact).open("rb") as file:
            for place, line in enumerate(file):
                known[first + place] = json.loads(line)
    return known
