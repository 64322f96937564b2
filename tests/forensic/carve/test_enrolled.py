"""Formats are found by walking the room; a broken room stops the run."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from chain_of_custody.errors import UsageError
from chain_of_custody.messages import say
from forensic.carve import format as words
from forensic.carve.enrolled import chosen, formats, walked


def test_sorted_by_name_and_complete() -> None:
    names = [f.name for f in formats()]
    assert names == sorted(names)
    assert set(names) == {
        "7z", "avi", "bmp", "gif", "gzip", "jpeg", "mp3", "mp4", "ole2", "pdf", "png", "rar", "sqlite", "wav", "webp",
        "zip",
    }  # fmt: skip


def test_chosen_by_name() -> None:
    assert [f.name for f in chosen(["png", "jpeg", "png"])] == ["jpeg", "png"]
    with pytest.raises(UsageError) as refused:
        chosen(["png", "tape"])
    assert "tape" in str(refused.value)
    assert "sqlite" in str(refused.value)


def test_every_reason_has_words() -> None:
    reasons = (words.CUT, words.BROKEN, words.CHECKSUM, words.CONTRADICTION, words.OPEN_END, words.OUTPUT_LIMIT,
               words.ENCRYPTED)  # fmt: skip
    assert all(say(reason, lang) for reason in reasons for lang in ("zh", "en"))


def room(folder: Path, name: str, **modules: str) -> ModuleType:
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source, "utf-8")
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    return package


def test_a_room_with_a_stranger_or_a_double_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "c").mkdir()
    with pytest.raises(TypeError):
        walked(room(tmp_path / "a", "room_a", odd="x = 1\n"))
    png = "from forensic.carve.formats.png import FORMAT\n__all__ = ['FORMAT']\n"
    with pytest.raises(ValueError, match="stands twice"):
        walked(room(tmp_path / "b", "room_b", one=png, two=png))
    with pytest.raises(ZeroDivisionError):
        walked(room(tmp_path / "c", "room_c", broken="1 / 0\n"))
