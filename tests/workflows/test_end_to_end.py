"""The whole way over the demonstration card, against the truth that its builder wrote down."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.examiner import PROGRAM, Examiner
from tests.workflows.conftest import Job

SHA256 = re.compile(r"[0-9a-f]{64}")
HOSTILE = "文档/=cmd()[red]价目#panic()\u202egpj.txt"
CLAIMED = ("intact", "inferred", "valid")  # statuses that say the bytes are those of the file


def held(job: Job, what: str) -> list[int]:
    return [body["seq"] for body in job.examiner.entries() if body.get("what") == what]


def test_every_step_answers_with_what_the_contract_names(job: Job) -> None:
    for answer in job.answers.values():
        assert answer["schema"] == 1
        assert {"artifacts", "findings", "head"} <= answer.keys()
        assert SHA256.fullmatch(answer["head"]["root"])
        for artifact in answer["artifacts"]:
            assert {"seq", "path", "sha256", "size"} <= artifact.keys()
    acquired = job.answers["acquired"]
    truth = job.card.truth["image"]
    assert (acquired["sha256"], acquired["bytes"]) == (truth["sha256"], truth["size"])
    assert (acquired["verdict"], acquired["unreadable"]) == ("complete", [])
    assert acquired["md5"] == hashlib.md5(job.card.image.read_bytes()).hexdigest()
    keys = {"name", "path", "stored", "inode", "size", "sha256", "status", "runs"}
    assert all(keys <= file.keys() for file in job.answers["recovered"]["files"])
    keys = {"offset", "length", "format", "sha256", "status", "stored"}
    assert all(keys <= file.keys() for file in job.answers["carved"]["files"])
    for read in job.answers["parsed"]["parsers"]:
        assert {"name", "version", "input", "records", "findings"} <= read.keys()


def test_long_lists_come_as_json_lines_too(job: Job) -> None:
    for step, words in (("recovered", "recover"), ("carved", "carve")):
        lines = job.examiner.types(words, "EX-001", "--jsonl").out.splitlines()
        assert [json.loads(line) for line in lines[:-1]] == job.answers[step]["files"]
        assert json.loads(lines[-1]).keys() == {"schema", "findings", "head"}


def test_live_files_have_the_hashes_they_were_written_with(job: Job) -> None:
    answer = job.examiner.asks("files", "EX-001")
    live = {f["path"]: f for f in answer["files"] if f["status"] == "live" and f["kind"] == "file"}
    truth = {f["path"]: f for f in job.card.truth["live"]}
    assert {path: f["sha256"] for path, f in live.items()} == {path: f["sha256"] for path, f in truth.items()}
    assert {path: f["runs"] for path, f in live.items()} == {path: f["runs"] for path, f in truth.items()}
    folders = {f["path"] for f in answer["files"] if f["kind"] == "dir" and f["status"] == "live"}
    assert folders >= set(job.card.truth["folders"])
    lines = job.examiner.types("files", "EX-001", "--jsonl").out.splitlines()
    assert [json.loads(line)["path"] for line in lines[:-1]] == [f["path"] for f in answer["files"]]


def test_deleted_files_are_listed_and_never_claimed_wrongly(job: Job) -> None:
    recovered = {f["path"]: f for f in job.answers["recovered"]["files"]}
    assert recovered.keys() >= job.card.deleted.keys()
    for path, file in job.card.deleted.items():
        found = recovered[path]
        assert found["size"] == file["size"]
        if found["status"] in CLAIMED:
            assert found["sha256"] == file["sha256"], path
        if found["sha256"]:
            assert found["sha256"] == hashlib.sha256(job.card.bytes(found["runs"])).hexdigest()
        else:
            assert found["runs"] == []
        if not file["intact"]:
            assert found["status"] not in CLAIMED
    rescued = sum(recovered[path]["sha256"] == file["sha256"] for path, file in job.card.deleted.items())
    assert rescued >= 10  # of sixteen; two are overwritten


def test_what_no_file_system_remembers_is_carved(job: Job) -> None:
    carved = {f["offset"]: f for f in job.answers["carved"]["files"]}
    for remains in job.card.truth["remains"]:
        found = carved[remains["offset"]]
        assert (found["sha256"], found["length"]) == (remains["sha256"], remains["length"])
        assert (found["format"], found["status"]) == (remains["format"], "valid")
    known = {f["sha256"] for f in (*job.card.truth["deleted"], *job.card.truth["remains"])}
    for found in carved.values():
        assert found["sha256"] == hashlib.sha256(job.card.bytes([[found["offset"], found["length"]]])).hexdigest()
        assert found["status"] != "valid" or found["sha256"] in known
    live = [range(start, start + length) for f in job.card.truth["live"] for start, length in f["runs"]]
    assert not [offset for offset in carved if any(offset in run for run in live)]


def records(job: Job, path: str, kind: str) -> list[dict[str, Any]]:
    """The records of one kind that were read from one file."""
    read = next(read for read in job.answers["parsed"]["parsers"] if read["path"] == path)
    held_ = job.examiner.entries()[read["set"]]["files"][0]["path"]
    lines = map(json.loads, (job.examiner.case / held_).read_text("utf-8").splitlines())
    return [line for line in lines if line["kind"] == kind]


def test_every_source_gives_all_its_records(job: Job) -> None:
    truth = job.card.truth
    for bill in truth["bills"]:
        assert len(records(job, bill["path"], "payment")) == bill["rows"]
    paths = {path.rpartition("/")[2]: path for path in truth["databases"]}
    for name, kind, counted in (
        ("mmssms.db", "message", "messages"),
        ("contacts2.db", "contact", "contacts"),
        ("calllog.db", "call", "calls"),
        ("msgstore.db", "message", "messages_with_log"),
    ):
        read = records(job, paths[name], kind)
        assert sum(record["state"] == "live" for record in read) == truth["databases"][paths[name]][counted]
    deleted = {each["text"] for each in truth["databases"][paths["mmssms.db"]]["deleted"]}
    texts = [r["text"] for r in records(job, paths["mmssms.db"], "message") if r["state"] == "deleted"]
    assert set(texts) <= deleted
    assert len(texts) == len(set(texts))
    counts: Counter[str] = Counter()
    for read in job.answers["parsed"]["parsers"]:
        counts.update(read["records"])
    assert job.answers["parsed"]["records"] == dict(sorted(counts.items()))


def sums(source: dict[str, Any]) -> dict[str, Any]:
    """A source's money by year, as the truth writes it."""
    names = ("in", "out", "neutral")
    return {
        group["name"]: {name: {"rows": group[name]["rows"], "fen": group[name]["minor"]} for name in names}
        for group in source["groups"]
    }


