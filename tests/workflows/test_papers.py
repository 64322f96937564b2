"""The papers: one head gives the same bytes whatever happened to what is not evidence, and every change is visible."""

import io
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from forensic.workflows.exporting import inert
from tests.keyed import enrols, keyed
from tests.workflows.conftest import Job

HOSTILE = re.compile(r"=cmd\(\)\[red\]价目#panic\(\)")


VALUE = "0704-113-k"


@pytest.fixture
def signed_job(own_job: Job, tmp_path: Path) -> Job:
    """The case after people got keys, took a passcode and read it, sealed, noted and corrected."""
    examiner = keyed(own_job.examiner, "张三", "李四")
    enrols(examiner, "张三", "李四")
    value = tmp_path / "told.txt"
    value.write_text(VALUE)
    source = ("--from", "店员陈某", "--how", "电话告知", "--voluntary", "no")
    told = examiner.asks("secret", "add", "EX-001:保密柜", *source, "--value-file", value)["seq"]
    examiner.asks("secret", "reveal", told, "--reason", "打开保密柜", "--to", tmp_path / "revealed", "--by", "李四")
    examiner.asks("exhibit", "seal", "EX-001", "--seal", "F0009")
    examiner.asks("ledger", "note", "已用备用电源", "--exhibit", "EX-001", "--by", "王五")
    return replace(own_job, examiner=examiner)


def texts(job: Job, answer: dict[str, Any]) -> list[str]:
    """Both papers without blanks."""
    html, pdf = paper(job, answer, "html").decode(), text_of(paper(job, answer, "main"))
    return [re.sub(r"\s|<br>", "", text) for text in (html, pdf)]


def build(job: Job, lang: str, *more: object) -> dict[str, Any]:
    return job.examiner.asks("report", "build", "--lang", lang, *more)


def paper(job: Job, answer: dict[str, Any], role: str) -> bytes:
    file = next(file for file in answer["files"] if file["role"] == role)
    return (job.examiner.case / file["path"]).read_bytes()


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def totals(job: Job) -> Any:
    return job.examiner.asks("payments", "--by", "year")["totals"]


def test_the_papers_of_both_languages_tell_the_case(own_job: Job) -> None:
    truth = own_job.card.truth
    for lang in ("zh", "en"):
        answer = build(own_job, lang, "--question", "五年来收取了多少货款？")
        html, pdf = paper(own_job, answer, "html").decode(), text_of(paper(own_job, answer, "main"))
        head = own_job.examiner.entries()[answer["artifacts"][0]["seq"]]["head"]
        for bill in truth["bills"]:
            for year in bill["settled_by_year"].values():
                for paper_ in (html, re.sub(r"\s", "", pdf)):
                    assert f"{year['in']['fen'] / 100:,.2f}" in paper_
        for told in (truth["image"]["sha256"], "2026-17", "F0001"):
            assert told in html.replace("<br>", "")
            assert told in re.sub(r"\s", "", pdf)
        assert head["root"][:16] in re.sub(r"\s", "", html)
        mark = "培训案件" if lang == "zh" else "TRAINING CASE"
        assert mark in html
        pages = PdfReader(io.BytesIO(paper(own_job, answer, "main"))).pages
        assert all(mark in page.extract_text() for page in pages)
        assert not re.search(r"<script(?! nonce)[^>]*>[^<]*cmd\(\)", html)
    assert own_job.examiner.types("verify").code == 0


def test_the_same_head_gives_the_same_bytes(own_job: Job) -> None:
    """Also after the index was edited by hand, and in a case that went on."""
    first = build(own_job, "zh")
    size, before = first["at"], totals(own_job)
    own_job.examiner.asks("search", "红包")
    with closing(sqlite3.connect(own_job.examiner.case / "index.sqlite")) as index:
        index.execute("UPDATE line SET text = replace(text, '红包', '绿包'), time = '1999-01-01T00:00:00Z'")
        index.commit()
    own_job.examiner.types("exhibit", "add", "--kind", "usb", "--label", "后来的U盘")
    again = build(own_job, "zh", "--at", size)
    assert again["artifacts"] == first["artifacts"]
    assert again["files"] == first["files"]
    assert totals(own_job) == before
    later = build(own_job, "zh")
    assert later["files"] != first["files"]
    assert "后来的U盘" in paper(own_job, later, "html").decode()
    assert "后来的U盘" not in paper(own_job, first, "html").decode()


