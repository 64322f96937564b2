"""The formats that can be carved, found by walking the room `formats`."""

import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from types import ModuleType

from chain_of_custody.errors import UsageError
from forensic.carve import formats as room
from forensic.carve.format import Format


def walked(package: ModuleType) -> tuple[Format, ...]:
    """The `FORMAT` of every module in the package, by name. A module without one and a name that stands twice raise."""
    found: dict[str, Format] = {}
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        declared = getattr(import_module(module.name), "FORMAT", None)
        if not isinstance(declared, Format):
            raise TypeError(f"{module.name} declares no FORMAT")
        if declared.name in found:
            raise ValueError(f"carve format {declared.name} stands twice, again in {module.name}")
        found[declared.name] = declared
    return tuple(found[name] for name in sorted(found))


@cache
def formats() -> tuple[Format, ...]:
    """Every format we can carve, sorted by name."""
    return walked(room)


def chosen(names: Iterable[str]) -> tuple[Format, ...]:
    """The formats of these names, sorted by name. An unknown name raises `UsageError`."""
    known = {format_.name: format_ for format_ in formats()}
    wanted = set(names)
    if unknown := sorted(wanted - known.keys()):
        raise UsageError("carve-unknown-format", name=", ".join(unknown), known=", ".join(known))
    return tuple(known[name] for name in sorted(wanted))
