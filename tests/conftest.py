"""What every test may ask for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

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
