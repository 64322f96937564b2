"""Files that a command is told to write: one that exists is never written over, and the refusal is in our words."""

from pathlib import Path

import pytest

from tests.examiner import Examiner

COMMANDS = (
    ("ledger", "prove", 0, "-o"),
    ("ledger", "prove-consistency", 1, "-o"),
    ("anchor", "request", "-o"),
    ("key", "export", "-o"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(map(str, words[:2])))
def test_a_file_that_is_there_stays(at_work: Examiner, tmp_path: Path, command: tuple[object, ...]) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    done = at_work.types(*command, mine)
    assert (done.code, mine.read_text()) == (5, "mine"), done.said
    assert "exists already" in done.err
    assert at_work.types(*command, tmp_path / "none" / "new").code == 2
    assert at_work.types(*command, at_work.case / "new").code == 2
    assert at_work.types(*command, tmp_path / "new").code == 0


def test_in_the_other_language(at_work: Examiner, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    for path, code, words in ((tmp_path / "mine", 5, "已存在"), (tmp_path / "none" / "new", 2, "不存在")):
        done = at_work.runs("--lang", "zh", "ledger", "prove", 0, "-o", path)
        assert (done.code, words in done.err) == (code, True), done.said


def test_a_copy_of_an_artifact(at_work: Examiner, tmp_path: Path) -> None:
    card = tmp_path / "card.dd"
    card.write_bytes(bytes(4096))
    at_work.asks("acquire", "disk", card, "--exhibit", "EX-001")
    seq = next(body["seq"] for body in at_work.entries() if body["kind"] == "artifact.held")
    card.write_bytes(b"mine")
    assert at_work.types("open", seq, "--to", card).code == 5
    assert card.read_bytes() == b"mine"


def test_a_witness_s_answer(at_work: Examiner, tmp_path: Path) -> None:
    folder, request, mine = tmp_path / "witness", tmp_path / "request", tmp_path / "mine"
    assert at_work.types("witness", "init", folder, "--name", "w", "--no-passphrase").code == 0
    assert at_work.types("ledger", "prove-consistency", 0, "-o", request).code == 0
    mine.write_text("mine")
    vkey = at_work.asks("ledger", "head")["vkey"]
    done = at_work.types("witness", "cosign", folder, request, "--log", vkey, "-o", mine)
    assert (done.code, mine.read_text()) == (5, "mine"), done.said
