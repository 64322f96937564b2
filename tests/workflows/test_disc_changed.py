"""Evidence discs: what must not be on them, and that one which was changed or never finished is caught."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_of_custody import check_disc
from chain_of_custody.errors import Cancelled
from forensic.workflows import disc
from tests.workflows.discs import RECIPIENT, Handed, checked, exported, files, proves, readme_line, rows


def test_what_is_excluded_later_is_left_out_though_the_report_cites_it(own_disc: Handed, tmp_path: Path) -> None:
    carved = next(row for row in rows(own_disc.folder) if row[3] == "carved")
    bill = own_disc.examiner.asks("payments")["totals"][0]["input"]
    for seq in (carved[2], bill):
        own_disc.examiner.asks("artifact", "exclude", seq, "--reason", "与本案无关")
    exported(own_disc.examiner, tmp_path / "again", "GP-2")
    there = {int(row[2]) for row in rows(tmp_path / "again")}
    assert not there & {int(carved[2]), bill}
    refused = own_disc.examiner.types(
        "export", "disc", tmp_path / "x", "--for", "x", "--no", "9", "--size", "25G", "--artifact", bill
    )
    assert refused.code == 5
    assert "excluded" in refused.err


def test_what_was_disposed_of_is_left_out(own_disc: Handed, tmp_path: Path) -> None:
    own_disc.examiner.watched = False
    bill = own_disc.examiner.asks("payments")["totals"][0]["input"]
    image = next(body["seq"] for body in own_disc.examiner.entries() if body.get("what") == "image")
    gone = own_disc.examiner.types("dispose", bill, image, "--approved-by", "王五", "--reason", "期满", "--yes")
    assert gone.code in (0, 3), gone.said
    exported(own_disc.examiner, tmp_path / "again", "GP-2")
    there = {row[3] for row in rows(tmp_path / "again")}
    assert there == {"report", "photo", "file"}
    assert str(bill) not in {row[2] for row in rows(tmp_path / "again")}


def test_the_number_of_an_artifact_narrows_it(own_disc: Handed, tmp_path: Path) -> None:
    recovered = next(row for row in rows(own_disc.folder) if row[3] == "recovered" and int(row[5]))
    exported(own_disc.examiner, tmp_path / "one", "GP-2", "--artifact", recovered[2])
    kinds = {row[3] for row in rows(tmp_path / "one")}
    assert kinds == {"report", "recovered", "block-hashes", "image-block"}
    assert [row[2] for row in rows(tmp_path / "one") if row[3] == "recovered"] == [recovered[2]]
    assert checked(tmp_path / "one", "--blocks")[0] == 0


def test_a_withheld_entry_is_not_on_it(own_disc: Handed, tmp_path: Path) -> None:
    """The command that entered it is recorded in its session's entry: that one is named unless it is withheld too."""
    own_disc.examiner.asks("exhibit", "add", "--kind", "usb", "--label", "他案的U盘")
    seq = own_disc.examiner.entries()[-2]["seq"]
    command = own_disc.examiner.entries()[seq]["sess"]
    answer = exported(own_disc.examiner, tmp_path / "half", "GP-2", "--withhold", seq, "--reason", "涉及他案")
    assert [(f["code"], f["facts"]["sessions"]) for f in answer["findings"]] == [("bundle-session-shown", str(command))]
    both = f"{command},{seq}"
    answer = exported(own_disc.examiner, tmp_path / "less", "GP-3", "--withhold", both, "--reason", "涉及他案")
    assert answer["findings"] == []
    assert "他案的U盘" not in (tmp_path / "less" / "ledger" / "entries.tsv").read_text("utf-8")
    assert own_disc.examiner.entries()[answer["seq"]]["withheld"] == f"{command}-{seq}"
    code, said = proves(readme_line(tmp_path / "less", "py verify_ledger.py"), tmp_path / "less")
    assert (code, f"{command}-{seq}: 隐去 withheld (2)" in said) == (0, True), said
    assert own_disc.examiner.types("export", "check", tmp_path / "less").code == 0


# -- what was changed


def test_a_changed_disc_is_caught_by_both_checks(own_disc: Handed) -> None:
    names = [name for name in files(own_disc.folder) if name != "SHA256SUMS"]
    picked = [name for name in names if name.startswith(("EX-001/blocks", "EX-001/files", "ledger/entries"))][::9]
    for name in [*picked, "contents.csv", "disc.json", "README.txt"]:
        path = own_disc.folder / name
        whole = path.read_bytes()
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        code, said = checked(own_disc.folder)
        assert (code, name in said) == (6, True), (name, said)
        done = own_disc.examiner.types("export", "check", own_disc.folder)
        assert (done.code, name in done.out) == (6, True), (name, done.said)
        path.write_bytes(whole)
    assert checked(own_disc.folder)[0] == 0


