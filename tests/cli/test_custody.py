"""`exhibit seal|unseal|handover|return|history` as an examiner types them."""

import hashlib
from pathlib import Path

import pytest

from tests.examiner import Done, Examiner
from tests.keyed import enrols, keyed

UNSEAL = ("--reason", "检验", "--approved-by", "王科长", "--found", "intact")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "seal.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 a seal")
    return path


@pytest.fixture
def sealed(at_work: Examiner) -> Examiner:
    """EX-001 is a card that was never sealed, EX-002 a phone under seal F0002, EX-003 the card in it."""
    at_work.adds_exhibit("--kind", "phone", "--label", "手机", "--seal", "F0002", "--seized-at", "2026-01-05 09:30")
    at_work.adds_exhibit("--part-of", "EX-002")
    return at_work


def acts(examiner: Examiner) -> list[dict]:
    kinds = ("exhibit.seal", "exhibit.unseal", "exhibit.handover", "exhibit.return")
    return [body for body in examiner.entries() if body["kind"] in kinds]


def codes(done: Done) -> list[str]:
    return [finding["code"] for finding in done.json["findings"]]


def refused(examiner: Examiner, code: int, *words: object) -> str:
    before = len(acts(examiner))
    done = examiner.types("exhibit", *words)
    assert done.code == code, done.said
    assert len(acts(examiner)) == before
    assert examiner.types("verify", "--quick").code == 0
    return done.err


def test_a_seal_with_its_photos_is_one_transaction(sealed: Examiner, photo: Path) -> None:
    views = ("--photo", f"before:front={photo}", "--photo", f"after:seal={photo}")
    done = sealed.types("--json", "exhibit", "seal", "EX-001", "--seal", "F0009", "--sealed", "USB 口", *views)
    assert done.code == 0, done.said
    (act,) = acts(sealed)
    assert (act["item"], act["seals"], act["covers"], act["form"]) == ("EX-001", ["F0009"], "USB 口", "tape")
    pictures = {body["seq"]: body for body in sealed.entries() if body.get("what") == "photo"}
    assert [(p["when"], p["side"]) for p in act["photos"]] == [("before", "front"), ("after", "seal")]
    for shown in act["photos"]:
        assert shown["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
        assert pictures[shown["seq"]]["t"] == act["t"]  # entries of one transaction share its time
    assert sealed.asks("exhibit", "list")["exhibits"][0]["custody"]["state"] == "sealed"


def test_missing_photos_are_findings_and_stop_nothing(sealed: Examiner) -> None:
    done = sealed.types("--json", "exhibit", "seal", "EX-001", "--seal", "F0009")
    assert (done.code, codes(done)) == (3, ["custody-no-photo-before", "custody-no-photo-after"])
    done = sealed.types("--json", "exhibit", "unseal", "EX-001", *UNSEAL)
    assert (done.code, codes(done)) == (3, ["custody-no-photo-found"])
    assert len(acts(sealed)) == 2


def test_a_phone_that_came_in_sealed_without_photos_is_remarked(at_work: Examiner, photo: Path) -> None:
    add = ("--json", "exhibit", "add", "--label", "x", "--kind")
    done = at_work.types(*add, "phone", "--seal", "F0001", "--photo", f"before:front={photo}")
    assert (done.code, codes(done), done.json["findings"][0]["severity"]) == (0, ["custody-no-photo-after"], "note")
    both = ("--photo", f"before:front={photo}", "--photo", f"after:seal={photo}")
    for words in (("phone",), ("card", "--seal", "F0002"), ("tablet", "--seal", "F0003", *both)):
        assert codes(at_work.types(*add, *words)) == []


def test_several_exhibits_at_once(sealed: Examiner, photo: Path) -> None:
    refused(sealed, 2, "seal", "EX-001", "EX-003", "--seal", "F0010")
    refused(sealed, 2, "seal", "EX-001", "EX-003", "--seal", "EX-001=F0010")
    sealed.adds_exhibit()
    one = [f"EX-00{number}:{view}={photo}" for number in (1, 4) for view in ("before:front", "after:seal")]
    views = [word for text in one for word in ("--photo", text)]
    numbers = ("--seal", "EX-001=F0010", "--seal", "EX-004=F0011", "--seal", "EX-004=F0012")
    refused(sealed, 2, "seal", "EX-001", "EX-004", *numbers, "--photo", f"after:seal={photo}")
    done = sealed.types("--json", "exhibit", "seal", "EX-001", "EX-004", *numbers, *views)
    assert done.code == 0, done.said
    assert {act["item"]: act["seals"] for act in acts(sealed)} == {"EX-001": ["F0010"], "EX-004": ["F0011", "F0012"]}
    # one that cannot be sealed leaves the others as they were
    sealed.adds_exhibit()
    refused(sealed, 5, "seal", "EX-005", "EX-001", "--seal", "EX-005=F0020", "--seal", "EX-001=F0021")
    refused(sealed, 5, "seal", "EX-005", "EX-009", "--seal", "EX-005=F0020", "--seal", "EX-009=F0021")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (5, ("seal", "EX-002", "--seal", "F0003", "--isolation", "power-off")),  # sealed already
        (5, ("seal", "EX-003", "--seal", "F0003")),  # under the seal of EX-002
        (5, ("seal", "EX-001", "--seal", "Ｆ０００２")),  # borne by EX-002
        (2, ("seal", "EX-001", "--seal", " ")),
        (2, ("seal", "EX-001", "--seal", "F0003", "--seal", "Ｆ0003")),
        (2, ("seal", "EX-001")),
        (2, ("seal", "EX-001", "--seal", "F0003", "--kind", "rope")),
        (2, ("seal", "EX-001", "--seal", "F0003", "--at", "2126-01-01")),
        (2, ("seal", "EX-001", "--seal", "F0003", "--photo", "sideways:front=x")),
        (2, ("seal", "EX-001", "--seal", "F0003", "--photo", "before:front=/nowhere.jpg")),
        (5, ("unseal", "EX-001", *UNSEAL)),  # nothing to unseal
        (5, ("unseal", "EX-003", *UNSEAL)),  # the whole must be unsealed
        (2, ("unseal", "EX-002", *UNSEAL[2:])),
        (2, ("unseal", "EX-002", *UNSEAL[:2], *UNSEAL[4:])),
        (2, ("unseal", "EX-002", *UNSEAL[:4])),
        (2, ("unseal", "EX-002", "--reason", " ", *UNSEAL[2:])),
        (2, ("unseal", "EX-002", *UNSEAL[:2], "--approved-by", " ", *UNSEAL[4:])),
        (2, ("unseal", "EX-002", *UNSEAL, "--at", "2026-01-05 09:29")),  # before its seizure
        (2, ("handover", "EX-002", "--to", "赵敏")),  # how is the seal?
        (2, ("handover", "EX-001", "--to", "赵敏", "--found", "intact")),  # there is none
        (5, ("handover", "EX-003", "--to", "赵敏", "--found", "intact")),
        (2, ("handover", "EX-002", "--to", " ", "--found", "intact")),
        (2, ("return", "EX-002", "--to", "王某", "--found", "intact")),
        (5, ("return", "EX-009", "--to", "王某", "--reason", "r")),
    ],
)
def test_what_the_rules_forbid_is_not_entered(sealed: Examiner, code: int, words: tuple[str, ...]) -> None:
    refused(sealed, code, *words)


