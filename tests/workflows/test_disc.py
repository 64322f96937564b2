"""Evidence discs: what stands on them, how large they are, and that a stranger can check them."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chain_of_custody import tree
from chain_of_custody.checkpoint import parse
from chain_of_custody.errors import UsageError
from chain_of_custody.ledger import entry_leaf
from forensic.workflows.disc_content import block_numbers
from forensic.workflows.disc_layout import Disc, Item, capacity_of, spread
from tests.workflows.discs import RECIPIENT, SMALL, Handed, checked, files, proves, readme_line, rows

MIB = 1 << 20
PYTHONS = [
    *(Path.home() / ".pyenv" / "versions" / version / "bin" / "python" for version in ("3.8.18", "3.13.0")),
    Path(sys.executable),
]


def test_papers_cited_artifacts_blocks_and_ledger_stand_on_it(handed: Handed) -> None:
    entries = handed.examiner.entries()
    there = {row[1]: row for row in rows(handed.folder)}
    by_seq = {int(row[2]) for row in there.values()}
    report = next(body for body in entries if body.get("what") == "report")
    assert {file["path"] for file in report["files"]} <= there.keys()
    printed = (handed.folder / report["files"][-1]["path"]).read_text("utf-8")
    cited = {body["seq"] for body in entries if body["kind"] == "artifact.located" or body.get("what") == "photo"}
    payments = handed.examiner.asks("payments")["totals"]
    cited |= {source["input"] for source in payments}
    assert cited <= by_seq
    for seq in (source["input"] for source in payments):
        assert str(seq) in printed
    for path, row in there.items():
        data = (handed.folder / path).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (int(row[5]), row[6]), path
    image = handed.card.image.read_bytes()
    blocks = [row for row in there.values() if row[3] == "image-block"]
    wanted = {n for body in entries if body["kind"] == "artifact.located" for n in block_numbers(body["runs"])}
    assert {int(Path(row[1]).stem) for row in blocks} == wanted
    for row in blocks:
        number = int(Path(row[1]).stem)
        assert (handed.folder / row[1]).read_bytes() == image[number * MIB : (number + 1) * MIB]
    names = {row[7] for row in there.values()}
    assert names >= {path for path in handed.card.deleted if path.startswith("DCIM/客户凭证")}


def test_nothing_else_of_the_case_stands_on_it(handed: Handed) -> None:
    entries = handed.examiner.entries()
    named = {row[1] for row in rows(handed.folder)}
    apart = {name for name in files(handed.folder) if name not in named}
    seqs = {int(row[2]) for row in rows(handed.folder)}
    proofs = {f"proofs/{seq // 1000:05d}/{seq:08d}.{end}" for seq in seqs for end in ("entry", "tlog-proof")}
    plain = {"README.txt", "SHA256SUMS", "check.py", "contents.csv", "disc.json", "verify_ledger.py"}
    assert {name for name in apart - proofs - plain if not name.startswith("ledger/")} == set()
    assert not {body["seq"] for body in entries if body.get("what") in ("image", "record-set")} & {
        int(row[2]) for row in rows(handed.folder) if row[3] != "image-block"
    }
    private = [path.read_bytes() for path in handed.examiner.home.rglob("*.pem")]
    assert private
    for name in files(handed.folder):
        data = (handed.folder / name).read_bytes()
        assert not any(key in data for key in private)
        assert not data.startswith(b"SQLite format 3\0") or name.startswith("EX-001/files/")


def test_names_are_short_plain_and_ours(handed: Handed) -> None:
    for name in files(handed.folder):
        assert name.isascii()
        assert re.fullmatch(r"[A-Za-z0-9._/-]{1,120}", name)
        assert all(len(part) <= 31 for part in name.split("/"))
        assert name.count("/") < 7


def test_the_entry_says_what_left(handed: Handed) -> None:
    entries = handed.examiner.entries()
    export, made = (next(b for b in entries if b["kind"] == kind) for kind in ("export", "export.made"))
    sums = (handed.folder / "SHA256SUMS").read_bytes()
    assert (export["what"], export["no"], export["to"], export["discs"]) == ("disc", "GP-1", RECIPIENT, 1)
    assert export["contents"] == hashlib.sha256((handed.folder / "contents.csv").read_bytes()).hexdigest()
    assert (export["files"], export["bytes"]) == (len(rows(handed.folder)), sum(int(r[5]) for r in rows(handed.folder)))
    assert made["target"] == export["seq"]
    assert [d["sums"] for d in made["discs"]] == [hashlib.sha256(sums).hexdigest()]
    last = (handed.folder / "ledger" / "entries.tsv").read_text("utf-8").splitlines()[-1]
    assert json.loads(last.partition("\t")[0]) == export
    assert handed.examiner.types("verify").code == 0


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="needs sha256sum")
def test_sha256sum_agrees(handed: Handed) -> None:
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=handed.folder, check=True)
    listed = {line.split("  ", 1)[1] for line in (handed.folder / "SHA256SUMS").read_text("ascii").splitlines()}
    assert listed == set(files(handed.folder)) - {"SHA256SUMS"}


@pytest.mark.parametrize("python", PYTHONS, ids=str)
def test_a_stranger_checks_it_read_only(handed: Handed, python: Path) -> None:
    if not python.exists():
        pytest.skip(f"{python} is not installed")
    before = files(handed.folder)
    for path in sorted(handed.folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    handed.folder.chmod(0o555)
    try:
        code, said = checked(handed.folder, "--blocks", "--proofs", python=python)
        assert code == 0, said
        assert "个文件由块重组" in said
        assert f"份条目证明 proofs of entries, 台账头 head {handed.answer['size']}:{handed.answer['root']}" in said
        line = readme_line(handed.folder, "py verify_ledger.py")
        code, said = proves(line, handed.folder, python)
        assert (code, "PROVED" in said) == (0, True), said
        forged = line[:-1] + ("0" if line[-1] != "0" else "1")
        assert proves(forged, handed.folder, python)[0] == 6
    finally:
        for path in (handed.folder, *handed.folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert files(handed.folder) == before


def test_the_readme_is_for_notepad(handed: Handed) -> None:
    data = (handed.folder / "README.txt").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n") > 50
    text = data.decode("utf-8-sig")
    zh, en = text.index("电子数据光盘 GP-1"), text.index("Evidence disc GP-1")
    assert zh < en
    for word in (
        RECIPIENT,
        "张三、李四",
        "2026-17",
        "培训案件",
        "certutil -hashfile SHA256SUMS SHA256",
        "py check.py --blocks",
    ):
        assert word in text[:en]
    assert handed.card.truth["image"]["sha256"] in text
    hashed = re.search(r"certutil -hashfile (reports\\\S+) SHA256", text)
    assert hashed
    assert (handed.folder / hashed[1].replace("\\", "/")).is_file()
    assert f"{handed.answer['size']}:{handed.answer['root']}" in text


def test_the_proofs_hold(handed: Handed) -> None:
    vkey = json.loads((handed.folder / "disc.json").read_text("ascii"))["vkey"]
    assert vkey in (handed.folder / "README.txt").read_text("utf-8-sig")
    for path in sorted((handed.folder / "proofs").rglob("*.tlog-proof"))[:40]:
        text, _, sig = path.with_suffix(".entry").read_bytes().decode().partition("\t")
        head, _ = parse(path.read_text("utf-8").partition("\n\n")[2])
        lines = path.read_text("utf-8").partition("\n\n")[0].splitlines()
        assert base64.b64decode(lines[1].removeprefix("extra ")) == path.with_suffix(".entry").read_bytes()
        steps = [base64.b64decode(line) for line in lines[3:]]
        seq = int(lines[2].split()[1])
        assert tree.root_from_inclusion(entry_leaf(text, sig), seq, head.size, steps) == head.root
        assert head.root.hex() == handed.answer["root"]


# -- more than one disc hold


def test_what_one_disc_does_not_hold_is_split(split_disc: Handed, handed: Handed) -> None:
    folders = [Path(each["folder"]) for each in split_disc.answer["discs"]]
    assert len(folders) > 1
    assert folders == [split_disc.folder / f"GP-2-{n}" for n in range(1, len(folders) + 1)]
    carried: set[str] = set()
    for number, folder in enumerate(folders, 1):
        assert rows(folder) == rows(folders[0])
        mine = {row[1] for row in rows(folder) if row[0] == str(number)}
        assert mine <= set(files(folder))
        carried |= mine
        code, said = checked(folder, "--blocks")
        assert code == 0, said
        assert f"（第 {number} 张，共 {len(folders)} 张）" in (folder / "README.txt").read_text("utf-8-sig")
        held = split_disc.examiner.types("--json", "export", "check", folder)  # it runs verify_ledger.py as well
        assert (held.code, held.json["disc"]) == (0, number), held.said
    assert carried == {row[1] for row in rows(handed.folder)}


@pytest.mark.skipif(not shutil.which("genisoimage"), reason="needs genisoimage")
def test_a_burned_disc_is_no_larger_than_was_said(split_disc: Handed, tmp_path: Path) -> None:
    sizes = []
    for made in split_disc.answer["discs"]:
        sizes.append(burned(Path(made["folder"]), tmp_path / f"{made['disc']}.iso").stat().st_size)
    assert max(sizes) <= SMALL
    assert sizes[0] > SMALL // 2


@pytest.mark.skipif(not shutil.which("genisoimage"), reason="needs genisoimage")
def test_many_small_files_are_counted_as_a_burning_program_counts_them(tmp_path: Path) -> None:
    counted = Disc(1)
    for number in range(2500):
        name = f"EX-001/files/{number // 10:05d}/{number:08d}.jpg"
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (number % 5))
        counted.put([(name, number % 5)])
    size = burned(tmp_path / "tree", tmp_path / "tree.iso").stat().st_size
    assert size <= counted.used <= 2 * size


def burned(folder: Path, image: Path) -> Path:
    line = ["genisoimage", "-quiet", "-udf", "-J", "-R", "-V", "EVIDENCE", "-o", str(image), str(folder)]
    subprocess.run(line, check=True, capture_output=True)
    return image


@pytest.mark.skipif(not (shutil.which("genisoimage") and shutil.which("xorriso")), reason="needs genisoimage, xorriso")
def test_it_survives_burning(own_disc: Handed, tmp_path: Path) -> None:
    """Written as an ISO image by one program, read back by another."""
    image, back = burned(own_disc.folder, tmp_path / "disc.iso"), tmp_path / "back"
    line = ["xorriso", "-osirrox", "on", "-indev", str(image), "-extract", "/", str(back)]
    subprocess.run(line, check=True, capture_output=True)
    assert files(back) == files(own_disc.folder)
    done = own_disc.examiner.types("--json", "export", "check", back)
    assert (done.code, done.json["holds"], done.json["number"]) == (0, True, "GP-1"), done.said
    entry = own_disc.examiner.entries()[done.json["seq"]]
    assert (entry["kind"], entry["holds"], entry["medium"], entry["breaches"]) == ("export.check", True, str(back), [])
    listing = subprocess.run(["isoinfo", "-J", "-f", "-i", str(image)], capture_output=True, text=True, check=True)
    assert {name[1:] for name in listing.stdout.splitlines()} >= set(files(own_disc.folder))


def item(path: str, size: int, seq: int) -> Item:
    return Item(path, size, "0" * 64, "taken", seq, lambda: iter(()))


def test_a_group_stays_together_where_a_disc_can_hold_it() -> None:
    groups = [[item(f"{n}/{part}", 1_500_000, n * 10 + part) for part in range(2)] for n in range(3)]
    discs = spread(groups, lambda seq: 500, [("README.txt", 100)], 7_000_000)
    assert [sorted(each.items) for each in discs] == [["0/0", "0/1"], ["1/0", "1/1"], ["2/0", "2/1"]]
    discs = spread([groups[0]], lambda seq: 500, [], 4_000_000)
    assert [sorted(each.items) for each in discs] == [["0/0"], ["0/1"]]
    assert all(each.used <= 4_000_000 for each in discs)
    with pytest.raises(UsageError) as refused:
        spread([[item("a", 5_000_000, 7)]], lambda seq: 500, [], 4_000_000)
    assert (refused.value.message_id, refused.value.facts["seq"]) == ("disc-file-too-large", 7)
    with pytest.raises(UsageError, match="which take"):
        spread([], lambda seq: 500, [("big", 5_000_000)], 4_000_000)


def test_a_block_is_stored_once_on_a_disc() -> None:
    shared = item("EX-001/blocks/00000007/00000/00000001.bin", MIB, 7)
    discs = spread([[item("a", 10, 8), shared], [item("b", 10, 9), shared]], lambda seq: 500, [], 10 * MIB)
    (only,) = discs
    assert sorted(only.items) == [shared.path, "a", "b"]
    assert only.used < 4 * MIB


@pytest.mark.parametrize(
    ("typed", "size"), [("4.7G", 4_700_000_000), ("25G", 25 * 10**9), ("700M", 7 * 10**8), ("9999", 9999)]
)
def test_sizes_are_those_printed_on_discs(typed: str, size: int) -> None:
    assert capacity_of(typed) == size


def test_blocks_of_runs() -> None:
    assert block_numbers([(0, 1), (MIB - 1, 2), (-1, 5 * MIB), (9 * MIB, MIB)]) == [0, 1, 9]
