"""The shape of the house, read from its source: imports run downward, one door for writing, words for every message."""

import ast
import builtins
import string
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from chain_of_custody import errors
from chain_of_custody.messages import table

ROOT = Path(__file__).parents[1]
PACKAGES = ("chain_of_custody", "parsers", "reports", "forensic")
LONGEST = 400

BELOW = {"chain_of_custody", "parsers", "reports"}
MAY_IMPORT = {
    "chain_of_custody": set[str](),
    "parsers": {"chain_of_custody"},
    "reports": {"chain_of_custody", "parsers"},
    "forensic": BELOW,
    "forensic.sources": BELOW,
    "forensic.acquire": {*BELOW, "forensic.sources"},
    "forensic.recover": {*BELOW, "forensic.sources"},
    "forensic.carve": {*BELOW, "forensic.sources"},
    "forensic.index": {*BELOW, "forensic.sources"},
    "forensic.workflows": {
        *BELOW,
        *(f"forensic.{room}" for room in ("index", "acquire", "recover", "carve", "sources")),
    },
    "forensic.cli": {*BELOW, "forensic.workflows"},
}

WRITERS = {
    "chain_of_custody/algorithms.py": "the scratch folder in which a program checks a signature",
    "chain_of_custody/agent.py": "the socket of an unlocked key, in this user's runtime folder",
    "chain_of_custody/parcel.py": "parcels are written in the intake",
    "chain_of_custody/intake.py": "places what was entered",
    "chain_of_custody/heads.py": "the last heads seen, in the workstation's home or the witness's folder",
    "chain_of_custody/witness.py": "the witness's own folder",
    "chain_of_custody/laboratory.py": "the laboratory's ledger in the workstation's home",
    "chain_of_custody/keys.py": "the workstation's key",
    "chain_of_custody/ledger_file.py": "the ledger, and a scratch copy of one on a disc",
    "chain_of_custody/vault.py": "the vault beside the workstation's keys, outside every case",
    "chain_of_custody/volumes.py": "the marker of a further volume",
    "chain_of_custody/case.py": "the folder of a new case",
    "chain_of_custody/disposal.py": "removes the bytes of what was disposed of",
    "chain_of_custody/verify_ledger.py": "a scratch copy of a ledger that somebody has open",
}
WRITING_ROOMS = {
    "forensic/index/": "the index is rebuilt at will and is no evidence",
}
OUTSIDE_THE_CASE = {
    "forensic/workflows/memory.py": "notes beside the workstation's keys when a case was last verified",
    "forensic/workflows/config.py": "the laboratory's configuration",
    "forensic/workflows/outward.py": "heads on a stick",
    "forensic/workflows/new_file.py": "what a command was told to write to a file, outside the case",
    "forensic/workflows/exporting.py": "copies for people, into a folder outside the case",
    "forensic/workflows/reporting.py": "copies of papers, into a folder outside the case",
    "forensic/workflows/disc.py": "the folders of a disc, outside the case",
    "forensic/workflows/proving.py": "proofs and the exported ledger, outside the case",
    "forensic/workflows/indexing.py": "the scratch folder of a read-only case's index",
    "forensic/workflows/copying.py": "`case copy`, into a folder outside the case",
    "forensic/workflows/casework.py": "`case destroy`, which takes training cases only",
    "reports/workshop.py": "the scratch folder in which a paper is typeset",
}
BORDERS = {
    "forensic/cli/main.py": "what nobody foresaw is said as a bug, exit code 70",
    "forensic/workflows/parsing.py": "a parser that fails becomes a finding, and the next file is read",
    "parsers/payments/workbook.py": "a damaged workbook makes openpyxl raise anything",
}
NOT_THROUGH_A_WORKFLOW = {
    ("forensic.cli", "forensic.carve.enrolled"): "lists the formats there are",
}

WRITING_METHODS = {
    *("write_text", "write_bytes", "mkdir", "rename", "unlink", "rmdir", "touch", "chmod", "lchmod"),
    *("symlink_to", "hardlink_to"),
}
WRITING_FUNCTIONS = {
    "os": {
        *("mkdir", "makedirs", "rename", "renames", "replace", "link", "symlink", "unlink", "remove", "rmdir"),
        *("removedirs", "chmod", "fchmod", "chown", "truncate", "ftruncate", "mknod", "mkfifo", "utime"),
    },
    "shutil": {"copy", "copy2", "copyfile", "copytree", "copymode", "copystat", "move", "rmtree"},
}
WRITING_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"}


def files() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), name_of(path))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path) for path in files()}


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, with the line."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole if whole in MODULES else str(node.module)), node.lineno