def test_what_receives_signals_is_sealed_with_its_isolation(sealed: Examiner) -> None:
    sealed.asks("exhibit", "unseal", "EX-002", *UNSEAL)
    assert "--isolation" in refused(sealed, 2, "seal", "EX-002", "--seal", "F0003")
    sealed.asks("exhibit", "seal", "EX-002", "--seal", "F0003", "--isolation", "faraday-bag")
    assert acts(sealed)[-1]["isolation"] == "faraday-bag"


def test_an_exhibit_added_later_cannot_take_a_number_that_was_used(sealed: Examiner) -> None:
    sealed.asks("exhibit", "seal", "EX-001", "--seal", "F0009")
    done = sealed.types("exhibit", "add", "--kind", "card", "--label", "x", "--seal", "F0009")
    assert done.code == 5, done.said
    entry = next(body["seq"] for body in sealed.entries() if body["kind"] == "exhibit.add")
    done = sealed.types("ledger", "correct", str(entry + 3), "--set", "seal=F0009", "--reason", "r")
    assert done.code == 5, done.said


def test_a_late_entry_is_shown_as_late(sealed: Examiner) -> None:
    done = sealed.types("exhibit", "unseal", "EX-002", *UNSEAL, "--at", "2026-01-06 10:00")
    assert "--at is taken as 2026-01-06 10:00:00 +08:00" in done.err
    assert "Late entry" in done.err
    assert acts(sealed)[0]["at"] == "2026-01-06T02:00:00.000000Z"
    row = sealed.asks("exhibit", "history", "EX-002")["history"][-1]
    assert (row["event"], row["late"], row["at"]) == ("unseal", True, "2026-01-06T02:00:00.000000Z")
    assert row["entered"] == acts(sealed)[0]["t"]
    told = refused(sealed, 2, "handover", "EX-002", "--to", "赵敏", "--note", "n", "--at", "2026-01-06 09:59")
    assert "2026-01-06 10:00:00 +08:00" in told


def test_one_person_alone_is_said_and_changes_no_code(sealed: Examiner) -> None:
    done = sealed.types("--json", "exhibit", "handover", "EX-002", "--to", "赵敏", "--found", "intact", "--by", "张三")
    assert (done.code, codes(done)) == (0, ["custody-alone"])
    done = sealed.types(
        "--json", "exhibit", "handover", "EX-002", "--to", "李四", "--found", "intact", "--by", "赵敏", "--with", "张三"
    )
    assert (done.code, codes(done)) == (0, [])


