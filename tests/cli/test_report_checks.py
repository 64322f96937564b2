"""The paper tells a stranger how to check the ledger with nothing installed, and what it tells works."""

import html
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from tests.examiner import Examiner


def test_the_line_of_the_paper_proves_the_ledger_handed_out(at_work: Examiner, tmp_path: Path) -> None:
    built = at_work.asks("report", "build", "--lang", "zh")
    folder = tmp_path / "out"
    at_work.asks("ledger", "export", folder)
    file = next(file for file in built["files"] if file["role"] == "html")
    text = html.unescape(re.sub("<[^>]*>", "", (at_work.case / file["path"]).read_text("utf-8").replace("<br>", "")))
    verifier = (folder / "verify_ledger.py").read_bytes()
    assert re.search(f"光盘.{{0,60}}SHA-256：{sha256(verifier).hexdigest()}", text)
    assert "回执" in text
    typed = re.search(r"py (verify_ledger\.py DIR --key \S+ --expect \d+:[0-9a-f]{64})", text)
    assert typed
    words = [str(folder) if word == "DIR" else word for word in typed[1].split()]
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, "PROVED" in done.stdout) == (0, True), done.stdout
