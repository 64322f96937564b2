"""The receipt: one page, the same bytes each time, its head in a code that any reader decodes."""

import io
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from reports.receipt import Item, Receipt, build
from reports.story_trust import Software


@pytest.fixture
def receipt(made: ModuleType) -> Receipt:
    story = made.story(rows=1)
    phone = Item("EX-001", "检材1", "phone", "黑色手机", ("1A2B3C4D", "490154203237518"), ("F0001", "F0002"))
    card = Item("EX-002", "", "card", "存储卡", (), ())
    return Receipt(story.case, story.head, (phone, card), Software("verify_ledger.py", "", "ab" * 32))


def squeezed(pdf: bytes) -> str:
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_one_page_says_all_that_the_party_needs(receipt: Receipt, lang: str) -> None:
    pdf = build(receipt, "zh" if lang == "zh" else "en")
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 1
    text, head = squeezed(pdf), receipt.head
    for told in (head.root, head.public_key, receipt.case.number, "EX-001", "F0001", "F0002", "490154203237518"):
        assert told.replace(" ", "") in text, told
    assert f"--expect{head.size}:{head.root}" in text
    assert "ab" * 32 in text
    signing = ("当事人（持有人）", "见证人", "执法人员1", "执法人员2")
    for place in signing if lang == "zh" else ("Party(holder)", "Witness", "Officer1", "Officer2"):
        assert place in text


def test_the_same_receipt_gives_the_same_bytes(receipt: Receipt) -> None:
    assert build(receipt, "zh") == build(receipt, "zh")


def test_the_head_is_read_back_from_the_printed_page(receipt: Receipt, tmp_path: Path) -> None:
    if shutil.which("pdftoppm") is None:
        pytest.skip("needs pdftoppm (poppler), which prints the page")
    (tmp_path / "receipt.pdf").write_bytes(build(receipt, "zh"))
    subprocess.run(["pdftoppm", "-r", "100", "-png", "receipt.pdf", "page"], cwd=tmp_path, check=True)
    (page,) = tmp_path.glob("page*.png")
    with Image.open(page) as picture:
        (code,) = zxingcpp.read_barcodes(picture)
    assert code.bytes == receipt.head.note.encode()


def test_a_full_house_of_exhibits_goes_onto_further_pages(receipt: Receipt) -> None:
    many = tuple(replace(receipt.items[0], id=f"EX-{number:03}") for number in range(1, 61))
    pdf = build(replace(receipt, items=many), "zh")
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert 2 <= len(pages) <= 4
    assert "EX-060" in squeezed(pdf)
    assert "执法人员2" in "".join(pages[-1].extract_text().split())


def test_hostile_words_are_printed_as_words(receipt: Receipt, made: ModuleType) -> None:
    bad = replace(receipt.items[0], label=made.HOSTILE, number=made.RARE, marks=(made.HOSTILE,), seals=(made.RARE,))
    text = squeezed(build(replace(receipt, items=(bad,)), "en"))
    assert "#panic()" in text
    assert "[U+202ERIGHT-TO-LEFTOVERRIDE]" in text
    assert not set(text) & set("\x1b\u202e\x00")


def test_a_training_case_says_so_and_no_exhibit_is_said(receipt: Receipt) -> None:
    pdf = build(replace(receipt, case=replace(receipt.case, training=True), items=()), "en")
    text = squeezed(pdf)
    assert "TRAININGCASE" in text
    assert "Nonerecorded" in text


def test_the_manifest_says_what_made_it(receipt: Receipt) -> None:
    attached = PdfReader(io.BytesIO(build(receipt, "zh"))).attachments["manifest.json"][0]
    manifest = json.loads(attached)
    assert manifest["head"]["note"] == receipt.head.note
    assert manifest["exhibits"] == ["EX-001", "EX-002"]
    assert set(manifest["templates"]) == {"receipt.typ", "style.typ", "words.toml"}
