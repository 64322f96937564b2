"""Found files entered: runs of bytes in a held image, or held themselves where their bytes are no plain run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chain_of_custody.artifact import Room
from chain_of_custody.session import Session
from forensic.sources.medium import Medium, blocks
from forensic.sources.runs import Run

GROUP = 1000
Place = tuple[int | None, str | None, str | None]  # entry, path of a held file, SHA-256
NOTHING: Place = (None, None, None)


@dataclass(frozen=True, slots=True)
class Find:
    """A file found in an image. `runs` and `sha256` None where there are no bytes to speak of; `content` is given where
    they are no plain runs and must be held. `line` is what the run's list says of it besides."""

    line: dict[str, Any]
    status: str
    suffix: str
    size: int
    runs: tuple[Run, ...] | None
    sha256: str | None
    content: Medium | None = None


def enter(
    session: Session, finds: Iterator[Find], exhibit: str, image: int, run: int, what: str, *, hold: bool = False
) -> Iterator[dict[str, Any]]:
    """Enters finds by the group and yields the list's lines, each joined with its entry's number and place."""
    group: list[Find] = []
    for find in finds:
        group.append(find)
        if len(group) >= GROUP:
            yield from _enter_group(session, group, exhibit, image, run, what, hold=hold)
            group = []
    yield from _enter_group(session, group, exhibit, image, run, what, hold=hold)


def _enter_group(
    session: Session, group: Sequence[Find], exhibit: str, image: int, run: int, what: str, *, hold: bool
) -> Iterator[dict[str, Any]]:
    held = {n: find for n, find in enumerate(group) if find.content is not None and (hold or find.runs is None)}
    located = {n: f for n, f in enumerate(group) if n not in held and f.runs is not None and f.sha256 is not None}
    numbers: dict[int, Place] = {}
    if located:
        with session.transaction() as writing:
            for n, find in located.items():
                seq = writing.add(
                    "artifact.located",
                    item=exhibit,
                    image=image,
                    run=run,
                    what=what,
                    suffix=find.suffix,
                    runs=[list(piece) for piece in find.runs or ()],
                    size=find.size,
                    sha256=find.sha256,
                    status=find.status,
                )
                numbers[n] = (seq, None, find.sha256)
    numbers |= _hold(session, held, exhibit, image, run, what)
    for n, find in enumerate(group):
        entered, stored, sha256 = numbers.get(n, NOTHING)
        runs = [list(piece) for piece in find.runs or ()]
        line = {**find.line, "status": find.status, "size": find.size, "runs": runs, "suffix": find.suffix}
        yield {"kind": "file", "seq": entered, "stored": stored, "sha256": sha256, **line}


def _hold(session: Session, held: dict[int, Find], exhibit: str, image: int, run: int, what: str) -> dict[int, Place]:
    if not held:
        return {}
    with session.delivery() as delivery:
        for find in held.values():
            assert find.content is not None
            with delivery.receive(find.suffix) as incoming:
                for block in blocks(find.content):
                    incoming.write(block)
            facts = {"image": image, "run": run, "status": find.status}
            delivery.add(what, Room.FILES, exhibit, [incoming], facts)
        artifacts = delivery.commit()
    return {n: (a.seq, a.main.path, a.main.sha256) for n, a in zip(held, artifacts, strict=True)}
