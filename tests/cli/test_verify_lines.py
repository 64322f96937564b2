"""How `verify` tells what does not hold: what broke first in full, what follows from it in a line, each fault once."""

import pytest

from chain_of_custody.messages import Lang
from chain_of_custody.verify import Breach
from forensic.workflows.verdict_lines import MOST, lines
from tests.cli.test_verify import tampered
from tests.examiner import Examiner

FORGED = "UPDATE entry SET body = replace(body, 'first', 'later') WHERE body LIKE '%note.add%first%'"
HEAD = "UPDATE checkpoint SET note = 'x' WHERE size = (SELECT max(size) FROM checkpoint)"


@pytest.fixture
def changed(at_work: Examiner) -> Examiner:
    """A case with one changed row, under a dozen later heads."""
    for text in ("first", *"123456"):
        at_work.asks("ledger", "note", text)
    tampered(at_work, FORGED)
    return at_work


def test_one_changed_row(changed: Examiner) -> None:
    told = changed.types("--json", "verify").json
    codes = [one["code"] for one in told["breaches"]]
    assert codes[0] == "verify-leaf"
    assert codes.count("verify-leaf") == 1
    assert codes.count("verify-root") > 5
    assert all(not isinstance(fact, str) for one in told["breaches"] for fact in one["facts"].values())
    row = told["breaches"][0]["facts"]["seq"]
    number = codes.count("verify-root") - 1
    for lang, more in (("en", f"{number} more heads"), ("zh", f"另有 {number} 个台账头")):
        done = changed.runs("--lang", lang, "verify")
        said = done.out.splitlines()
        assert (done.code, len(said)) == (6, 4), done.said
        assert str(row) in said[0]
        assert more in said[2]
        assert "forensic ledger doctor" in done.err


def test_the_head_of_a_ledger_that_cannot_be_replayed(changed: Examiner) -> None:
    stored = changed.types("--json", "ledger", "head")
    told = changed.types("--json", "verify").json
    assert told["head"]["size"] == told["checked"]["entries"]
    assert stored.code == 6  # the case does not open, and yet its head is told
    tampered(changed, HEAD)
    done = changed.types("--json", "verify")
    assert (done.code, done.json["head"]) == (6, None)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_at_most_twenty_lines(lang: Lang) -> None:
    missing = [Breach("verify-missing", {"seq": seq, "path": f"/case/{seq}"}) for seq in range(100)]
    said = lines(missing, lang)
    assert said[:MOST] == [one.text(lang) for one in missing[:MOST]]
    assert len(said) == MOST + 1
    assert "80" in said[-1]


def test_what_differs_by_more_than_numbers_is_not_lumped() -> None:
    persons = [Breach("verify-person-owed", {"seq": seq, "persons": name}) for seq, name in enumerate("甲乙甲甲")]
    said = lines(persons, "en")
    assert said == [persons[0].text(), "The same goes for 2 more, from entry 2 to entry 3", persons[1].text()]
    two = [Breach("verify-root", {"size": size}) for size in (4, 9)]
    assert lines(two, "en") == [one.text() for one in two]
