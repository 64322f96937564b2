"""Published media whose deleted files are known."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from chain_of_custody.finding import Finding
from forensic.recover.recover import recover
from forensic.recover.recovered import Recovered, Status
from forensic.sources.examined import Survey, survey
from forensic.sources.images import open_image, segments_of
from forensic.sources.medium import Medium
from forensic.sources.runs import read, sha256

pytestmark = pytest.mark.corpus


def recovered(seen: Survey) -> list[Recovered]:
    return [o for _volume, fs in seen.filesystems for o in recover(fs) if not isinstance(o, Finding)]


@pytest.fixture
def undelete(corpus: Callable[[str], Path], tmp_path: Path) -> tuple[Medium, list[Recovered], list[dict]]:
    truth = json.loads(corpus("truth/fat-undelete-6.json").read_text("utf-8"))
    with zipfile.ZipFile(corpus("filesystems/6-undel-fat.zip")) as archive:
        image = Path(archive.extract("6-undel-fat/6-fat-undel.dd", tmp_path))
    medium = open_image(segments_of(image))
    return medium, recovered(survey(medium)), truth["files"]


def test_all_deleted_files_and_folders_are_listed_and_no_other(undelete: tuple) -> None:
    _medium, found, truth = undelete
    files = {(o.inode, o.size) for o in found if o.kind == "file"}
    assert files == {(file["tsk_inode"], file["size"]) for file in truth}
    assert sum(o.kind == "file" for o in found) == 6
    assert sum(o.kind == "dir" for o in found) == 5
    for file in truth:
        (same,) = [o for o in found if o.inode == file["tsk_inode"] and o.kind == "file"]
        assert same.path.lower()[-len(file["name"]) + 1 :] == file["name"][1:] or same.name == Path(file["name"]).name


def test_nothing_sure_has_a_wrong_byte_and_each_start_is_the_published_one(undelete: tuple) -> None:
    medium, found, truth = undelete
    by_inode = {o.inode: o for o in found if o.kind == "file"}
    for file in truth:
        same = by_inode[file["tsk_inode"]]
        if same.status in (Status.INTACT, Status.INFERRED):
            assert sha256(medium, same.runs) == file["sha256_true_content"]
        if not file["fragmented"]:
            assert sha256(medium, same.candidates or same.runs) == file["sha256_true_content"]
        assert (same.candidates or same.runs)[0].offset == file["published_sectors"][0][0] * 512


def test_names_of_another_alphabet_come_back(corpus: Callable[[str], Path]) -> None:
    medium = open_image([corpus("filesystems/CFReDS001.E01")])
    found = {o.name: o for o in recovered(survey(medium))}
    assert set(found) == {"закуски.txt", "напитки.txt"}
    gone = found["закуски.txt"]
    assert (gone.status, gone.runs, gone.candidates) == (Status.OVERWRITTEN, (), ())
    drinks = found["напитки.txt"]
    assert drinks.size == 1746
    assert sha256(medium, drinks.candidates).startswith("bda274e5")
    assert drinks.status is Status.UNCERTAIN
    assert hashlib.sha256(b"".join(read(medium, drinks.runs))).hexdigest() == hashlib.sha256(b"").hexdigest()