def test_a_lost_index_is_made_anew(own_job: Job) -> None:
    hits = own_job.examiner.asks("search", "红包")["hits"]
    index = own_job.examiner.case / "index.sqlite"
    for damage in (b"", b"not a database" * 100, index.read_bytes()[:5000]):
        index.write_bytes(damage)
        assert own_job.examiner.asks("search", "红包")["hits"] == hits
        index.unlink()
        assert own_job.examiner.asks("search", "红包")["hits"] == hits


def test_a_record_set_edited_by_hand_is_6_everywhere(own_job: Job) -> None:
    set_ = next(b for b in own_job.examiner.entries() if b.get("what") == "record-set" and b["counts"].get("payment"))
    path = own_job.examiner.case / set_["files"][0]["path"]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b'"minor":', b'"minor":1', 1))
    for words in (
        ["payments"],
        ["verify"],
        ["search", "红包"],
        ["report", "build"],
        ["index", "rebuild"],
        ["open", set_["seq"]],
    ):
        done = own_job.examiner.types(*words)
        assert done.code == 6, (words, done.said)
    assert own_job.examiner.types("verify", "--quick").code == 6  # its size differs too


def test_a_missing_and_a_strange_file_are_6(own_job: Job) -> None:
    own_job.examiner.watched = False
    stranger = own_job.examiner.case / "EX-001" / "files" / "99999999.jpg"
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(b"planted")
    done = own_job.examiner.types("verify")
    assert (done.code, "99999999.jpg" in done.out) == (6, True)
    stranger.unlink()
    next((own_job.examiner.case / "EX-001" / "image").iterdir()).unlink()
    assert own_job.examiner.types("verify").code == 6
    assert own_job.examiner.types("files", "EX-001").code in (4, 6)


def test_an_entry_edited_by_hand_is_6(own_job: Job) -> None:
    own_job.examiner.watched = False
    with closing(sqlite3.connect(own_job.examiner.case / "custody.sqlite")) as ledger:
        ledger.execute("DROP TRIGGER entry_stays_update")
        ledger.execute("UPDATE entry SET body = replace(body, 'F0001', 'F0002') WHERE kind = 'exhibit.add'")
        ledger.commit()
    done = own_job.examiner.types("verify")
    assert done.code == 6
    assert not done.err.startswith("Traceback")


def test_an_artifact_reassigned_moves_in_every_view(own_job: Job) -> None:
    examiner = own_job.examiner
    moved = totals(own_job)[0]
    examiner.asks("artifact", "reassign", moved["input"], "--to", "EX-002", "--reason", "装错物证袋")
    assert moved["path"] in {s["path"] for s in examiner.asks("payments", "--exhibit", "EX-002")["totals"]}
    assert moved["path"] not in {s["path"] for s in examiner.asks("payments", "--exhibit", "EX-001")["totals"]}
    assert len(totals(own_job)) == 3
    words = "微信红包"
    hits = {exhibit: examiner.asks("search", words, "--exhibit", exhibit)["hits"] for exhibit in ("EX-001", "EX-002")}
    assert {hit["set"] for hit in hits["EX-002"]} == {moved["seq"]}
    assert moved["seq"] not in {hit["set"] for hit in hits["EX-001"]}
    html = paper(own_job, build(own_job, "zh"), "html").decode()
    assert "装错物证袋" in html
    assert examiner.types("artifact", "reassign", moved["input"], "--to", "EX-002", "--reason", "x").code == 2
    before = totals(own_job)
    examiner.asks("parse", "EX-001")
    assert totals(own_job) == before