def room_of(module: str) -> str | None:
    package, *rest = module.split(".")
    if package not in PACKAGES:
        return None
    return f"forensic.{rest[0]}" if package == "forensic" and rest else package


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))


def called(call: ast.Call) -> tuple[str, str]:
    """What stands before the last dot of what is called, as far as it is a plain name, and what stands after it."""
    match call.func:
        case ast.Name(id=name):
            return "", name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return owner, name
        case ast.Attribute(attr=name):
            return "?", name
    return "", ""


# -- the floors


def test_imports_run_downward() -> None:
    upward = [
        f"{name_of(path)}:{line} imports {module}"
        for path in files()
        for module, line in imported(path)
        if (room := room_of(module)) and room != (own := str(room_of(module_of(path)))) and room not in MAY_IMPORT[own]
        if (own, module) not in NOT_THROUGH_A_WORKFLOW
    ]
    assert upward == []


def test_no_circle() -> None:
    """Not between rooms, and not between the files of one."""
    graph = {module_of(path): {module for module, _ in imported(path) if module in MODULES} for path in files()}
    for module in graph:
        graph[module].discard(module)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_no_room_of_odds_and_ends() -> None:
    odd = {"utils", "util", "helpers", "helper", "common", "core", "misc"}
    assert [name_of(path) for path in files() if odd & set(path.relative_to(ROOT).with_suffix("").parts)] == []


def test_no_file_is_two() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in files()}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_every_file_says_what_it_is() -> None:
    silent = [name_of(path) for path in files() if not ast.get_docstring(tree_of(path))]
    assert silent == []


def test_click_is_typers_own() -> None:
    assert [name_of(path) for path in files() for module, _ in imported(path) if module.split(".")[0] == "click"] == []


# -- the door


def writes(call: ast.Call) -> bool:
    """Whether a call opens for writing, or makes, moves or removes a file. A mode that is not written out counts."""
    owner, name = called(call)
    if call.args and ast.unparse(call.args[0]) == "os.devnull":
        return False
    if name == "open" and owner == "os":
        return any(isinstance(node, ast.Attribute) and node.attr in WRITING_FLAGS for node in ast.walk(call))
    if name == "open" and owner not in ("tarfile", "zipfile", "wave"):
        return opens_for_writing(call, at=0 if owner else 1)
    if name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp", "mkdtemp", "TemporaryDirectory"):
        return False  # outside the case, gone with the command
    if name in WRITING_FUNCTIONS.get(owner, ()):
        return True
    if owner and name == "replace" and len(call.args) == 1 and not call.keywords:
        return True  # Path.replace; that of str takes two
    return bool(owner) and owner not in WRITING_FUNCTIONS and name in WRITING_METHODS


def opens_for_writing(call: ast.Call, at: int) -> bool:
    mode = next((keyword.value for keyword in call.keywords if keyword.arg == "mode"), None)
    if mode is None and len(call.args) > at:
        mode = call.args[at]
    if mode is None:
        return False
    if isinstance(mode, ast.Constant) and isinstance(mode.value, str):
        return bool(set(mode.value) & set("wax+"))
    return at == 1  # the builtin; an `open` of ours with another first argument is no file


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("open(p)", False),
        ("open(p, 'rb')", False),
        ("open(p, 'wb')", True),
        ("open(p, mode)", True),
        ("open(p, mode='r+b')", True),
        ("p.open()", False),
        ("p.open('x')", True),
        ("(a / b).open(mode='a')", True),
        ("os.open(p, os.O_RDONLY | os.O_DIRECT)", False),
        ("os.open(p, os.O_RDWR)", True),
        ("text.replace('a', 'b')", False),
        ("path.replace(other)", True),
        ("(a / b).mkdir()", True),
        ("shutil.copyfileobj(a, b)", False),
        ("shutil.copytree(a, b)", True),
        ("os.unlink(p)", True),
    ],
)
def test_what_counts_as_writing(source: str, expected: bool) -> None:
    (call,) = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    assert writes(call) is expected


def test_files_are_written_behind_the_door_only() -> None:
    writing = {
        f"{name_of(path)}:{call.lineno} {ast.unparse(call.func)}"
        for path in files()
        if name_of(path) not in WRITERS | OUTSIDE_THE_CASE and not name_of(path).startswith(tuple(WRITING_ROOMS))
        for call in calls(path)
        if writes(call)
    }
    assert writing == set()


def test_the_list_of_writers_is_short_and_true() -> None:
    listed = [name for name in WRITERS | OUTSIDE_THE_CASE if (ROOT / name).exists()]
    assert [name for name in listed if not any(writes(call) for call in calls(ROOT / name))] == []


