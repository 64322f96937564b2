"""Where a case can stand: discs, further volumes, network shares, damaged and foreign folders."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chain_of_custody import case as cases
from chain_of_custody import volumes
from chain_of_custody.artifact import Room
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.errors import CannotWrite, CaseError, IntegrityError, Unavailable, UsageError
from chain_of_custody.ledger_file import open_writing
from chain_of_custody.verify import Verdict

MakeCase = Callable[..., Case]
Judge = Callable[..., Verdict]


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    found = {path.relative_to(folder).as_posix(): path.stat() for path in sorted(folder.rglob("*"))}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


@pytest.fixture
def finished(make_case: MakeCase, write_in: Callable) -> Case:
    """A closed case with one file."""
    case = make_case()
    with write_in(case) as session, session.delivery() as delivery:
        with delivery.receive("txt") as incoming:
            incoming.write(b"bytes")
        delivery.add("file", Room.FILES, "EX-001", [incoming], {})
    case.close()
    return case


@pytest.fixture
def crashed(make_case: MakeCase, tmp_path: Path) -> Path:
    """A case folder whose last entries stand in the write-ahead log alone."""
    case = make_case("live")
    with case.ledger.transaction() as transaction:
        transaction.add("note.add")
    shutil.copytree(case.folder, tmp_path / "crashed")
    case.close()
    (tmp_path / "crashed" / (LEDGER + "-shm")).unlink()
    assert (tmp_path / "crashed" / (LEDGER + "-wal")).stat().st_size
    return tmp_path / "crashed"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files of this test go."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


# -- reading leaves nothing behind


def test_reading_leaves_the_folder_as_it_was(finished: Case, judge: Judge) -> None:
    before = listing(finished.folder)
    assert judge(finished.folder).holds
    assert listing(finished.folder) == before


def test_a_disc(finished: Case, judge: Judge, mount: Callable, scratch: Path) -> None:
    disc = mount("--bind", str(finished.folder))
    mount("-o", "remount,ro,bind", place=disc)
    before = listing(disc)
    verdict = judge(disc)
    assert verdict.breaches == verdict.remarks == []
    assert verdict.files == 1
    assert listing(disc) == before
    assert list(scratch.iterdir()) == []
    with pytest.raises(CannotWrite) as caught:
        Case.open(disc, writable=True)
    assert caught.value.message_id == "case-read-only"


def test_a_disc_with_entries_in_the_log(crashed: Path, judge: Judge, mount: Callable, scratch: Path) -> None:
    disc = mount("--bind", str(crashed))
    mount("-o", "remount,ro,bind", place=disc)
    before = listing(disc)
    verdict = judge(disc)
    assert verdict.holds
    assert verdict.entries == 2
    with Case.open(disc) as case:
        assert case.facts.number == "2026-17"
        assert list(scratch.iterdir()) != []
    assert listing(disc) == before
    assert list(scratch.iterdir()) == []


def test_entries_in_the_log_where_it_can_be_written(crashed: Path, judge: Judge) -> None:
    assert judge(crashed).entries == 2
    assert judge(crashed).holds


def test_a_log_begun_anew_while_it_is_copied(
    make_case: MakeCase, scratch: Path, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader without the right to write, beside a writer: the copy is of one moment."""
    case = make_case()
    truly, copies = shutil.copyfile, []

    def copyfile(source: Path, target: Path) -> None:
        truly(source, target)
        copies.append(source)
        if len(copies) == 1:
            case.ledger._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with case.ledger.transaction() as transaction:
                transaction.add("note.add")

    monkeypatch.setattr("chain_of_custody.ledger_file.shutil.copyfile", copyfile)
    with case.ledger.transaction() as transaction:
        for _ in range(300):
            transaction.add("note.add", text="n" * 500)
    monkeypatch.setattr(os, "access", lambda *_: False)
    verdict = judge(case.folder)
    assert verdict.breaches == []
    assert verdict.entries == 302


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users of the machine can reach."""
    folder = Path(tempfile.mkdtemp(prefix="forensic-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


LOOK = """
import sys, pathlib
from chain_of_custody.case import Case
from chain_of_custody.errors import ForensicError
from chain_of_custody.progress import silent
from chain_of_custody.verify import Verdict, verify_files, verify_ledger
verdict, folder = Verdict(), pathlib.Path(sys.argv[1])
with Case.open(folder) as case:
    verify_ledger(case.ledger, case.ledger.verifier_key, verdict, silent)
    verify_files(case, verdict, quick=False, progress=silent)
    print(verdict.entries, verdict.files, [breach.code for breach in verdict.breaches])
"""


@pytest.mark.parametrize("which", ["finished", "crashed"])
def test_another_user(which: str, request: pytest.FixtureRequest, open_folder: Path) -> None:
    """Someone who may read the case and write nowhere in it."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or not setpriv:
        pytest.skip("needs root and setpriv, to become another user")
    made = request.getfixturevalue(which)
    folder = open_folder / "case"
    shutil.copytree(made.folder if isinstance(made, Case) else made, folder)
    before = listing(folder)
    command = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-B", "-c", LOOK]
    environment = {"PYTHONPATH": os.environ["PYTHONPATH"], "FORENSIC_HOME": "/nowhere", "TMPDIR": "/tmp"}
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, env=environment, check=False)
    if "PermissionError" in done.stderr and "site-packages" in done.stderr:
        pytest.skip("another user cannot read this Python")
    assert done.stderr == ""
    assert done.stdout == ("4 1 []\n" if which == "finished" else "2 0 []\n")
    assert listing(folder) == before


# -- further volumes