def test_money_is_right_to_the_fen(job: Job) -> None:
    answer = job.examiner.asks("payments", "--by", "year")
    sources = {source["path"]: source for source in answer["totals"]}
    bills = {bill["path"]: bill for bill in job.card.truth["bills"]}
    assert sources.keys() == bills.keys()
    for path, bill in bills.items():
        assert sums(sources[path]) == bill["settled_by_year"], path
    assert len(answer["rows"]) == sum(bill["rows"] for bill in bills.values())
    printed = job.examiner.types("payments", "--by", "year").out
    for bill in bills.values():
        for year in bill["settled_by_year"].values():
            assert f"{year['in']['fen'] / 100:,.2f} CNY ({year['in']['rows']})" in printed


def test_half_past_midnight_on_new_years_day_counts_in_the_new_year(job: Job) -> None:
    rows = job.examiner.asks("payments")["rows"]
    early = [row for row in rows if re.search(r"-12-31T1[6-9]:|-12-31T2\d:", row["time"]["utc"] or "")]
    assert early, "the card holds payments in the first eight hours of a year"
    for row in early:
        year = int(row["time"]["utc"][:4])
        new_year = job.examiner.asks("payments", "--from", f"{year + 1}-01-01", "--to", f"{year + 1}-01-01")
        assert row in new_year["rows"]
        day_before = job.examiner.asks("payments", "--from", f"{year}-01-01", "--until", f"{year}-12-31")
        assert row not in day_before["rows"]


