"""An examiner at a workstation of his own, who types commands and reads the answers."""

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).parents[1]
CASE_FILES = ("custody.sqlite", "index.sqlite")
PROGRAM = ("-c", "from forensic.cli.main import run; run()")
UNSET = ("FORENSIC_CASE", "FORENSIC_CONFIG", "FORENSIC_BY")


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left: its exit code and what it wrote to standard output and standard error."""

    code: int
    bytes: bytes
    err: str

    @property
    def out(self) -> str:
        return self.bytes.decode()

    @property
    def json(self) -> dict[str, Any]:
        """The one object of `--json`."""
        answer = json.loads(self.bytes)
        assert answer["schema"] == 1
        return answer

    @property
    def said(self) -> str:
        return f"exit {self.code}\n{self.bytes[-2000:].decode(errors='replace')}\n{self.err[-2000:]}"


@dataclass
class Examiner:
    """`types` runs a command in this process, `runs` in one of its own. After each one, unless the case is opened by
    nobody or damaged on purpose, the case holds exactly the files that its ledger names."""

    home: Path
    case: Path
    lang: str = "en"
    watched: bool = True
    env: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        own = {"FORENSIC_HOME": str(self.home), "FORENSIC_LANG": self.lang, "PYTHONPATH": str(ROOT), **self.env}
        return {name: value for name, value in {**os.environ, **own}.items() if name not in UNSET or name in self.env}

    def types(self, *words: object, where: Path | None = None) -> Done:
        """A command in this process, on the examiner's case unless `where` to stand is told."""
        program = _program()
        placed = () if where else ("--case", str(self.case))
        out, err = _stream(), _stream()
        here = Path.cwd()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        line = ["forensic", *placed, *map(str, words)]
        with (
            mock.patch.dict(os.environ, self.environment, clear=True),
            mock.patch.object(sys, "argv", line),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            os.chdir(where or here)
            try:
                program.run()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                os.chdir(here)
                for number, handler in before.items():
                    signal.signal(number, handler)
        return self._seen(Done(code, out.buffer.getvalue(), err.buffer.getvalue().decode()), line)

    def runs(self, *words: object, where: Path | None = None, **options: Any) -> Done:
        """A command in a process of its own."""
        placed = () if where else ("--case", str(self.case))
        line = [sys.executable, *PROGRAM, *placed, *map(str, words)]
        done = subprocess.run(
            line,
            env=self.environment,
            cwd=where or self.home.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            **options,
        )
        return self._seen(Done(done.returncode, done.stdout, done.stderr.decode()), line)

    def asks(self, *words: object) -> dict[str, Any]:
        """The JSON answer of a command that did its work, with findings or without."""
        done = self.types("--json", *words)
        assert done.code in (0, 3), done.said
        return done.json

    def makes_case(self, *more: object) -> Done:
        facts = ("--number", "2026-17", "--title", "无证售药", "--by", "张三", "--with", "李四")
        done = self.types("case", "new", self.case, *facts, *more)
        assert done.code == 0, done.said
        return done

    def adds_exhibit(self, *more: object) -> Done:
        done = self.types("exhibit", "add", "--kind", "card", "--label", "存储卡", *more)
        assert done.code == 0, done.said
        return done

    def entries(self) -> list[dict[str, Any]]:
        return entries(self.case)

    def _seen(self, done: Done, line: list[str]) -> Done:
        assert "Traceback" not in done.err, (line, done.err)
        assert done.code not in (1, 70), (line, done.said)
        if self.watched and (self.case / CASE_FILES[0]).exists():
            assert_tidy(self.case)
        return done


def entries(case: Path) -> list[dict[str, Any]]:
    """The bodies of a ledger, read past the program."""
    with closing(sqlite3.connect(case / CASE_FILES[0])) as ledger:
        return [json.loads(body) for (body,) in ledger.execute("SELECT body FROM entry ORDER BY seq")]


def files(case: Path) -> set[str]:
    """The files of a case folder, without the two databases and what SQLite keeps beside them."""
    found = {path.relative_to(case).as_posix() for path in case.rglob("*") if not path.is_dir()}
    return {name for name in found if not name.startswith(CASE_FILES)}


def assert_tidy(case: Path) -> None:
    """Files in the case = files that entries name, and nothing waits in the intake."""
    told = entries(case)
    gone = {body["target"] for body in told if body["kind"] == "dispose"}
    held = (b for b in told if b["kind"] == "artifact.held" and b["volume"] == "case" and b["seq"] not in gone)
    named = {file["path"] for body in held for file in body["files"]}
    assert files(case) == named


def _program() -> Any:
    """The command's module with every command enrolled, once; whatever a process keeps to itself is forgotten."""
    with mock.patch.dict(os.environ, {"FORENSIC_LANG": "en"}), mock.patch.object(sys, "argv", ["forensic"]):
        program = import_module("forensic.cli.main")
    if not program.app.registered_commands:
        program._enrol(())
        program._enrol = lambda arguments: None
    program.shared.case, program.shared.json = None, False
    import_module("forensic.workflows.recordset")._compare.cache_clear()
    return program


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
