"""`forensic anchor`: heads go out on paper and to clocks outside, and what comes back is bound to its head."""

import base64
import io
import json
import re
import subprocess
from pathlib import Path

import pytest
from pypdf import PdfReader

from forensic.workflows import anchoring
from tests.authority import Authority, served
from tests.examiner import Examiner


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def stamped(examiner: Examiner, authority: Authority, folder: Path, name: str = "head") -> tuple[Path, Path]:
    """A request of the newest head, and the answer to it."""
    query, answer = folder / f"{name}.tsq", folder / f"{name}.tsr"
    assert examiner.types("anchor", "request", "-o", query).code == 0
    answer.write_bytes(authority.answers(query.read_bytes()))
    return query, answer


def anchors(examiner: Examiner) -> list[dict[str, object]]:
    return [body for body in examiner.entries() if body["kind"] == "anchor.add"]


def note(examiner: Examiner, number: int = 1) -> None:
    """Some work between two anchors."""
    done = examiner.types("ledger", "correct", 0, "--set", f"title=标题{number}", "--reason", "更正")
    assert done.code == 0, done.said


# -- time stamps


def test_a_request_goes_out_and_its_answer_comes_back(at_work: Examiner, authority: Authority, tmp_path: Path) -> None:
    entries = len(at_work.entries())
    query, answer = stamped(at_work, authority, tmp_path)
    assert len(at_work.entries()) == entries  # a request enters nothing
    note(at_work)
    done = at_work.types("anchor", "add", answer, "--request", query, "--ca", authority.ca)
    assert done.code == 0, done.said
    assert "CN=Test TSA" in done.err
    assert "was not verified" not in done.err
    (entered,) = anchors(at_work)
    assert (entered["type"], entered["size"], entered["checked"]) == ("rfc3161", entries, True)
    head = at_work.asks("ledger", "head")["head"]
    assert at_work.types("verify", "--expect", f"{entered['size']}:{entered['root']}").code == 0
    assert head["size"] > entries


def test_a_request_is_named_by_ledger_and_size(at_work: Examiner, tmp_path: Path) -> None:
    """In the current folder; beside the case for who stands in it."""
    (tmp_path / "desk").mkdir()
    for stand, where in ((tmp_path / "desk", tmp_path / "desk"), (at_work.case, at_work.case.parent)):
        at_work.env["FORENSIC_CASE"] = str(at_work.case)
        done = at_work.types("--json", "anchor", "request", where=stand)
        assert done.code == 0, done.said
        name = f"{at_work.entries()[0]['origin'].replace('/', '-')}-{done.json['size']:08d}.tsq"
        assert (where / name).is_file()


def test_a_request_is_not_written_into_the_case_nor_over_a_file(at_work: Examiner, tmp_path: Path) -> None:
    assert at_work.types("anchor", "request", "-o", at_work.case / "head.tsq").code == 2
    (tmp_path / "head.tsq").write_text("mine")
    assert at_work.types("anchor", "request", "-o", tmp_path / "head.tsq").code == 5
    assert (tmp_path / "head.tsq").read_text() == "mine"


def test_a_bare_token_is_taken_and_an_unchecked_one_says_so(
    at_work: Examiner, authority: Authority, tmp_path: Path
) -> None:
    _, answer = stamped(at_work, authority, tmp_path)
    (tmp_path / "token").write_bytes(authority.token(answer.read_bytes()))
    done = at_work.types("anchor", "add", tmp_path / "token")
    assert done.code == 3
    assert "was not verified" in done.err
    assert anchors(at_work)[0]["checked"] is False


def test_a_token_of_another_ledger_is_refused(at_work: Examiner, authority: Authority, tmp_path: Path) -> None:
    """A token over the same size of another case's ledger covers no head of this one."""
    other = Examiner(tmp_path / "elsewhere", tmp_path / "other")
    other.makes_case()
    other.adds_exhibit()
    _, answer = stamped(other, authority, tmp_path)
    done = at_work.types("anchor", "add", answer, "--ca", authority.ca)
    assert done.code == 6
    assert "no head of this ledger" in done.err
    assert anchors(at_work) == []


def test_a_token_that_answers_another_request_is_refused(
    at_work: Examiner, authority: Authority, tmp_path: Path
) -> None:
    first, answer = stamped(at_work, authority, tmp_path, "first")
    second, _ = stamped(at_work, authority, tmp_path, "second")
    assert at_work.types("anchor", "add", answer, "--request", second).code == 6
    assert at_work.types("anchor", "add", answer, "--request", first).code == 3


