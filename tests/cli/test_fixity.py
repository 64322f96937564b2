"""`fixity`: what `verify` finds, entered."""

import sqlite3
from contextlib import closing
from pathlib import Path

from chain_of_custody.case import LEDGER
from tests.cli.test_changes import BILL, RECEIVED, last
from tests.cli.test_refusals import refused
from tests.examiner import Examiner


def damaged(examiner: Examiner) -> Path:
    """The first held file, with one bit of it changed."""
    held = next(body for body in examiner.entries() if body["kind"] == "artifact.held")
    path = examiner.case / held["files"][0]["path"]
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    return path


def test_the_result_is_entered_and_shown(at_work: Examiner) -> None:
    at_work.asks("take", BILL, "--exhibit", "EX-001", *RECEIVED)
    verified = at_work.asks("verify")["checked"]
    answer = at_work.asks("fixity")
    body = last(at_work, "fixity")
    assert answer["seq"] == body["seq"]
    assert body["holds"] is True
    assert body["breaches"] == []
    assert (body["files"], body["bytes"]) == (verified["files"], verified["bytes"])
    assert body["entries"] == verified["entries"]
    assert at_work.asks("status")["fixity"] == {"seq": body["seq"], "time": body["t"], "holds": True}
    assert "Last fixity check entered: #" in at_work.types("status").out


def test_a_breach_is_entered_and_ends_with_6(at_work: Examiner) -> None:
    at_work.asks("take", BILL, "--exhibit", "EX-001", *RECEIVED)
    path = damaged(at_work)
    done = at_work.types("fixity")
    assert done.code == 6
    assert str(path) in done.out
    body = last(at_work, "fixity")
    assert (body["holds"], body["breaches"]) == (False, ["verify-hash"])
    assert at_work.asks("status")["fixity"]["holds"] is False
    assert str(path) not in str(body)


def test_where_the_ledger_itself_does_not_hold_nothing_is_entered(at_work: Examiner) -> None:
    with closing(sqlite3.connect(at_work.case / LEDGER)) as ledger:
        ledger.executescript(
            "DROP TRIGGER entry_stays_update; UPDATE entry SET body = replace(body, '存储卡', '手机') WHERE seq = 2;"
        )
    before = len(at_work.entries())
    done = at_work.types("fixity")
    assert done.code == 6
    assert "not entered" in done.err
    assert len(at_work.entries()) == before


def test_one_volume_alone(at_work: Examiner, tmp_path: Path) -> None:
    at_work.asks("take", BILL, "--exhibit", "EX-001", *RECEIVED)
    at_work.asks("case", "volume", "add", tmp_path / "big")
    damaged(at_work)
    answer = at_work.asks("fixity", "--volume", "V2")
    assert answer["holds"] is True
    assert answer["checked"]["files"] == 0
    assert last(at_work, "fixity")["volume"] == "V2"
    assert at_work.types("fixity", "--volume", "case").code == 6
    refused(at_work, 2, "fixity", "--volume", "V9")
    assert at_work.asks("status")["verified_in_full"] is None
