"""The made-up story, for every test of the reports."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

MADE = Path(__file__).with_name("made.py")


@pytest.fixture(scope="session")
def made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("made", MADE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
