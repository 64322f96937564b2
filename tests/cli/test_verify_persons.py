"""Persons' keys before both verifiers: what does not hold, what could not be confirmed, and what nobody could sign."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from chain_of_custody import policy, verify_ledger
from tests.cli.test_verify import tampered
from tests.examiner import Examiner
from tests.keyed import enrols, keyed

HOLDS, FOUND, NOT_CHECKED = 0, 3, 4
UNCONFIRMED, UNSIGNED = "verify-person-unconfirmed", "verify-acts-unsigned"


@dataclass(frozen=True)
class Cell:
    """What is told from outside, and what comes of it: `code` is `verify`'s, `apart` that of verify_ledger.py."""

    policy: str
    strict: tuple[str, ...]
    code: int
    apart: int


CELLS = (
    Cell("full", (), HOLDS, HOLDS),
    Cell("full", ("--strict",), HOLDS, HOLDS),
    Cell("stale", (), FOUND, HOLDS),
    Cell("stale", ("--strict",), FOUND, NOT_CHECKED),
    Cell("none", (), HOLDS, HOLDS),
    Cell("none", ("--strict",), FOUND, NOT_CHECKED),
)


@dataclass(frozen=True)
class Signed:
    """A case in which both persons signed the last act; `before` are acts of a time when nobody had a key."""

    examiner: Examiner
    policies: dict[str, Path]
    before: list[int]

    def given(self, cell: Cell) -> list[object]:
        return (
            ["--policy", self.policies[cell.policy], *cell.strict] if cell.policy in self.policies else [*cell.strict]
        )

    def remarks(self, cell: Cell) -> dict[str, dict[str, object]]:
        done = self.examiner.types("--json", "verify", *self.given(cell))
        assert (done.code, done.json["breaches"]) == (cell.code, []), done.said
        told = {one["code"]: one["facts"] for one in done.json["remarks"]}
        return {code: facts for code, facts in told.items() if code in (UNCONFIRMED, UNSIGNED)}


@pytest.fixture(params=[True, False], ids=["acts-before", "no-acts-before"])
def signed(at_work: Examiner, tmp_path: Path, request: pytest.FixtureRequest) -> Signed:
    before = [at_work.asks("ledger", "note", "无人登记密钥时")["seq"]] if request.param else []
    policies = {name: tmp_path / f"{name}.policy" for name in ("stale", "full")}
    enrols(at_work, "张三")
    assert at_work.types("key", "export", "-o", policies["stale"]).code == 0
    enrols(at_work, "李四")
    assert at_work.types("key", "export", "-o", policies["full"]).code == 0
    person = keyed(at_work, "张三", "李四")
    assert person.types("ledger", "note", "二人签名").code == 0
    return Signed(at_work, policies, before)


def test_what_cannot_be_confirmed_is_no_breach(signed: Signed) -> None:
    for cell in CELLS:
        remarks = signed.remarks(cell)
        confirmed = cell.policy == "full" or (cell.policy, cell.strict) == ("none", ())
        assert (UNCONFIRMED not in remarks) == confirmed, cell
        if cell.policy == "stale":
            assert remarks[UNCONFIRMED]["person"] == "李四"
        asked = bool(cell.strict) or cell.policy != "none"
        entries = str(signed.before[0]) if signed.before and asked else None
        assert remarks.get(UNSIGNED, {}).get("entries") == entries, cell
        said = signed.examiner.types("verify", *signed.given(cell)).err
        assert said.count("李四") == (not confirmed), said


def codes_apart(signed: Signed, cells: Iterable[Cell]) -> list[int]:
    """What verify_ledger.py says, given the same keys."""
    codes = []
    vkey = signed.examiner.asks("ledger", "head")["vkey"]
    for cell in cells:
        told = policy.load(signed.policies[cell.policy]) if cell.policy in signed.policies else policy.Policy()
        line = [sys.executable, "-I", "-X", "utf8", verify_ledger.__file__, str(signed.examiner.case), "--key", vkey]
        line += [word for person in told.persons for word in ("--person", person)]
        codes.append(subprocess.run([*line, *cell.strict], capture_output=True, check=False).returncode)
    return codes


def test_the_other_verifier_finds_no_breach_either(signed: Signed) -> None:
    cells = [cell for cell in CELLS if cell.apart == HOLDS]
    assert codes_apart(signed, cells) == [HOLDS] * len(cells)


def test_the_other_verifier_does_not_prove_what_it_could_not_confirm(signed: Signed) -> None:
    cells = [cell for cell in CELLS if cell.apart == NOT_CHECKED]
    assert codes_apart(signed, cells) == [NOT_CHECKED] * len(cells)


def test_what_a_policy_knows_does_not_mend_a_wrong_signature(signed: Signed) -> None:
    unsigned = "UPDATE entry SET sig = '' WHERE seq = (SELECT max(seq) FROM entry WHERE sig <> '')"
    tampered(signed.examiner, unsigned)
    for cell in CELLS:
        done = signed.examiner.types("--json", "verify", *signed.given(cell))
        assert done.code == 6
        assert "verify-person" in [one["code"] for one in done.json["breaches"]]
