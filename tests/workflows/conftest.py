"""The main job done once: the demonstration card from acquisition to the papers."""

from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from tests.conftest import Card
from tests.examiner import Examiner
from tests.workflows.discs import handed as handed
from tests.workflows.discs import own_disc as own_disc
from tests.workflows.discs import split_disc as split_disc

STEPS = ("acquired", "recovered", "carved", "parsed")


@dataclass(frozen=True)
class Job:
    """A case that went the whole way, and the JSON answers of its steps."""

    examiner: Examiner
    answers: dict[str, dict[str, Any]]
    card: Card


def do(examiner: Examiner, image: Path) -> dict[str, dict[str, Any]]:
    """Case, exhibit, and every step up to the records. Two exhibits, so that something can be reassigned."""
    examiner.makes_case("--training")
    examiner.adds_exhibit("--number", "检材1", "--seal", "F0001", "--seized-at", "2026-01-05 09:30")
    examiner.adds_exhibit("--label", "空袋")
    approval = ("--reason", "制作镜像", "--approved-by", "王五")
    examiner.asks("exhibit", "unseal", "EX-001", *approval, "--found", "intact", "--at", "2026-01-06 09:00")
    return {
        "acquired": examiner.asks("acquire", "disk", image, "--exhibit", "EX-001"),
        "recovered": examiner.asks("recover", "EX-001"),
        "carved": examiner.asks("carve", "EX-001"),
        "parsed": examiner.asks("parse", "EX-001"),
    }


@pytest.fixture(scope="session")
def job(card: Card, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Shared by all tests that only read. Whoever changes the case takes `own_job`."""
    folder = tmp_path_factory.mktemp("job")
    examiner = Examiner(folder / "workstation", folder / "case")
    return Job(examiner, do(examiner, card.image), card)


@pytest.fixture
def own_job(job: Job, tmp_path: Path) -> Job:
    """A copy of the case for one test alone, and of the workstation, which remembers the case's heads."""
    home, folder = tmp_path / "workstation", tmp_path / "case"
    copytree(job.examiner.home, home)
    copytree(job.examiner.case, folder)
    return replace(job, examiner=replace(job.examiner, home=home, case=folder, env={}))
