"""Damaged volumes: findings or an `EvidenceError`, never another exception, and no byte outside the medium."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Finding
from forensic.recover.recover import recover
from forensic.sources.examined import survey
from forensic.sources.medium import Memory
from forensic.sources.runs import SPARSE

MAKERS = {
    "fat": ["mkfs.vfat", "-F", "16", "-s", "1"],
    "exfat": ["mkfs.exfat", "-c", "1024", "-b", "4K"],
    "ntfs": ["mkntfs", "-q", "-F", "-f"],
    "ext": ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "1024"],
}


@pytest.fixture(params=sorted(MAKERS))
def volume(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    command = MAKERS[request.param]
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    image = tmp_path / "volume.img"
    with image.open("wb") as file:
        file.truncate(8 << 20 if request.param == "fat" else 2 << 20)
    subprocess.run([*command, str(image)], check=True, capture_output=True, timeout=60)
    return image.read_bytes()


def examine(data: bytes) -> None:
    seen = survey(Memory(data))
    findings = list(seen.findings)
    for _volume, filesystem in seen.filesystems:
        for entry in filesystem.entries():
            assert entry.times is not None
        for found in recover(filesystem):
            if isinstance(found, Finding):
                continue
            for run in found.runs:
                assert run.offset == SPARSE or 0 <= run.offset <= len(data) - run.length
        findings += filesystem.findings
    for run in seen.unallocated():
        assert 0 <= run.offset < run.offset + run.length <= len(data)
    assert all(finding.text("zh") and finding.text("en") for finding in findings)


def test_damage_is_never_a_crash(volume: bytes) -> None:
    chance = random.Random(11)
    full = [at for at in range(0, len(volume), 64) if any(volume[at : at + 64])]
    for _ in range(25):
        damaged = bytearray(volume)
        for _ in range(chance.choice((1, 5, 40))):
            damaged[chance.choice(full) + chance.randrange(64)] = chance.choice((0, 255, chance.randrange(256)))
        if chance.random() < 0.2:
            del damaged[chance.randrange(len(damaged)) :]
        try:
            examine(bytes(damaged))
        except EvidenceError as refusal:
            assert str(refusal)  # noqa: PT017 - either outcome is right, and a refusal must have its words


def test_noise_is_an_unknown_volume() -> None:
    seen = survey(Memory(random.Random(4).randbytes(200_000)))
    assert [finding.code for finding in seen.findings] == ["sources-unknown-filesystem"]
    assert sum(run.length for run in seen.unallocated()) == 200_000