def test_missing_and_strange_files_are_named(own_disc: Handed) -> None:
    gone = own_disc.folder / next(row[1] for row in rows(own_disc.folder) if row[3] == "photo")
    gone.unlink()
    (own_disc.folder / "EX-001" / "planted.jpg").write_bytes(b"planted")
    (own_disc.folder / "link").symlink_to("README.txt")
    code, said = checked(own_disc.folder)
    assert code == 6
    done = own_disc.examiner.types("--json", "export", "check", own_disc.folder)
    assert done.code == 6
    told = {(breach["code"], breach["facts"].get("file")) for breach in done.json["breaches"]}
    assert {("disc-check-extra", "EX-001/planted.jpg"), ("disc-check-extra", "link")} < told
    assert ("disc-check-missing", gone.relative_to(own_disc.folder).as_posix()) in told
    assert all(name in said for name in ("planted.jpg", "link", gone.name))
    entry = own_disc.examiner.entries()[done.json["seq"]]
    assert (entry["holds"], "disc-check-extra" in entry["breaches"]) == (False, True)


def relisted(folder: Path) -> None:
    """SHA256SUMS made anew over whatever is there, as a forger would."""
    names = [name for name in files(folder) if name != "SHA256SUMS"]
    lines = (f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (folder / "SHA256SUMS").write_text("".join(lines), "ascii")


def test_a_list_changed_together_with_a_file_is_caught_by_the_ledger(own_disc: Handed) -> None:
    """The check on the disc alone cannot see it in a file that no entry names; the case's can."""
    with (own_disc.folder / "README.txt").open("ab") as file:
        file.write(b"forged")
    relisted(own_disc.folder)
    assert checked(own_disc.folder, "--blocks")[0] == 0
    for more in ((), ("--no", "GP-1")):
        done = own_disc.examiner.types("--json", "export", "check", own_disc.folder, *more)
        assert done.code == 6
        assert [breach["code"] for breach in done.json["breaches"]] == ["disc-check-sums"]


def test_evidence_changed_with_all_lists_is_caught_on_the_disc_itself(own_disc: Handed) -> None:
    recovered = next(row for row in rows(own_disc.folder) if row[3] == "recovered" and int(row[5]))
    path = own_disc.folder / recovered[1]
    path.write_bytes(b"forged" + path.read_bytes()[6:])
    contents = (own_disc.folder / "contents.csv").read_bytes()
    forged = contents.replace(recovered[6].encode(), hashlib.sha256(path.read_bytes()).hexdigest().encode())
    (own_disc.folder / "contents.csv").write_bytes(forged)
    relisted(own_disc.folder)
    code, said = checked(own_disc.folder, "--blocks")
    assert (code, "contents.csv" in said, recovered[1] in said) == (6, True, True)
    block = next(row for row in rows(own_disc.folder) if row[3] == "image-block")
    (own_disc.folder / block[1]).write_bytes(b"\0" * int(block[5]))
    relisted(own_disc.folder)
    assert f"{block[1]}: {check_disc.WORDS['block']}" in checked(own_disc.folder, "--blocks")[1]


# -- stops


def test_a_stop_leaves_nothing_that_looks_finished(
    own_disc: Handed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise Cancelled("cli-stopped")

    line = ("export", "disc", tmp_path / "cut", "--for", RECIPIENT, "--no", "GP-2", "--size", "4.7G")
    with monkeypatch.context() as patched:
        patched.setattr(disc._Pen, "close", stop)
        assert own_disc.examiner.types(*line).code == 130
    assert "SHA256SUMS" not in files(tmp_path / "cut")
    kinds = [body["kind"] for body in own_disc.examiner.entries()]
    assert kinds[-2:] == ["export", "session.close"]
    assert checked(tmp_path / "cut")[0] == 4
    done = own_disc.examiner.types("export", "check", tmp_path / "cut")
    assert (done.code, "never finished" in done.out) == (6, True), done.said
    assert "never finished" in own_disc.examiner.types("export", "list").out
    assert own_disc.examiner.types(*line).code == 2  # the folder is taken
    shutil.rmtree(tmp_path / "cut")
    assert own_disc.examiner.types(*line).code == 0  # the number is free
    assert own_disc.examiner.types(*line[:2], tmp_path / "other", *line[3:]).code == 5  # and taken now


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(line, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_destination_is_said(own_disc: Handed, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = ("export", "disc", small / "out", "--for", RECIPIENT, "--no", "GP-2", "--size", "4.7G")
    before = len(own_disc.examiner.entries())
    refused = own_disc.examiner.types(*line)
    assert (refused.code, "are needed" in refused.err) == (7, True), refused.said
    assert "export" not in [body["kind"] for body in own_disc.examiner.entries()[before:]]
    monkeypatch.setattr(disc, "_check_space", lambda *_: None)
    assert own_disc.examiner.types(*line).code == 7
    assert "SHA256SUMS" not in files(small)
    assert "export.made" not in [body["kind"] for body in own_disc.examiner.entries()[before:]]


def test_an_image_that_changed_stops_it(own_disc: Handed, tmp_path: Path) -> None:
    own_disc.examiner.watched = False
    image = next(body for body in own_disc.examiner.entries() if body.get("what") == "image")
    path = own_disc.examiner.case / image["files"][0]["path"]
    path.unlink()
    shutil.copyfile(own_disc.card.image, path)
    located = next(body for body in own_disc.examiner.entries() if body["kind"] == "artifact.located" and body["runs"])
    with path.open("r+b") as file:
        file.seek(located["runs"][0][0])
        file.write(b"\xff\x00\xff")
    line = ("export", "disc", tmp_path / "again", "--for", RECIPIENT, "--no", "GP-2", "--size", "4.7G")
    assert own_disc.examiner.types(*line).code == 6
    assert "SHA256SUMS" not in files(tmp_path / "again")
