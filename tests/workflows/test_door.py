"""Every change below the case folder, seen from outside by the interpreter's audit hook, came through the one door."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Card
from tests.examiner import ROOT, Examiner

MAY_WRITE = ("chain_of_custody/", "forensic/index/")

# Runs command lines one after another in one process and prints every write below the case folder with the first file
# of the project on the stack. It ends with a write from outside the door, to prove that it sees them.
WATCH = r"""
import io, json, os, sys
from contextlib import redirect_stdout
case, root = sys.argv[1] + os.sep, sys.argv[2] + os.sep
commands = json.loads(sys.stdin.read())
seen = set()
CHANGES = {"os.mkdir": 1, "os.rename": 2, "os.link": 2, "os.symlink": 2, "os.remove": 1, "os.rmdir": 1,
           "os.truncate": 1, "os.chmod": 1, "os.utime": 1, "os.setxattr": 1,
           "shutil.rmtree": 1, "shutil.copyfile": 2, "shutil.move": 2}

def below(path, folder=-1):
    if isinstance(path, int):
        path = os.readlink(f"/proc/self/fd/{path}")
    path = os.fsdecode(path)
    if isinstance(folder, int) and folder >= 0 and not path.startswith("/"):
        path = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)
    return os.path.abspath(path).startswith(case)

def writer():
    frame = sys._getframe(2)
    while frame:
        name = frame.f_code.co_filename
        if name.startswith(root) and ".venv" not in name:
            return name.removeprefix(root)
        if name == "<string>" and frame.f_code.co_name == "rogue":
            return "rogue"
        frame = frame.f_back
    return "nobody"

def hook(event, given):
    if event == "open":
        path, mode, flags = given
        if path is None or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
            return
        touched = below(path)
    elif event == "sqlite3.connect":
        touched = case in os.fsdecode(given[0]) and "immutable" not in str(given[0])
    elif event in CHANGES:
        folders = [item for item in given[CHANGES[event]:] if isinstance(item, int)] or [-1]
        touched = any(below(path, folders[-1]) for path in given[:CHANGES[event]])
    else:
        return
    if touched:
        seen.add((event, writer()))

def rogue():
    with open(case + "stray", "w") as file:
        file.write("x")
    os.remove(case + "stray")

sys.argv = ["forensic"]
from forensic.cli import main
main._enrol(())
main._enrol = lambda arguments: None
sys.addaudithook(hook)
codes = []
for words in commands:
    sys.argv = ["forensic", "--case", case, *words]
    with redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        try:
            main.run()
            codes.append(0)
        except SystemExit as end:
            codes.append(end.code)
honest = sorted(seen)
rogue()
print(json.dumps({"codes": codes, "seen": honest, "caught": sorted(seen - set(honest))}))
"""


@pytest.fixture(scope="module")
def watched(card: Card, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list]:
    folder = tmp_path_factory.mktemp("watched")
    examiner = Examiner(folder / "home", folder / "case")
    loose = folder / "letter.txt"
    loose.write_text("a letter")
    photo = folder / "front.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (folder / "volume").mkdir()
    facts = ("--number", "1", "--title", "t", "--by", "张三", "--training")
    received = ("--from", "x", "--received-at", "2026-01-01", "--kind", "paper")
    commands = [
        ["case", "new", examiner.case, *facts],
        ["exhibit", "add", "--kind", "card", "--label", "卡", "--photo", f"before:front={photo}"],
        ["exhibit", "add", "--kind", "card", "--label", "另一张"],
        ["case", "volume", "add", folder / "volume"],
        ["acquire", "disk", card.image, "--exhibit", "EX-001"],
        ["take", loose, "--exhibit", "EX-001", *received],
        ["files", "EX-001"],
        ["recover", "EX-001", "--hold"],
        ["carve", "EX-001"],
        ["parse", "EX-001"],
        ["payments"],
        ["chats"],
        ["search", "红包"],
        ["index", "rebuild"],
        ["ledger", "correct", "0", "--set", "title=u", "--reason", "r"],
        ["artifact", "exclude", "3", "--reason", "r"],
        ["export", "files", "EX-001", "--to", folder / "out"],
        ["report", "build", "--to", folder / "papers"],
        ["verify"],
        ["status"],
        ["files", "EX-009"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", WATCH, str(examiner.case), str(ROOT)],
        input=json.dumps(commands, default=str),
        env=examiner.environment,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert set(answer["codes"][:-1]) <= {0, 3}, (answer["codes"], done.stderr)
    assert answer["codes"][-1] == 5
    assert examiner.types("verify").code == 0  # which also compares files with entries
    return answer


def test_only_the_door_and_the_index_write(watched: dict[str, list]) -> None:
    strangers = [(event, file) for event, file in watched["seen"] if not file.startswith(MAY_WRITE)]
    assert not strangers


def test_the_watch_sees_what_it_should(watched: dict[str, list]) -> None:
    files = {file for _, file in watched["seen"]}
    assert {"chain_of_custody/parcel.py", "chain_of_custody/intake.py", "chain_of_custody/case.py"} <= files
    assert {"chain_of_custody/ledger_file.py", "forensic/index/build.py"} <= files
    assert ["open", "rogue"] in watched["caught"]


def test_a_job_leaves_the_source_as_it_was(card: Card, tmp_path: Path) -> None:
    before = card.image.stat()
    examiner = Examiner(tmp_path / "home", tmp_path / "case")
    examiner.makes_case()
    examiner.adds_exhibit()
    examiner.asks("acquire", "disk", card.image, "--exhibit", "EX-001")
    after = card.image.stat()
    assert (after.st_mtime_ns, after.st_atime_ns, after.st_size) == (
        before.st_mtime_ns,
        before.st_atime_ns,
        before.st_size,
    )