def test_workflows_alone_hold_the_pen() -> None:
    held = {
        f"{name_of(path)}:{line} {module}"
        for path in files()
        if room_of(module_of(path)) not in ("chain_of_custody", "forensic.workflows")
        for module, line in imported(path)
        if module in ("chain_of_custody.session", "chain_of_custody.intake", "chain_of_custody.parcel")
    }
    named = {
        f"{name_of(path)}:{node.lineno} {word}"
        for path in files()
        if room_of(module_of(path)) not in ("chain_of_custody", "forensic.workflows")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Name | ast.Attribute)
        and (word := node.id if isinstance(node, ast.Name) else node.attr) in ("Session", "Delivery")
    }
    assert held | named == set()


# -- the words

ERRORS = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
TELLING = {*ERRORS, "Finding", "Breach", "say", "remark", "breach"}


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def literals(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from literals(one)
            yield from literals(other)


def tellings() -> Iterator[tuple[str, ast.Call, str, set[str] | None]]:
    """Where, the call, the message id, and the names of the facts it is given, None where they are computed."""
    for path in files():
        for call in calls(path):
            _, name = called(call)
            if name not in TELLING or not call.args:
                continue
            where = f"{name_of(path)}:{call.lineno}"
            hints = [keyword.value for keyword in call.keywords if keyword.arg == "hint"]
            for text in (text for node in (call.args[0], *hints) for text in literals(node)):
                yield where, call, text, facts_of(call, name)


def facts_of(call: ast.Call, name: str) -> set[str] | None:
    if name not in ("Finding", "Breach"):
        if any(keyword.arg is None for keyword in call.keywords):
            return None
        return {str(keyword.arg) for keyword in call.keywords} - {"hint"}
    at = 2 if name == "Finding" else 1
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "facts"), None)
    if given is None:
        given = call.args[at] if len(call.args) > at else None
    if given is None:
        return set()
    if not isinstance(given, ast.Dict) or not all(isinstance(key, ast.Constant) for key in given.keys):
        return None
    return {str(key.value) for key in given.keys if isinstance(key, ast.Constant)}


def test_every_message_stands_in_the_table() -> None:
    assert [f"{where} {text}" for where, _, text, _ in tellings() if text not in table()] == []


def test_every_message_is_given_the_facts_it_names() -> None:
    lacking = [
        f"{where} {text} lacks {missing}"
        for where, _, text, given in tellings()
        if text in table() and given is not None and (missing := fields(table()[text]["en"]) - given)
    ]
    assert lacking == []


def test_every_message_is_said_in_both_languages_with_the_same_facts() -> None:
    for message_id, words in table().items():
        assert set(words) == {"zh", "en"}, message_id
        assert all(text.strip() for text in words.values()), message_id
        assert fields(words["zh"]) == fields(words["en"]), message_id
        assert not words["zh"].isascii() or words["zh"] == words["en"], message_id  # IMEI is IMEI


def test_facts_are_plain_names() -> None:
    """A template that reaches into its facts could read what was not meant to be told."""
    for message_id, words in table().items():
        for text in words.values():
            for _, name, spec, conversion in string.Formatter().parse(text):
                assert name is None or name.isidentifier(), message_id
                assert not conversion, message_id
                assert not spec or spec in (",", "d"), message_id


# -- the codes

CODES = {2, 4, 5, 6, 7, 8, 70, 130, 143}


def test_exit_codes_are_those_of_the_table() -> None:
    assert {getattr(errors, name).exit_code for name in ERRORS} == CODES
    own = {
        f"{name_of(path)}:{node.lineno} {node.value.value}"
        for path in files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == "exit_code"
        if isinstance(node.value, ast.Constant) and node.value.value not in CODES
    }
    assert own == set()


def test_nothing_exits_with_one() -> None:
    ones = {
        f"{name_of(path)}:{call.lineno}"
        for path in files()
        for call in calls(path)
        if called(call)[1] in ("exit", "_exit", "Exit", "SystemExit")
        for given in (*call.args, *(keyword.value for keyword in call.keywords))
        if isinstance(given, ast.Constant) and given.value in (1, True)
    }
    assert ones == set()


def test_no_bare_except() -> None:
    """An `except` of everything that does not raise again stands at a declared border only."""
    broad = {"Exception", "BaseException"}
    silent = []
    for path in files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler) and name_of(path) not in BORDERS:
                caught = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else broad
                raised = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
                if caught & broad and not raised:
                    silent.append(f"{name_of(path)}:{node.lineno}")
    assert silent == []


def test_no_name_hides_a_builtin_error() -> None:
    own = {node.name for path in files() for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)}
    assert own & set(dir(builtins)) == set()
