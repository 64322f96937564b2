"""Discs made of the demonstration card's case, and what a stranger does with them."""

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Card
from tests.examiner import Examiner

SMALL = 6_000_000
RECIPIENT = "某区市场监管局法规科"


@dataclass(frozen=True)
class Handed:
    """A case with a report, and its disc in one folder."""

    examiner: Examiner
    card: Card
    folder: Path
    answer: dict[str, Any]


@pytest.fixture(scope="session")
def handed(card: Card, tmp_path_factory: pytest.TempPathFactory) -> Handed:
    home = tmp_path_factory.mktemp("handed")
    examiner = Examiner(home / "workstation", home / "case")
    examiner.makes_case("--training")
    photo = home / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + b"photo" * 100)
    examiner.adds_exhibit("--number", "检材1", "--photo", f"before:front={photo}")
    examiner.asks("acquire", "disk", card.image, "--exhibit", "EX-001")
    for step in ("recover", "carve", "parse"):
        examiner.asks(step, "EX-001")
    examiner.asks("report", "build", "--lang", "zh")
    answer = exported(examiner, home / "out", "GP-1")
    return Handed(examiner, card, home / "out", answer)


@pytest.fixture
def own_disc(handed: Handed, tmp_path: Path) -> Handed:
    """Workstation, case and disc for one test alone."""
    return doubled(handed, tmp_path)


@pytest.fixture(scope="session")
def split_disc(handed: Handed, tmp_path_factory: pytest.TempPathFactory) -> Handed:
    """The same on several discs."""
    alone = doubled(handed, tmp_path_factory.mktemp("split"))
    folder = alone.folder.with_name("split")
    return replace(alone, folder=folder, answer=exported(alone.examiner, folder, "GP-2", size=SMALL))


def doubled(handed: Handed, folder: Path) -> Handed:
    shutil.copytree(handed.folder, folder / "out")
    shutil.copytree(handed.examiner.case, folder / "case", copy_function=copied)
    shutil.copytree(handed.examiner.home, folder / "workstation")
    return replace(handed, examiner=Examiner(folder / "workstation", folder / "case"), folder=folder / "out")


def copied(source: str, target: str) -> None:
    """Databases are written to; what is held is only read, and linked."""
    if source.endswith(".sqlite"):
        shutil.copy2(source, target)
    else:
        os.link(source, target)


def exported(examiner: Examiner, folder: Path, number: str, *more: object, size: object = "4.7G") -> dict[str, Any]:
    return examiner.asks("export", "disc", folder, "--for", RECIPIENT, "--no", number, "--size", size, *more)


def rows(folder: Path) -> list[list[str]]:
    with (folder / "contents.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def checked(folder: Path, *more: str, python: Path | str = sys.executable) -> tuple[int, str]:
    done = subprocess.run([str(python), "-I", str(folder / "check.py"), *more], capture_output=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.decode()


def proves(line: str, folder: Path, python: Path | str = sys.executable) -> tuple[int, str]:
    """Runs a line of the README that begins with `py`."""
    done = subprocess.run([str(python), *line.split()[1:]], cwd=folder, capture_output=True, check=False)
    return done.returncode, done.stdout.decode()


def readme_line(folder: Path, begin: str) -> str:
    text = (folder / "README.txt").read_bytes().decode("utf-8-sig")
    return next(line.strip() for line in text.split("\r\n") if line.strip().startswith(begin))