def test_what_is_said_of_an_image_holds_for_all_that_was_read_from_it(own_job: Job) -> None:
    examiner = own_job.examiner
    image = next(body["seq"] for body in examiner.entries() if body.get("what") == "image")
    examiner.asks("artifact", "reassign", image, "--to", "EX-002", "--reason", "采集时选错检材")
    assert examiner.asks("payments", "--exhibit", "EX-001")["totals"] == []
    moved = examiner.asks("payments", "--exhibit", "EX-002")["totals"]
    assert [source["exhibit"] for source in moved] == ["EX-002"] * 3
    assert examiner.asks("search", "红包", "--exhibit", "EX-001")["hits"] == []
    assert {c["exhibit"] for c in examiner.asks("chats")["conversations"]} == {"EX-002"}
    assert len(examiner.asks("files", "EX-002", "--no-hash")["files"]) > 30
    assert examiner.types("files", "EX-001").code == 5
    examiner.asks("artifact", "exclude", image, "--reason", "与本案无关")
    assert totals(own_job) == []
    assert examiner.asks("search", "红包")["hits"] == []
    assert examiner.asks("chats")["conversations"] == []


def test_an_excluded_artifact_is_left_out_and_said_to_be(own_job: Job) -> None:
    examiner = own_job.examiner
    gone = totals(own_job)[0]
    carved = next(f for f in own_job.answers["carved"]["files"] if f["status"] == "valid")
    for seq in (gone["input"], carved["seq"]):
        examiner.asks("artifact", "exclude", seq, "--reason", "与本案无关")
    assert gone["path"] not in {source["path"] for source in totals(own_job)}
    assert gone["seq"] not in {hit["set"] for hit in examiner.asks("search", "红包")["hits"]}
    exported = examiner.asks("export", "files", "EX-001", "--to", examiner.home.parent / "out-excluded")["files"]
    assert carved["seq"] not in {file["seq"] for file in exported}
    html = paper(own_job, build(own_job, "zh"), "html").decode()
    assert "与本案无关" in html
    year = next(iter(own_job.card.truth["bills"][0]["settled_by_year"].values()))
    assert f"{year['in']['fen'] / 100:,.2f}" not in html
    assert examiner.types("verify").code == 0
    set_ = totals(own_job)[0]
    examiner.asks("artifact", "exclude", set_["seq"], "--reason", "与本案无关")
    examiner.asks("parse", "EX-001")
    left = {source["path"] for source in totals(own_job)}
    assert left.isdisjoint({gone["path"], set_["path"]})
    assert len(left) == 1


def test_a_correction_keeps_old_and_new(own_job: Job) -> None:
    examiner = own_job.examiner
    entry = next(body["seq"] for body in examiner.entries() if body["kind"] == "exhibit.add")
    examiner.asks("ledger", "correct", entry, "--set", "seal=F0777", "--reason", "封条号抄错")
    examiner.asks("ledger", "correct", 0, "--set", "title=无证售药（更正）", "--reason", "案名有误")
    shown = examiner.asks("exhibit", "show", "EX-001")
    assert shown["exhibit"]["seal"] == "F0777"
    assert shown["corrections"][0]["old"] == "F0001"
    assert examiner.asks("case", "show")["case"]["title"] == "无证售药（更正）"
    html = paper(own_job, build(own_job, "zh"), "html").decode()
    assert all(word in html for word in ("F0001", "F0777", "封条号抄错", "无证售药（更正）"))
    for words in (["sha256=00"], ["id=EX-009"], ["size=1"]):
        assert examiner.types("ledger", "correct", entry, "--set", *words, "--reason", "x").code == 5


def test_a_hostile_name_in_the_papers_is_text(own_job: Job) -> None:
    """Reported under a name that is a formula, markup, a typesetter's command and a reversal of direction at once."""
    name = "=cmd()[red]价目#panic()\u202egpj.txt"
    own_job.examiner.asks("exhibit", "add", "--kind", "other", "--label", f"<script>alert(1)</script>{name}")
    answer = build(own_job, "en")
    html, pdf = paper(own_job, answer, "html").decode(), text_of(paper(own_job, answer, "main"))
    assert "<script>alert(1)" not in html
    assert HOSTILE.search(html)
    assert HOSTILE.search(re.sub(r"\s", "", pdf))
    assert "\u202e" not in html + pdf


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_a_list_is_a_formula(cell: str) -> None:
    assert inert(cell) == f"'{cell}"
    assert inert("1" + cell) == "1" + cell


