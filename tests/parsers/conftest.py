"""Made evidence as a parser would be given it."""

import hashlib
import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from parsers.source import Found

ROOT = Path(__file__).parents[2] / "fixtures"
SIDE_FILES = {"wal": "-wal", "journal": "-journal"}
BUILDERS = ("parsers_alipay", "parsers_phone", "parsers_wechat", "parsers_whatsapp")


@dataclass(frozen=True)
class Memory:
    """Bytes at hand."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@pytest.fixture(scope="session")
def found() -> Callable[..., Found]:
    """`found(path, data, wal=...)`: a file of evidence in a case at Shanghai."""

    def make(path: str, data: bytes, **beside: bytes) -> Found:
        sides = {name: Memory(content) for name, content in beside.items()}
        return Found(path, hashlib.sha256(data).hexdigest(), Memory(data), ZoneInfo("Asia/Shanghai"), **sides)

    return make


@pytest.fixture(scope="session")
def fixture_case(found: Callable[..., Found]) -> Callable[[str], Found]:
    """The input of `fixtures/parsers/<parser>/<case>`, at the path where the app would keep it."""

    def load(case: str) -> Found:
        folder = ROOT / "parsers" / case / "input"
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        main = next(path for path in files if not path.name.endswith(tuple(SIDE_FILES.values())))
        sides = {name: Path(f"{main}{suffix}") for name, suffix in SIDE_FILES.items()}
        beside = {name: path.read_bytes() for name, path in sides.items() if path in files}
        return found(main.relative_to(folder).as_posix(), main.read_bytes(), **beside)

    return load


@pytest.fixture(scope="session")
def builders() -> Iterator[list[ModuleType]]:
    """The scripts that made the fixtures."""
    sys.path.insert(0, str(ROOT / "make"))
    yield [importlib.import_module(name) for name in BUILDERS]
    sys.path.remove(str(ROOT / "make"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `case` runs once for each made case."""
    if "case" in metafunc.fixturenames:
        folders = sorted((ROOT / "parsers").glob("*/*"))
        metafunc.parametrize("case", [f"{path.parent.name}/{path.name}" for path in folders if path.is_dir()])
