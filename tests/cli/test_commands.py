"""Every command explains itself in both languages, and its example is one that it takes."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.examiner import PROGRAM, ROOT, Examiner

# Prints every command's help, and what becomes of its example: parsed in full, nothing called.
WALK = r"""
import json, re, shlex, sys
sys.argv = ["forensic"]
from forensic.cli import main
from typer.main import get_command
main._enrol(())
top = get_command(main.app)
listed = {}

def walk(command, name):
    helped, parsed = command.help or "", None
    if not hasattr(command, "commands"):
        command.callback = lambda **given: called.append(name)
    listed[name] = {"help": helped, "group": hasattr(command, "commands"),
                    "options": {p.name: getattr(p, "help", None) for p in command.params if p.name != "help"}}
    for below, sub in getattr(command, "commands", {}).items():
        walk(sub, f"{name} {below}")

called = []
walk(top, "forensic")
for name, told in listed.items():
    example = re.search(r"(?:例：|Example: )(.*)", told["help"])
    if example:
        words = shlex.split(example[1])
        told["example"] = example[1]
        called.clear()
        sys.argv = words
        top.main(words[1:], prog_name=words[0], standalone_mode=False)
        told["called"] = list(called)
print(json.dumps(listed))
"""
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module", params=["zh", "en"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """Every command's help in one language, by its name."""
    folder = tmp_path_factory.mktemp("told")
    reader = Examiner(folder / "home", folder / "case", lang=request.param)
    done = subprocess.run(
        [sys.executable, "-c", WALK], env=reader.environment, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    return request.param, json.loads(done.stdout)


def test_every_command_and_option_has_help_in_its_language(told: tuple[str, dict[str, Any]]) -> None:
    lang, commands = told
    assert len(commands) > 35
    for name, facts in commands.items():
        for text in (facts["help"], *facts["options"].values()):
            assert text, f"{name}: a word of help is missing"
            if lang == "zh":
                assert HAN.search(text), f"{name}: {text!r}"
            else:
                explained = re.sub(r"Example:.*", "", text)
                assert not HAN.search(explained), f"{name}: {text!r}"


def test_every_command_shows_an_example_that_it_takes(told: tuple[str, dict[str, Any]]) -> None:
    _, commands = told
    leaves = {name: facts for name, facts in commands.items() if not facts["group"]}
    for name, facts in leaves.items():
        assert "example" in facts, f"{name} shows no example"
        assert facts["called"] == [name], facts["example"]


def test_the_help_pages_are_printed(told: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    """Through the program itself: the first word after `forensic` decides which commands are loaded."""
    lang, commands = told
    reader = Examiner(tmp_path / "home", tmp_path / "case", lang=lang)
    for words in ("", "payments", "case new", "acquire disk"):
        done = reader.runs(*words.split(), "--help", where=tmp_path)
        assert (done.code, done.err) == (0, "")
        first = commands[f"forensic {words}".strip()]["help"].split("\n")[0]
        assert re.sub(r"\s", "", first) in re.sub(r"\s", "", done.out)
        assert (shlex.split(words) or ["status"])[-1] in done.out


def test_the_readme_names_every_command(told: tuple[str, dict[str, Any]]) -> None:
    _, commands = told
    readme = (ROOT / "README.md").read_text("utf-8")
    words = set(re.findall(r"[a-z][a-z-]*", readme))
    missing = [name for name, facts in commands.items() if not facts["group"] and not set(name.split()) <= words]
    assert not missing


def test_the_version_names_the_program_by_hash(examiner: Examiner) -> None:
    done = examiner.types("--version")
    assert done.code == 0
    assert re.fullmatch(r"forensic \S+ [0-9a-f]{64}\n", done.out)


def test_no_command_reads_the_terminal(examiner: Examiner) -> None:
    """With standard input closed, whatever is missing is an error at once and never a question."""
    done = subprocess.run(
        [sys.executable, *PROGRAM, "case", "new", str(examiner.case)],
        env=examiner.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=20,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--number" in done.stderr


def test_json_is_one_object_and_remarks_stay_out_of_it(at_work: Examiner) -> None:
    for words in (["case", "show"], ["exhibit", "list"], ["status"], ["parsers"], ["config", "show"], ["verify"]):
        answer = at_work.asks(*words)
        assert {"schema", "artifacts", "findings", "head"} <= answer.keys()
    added = at_work.types("--json", "exhibit", "add", "--kind", "usb", "--label", "U盘")
    assert added.json["exhibits"][0]["id"] == "EX-002"
    first = added.err.splitlines()[0]
    assert all(word in first for word in ("2026-17", "无证售药", "张三", "李四"))


def test_an_error_in_json_carries_its_code(examiner: Examiner) -> None:
    done = examiner.types("--json", "status")
    assert done.code == 5
    assert done.json["error"]["exit"] == 5
    assert done.json["error"]["code"] == "case-none"


def test_the_language_is_chosen_by_option_then_environment_then_configuration(examiner: Examiner) -> None:
    examiner.home.mkdir()
    (examiner.home / "config.toml").write_text('lang = "zh"\n', "utf-8")
    zh, en = "不是案件文件夹", "is not a case folder"
    examiner.lang = ""
    assert zh in examiner.runs("status").err
    examiner.lang = "en"
    assert en in examiner.runs("status").err
    assert zh in examiner.runs("--lang", "zh", "status").err
    assert examiner.runs("--lang", "fr", "status").code == 2


def test_a_writing_command_prints_the_head_it_leaves_behind(at_work: Examiner) -> None:
    answer = at_work.asks("exhibit", "add", "--kind", "usb", "--label", "last")
    head = at_work.asks("ledger", "head")["head"]
    assert answer["head"] == head
    assert head["size"] == at_work.asks("case", "show")["case"]["entries"]
