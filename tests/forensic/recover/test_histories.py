"""Random histories with known contents: nothing called intact or inferred may have a wrong byte."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody.finding import Finding
from forensic.recover.recover import recover
from forensic.recover.recovered import Recovered, Status, content
from forensic.sources.examined import open_filesystem
from forensic.sources.filesystem import FileSystem
from forensic.sources.medium import blocks
from forensic.sources.raw import RawImage
from forensic.sources.runs import SPARSE, read

SURE = (Status.INTACT, Status.INFERRED)


def opened(image: Path) -> FileSystem:
    filesystem, _finding = open_filesystem(RawImage([image]))
    assert filesystem is not None
    return filesystem


def objects(filesystem: FileSystem) -> list[Recovered]:
    return [found for found in recover(filesystem) if not isinstance(found, Finding)]


def bytes_of(filesystem: FileSystem, found: Recovered) -> bytes:
    return b"".join(blocks(content(filesystem, found)))


@pytest.mark.parametrize("kind", ["fat12", "fat16", "fat32"])
@pytest.mark.parametrize("seed", range(7))
def test_no_wrong_byte_is_called_sure(history: Callable, kind: str, seed: int) -> None:
    past = history(kind, step=(0, 1, 60)[seed % 3]).happen(seed)
    filesystem = opened(past.image)
    assert filesystem.kind == kind
    files = [entry for entry in filesystem.entries() if entry.kind == "file" and entry.allocated]
    live = {entry.path.lower(): b"".join(blocks(filesystem.content(entry))) for entry in files}
    assert live == {path.lower(): was for path, was in past.live.items()}
    every = [was for _path, was in past.deleted] + list(past.live.values())
    for found in objects(filesystem):
        if found.kind == "file" and found.status in SURE:
            assert bytes_of(filesystem, found) in every, (found.path, found.evidence)
            assert len(bytes_of(filesystem, found)) == found.size


@pytest.mark.parametrize("seed", range(3))
def test_no_block_has_two_owners_and_none_is_in_use(history: Callable, seed: int) -> None:
    filesystem = opened(history("fat12").happen(seed).image)
    allocation = filesystem.allocation()
    assert allocation is not None
    taken: set[int] = set()
    for found in objects(filesystem):
        for run in found.runs:
            if run.offset == SPARSE:
                continue
            first = (run.offset - allocation.base) // allocation.block_size
            last = (run.offset + run.length - 1 - allocation.base) // allocation.block_size
            for block in range(first, last + 1):
                assert not allocation.in_use(block)
                assert block not in taken
                taken.add(block)


def test_a_file_that_nothing_could_have_overwritten_is_intact(history: Callable) -> None:
    past = history("fat16")
    past.write("keep.txt", b"stays")
    past.write("长文件名 gone.txt", b"secret")
    past.delete("长文件名 gone.txt")
    filesystem = opened(past.image)
    (found,) = objects(filesystem)
    assert (found.path, found.status) == ("长文件名 gone.txt", Status.INTACT)
    assert bytes_of(filesystem, found) == b"secret"


def test_a_later_write_makes_it_uncertain_and_keeps_the_candidate(history: Callable) -> None:
    past = history("fat16")
    past.write("a.txt", b"first")
    past.write("b.txt", b"second")
    past.delete("a.txt")
    filesystem = opened(past.image)
    (found,) = objects(filesystem)
    assert (found.status, found.evidence[0], found.runs) == (Status.UNCERTAIN, "later-writes-possible", ())
    assert b"".join(read(filesystem.medium, found.candidates)) == b"first"


def test_a_reused_slot_cannot_hide_that_the_cluster_was_reused(history: Callable) -> None:
    """The second owner of the cluster loses its own name to a third: only the clock still speaks of it."""
    past = history("fat12")
    past.folder("D")
    past.write("D/first.bin", b"1" * 300)
    past.delete("D/first.bin")
    past.write("second.bin", b"2" * 300)
    past.delete("second.bin")
    past.write("THIRD.BIN", b"3" * 300 + b"4" * 600)
    filesystem = opened(past.image)
    for found in objects(filesystem):
        assert found.status not in SURE


def test_a_fragmented_file_is_never_sure(history: Callable) -> None:
    past = history("fat16")
    for name in "abc":
        past.write(f"{name}.bin", name.encode() * 512)
    past.delete("b.bin")
    past.write("long.bin", b"L" * 1500)
    past.delete("long.bin")
    (found,) = [f for f in objects(opened(past.image)) if f.size == 1500]
    assert (found.status, found.runs) == (Status.UNCERTAIN, ())
    assert {"chain-lost", "contiguous-guess"} <= set(found.evidence)


def test_a_taken_cluster_is_overwritten_and_gives_no_byte(history: Callable) -> None:
    past = history("fat16")
    past.folder("D")
    past.write("D/old.bin", b"o" * 100)
    past.delete("D/old.bin")
    past.write("new.bin", b"n" * 100)
    (found,) = objects(opened(past.image))
    assert (found.status, found.runs, found.candidates) == (Status.OVERWRITTEN, (), ())
    assert found.gaps


def test_an_empty_file_is_intact_without_runs(history: Callable) -> None:
    past = history("fat16")
    past.write("empty.bin", b"")
    past.write("more.bin", b"x")
    past.delete("empty.bin")
    (found,) = objects(opened(past.image))
    assert (found.status, found.runs, found.evidence[0]) == (Status.INTACT, (), "size-zero")
