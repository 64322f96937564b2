"""The PDF: the same bytes each time, hostile text as text, every page marked."""

import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest
from pypdf import PdfReader

from chain_of_custody.errors import CannotWrite, ForensicError, Unavailable
from reports import font, pdf
from reports.pdf import Paper, build
from reports.visible import Visible

ROOT = Path(__file__).parents[2]
MADE = Path(__file__).with_name("made.py")

DIGESTS = """
import hashlib, runpy, sys
from reports.pdf import build
for paper in build(runpy.run_path(sys.argv[1])["story"](rows=3), "zh"):
    print(paper.name, hashlib.sha256(paper.content).hexdigest())
"""


def papers(story: object, lang: str) -> dict[str, Paper]:
    return {paper.name: paper for paper in build(story, lang)}


def pages(paper: Paper) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(paper.content)).pages]


def squeezed(paper: Paper) -> str:
    """All text without white space and line ends, which the layout decides."""
    return "".join("".join(pages(paper)).split())


def test_two_processes_make_the_same_bytes(made: ModuleType, tmp_path: Path) -> None:
    def run(zone: str, locale: str) -> str:
        environment = {"PYTHONPATH": str(ROOT), "TZ": zone, "LC_ALL": locale, "TMPDIR": str(tmp_path)}
        command = [sys.executable, "-c", DIGESTS, str(MADE)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    first = run("America/New_York", "C.UTF-8")
    assert first == run("Asia/Shanghai", "C")
    assert first.splitlines()[-1].startswith("report ")
    here = "".join(f"{p.name} {hashlib.sha256(p.content).hexdigest()}\n" for p in build(made.story(rows=3), "zh"))
    assert first == here
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_hostile_text_is_printed_as_text(made: ModuleType, lang: str) -> None:
    shown = "".join(Visible(font.find().covered.__contains__)(made.HOSTILE).split())
    made_papers = papers(made.hostile(), lang)
    assert set(made_papers) == {"report", *(f"appendix-{n:02}-001" for n in (1, 2, 3, 4))}
    for name in ("report", "appendix-01-001", "appendix-03-001", "appendix-04-001"):
        text = squeezed(made_papers[name]).replace("⏎", "[U+000ALINEFEED]")
        assert shown in text, name
        assert not set(text) & set("\x1b\u202e\x00")
    for paper in made_papers.values():
        assert "\u202e" not in paper.title
        assert b"/URI" not in paper.content
        assert b"/JavaScript" not in paper.content


def test_characters_without_glyph_do_not_stop_the_export(made: ModuleType) -> None:
    made_papers = papers(made.hostile(made.RARE), "zh")
    text = squeezed(made_papers["appendix-03-001"])
    assert "[U+1F600GRINNINGFACE]" in text
    assert "𠮷" in text
    assert "[U+D800SURROGATE]" in text
    assert "[U+0627ARABICLETTERALEF]" in text


def test_every_page_bears_its_marks(made: ModuleType) -> None:
    (report,) = build(made.empty(), "en")
    texts = pages(report)
    for number, text in enumerate(texts, 1):
        assert f"Page {number} of {len(texts)}" in text
        assert "DRAFT" in text
        assert "TRAINING CASE, NOT EVIDENCE" in text
        assert "Case 4501-2026-000123" in text
        assert made.HEAD.root[:16] in text
        assert "2,147" in text


def test_a_finished_report_bears_no_draft_mark(made: ModuleType) -> None:
    for paper in build(made.story(rows=3), "zh"):
        text = squeezed(paper)
        assert "草稿" not in text
        assert "培训案件" not in text
        assert f"台账头2,147·{made.HEAD.root[:16]}" in text


def test_the_main_paper_binds_the_volumes(made: ModuleType) -> None:
    *volumes, report = build(made.story(rows=50), "zh")
    text = squeezed(report)
    manifest = json.loads(PdfReader(io.BytesIO(report.content)).attachments["manifest.json"][0])
    assert manifest["head"]["note"] == made.NOTE
    assert manifest["font"]["sha256"] == font.find().sha256
    for volume, listed in zip(volumes, manifest["appendices"], strict=True):
        digest = hashlib.sha256(volume.content).hexdigest()
        assert listed == {"file": f"{volume.name}.pdf", "rows": volume.rows, "sha256": digest}
        assert digest in text
    assert sum(v.rows or 0 for v in volumes) == 50 + 5 + 53 + 50 + 60 + 50


def test_it_says_that_it_is_pdf_a_3b_and_dated_by_the_head(made: ModuleType) -> None:
    for paper in build(made.story(rows=1), "en"):
        reader = PdfReader(io.BytesIO(paper.content))
        xmp = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
        assert "<pdfaid:part>3</pdfaid:part>" in xmp
        assert "<pdfaid:conformance>B</pdfaid:conformance>" in xmp
        assert reader.metadata is not None
        assert str(reader.metadata["/CreationDate"]).startswith("D:20260320081530")


def test_the_court_text_and_amounts_are_in_it(made: ModuleType) -> None:
    *_, report = build(made.story(rows=1), "zh")
    text = squeezed(report)
    assert "9,162,302.50CNY" in text
    assert "不证明“记录时内容真实”" in text
    assert "2026-03-2016:15:30+08:00" in text
    assert "截断或重写这一段，无人能够发现" in text


def test_a_picture_that_is_none_is_told(made: ModuleType) -> None:
    broken = made.Photo("封条", lambda: b"\xff\xd8\xff\xe0 no picture", "0" * 64, 9)
    exhibit = made.Exhibit("EX-001", "1", "phone", "x", photos=(broken,))
    *_, report = build(made.story(rows=0, exhibits=(exhibit,)), "zh")
    assert "该图片无法解码，未印出" in squeezed(report)


def test_a_big_table_keeps_memory_flat(made: ModuleType) -> None:
    story = made.empty()
    many = made.replace(story, recovered=made.Files(rows=lambda: made.file_rows(4000)))
    reader, writer = os.pipe()
    child = os.fork()  # whose own children are the typesetters alone
    if not child:
        rows = [paper.rows or 0 for paper in build(many, "zh")]
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        os.write(writer, f"{sum(rows)} {max(rows)} {peak}".encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    total, longest, peak = map(int, os.read(reader, 100).split())
    os.close(reader)
    assert total == 4000
    assert longest <= pdf.ROWS
    assert peak < 400 * 1024


def test_the_qr_code_on_the_page_is_the_signed_head(made: ModuleType, tmp_path: Path) -> None:
    if not (shutil.which("pdftoppm") and shutil.which("zbarimg")):
        pytest.skip("pdftoppm and zbarimg are not both installed")
    *_, report = build(made.story(rows=0), "zh")
    (tmp_path / "report.pdf").write_bytes(report.content)
    for command in (
        ["pdftoppm", "-r", "150", "-f", "1", "-l", "1", "-png", "report.pdf", "cover"],
        ["sh", "-c", "zbarimg --quiet --raw --oneshot -Sbinary cover*.png > code"],
    ):
        subprocess.run(command, cwd=tmp_path, check=True, stderr=subprocess.DEVNULL)
    assert (tmp_path / "code").read_bytes() == made.NOTE.encode()


def test_without_the_font_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(font, "_candidates", lambda: [(tmp_path / font.FILE, True)])
    font.find.cache_clear()
    with pytest.raises(Unavailable) as caught:
        font.find()
    assert caught.value.exit_code == 8
    assert "noto-cjk-sans-otc" in (caught.value.hint_text("zh") or "")
    (tmp_path / font.FILE).write_bytes(b"another font")
    with pytest.raises(Unavailable):
        font.find()
    font.find.cache_clear()


def test_a_failing_typesetter_is_named(made: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.workshop.template", lambda name: b"#panic([broken])")
    with pytest.raises(ForensicError) as caught:
        list(build(made.empty(), "zh"))
    assert "broken" in caught.value.text("en")


def test_a_full_disk_is_our_error(made: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(CannotWrite):
        list(pdf.build(made.empty(), "zh"))


def test_a_head_without_a_time_is_refused(made: ModuleType) -> None:
    with pytest.raises(ForensicError):
        next(build(made.replace(made.empty(), head=made.replace(made.HEAD, at="yesterday")), "zh"))