def test_a_hand_over_tells_how_the_seal_is_and_who_had_it(sealed: Examiner) -> None:
    broken = ("--to", "赵敏", "--to-unit", "物证室", "--purpose", "入库", "--found", "broken")
    done = sealed.types("--json", "exhibit", "handover", "EX-002", *broken)
    assert (done.code, codes(done)) == (3, ["custody-seal-broken"])
    done = sealed.types("--json", "exhibit", "handover", "EX-002", "--to", "李四", "--found", "intact")
    assert codes(done) == ["custody-other-holder"]  # 赵敏 had it, 张三 gives it
    done = sealed.types("--json", "exhibit", "handover", "EX-001", "--to", "赵敏")
    assert codes(done) == ["custody-passed-open"]
    done = sealed.types("--json", "exhibit", "handover", "EX-001", "--to", "李四", "--from", "赵敏", "--note", "袋破")
    assert done.code == 0, done.said
    listed = {each["id"]: each["custody"] for each in sealed.asks("exhibit", "list")["exhibits"]}
    assert [listed[item]["holder"] for item in ("EX-001", "EX-002", "EX-003")] == ["李四"] * 3


def test_after_a_return_there_is_only_the_history(sealed: Examiner) -> None:
    owner = ("--to", "王某", "--reason", "解除扣押", "--found", "intact")
    sealed.asks("exhibit", "return", "EX-002", *owner)
    refused(sealed, 5, "unseal", "EX-002", *UNSEAL)
    refused(sealed, 5, "seal", "EX-003", "--seal", "F0009")  # the card in it went with it
    refused(sealed, 5, "handover", "EX-002", "--to", "x")
    refused(sealed, 5, "return", "EX-002", "--to", "x", "--reason", "r")
    assert sealed.asks("exhibit", "history", "EX-002")["history"][-1]["event"] == "return"
    entry = next(b["seq"] for b in sealed.entries() if b["kind"] == "exhibit.add" and b["item"] == "EX-002")
    sealed.asks("ledger", "correct", str(entry), "--set", "label=黑色手机", "--reason", "r")


def test_an_unsealing_stays_open_until_a_seal_or_a_return(sealed: Examiner) -> None:
    assert sealed.asks("status")["open_unseals"] == []
    sealed.asks("exhibit", "unseal", "EX-002", *UNSEAL, "--at", "2026-01-06 10:00")
    (left,) = sealed.asks("status")["open_unseals"]
    assert left.startswith("EX-002 (#")
    assert "2026-01-06 10:00:00 +08:00" in left
    assert sealed.asks("status")["unsealed"] == ["EX-001", "EX-002", "EX-003"]
    sealed.asks("exhibit", "seal", "EX-002", "--seal", "F0003", "--isolation", "power-off")
    assert sealed.asks("status")["open_unseals"] == []
    assert sealed.asks("status")["unsealed"] == ["EX-001"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_history_is_in_the_order_it_happened(sealed: Examiner, photo: Path, lang: str) -> None:
    sealed.asks("exhibit", "unseal", "EX-002", *UNSEAL, "--photo", f"before:seal={photo}", "--at", "2026-01-06 10:00")
    entry = next(b["seq"] for b in sealed.entries() if b["kind"] == "exhibit.add" and b["item"] == "EX-002")
    sealed.asks("ledger", "correct", str(entry), "--set", "serial=S1", "--reason", "补录")
    answer = sealed.asks("exhibit", "history", "EX-002")
    assert [row["event"] for row in answer["history"]] == ["add", "unseal", "correct"]
    assert answer["history"][1]["persons"] == ["张三", "李四"]
    assert [shown["side"] for shown in answer["history"][1]["photos"]] == ["seal"]
    along = sealed.asks("exhibit", "history", "EX-003")["history"]
    assert [(row["event"], row["item"]) for row in along] == [("unseal", "EX-002"), ("add", "EX-003")]
    done = sealed.types("--lang", lang, "exhibit", "history", "EX-003")
    assert done.code == 0
    assert "2026-01-06 10:00:00 +08:00" in done.out


def test_an_approver_who_has_a_key_signs(sealed: Examiner) -> None:
    enrols(sealed, "王科长")
    said = refused(sealed, 2, "unseal", "EX-002", *UNSEAL)  # nobody unlocks his key
    assert "--passphrase-file 王科长=FILE COMMAND" in said
    with_key = keyed(sealed, "王科长")
    with_key.asks("exhibit", "unseal", "EX-002", *UNSEAL)
    (act,) = acts(sealed)
    (signer,) = act["signers"]
    assert signer.startswith("王科长+")
    assert sealed.types("verify").code == 0
