"""What every test may ask for."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from fixtures.make.sdcard.card import make
from tests.examiner import Examiner

CORPUS = Path(os.environ.get("FORENSIC_CORPUS", Path(__file__).parents[2] / "shared" / "corpus"))


@pytest.fixture
def corpus() -> Callable[[str], Path]:
    """A published test medium by its path in the corpus; skips where it is not at hand."""

    def path(name: str) -> Path:
        file = CORPUS / name
        if not file.exists():
            pytest.skip(f"test medium not at hand: {name} (set FORENSIC_CORPUS)")
        return file

    return path


@dataclass(frozen=True)
class Card:
    """The demonstration card and the truth about it."""

    image: Path
    truth: dict[str, Any]

    def bytes(self, runs: list[list[int]]) -> bytes:
        """What stands in runs of bytes of the image."""
        with self.image.open("rb") as file:
            return b"".join(os.pread(file.fileno(), length, offset) for offset, length in runs)

    @cached_property
    def deleted(self) -> dict[str, dict[str, Any]]:
        """Deleted files by the path that is left: without a long name, a short one has lost its first letter."""
        left = {}
        for file in self.truth["deleted"]:
            above, _, name = file["path"].rpartition("/")
            left[file["path"] if file["name_whole"] else f"{above}/?{name[1:]}"] = file
        return left


@pytest.fixture(scope="session")
def card(tmp_path_factory: pytest.TempPathFactory) -> Card:
    image = tmp_path_factory.mktemp("card") / "card.img"
    with image.open("x+b") as file:
        truth = make(file)
    image.chmod(0o444)
    return Card(image, json.loads(json.dumps(truth)))


@pytest.fixture
def examiner(tmp_path: Path) -> Examiner:
    """Somebody with a workstation of his own and no case yet."""
    return Examiner(tmp_path / "workstation", tmp_path / "case")


@pytest.fixture
def at_work(examiner: Examiner) -> Examiner:
    """An examiner with a case and one exhibit, EX-001, which nobody sealed."""
    examiner.makes_case()
    examiner.adds_exhibit()
    return examiner