def test_a_token_of_another_authority_is_refused(at_work: Examiner, authority: Authority, tmp_path: Path) -> None:
    _, answer = stamped(at_work, authority, tmp_path)
    done = at_work.types("anchor", "add", answer, "--ca", Authority(tmp_path / "other", "Another").ca)
    assert done.code == 6
    assert "does not hold" in done.err


def test_a_policy_says_which_authorities_count(at_work: Examiner, authority: Authority, tmp_path: Path) -> None:
    _, answer = stamped(at_work, authority, tmp_path)
    (tmp_path / "policy").write_text(f"#tsa {authority.ca}\nquorum none\n")
    assert at_work.types("anchor", "add", answer, "--policy", tmp_path / "policy").code == 0
    assert anchors(at_work)[0]["checked"] is True


def test_the_same_token_is_entered_once(at_work: Examiner, authority: Authority, tmp_path: Path) -> None:
    _, answer = stamped(at_work, authority, tmp_path)
    assert at_work.types("anchor", "add", answer).code == 3
    assert at_work.types("anchor", "add", answer).code == 5


@pytest.mark.parametrize("content", [b"", b"no token", b"\x30\x03\x02\x01\x00", "a\n1\nb\n\n— c d\n".encode()])
def test_what_is_no_anchor_is_refused(at_work: Examiner, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    done = at_work.types("anchor", "add", tmp_path / "file")
    assert done.code == 2, done.said


def test_a_file_that_is_not_there_or_too_large_is_refused(at_work: Examiner, tmp_path: Path) -> None:
    assert at_work.types("anchor", "add", tmp_path / "none").code == 2
    (tmp_path / "large").write_bytes(bytes(anchoring.LARGEST + 1))
    assert at_work.types("anchor", "add", tmp_path / "large").code == 2


# -- over a network


def test_a_stamp_is_fetched_where_there_is_a_network(at_work: Examiner, authority: Authority) -> None:
    with served(authority) as url:
        done = at_work.types("anchor", "fetch", url, "--ca", authority.ca)
    assert done.code == 0, done.said
    (entered,) = anchors(at_work)
    assert (entered["type"], entered["checked"]) == ("rfc3161", True)


def test_without_a_network_nothing_is_entered(at_work: Examiner, authority: Authority) -> None:
    entries = len(at_work.entries())
    with served(authority) as url:
        pass
    done = at_work.types("anchor", "fetch", url)
    assert done.code == 8
    assert "anchor request" in done.err
    for wrong in ("file:///etc/passwd", "ftp://tsa.example/", "http://", "tsa", "http://[bad/"):
        assert at_work.types("anchor", "fetch", wrong).code == 2, wrong
    assert len(at_work.entries()) == entries


@pytest.mark.parametrize(("status", "size"), [(500, None), (200, anchoring.LARGEST + 1)])
def test_an_answer_that_is_none_is_said(at_work: Examiner, authority: Authority, status: int, size: int | None) -> None:
    with served(authority, status=status, size=size) as url:
        assert at_work.types("anchor", "fetch", url).code == 8
    with served(authority, size=10) as url:
        assert at_work.types("anchor", "fetch", url).code == 2
    assert anchors(at_work) == []


# -- the receipt


def test_a_receipt_is_printed_and_comes_back_signed(at_work: Examiner, tmp_path: Path) -> None:
    printed = at_work.asks("anchor", "print", "--lang", "en")
    (paper,) = printed["artifacts"]
    bodies = at_work.entries()
    assert bodies[paper["seq"]]["what"] == "receipt"
    assert bodies[paper["seq"]]["head"] == {"size": printed["size"], "root": printed["root"]}
    (anchor,) = anchors(at_work)
    assert (anchor["type"], anchor["receipt"], anchor["size"]) == ("print", paper["seq"], printed["size"])
    assert "token" not in anchor
    assert "time" not in anchor
    assert at_work.types("verify", "--expect", f"{printed['size']}:{printed['root']}").code == 0

    (tmp_path / "scan.jpg").write_bytes(b"\xff\xd8\xff scan")
    told = ("--from", "当事人", "--received-at", "2026-02-01 09:00")
    assert at_work.types("take", tmp_path / "scan.jpg", "--receipt", 0, *told).code == 2
    taken = at_work.asks("take", tmp_path / "scan.jpg", "--receipt", paper["seq"], *told)
    (scan,) = taken["artifacts"]
    body = at_work.entries()[scan["seq"]]
    assert (body["what"], body["receipt"], body["from"]) == ("receipt-scan", paper["seq"], "当事人")
    (row,) = [row for row in at_work.asks("anchor", "list")["heads"] if row["kind"] == "print"]
    assert (row["scan"], row["holds"]) == (scan["seq"], True)


def test_only_a_receipts_scan_comes_without_exhibit_and_kind(at_work: Examiner, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    told = ("--from", "bank", "--received-at", "2026-02-01 09:00")
    done = at_work.types("take", tmp_path / "file", *told)
    assert (done.code, "--exhibit" in done.err) == (2, True)
    done = at_work.types("take", tmp_path / "file", "--exhibit", "EX-001", *told)
    assert (done.code, "--kind" in done.err) == (2, True)


def test_a_closed_case_still_lets_its_head_out(at_work: Examiner, authority: Authority, tmp_path: Path) -> None:
    assert at_work.types("case", "close", "--reason", "移送").code == 0
    printed = at_work.asks("anchor", "print")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.4 scan")
    told = ("--receipt", printed["seq"], "--from", "当事人", "--received-at", "2026-02-01")
    assert at_work.types("take", tmp_path / "scan.pdf", *told).code == 0
    _, answer = stamped(at_work, authority, tmp_path)
    assert at_work.types("anchor", "add", answer).code == 3
    assert at_work.types("verify").code == 0


def test_a_receipt_of_no_exhibit_of_the_case_is_refused(at_work: Examiner) -> None:
    assert at_work.types("anchor", "print", "--exhibit", "EX-009").code == 5
    assert at_work.types("anchor", "print", "--lang", "fr").code == 2


# -- what is said of them


def test_the_list_holds_every_head_and_the_ledger_to_them(
    at_work: Examiner, authority: Authority, tmp_path: Path
) -> None:
    _, answer = stamped(at_work, authority, tmp_path)
    assert at_work.types("anchor", "add", answer).code == 3
    listed = at_work.asks("anchor", "list")
    assert {row["kind"] for row in listed["heads"]} == {"rfc3161", "workstation", "laboratory"}
    assert all(row["holds"] for row in listed["heads"])
    shown = at_work.types("anchor", "list")
    assert "CN=Test TSA" in shown.out
    assert "not verified" in shown.out


def test_the_report_prints_the_brackets(at_work: Examiner, authority: Authority, tmp_path: Path) -> None:
    _, answer = stamped(at_work, authority, tmp_path)
    note(at_work, 1)
    assert at_work.types("anchor", "add", answer, "--ca", authority.ca).code == 0
    note(at_work, 2)
    (anchor,) = anchors(at_work)
    report = at_work.asks("report", "build", "--lang", "en")
    (html,) = (at_work.case / file["path"] for file in report["files"] if file["role"] == "html")
    text = re.sub(r"<[^>]+>", " ", html.read_text("utf-8"))
    assert f"RFC 3161 time stamp: CN=Test TSA (entry {anchor['seq']})" in text
    assert f"0–{anchor['size'] - 1}" in text
    assert f"{anchor['seq']}–{report['at'] - 1}" in text
    assert f"the {report['at'] - anchor['size']} after it" in text
    assert at_work.asks("status")["since_outside_head"] > 0


def test_without_outside_clocks_the_report_says_so(at_work: Examiner) -> None:
    report = at_work.asks("report", "build", "--lang", "en")
    (pdf,) = (at_work.case / file["path"] for file in report["files"] if file["role"] == "main")
    text = " ".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.read_bytes())).pages).split())
    assert "no outside clock has stamped" in text


def test_the_token_in_the_ledger_is_checked_by_openssl(at_work: Examiner, authority: Authority, tmp_path: Path) -> None:
    """With the head's note and the entry alone, past the program."""
    _, answer = stamped(at_work, authority, tmp_path)
    assert at_work.types("anchor", "add", answer).code == 3
    (body,) = anchors(at_work)
    head = at_work.entries()[0]["origin"], body["size"]
    shown = json.loads(at_work.types("--json", "ledger", "export", tmp_path / "bundle").out)
    assert shown["size"] > head[1]
    text = (tmp_path / "bundle" / "checkpoints" / f"{head[1]:08d}.note").read_text("utf-8").partition("\n\n")[0] + "\n"
    (tmp_path / "text").write_text(text, "utf-8")
    (tmp_path / "token").write_bytes(base64.b64decode(str(body["token"])))
    line = ["openssl", "ts", "-verify", "-in", "token", "-data", "text", "-CAfile", str(authority.ca)]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr
