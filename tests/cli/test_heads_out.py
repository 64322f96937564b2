"""Which heads left the laboratory: status, list, verify, doctor and report give one number for one case."""

import re
from pathlib import Path

import pytest

from tests.authority import Authority
from tests.examiner import Examiner

TOLD = ("--from", "当事人", "--received-at", "2026-02-01 09:00")


def size(examiner: Examiner) -> int:
    return int(examiner.asks("ledger", "head")["head"]["size"])


def answers(examiner: Examiner, *outside: object) -> set[int]:
    """How many entries the largest head counts that left, by each that reads the case."""
    status, verdict = examiner.asks("status"), examiner.asks("verify", *outside)
    tail = [one["facts"]["first"] for one in verdict["remarks"] if one["code"] == "verify-tail"]
    listed, doctor = examiner.asks("anchor", "list"), examiner.asks("ledger", "doctor", *outside)
    found = {status["entries"] - status["since_outside_head"], listed["outside"], verdict["outside"], doctor["outside"]}
    return found | set(tail)


def printed(examiner: Examiner, lang: str = "en") -> tuple[int, str]:
    """The report's number, and its words."""
    report = examiner.asks("report", "build", "--lang", lang)
    (html,) = (examiner.case / file["path"] for file in report["files"] if file["role"] == "html")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.read_text("utf-8")))
    told = re.search(r"The last head that left the laboratory counts ([0-9,]+) entries", text)
    return int(told[1].replace(",", "")) if told else 0, text


def test_one_case_and_one_number(at_work: Examiner, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    assert answers(at_work) == {0}

    number, text = printed(at_work)  # a report merely built
    assert (number, answers(at_work)) == (0, {0})
    assert "no head has left the laboratory" in text

    receipt = at_work.asks("anchor", "print")  # a receipt merely printed
    query, answer = tmp_path / "head.tsq", tmp_path / "head.tsr"
    at_work.asks("anchor", "request", "-o", query)
    answer.write_bytes(authority.answers(query.read_bytes()))
    stamped = size(at_work)
    assert at_work.types("anchor", "add", answer).code == 3  # a token that no key was held against
    assert answers(at_work) == {0}
    number, text = printed(at_work)
    assert number == 0
    assert "Heads of which it is only claimed that they left" in text
    assert "no outside clock has stamped" in text

    (tmp_path / "scan.jpg").write_bytes(b"\xff\xd8\xff scan")
    scan = at_work.asks("take", tmp_path / "scan.jpg", "--receipt", receipt["seq"], *TOLD)["artifacts"][0]["seq"]
    assert answers(at_work) == {receipt["size"]}
    assert printed(at_work)[0] == receipt["size"]

    policy = tmp_path / "policy"
    vkey = at_work.asks("ledger", "head")["vkey"]
    policy.write_text(f"log {vkey}\n#tsa {authority.ca}\nquorum none\n", "utf-8")
    assert at_work.asks("verify", "--policy", policy)["outside"] == stamped  # borne out here and now
    assert at_work.asks("ledger", "doctor", "--policy", policy)["outside"] == stamped
    at_work.asks("anchor", "add", answer, "--ca", authority.ca)
    assert answers(at_work) == {stamped}
    assert answers(at_work, "--policy", policy) == {stamped}
    assert printed(at_work)[0] == stamped

    built = at_work.asks("report", "build", "--lang", "en")
    at_work.asks("report", "issue", built["artifacts"][0]["seq"], "--to", "某区人民法院")
    assert answers(at_work) == {built["at"]}
    number, text = printed(at_work)
    assert number == built["at"]
    assert "某区人民法院" in text
    assert "outside signature, verified when entered" in text

    at_work.asks("artifact", "exclude", scan, "--reason", "不是此回执")
    rows = {row["kind"]: row["standing"] for row in at_work.asks("anchor", "list")["heads"]}
    assert (rows["print"], rows["report"], rows["workstation"]) == ("claimed", "recorded", "own")
    assert answers(at_work) == {built["at"]}


def test_a_head_from_outside_that_differs_ends_what_the_laboratory_says(at_work: Examiner, tmp_path: Path) -> None:
    receipt = at_work.asks("anchor", "print")
    (tmp_path / "scan.jpg").write_bytes(b"\xff\xd8\xff scan")
    at_work.asks("take", tmp_path / "scan.jpg", "--receipt", receipt["seq"], *TOLD)
    for counted, left in ((receipt["size"] - 1, 0), (receipt["size"] + 1, receipt["size"])):
        wrong = ("--expect", f"{counted}:{'00' * 32}")
        verdict, doctor = (at_work.types("--json", *words, *wrong) for words in (["verify"], ["ledger", "doctor"]))
        assert (verdict.code, doctor.code) == (6, 6)
        assert (verdict.json["outside"], doctor.json["outside"]) == (left, left)
    assert all(one["under"] is None or one["last"] < receipt["size"] for one in doctor.json["ranges"])


def test_a_disc_left_once_it_was_made(at_work: Examiner, tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_bytes(b"1,2.00\r\n")
    taken = at_work.asks("take", tmp_path / "bill.csv", "--exhibit", "EX-001", "--kind", "bill", *TOLD)
    told = ("--for", "某区法院", "--no", "GP-1", "--size", "700M", "--artifact", taken["artifacts"][0]["seq"])
    disc = at_work.asks("export", "disc", tmp_path / "out", *told)
    assert answers(at_work) == {disc["size"]}
    (row,) = (row for row in at_work.asks("anchor", "list")["heads"] if row["kind"] == "disc")
    assert (row["standing"], row["root"], row["holds"]) == ("recorded", disc["root"], True)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_in_words(at_work: Examiner, tmp_path: Path, lang: str) -> None:
    receipt = at_work.asks("anchor", "print")
    shown = at_work.runs("--lang", lang, "anchor", "list").out
    assert {"zh": "仅为声称", "en": "a claim"}[lang] in shown
    assert {"zh": "自有记录", "en": "own memory"}[lang] in shown
    (tmp_path / "scan.jpg").write_bytes(b"\xff\xd8\xff scan")
    at_work.asks("take", tmp_path / "scan.jpg", "--receipt", receipt["seq"], *TOLD)
    said = at_work.runs("--lang", lang, "verify").err
    assert {"zh": "台账自己所载", "en": "the ledger's own word"}[lang] in said
    assert {"zh": "持钥人可改而不显", "en": "can rewrite that part unseen"}[lang] in said