@pytest.fixture
def with_volume(make_case: MakeCase, write_in: Callable, tmp_path: Path) -> Case:
    """A case with one file on a further volume; closed."""
    case = make_case()
    folder = tmp_path / "disk two"
    volumes.mark(folder, case.ledger.origin, "V2")
    with write_in(case) as session:
        session.enter("volume.add", volume="V2", path=str(folder))
        with session.delivery("V2") as delivery:
            with delivery.receive("dd") as incoming:
                incoming.write(b"image")
            delivery.add("image", Room.IMAGE, "EX-001", [incoming], {})
    case.close()
    return case


def test_a_file_on_a_further_volume(with_volume: Case, judge: Judge, tmp_path: Path) -> None:
    with Case.open(with_volume.folder) as case:
        (artifact,) = case.register.held(what="image")
        assert case.path_of(artifact) == tmp_path / "disk two" / f"EX-001/image/{artifact.seq:08d}_EX-001.dd"
        assert case.path_of(artifact).read_bytes() == b"image"
    verdict = judge(with_volume.folder)
    assert verdict.breaches == verdict.remarks == []
    (tmp_path / "disk two" / "planted").touch()
    assert [breach.code for breach in judge(with_volume.folder).breaches] == ["verify-stranger"]


def test_not_connected_is_not_missing(with_volume: Case, judge: Judge, tmp_path: Path, write_in: Callable) -> None:
    (tmp_path / "disk two").rename(tmp_path / "in the safe")
    verdict = judge(with_volume.folder)
    assert verdict.breaches == []
    assert [remark.code for remark in verdict.remarks] == ["volume-not-connected"]
    assert verdict.remarks[0].facts == {"volume": "V2", "path": str(tmp_path / "disk two")}
    with Case.open(with_volume.folder, writable=True) as case, write_in(case) as session:
        with pytest.raises(Unavailable) as caught:
            case.root_of("V2")
        assert caught.value.exit_code == 8
        with pytest.raises(Unavailable), session.delivery("V2") as delivery:
            delivery.receive("dd")


@pytest.mark.parametrize(
    "marker",
    ["", "[]", "no json", '"text"', '{"origin": "forensic/4501/other", "volume": "V2"}', '{"origin": 1}', "\ud800"],
)
def test_a_folder_with_another_marker_is_not_connected(with_volume: Case, tmp_path: Path, marker: str) -> None:
    path = tmp_path / "disk two" / volumes.MARKER
    path.write_bytes(marker.encode("utf-8", "surrogatepass"))
    with Case.open(with_volume.folder) as case:
        assert not case.volumes()["V2"].is_connected(case.ledger.origin)


def test_a_volume_of_another_case(tmp_path: Path) -> None:
    volumes.mark(tmp_path / "disk", "forensic/4501/aaaa", "V2")
    volumes.mark(tmp_path / "disk", "forensic/4501/aaaa", "V2")
    for origin, volume in (("forensic/4501/bbbb", "V2"), ("forensic/4501/aaaa", "V3")):
        with pytest.raises(CaseError) as caught:
            volumes.mark(tmp_path / "disk", origin, volume)
        assert caught.value.message_id == "volume-of-another"
    marker = json.loads((tmp_path / "disk" / volumes.MARKER).read_text("utf-8"))
    assert marker == {"origin": "forensic/4501/aaaa", "volume": "V2"}


# -- folders that are no case, or not one to write in


def test_no_case(tmp_path: Path) -> None:
    with pytest.raises(CaseError):
        Case.open(tmp_path)
    for content, error in ((b"", CaseError), (b"text", IntegrityError), (b"SQLite format 3\0" * 64, IntegrityError)):
        (tmp_path / LEDGER).write_bytes(content)
        for writable in (False, True):
            with pytest.raises((CaseError, error)):
                Case.open(tmp_path, writable=writable)


def test_a_folder_in_use_becomes_no_case(make_case: MakeCase, tmp_path: Path) -> None:
    make_case("case")
    with pytest.raises(CaseError) as caught:
        make_case("case")
    assert caught.value.message_id == "case-exists"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").touch()
    with pytest.raises(CaseError) as caught:
        make_case("full")
    assert caught.value.message_id == "case-folder-not-empty"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.doc"]


def test_a_network_share_is_refused_for_writing(finished: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = finished.folder
    renamed = folder.with_name("a share")
    folder.rename(renamed)
    mounts = f"proc /proc proc rw 0 0\n//nas/x {str(renamed).replace(' ', chr(92) + '040')} cifs rw 0 0\n"
    truly = Path.read_text

    def read_text(path: Path, *arguments: str) -> str:
        return mounts if path == Path("/proc/mounts") else truly(path, *arguments)

    monkeypatch.setattr(Path, "read_text", read_text)
    link = folder.with_name("a link")
    link.symlink_to(renamed)
    for way in (renamed, link):
        with pytest.raises(CaseError) as caught:
            open_writing(way / LEDGER)
        assert caught.value.message_id == "case-on-network"
        with Case.open(way) as case:
            assert case.facts.title


def test_which_case_is_meant(make_case: MakeCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = make_case("one").folder, make_case("two").folder
    (one / "EX-001").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CaseError):
        cases.find(None)
    monkeypatch.chdir(one / "EX-001")
    assert cases.find(None) == one
    assert cases.find(two) == two
    monkeypatch.setenv(cases.ENVIRONMENT, str(one))
    assert cases.find(None) == one
    monkeypatch.setenv(cases.ENVIRONMENT, str(two))
    with pytest.raises(UsageError) as caught:
        cases.find(None)
    assert str(one) in str(caught.value)
    assert str(two) in str(caught.value)
    monkeypatch.chdir(tmp_path)
    assert cases.find(None) == two