def test_a_copy_of_the_papers_goes_where_it_is_told(own_job: Job, tmp_path: Path) -> None:
    answer = build(own_job, "zh", "--to", tmp_path / "out")
    copied = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert copied.keys() == {Path(file["path"]).name for file in answer["files"]}
    for file in answer["files"]:
        assert copied[Path(file["path"]).name] == (own_job.examiner.case / file["path"]).read_bytes()


def test_a_secret_is_told_without_its_value(signed_job: Job) -> None:
    bodies = signed_job.examiner.entries()
    entered = next(body for body in bodies if body["kind"] == "secret.add")
    revealed = next(body["seq"] for body in bodies if body["kind"] == "secret.reveal")
    said = {
        "zh": ("欠缺：未说明提供之前", "欠缺：并非自愿提供"),
        "en": ("Lacking:itisnotstated", "Lacking:itwasnotgiven"),
    }
    for lang, lacking in said.items():
        for text in texts(signed_job, build(signed_job, lang)):
            for told in ("店员陈某", "保密柜", "电话告知", "打开保密柜", str(entered["seq"]), str(revealed), *lacking):
                assert told in text, (lang, told)
            for kept in (VALUE, entered["commitment"], entered["vault"], entered["salt"]):
                assert kept not in text


def test_who_signed_and_who_could_not(signed_job: Job) -> None:
    bodies = signed_job.examiner.entries()
    mark = {body["person"]: body["vkey"].split("+")[1] for body in bodies if body["kind"] == "key.enroll"}
    for text in texts(signed_job, build(signed_job, "zh")):
        for person in ("张三", "李四"):
            assert f"{person}：已签（{mark[person]}）" in text
        assert "王五：未签，当时没有登记密钥" in text
        assert "签名不成立" not in text


def test_papers_with_secrets_and_signatures_are_the_same_bytes_again(signed_job: Job) -> None:
    """Though the secret was read again, a key replaced and the case went on."""
    examiner = signed_job.examiner
    first = {lang: build(signed_job, lang) for lang in ("zh", "en")}
    told = next(body["seq"] for body in examiner.entries() if body["kind"] == "secret.add")
    examiner.asks("secret", "reveal", told, "--reason", "再次核对", "--to", examiner.home.parent / "again")
    enrols(examiner, "李四")
    examiner.asks("exhibit", "unseal", "EX-001", "--reason", "复核", "--approved-by", "王五", "--found", "broken")
    for lang, before in first.items():
        assert build(signed_job, lang, "--at", before["at"])["files"] == before["files"]
    for text in texts(signed_job, build(signed_job, "zh")):
        assert "再次核对" in text
        assert "已更换（条目" in text
        assert "发现时已破损" in text


def test_a_head_is_outside_once_its_report_was_issued(signed_job: Job) -> None:
    built = build(signed_job, "en")
    for text in texts(signed_job, build(signed_job, "en")):
        assert "noheadhasleftthelaboratory" in text
    signed_job.examiner.asks("report", "issue", built["artifacts"][0]["seq"], "--to", "某区人民法院")
    for text in texts(signed_job, build(signed_job, "en")):
        assert "noheadhasleftthelaboratory" not in text
        assert "to:某区人民法院" in text


def test_reading_under_the_seal_stands_in_the_papers(signed_job: Job) -> None:
    image = signed_job.card.image
    signed_job.examiner.asks("acquire", "disk", image, "--exhibit", "EX-001", "--anyway", "当场补拍")
    for text in texts(signed_job, build(signed_job, "zh")):
        assert "原件在封存或发还状态下被读取（封条F0009），理由：当场补拍" in text
