"""A secret goes the way that a case goes, and then is looked for everywhere but where it belongs."""

import array
import base64
import fcntl
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from tests.examiner import PROGRAM, Done, Examiner
from tests.keyed import PASSPHRASE, enrols, keyed

FACTS = (
    "--from",
    "机主",
    "--how",
    "笔录中告知",
    "--voluntary",
    "yes",
    "--notice",
    "yes",
    "--by",
    "张三",
    "--with",
    "李四",
)
ADD = ("secret", "add", "EX-001", *FACTS)
VAULT_PUT_BREAKS = "from chain_of_custody.vault import Vault; Vault.put = None; "


# -- looking


def forms(value: str) -> dict[str, bytes]:
    """How a value could stand among other bytes. In base64 it has three faces, by what stands before it."""
    utf8 = value.encode()
    seen = {
        "UTF-8": utf8,
        "UTF-16LE": value.encode("utf-16-le"),
        "UTF-16BE": value.encode("utf-16-be"),
        "hex": utf8.hex().encode(),
        "HEX": utf8.hex().upper().encode(),
    }
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + utf8)
        inner = whole[-(-shift * 4 // 3) : (shift + len(utf8)) * 8 // 6]  # characters that the value alone decides
        seen[f"base64+{shift}"] = inner
        seen[f"base64url+{shift}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    return seen


def leaks(value: str, pieces: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where, and in which form, the value stands."""
    looked_for = forms(value)
    return [f"{where}: {form}" for where, data in pieces for form, needle in looked_for.items() if needle in data]


def everything(*roots: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of all files below; of databases each row too, of PDF papers the streams and the text."""
    for path in (path for root in roots for path in sorted(root.rglob("*"))):
        yield f"name of {path}", str(path).encode()
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        yield str(path), data
        if data.startswith(b"SQLite format 3\0"):
            yield f"rows of {path}", "\n".join(rows(path)).encode()
        if data.startswith(b"%PDF"):
            yield from ((f"inside {path}", piece) for piece in inside_pdf(path))


def rows(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in tables:
            with suppress(sqlite3.OperationalError):  # the shadow tables of a full-text index are read by its own one
                yield from (repr(row) for row in database.execute(f'SELECT * FROM "{name}"'))


def inside_pdf(path: Path) -> Iterator[bytes]:
    reader = pypdf.PdfReader(path)
    for page in reader.pages:
        yield page.extract_text().encode()
        yield page.get_contents().get_data() if page.get_contents() else b""
    for attached in reader.attachments.values():
        yield from attached
    yield repr(reader.metadata).encode()


def processes() -> Iterator[tuple[str, bytes]]:
    """What `ps` can show of every process: its command line and its environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            with suppress(OSError):
                yield str(folder / name), (folder / name).read_bytes()


# -- the looking itself


@pytest.mark.parametrize("form", forms("Zx7-0123456789abcdef"))
def test_a_planted_value_is_found(tmp_path: Path, form: str) -> None:
    value = "Zx7-0123456789abcdef"
    assert leaks(value, [("here", b"\x00\x01" + forms(value)[form] + b"\xff")])
    assert not leaks(value, [("here", forms("Zx7-0123456789abcdee")[form][:-2] + b"\x00" * 90)])


@pytest.mark.parametrize("before", [b"", b"x", b"xy", b"xyz"])
def test_a_value_amid_base64_is_found(before: bytes) -> None:
    value = "Zx7-0123456789abcdef"
    assert leaks(value, [("here", base64.b64encode(before + value.encode() + b'", "item": 1'))])
    assert leaks(value, [("here", base64.urlsafe_b64encode(before + value.encode()))])


def test_a_value_is_found_in_databases_papers_names_and_processes(tmp_path: Path) -> None:
    value = "Zx7-0123456789abcdef"
    with closing(sqlite3.connect(tmp_path / "database")) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (?)", ("x" * 4050 + value,))  # across a page, to its overflow
        database.commit()
    paper = tmp_path / "paper"
    write_paper(paper, value)
    assert value.encode() not in paper.read_bytes()
    (tmp_path / f"named {value}").touch()
    found = leaks(value, everything(tmp_path))
    assert {where.split(" ")[0] for where in found} >= {"rows", "inside", "name"}

    with subprocess.Popen(["sleep", "60", "--", "0"], env={"VALUE": value, "PATH": os.defpath}) as child:
        try:
            assert leaks(value, until(lambda: leaks(value, processes()) and list(processes())))
        finally:
            child.kill()


def write_paper(path: Path, text: str) -> None:
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(200, 200)
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    named = DictionaryObject({NameObject(key): NameObject(name) for key, name in font.items()})
    fonts = DictionaryObject({NameObject("/F1"): named})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(f"BT /F1 12 Tf 10 10 Td ({text}) Tj ET".encode())
    page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())
    writer.write(path)


def until(answer, seconds: float = 20.0):
    """The first answer that is not empty."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := answer():
            return found
        time.sleep(0.02)
    pytest.fail("nothing came")


# -- the secret's way


@dataclass
class Way:
    """An examiner, a secret, and all that commands have said about it."""

    examiner: Examiner
    value: str = field(default_factory=lambda: "Zx7-" + secrets.token_hex(8))
    said: list[tuple[str, bytes]] = field(default_factory=list)

    def does(self, *words: object, codes: tuple[int, ...] = (0,)) -> Done:
        done = self.examiner.types(*words)
        assert done.code in codes, done.said
        self.hears(" ".join(map(str, words[:3])), done.bytes + done.err.encode())
        return done

    def hears(self, command: str, said: bytes) -> None:
        self.said.append((f"said by {command}", said))

    @property
    def line(self) -> list[str]:
        return [sys.executable, *PROGRAM, "--case", str(self.examiner.case)]

    def outside_the_vault(self, *roots: Path) -> list[str]:
        vault = str(self.examiner.home / "vault")
        pieces = ((where, data) for where, data in everything(*roots) if vault not in where)
        return leaks(self.value, [*pieces, *self.said])


@pytest.fixture
def way(at_work: Examiner) -> Way:
    return Way(keyed(at_work, "张三", "李四"))


def told_by_pipe(way: Way, *words: str) -> int:
    """Adds the secret through a descriptor, and looks at all processes while the child has it and waits for the end."""
    reading, writing = os.pipe()
    line = [*way.line, *words, "--value-fd", str(reading)]
    environment = way.examiner.environment
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(line, env=environment, pass_fds=[reading], **pipes) as child:
        os.write(writing, way.value.encode())
        waiting = array.array("i", [1])

        def drained() -> bool:
            fcntl.ioctl(writing, termios.FIONREAD, waiting)
            return waiting[0] == 0

        try:
            until(drained)
            seen = dict(processes())
            assert b"--value-fd" in seen[f"/proc/{child.pid}/cmdline"]
            assert leaks(way.value, seen.items()) == []
            limits = Path(f"/proc/{child.pid}/limits").read_text()
            assert "Max core file size        0                    0" in limits
        finally:
            os.close(reading)
            os.close(writing)
        said, _ = child.communicate(timeout=60)
    way.hears("secret add", said)
    return child.returncode


def test_nothing_but_the_vault_has_it_and_that_encrypted(way: Way, tmp_path: Path) -> None:
    examiner = way.examiner
    told = tmp_path / "told"
    told.write_text(way.value + "\n")
    revealed = tmp_path / "revealed"
    document = tmp_path / "document.txt"
    document.write_text("收款记录")

    passphrase = tmp_path / "passphrase"
    passphrase.write_bytes(PASSPHRASE)
    for name in ("张三", "李四"):
        way.does("key", "new", name, "--passphrase-file", passphrase)
        way.does("key", "enroll", name)
    way.does("take", document, "--exhibit", "EX-001", "--from", "x", "--received-at", "2026-01-05", "--kind", "other")
    seq = way.does("--json", *ADD, "--value-file", told).json["seq"]
    way.does("secret", "list")
    way.does("--json", "secret", "list")
    way.does("secret", "check", seq, "--value-file", told)
    way.does("secret", "reveal", seq, "--reason", "解锁手机", "--to", revealed)
    way.does("report", "build", "--lang", "zh", codes=(0, 3))
    way.does("index", "rebuild")
    way.does("ledger", "export", tmp_path / "bundle")
    way.does("ledger", "show", seq)
    way.does("--json", "ledger", "log")
    way.does("status", codes=(0, 3))
    way.does("verify")

    assert revealed.read_text() == way.value  # it was the value that all of them had to do with
    assert way.outside_the_vault(examiner.case, examiner.home, tmp_path / "bundle") == []
    vault = examiner.home / "vault"
    assert len(list(vault.rglob("*.age"))) == 1
    assert leaks(way.value, everything(vault)) == []
    assert leaks(PASSPHRASE.decode(), everything(examiner.case, examiner.home)) == []
    assert list((tmp_path / "bundle").rglob("*.age")) == []


def test_no_process_shows_it(at_work: Examiner) -> None:
    enrols(at_work, "赵六", "钱七")
    way = Way(at_work)
    assert told_by_pipe(way, *ADD) == 0, way.said
    assert way.outside_the_vault(at_work.case, at_work.home) == []


def test_the_shell_remembers_no_value(at_work: Examiner, tmp_path: Path) -> None:
    if not shutil.which("bash"):
        pytest.skip("the program bash is not installed")
    enrols(at_work, "赵六", "钱七")
    way = Way(at_work)
    told = tmp_path / "told"
    told.write_text(way.value)
    program = tmp_path / "forensic"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {PROGRAM[0]} "{PROGRAM[1]}" "$@"\n')
    program.chmod(0o700)
    history = tmp_path / "shell" / "history"
    history.parent.mkdir()
    facts = " ".join(FACTS)
    typed = f"{program} --case {at_work.case} secret add EX-001 {facts} --value-fd 3 3<{told}\nexit\n"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-i"],
        input=typed.encode(),
        env={**at_work.environment, "HISTFILE": str(history), "HISTSIZE": "500"},
        capture_output=True,
        check=False,
        start_new_session=True,
    )
    way.hears("bash", done.stdout + done.stderr)
    assert "secret add EX-001" in history.read_text()
    assert [body["kind"] for body in at_work.entries()][-2] == "secret.add", done.stderr
    assert way.outside_the_vault(at_work.case, at_work.home, history.parent) == []


def test_a_bug_tells_nothing(at_work: Examiner, tmp_path: Path) -> None:
    enrols(at_work, "赵六", "钱七")
    way = Way(at_work)
    told = tmp_path / "told"
    told.write_text(way.value)
    line = [sys.executable, "-c", VAULT_PUT_BREAKS + PROGRAM[1], "--case", str(at_work.case)]
    done = subprocess.run(
        [*line, *ADD, "--value-file", str(told)], env=at_work.environment, capture_output=True, check=False
    )
    assert done.returncode == 70
    way.hears("the bug", done.stdout + done.stderr)
    assert way.outside_the_vault(at_work.case, at_work.home) == []
    assert "secret.add" not in [body["kind"] for body in at_work.entries()]


@pytest.mark.parametrize("option", ["--value", "--secret", "--passcode", "--value=", "--value-f="])
def test_no_option_takes_it(way: Way, option: str) -> None:
    enrols(way.examiner, "张三", "李四")
    before = way.examiner.entries()
    words = [f"{option}{way.value}"] if option.endswith("=") else [option, way.value]
    way.does(*ADD, *words, codes=(2,))
    assert way.examiner.entries() == before
    assert way.outside_the_vault(way.examiner.case, way.examiner.home) == []


def test_a_value_typed_into_the_text_is_not_entered(way: Way, tmp_path: Path) -> None:
    enrols(way.examiner, "张三", "李四")
    told = tmp_path / "told"
    told.write_text(way.value)
    way.does("secret", "add", "EX-001", "--from", "x", "--how", f"是{way.value}，", "--value-file", told, codes=(2,))
    assert way.outside_the_vault(way.examiner.case, way.examiner.home) == []