def test_a_search_finds_every_line_with_the_words(job: Job) -> None:
    hits = job.examiner.asks("search", "红包")["hits"]
    sets = {body["seq"]: body for body in job.examiner.entries() if body.get("what") == "record-set"}
    expected = 0
    for body in sets.values():
        lines = (job.examiner.case / body["files"][0]["path"]).read_text("utf-8").splitlines()
        told = ("text", "type", "counterparty", "item", "note", "title")
        rows = (json.loads(line) for line in lines)
        expected += sum(any("红包" in str(row.get(name) or "") for name in told) for row in rows)
    assert len(hits) == expected > 100
    assert job.examiner.asks("search", "没有这样的词")["hits"] == []
    assert job.examiner.asks("search", "红包", "--exhibit", "EX-002")["hits"] == []


def test_doing_it_again_adds_nothing(own_job: Job) -> None:
    examiner = own_job.examiner
    before = [body for body in examiner.entries() if not body["kind"].startswith("session")]
    totals = examiner.asks("payments", "--by", "year")["totals"]
    for step, words in (("recovered", "recover"), ("carved", "carve"), ("parsed", "parse")):
        again = examiner.asks(words, "EX-001")
        for name in ("files", "records"):
            assert again.get(name) == own_job.answers[step].get(name)
    examiner.asks("examine", "EX-001")
    assert [body for body in examiner.entries() if not body["kind"].startswith("session")] == before
    assert examiner.asks("payments", "--by", "year")["totals"] == totals


def test_a_hostile_name_is_text_and_nothing_else(job: Job, tmp_path: Path) -> None:
    for words in (["files", "EX-001"], ["files", "EX-001", "--bodyfile"]):
        printed = job.examiner.types(*words).out
        assert "\u202e" not in printed
        assert "\x1b" not in printed
        assert re.search(r"=cmd\(\)\[red\]价目#panic\(\).+gpj\.txt", printed)
    assert job.examiner.types("export", "files", "EX-001", "--to", tmp_path / "out").code == 0
    rows = list(csv.reader(io.StringIO((tmp_path / "out" / "files.csv").read_text("utf-8-sig"))))
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")]
    assert HOSTILE in {file["path"] for file in job.examiner.asks("files", "EX-001", "--no-hash")["files"]}


def test_exported_files_have_the_hashes_of_their_entries(job: Job, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    exported = job.examiner.asks("export", "files", "EX-001", "--to", folder)["files"]
    found = [*job.answers["recovered"]["files"], *job.answers["carved"]["files"]]
    assert {f["seq"] for f in exported} == {f["seq"] for f in found if f["seq"] is not None}
    listing = "".join(f"{f['sha256']}  {f['file']}\n" for f in exported)
    done = subprocess.run(["sha256sum", "--check", "--quiet"], cwd=folder, input=listing, text=True, check=False)
    assert done.returncode == 0
    assert {path.name for path in folder.iterdir()} == {f["file"] for f in exported} | {"files.csv"}


def test_a_located_file_is_checked_with_dd_and_sha256sum(job: Job) -> None:
    """Nothing of ours: the entry's runs, the held image, `dd` and `sha256sum`."""
    entries = job.examiner.entries()
    located = [body for body in entries if body["kind"] == "artifact.located"]
    for body in (*located[:3], *(each for each in located if len(each["runs"]) > 1)):
        image = job.examiner.case / entries[body["image"]]["files"][0]["path"]
        parts = " && ".join(
            f"dd if='{image}' bs=1M iflag=skip_bytes,count_bytes skip={offset} count={length} status=none"
            for offset, length in body["runs"]
        )
        done = subprocess.run(f"({parts}) | sha256sum", shell=True, check=True, capture_output=True, text=True)
        assert done.stdout.split()[0] == body["sha256"]


def test_an_entry_is_opened_through_a_pipe_or_into_a_file(job: Job, tmp_path: Path) -> None:
    located = next(f for f in job.answers["recovered"]["files"] if len(f["runs"]) > 1)
    image = held(job, "image")[0]
    for seq, sha256 in ((located["seq"], located["sha256"]), (image, job.card.truth["image"]["sha256"])):
        done = job.examiner.types("open", seq)
        assert hashlib.sha256(done.bytes).hexdigest() == sha256
        saved = tmp_path / f"{seq}.bin"
        assert job.examiner.types("open", seq, "--to", saved).code == 0
        assert hashlib.sha256(saved.read_bytes()).hexdigest() == sha256
    line = [sys.executable, *PROGRAM, "--case", job.examiner.case, "open", str(image)]
    cut = subprocess.run(
        ["sh", "-c", '"$@" | head -c 100', "sh", *map(str, line)],
        env=job.examiner.environment,
        capture_output=True,
        check=False,
    )
    assert len(cut.stdout) == 100
    assert not cut.stderr  # a reader that leaves early is no fault


@pytest.mark.parametrize("by", ["year", "counterparty", "channel"])
def test_every_grouping_sums_to_the_same(job: Job, by: str) -> None:
    names = ("in", "out", "neutral", "unsettled", "unclear")
    whole, parts = job.examiner.asks("payments")["totals"], job.examiner.asks("payments", "--by", by)["totals"]
    for one, many in zip(whole, parts, strict=True):
        for name in names:
            assert sum(g[name]["minor"] for g in many["groups"]) == sum(g[name]["minor"] for g in one["groups"])
            assert sum(g[name]["rows"] for g in many["groups"]) == sum(g[name]["rows"] for g in one["groups"])


def test_verification_holds_and_counts_everything(job: Job) -> None:
    answer = job.examiner.asks("verify")
    assert answer["holds"]
    entries = job.examiner.entries()
    assert answer["checked"]["entries"] == len(entries)
    assert answer["checked"]["files"] == sum(len(b["files"]) for b in entries if b["kind"] == "artifact.held")


def test_a_deleted_formula_is_exported_as_text(at_work: Examiner, tmp_path: Path) -> None:
    """A name that a spreadsheet would run, in the directory of a volume that programs not ours made."""
    for name in ("mkfs.vfat", "mcopy", "mdel"):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")
    image, bait = tmp_path / "floppy.img", tmp_path / "=HYPERLINK(1)+cmd.txt"
    bait.write_text("bait\n" * 300)
    subprocess.run(["mkfs.vfat", "-C", image, "1440"], check=True, capture_output=True)
    subprocess.run(["mcopy", "-i", image, bait, "::"], check=True)
    subprocess.run(["mdel", "-i", image, f"::{bait.name}"], check=True)
    at_work.asks("acquire", "disk", image, "--exhibit", "EX-001")
    (found,) = at_work.asks("recover", "EX-001")["files"]
    assert (found["name"], found["size"]) == (bait.name, 1500)
    assert found["sha256"] == hashlib.sha256(bait.read_bytes()).hexdigest()
    assert at_work.types("export", "files", "EX-001", "--to", tmp_path / "out").code in (0, 3)
    rows = list(csv.reader(io.StringIO((tmp_path / "out" / "files.csv").read_text("utf-8-sig"))))
    assert rows[1][2] == f"'{bait.name}"


def test_files_lists_what_fls_lists(at_work: Examiner, tmp_path: Path) -> None:
    """Live and deleted, on a volume of many folders."""
    for name in ("mkfs.vfat", "mcopy", "mdel", "fls"):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")
    image, tree = tmp_path / "volume.img", tmp_path / "tree"
    for number in range(400):
        file = tree / f"folder{number % 20:02d}" / f"收款截图 {number:04d}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{number}\n" * 100)
    names = {**os.environ, "LC_ALL": "C.UTF-8"}
    subprocess.run(["mkfs.vfat", "-F", "16", "-C", image, "20480"], check=True, capture_output=True)
    subprocess.run(["mcopy", "-s", "-i", image, *sorted(tree.iterdir()), "::/"], check=True, env=names)
    subprocess.run(["mdel", "-i", image, "::/folder03/*3.txt"], check=True, env=names)
    at_work.asks("acquire", "disk", image, "--exhibit", "EX-001")
    listed = at_work.asks("files", "EX-001")["files"]
    told = subprocess.run(["fls", "-r", "-p", image], check=True, capture_output=True, text=True, env=names).stdout
    found = [re.fullmatch(r"[rd]/[rd] (\* )?(\d+):\t(.*)", line) for line in told.splitlines()]
    expected = {(each[3], not each[1]) for each in found if each and not each[3].endswith("(Volume Label Entry)")}
    assert {(file["path"], file["status"] == "live") for file in listed} == expected
    assert sum(file["status"] == "deleted" for file in listed) > 10
    for file in listed:
        if file["kind"] == "file" and file["status"] == "live":
            assert file["sha256"] == hashlib.sha256((tree / file["path"]).read_bytes()).hexdigest()
