"""Who may change a key: its person, or two others where he cannot; verification says the same as the commands."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody import algorithms, signature
from chain_of_custody.case import Case
from chain_of_custody.enrolment import EnrolledKey, Enrolment, authorised
from chain_of_custody.errors import CustodyRefusal
from chain_of_custody.people import Person
from chain_of_custody.session import opened
from chain_of_custody.signers import Checked


def signer(person: str, seed: int) -> Checked:
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32))
    public = private.public_key().public_bytes_raw()
    return Checked(signature.verifier_key(signature.key_name(person), "ed25519", public), private.sign)


WEI, LI, WANG, ZHAO = (signer(name, seed) for seed, name in enumerate(("Wei", "Li", "Wang", "Zhao"), 1))
NEXT = signer("Wei", 9)
KNOWN = Enrolment([EnrolledKey("Wei", WEI.vkey, 2), EnrolledKey("Li", LI.vkey, 3), EnrolledKey("Wang", WANG.vkey, 4)])
TWIN = signature.verifier_key("Zhao", "ed25519", signature.parse_key(LI.vkey).public)
SSH_TWIN = signature.verifier_key("Zhao", algorithms.SSHSIG, signature.parse_key(LI.vkey).public)


@pytest.mark.parametrize(
    ("kind", "facts", "signers", "may"),
    [
        ("enroll", {"person": "Zhao", "vkey": ZHAO.vkey}, [ZHAO], False),
        ("enroll", {"person": "Zhao", "vkey": ZHAO.vkey}, [WEI, ZHAO], True),
        ("enroll", {"person": "Wei\u200b", "vkey": NEXT.vkey}, [LI, NEXT], False),
        ("enroll", {"person": "ＷＥＩ", "vkey": NEXT.vkey}, [LI, NEXT], False),
        ("enroll", {"person": "Zhao", "vkey": ZHAO.vkey}, [WEI], False),
        ("enroll", {"person": "Zhao", "vkey": ZHAO.vkey}, [], False),
        ("enroll", {"person": "Wei", "vkey": NEXT.vkey}, [NEXT], False),
        ("enroll", {"person": "Zhao", "vkey": NEXT.vkey}, [NEXT], False),
        ("enroll", {"person": "Zhao", "vkey": TWIN}, [Checked(TWIN, LI.make)], False),
        ("enroll", {"person": "Zhao", "vkey": SSH_TWIN}, [Checked(SSH_TWIN, LI.make)], False),
        ("enroll", {"person": "Zhao", "vkey": "no key"}, [ZHAO], False),
        ("enroll", {"person": "Zhao"}, [ZHAO], False),
        ("revoke", {"person": "Wei", "vkey": WEI.vkey}, [WEI], True),
        ("revoke", {"person": "Wei", "vkey": WEI.vkey}, [LI, WANG], True),
        ("revoke", {"person": "Wei", "vkey": WEI.vkey}, [LI], False),
        ("revoke", {"person": "Wei", "vkey": WEI.vkey}, [LI, LI], False),
        ("revoke", {"person": "Wei", "vkey": WEI.vkey}, [LI, ZHAO], False),
        ("revoke", {"person": "Li", "vkey": WEI.vkey}, [LI], False),
        ("revoke", {"person": "Zhao", "vkey": ZHAO.vkey}, [ZHAO], False),
        ("replace", {"person": "Wei", "old": WEI.vkey, "vkey": NEXT.vkey}, [WEI, NEXT], True),
        ("replace", {"person": "Wei", "old": WEI.vkey, "vkey": NEXT.vkey}, [LI, WANG, NEXT], True),
        ("replace", {"person": "Wei", "old": WEI.vkey, "vkey": NEXT.vkey}, [LI, NEXT], False),
        ("replace", {"person": "Wei", "old": WEI.vkey, "vkey": NEXT.vkey}, [WEI], False),
        ("replace", {"person": "Wei", "old": WEI.vkey, "vkey": NEXT.vkey}, [LI, WANG], False),
        ("replace", {"person": "Wei", "old": WEI.vkey, "vkey": WEI.vkey}, [WEI], False),
        ("replace", {"person": "Wei", "old": LI.vkey, "vkey": NEXT.vkey}, [LI, WANG, NEXT], False),
        ("replace", {"person": "Wei", "old": WEI.vkey, "vkey": ZHAO.vkey}, [WEI, ZHAO], False),
    ],
)
def test_whose_a_change_is(kind: str, facts: dict[str, Any], signers: list[Checked], may: bool) -> None:
    body = {"kind": f"key.{kind}", **facts, "signers": [each.vkey for each in signers]}
    assert authorised(body, KNOWN, 9) is may


def test_two_people_enrol_themselves() -> None:
    one = Enrolment([EnrolledKey("Wei", WEI.vkey, 2)])
    body = {"kind": "key.enroll", "person": "Li", "vkey": LI.vkey, "signers": [LI.vkey]}
    assert authorised(body, Enrolment(), 9)
    assert authorised(body, one, 9)


@pytest.mark.parametrize(("began", "may"), [(5, True), (4, False), (3, False)])
def test_who_came_in_with_the_session_releases_nobody(began: int, may: bool) -> None:
    signers = [LI.vkey, WANG.vkey, NEXT.vkey]
    lost = {"kind": "key.replace", "person": "Wei", "old": WEI.vkey, "vkey": NEXT.vkey, "signers": signers}
    assert authorised(lost, KNOWN, began) is may


def test_one_person_under_two_spellings_is_no_two() -> None:
    twice = Enrolment([*KNOWN.keys, EnrolledKey("L i", ZHAO.vkey, 5)])
    lost = {"kind": "key.revoke", "person": "Wei", "vkey": WEI.vkey, "signers": [LI.vkey, ZHAO.vkey]}
    assert not authorised(lost, twice, 9)
    assert authorised({**lost, "signers": [LI.vkey, WANG.vkey]}, twice, 9)


SPELT = ("Wei ", "Wei\u200b", "W ei", "Wei\u3000", "\u2066WEI", "Wei\ufe0f", "Ｗei", "W\x00ei")


@pytest.mark.parametrize("name", SPELT)
def test_whoever_has_a_key_signs_under_any_spelling(make_case: Any, judge: Any, name: str) -> None:
    case = make_case()
    enrolled(case, WEI)
    with opened(case, [Person(name)], ["test"], {}) as session, pytest.raises(CustodyRefusal) as refused:
        session.act("note.add", text="unsigned")
    assert refused.value.message_id == "sign-missing"
    assert codes(judge(case.folder)) == []
    with opened(case, [Person(name)], ["test"], {}) as session, session.case.ledger.transaction() as writing:
        writing.add("note.add", sess=session.seq, text="unsigned")
    assert codes(judge(case.folder)) == ["verify-person-owed"]


def test_a_revoked_key_comes_back_to_nobody() -> None:
    gone = Enrolment([EnrolledKey("Wei", WEI.vkey, 2, revoked=5)])
    again = {"kind": "key.enroll", "person": "Wei", "vkey": WEI.vkey, "signers": [WEI.vkey]}
    assert not authorised(again, gone, 9)
    assert authorised({**again, "vkey": NEXT.vkey, "signers": [NEXT.vkey]}, gone, 9)


def enrolled(case: Case, *signers: Checked) -> None:
    for each in signers:
        name = signature.parse_key(each.vkey).name
        vouching = signers[:1] if each in signers[2:] else ()
        with opened(case, [Person(name)], ["test"], {}, [*vouching, each]) as session:
            session.act("key.enroll", person=name, vkey=each.vkey, signer="file")


def codes(verdict: Any) -> list[str]:
    return [breach.code for breach in verdict.breaches]


def test_keys_change_hands_and_verify(make_case: Any, judge: Any) -> None:
    case = make_case()
    enrolled(case, WEI, LI, WANG)
    with opened(case, [Person("Li"), Person("Wang")], ["test"], {}, [LI, WANG, NEXT]) as session:
        session.act("key.replace", person="Wei", old=WEI.vkey, vkey=NEXT.vkey, signer="file", reason="lost", lost=True)
    with opened(case, [Person("Wei")], ["test"], {}, [NEXT]) as session:
        session.act("note.add", text="with the new key")
        session.act("key.revoke", person="Wei", vkey=NEXT.vkey, reason="left")
    with opened(case, [Person("Wei")], ["test"], {}) as session:
        session.act("note.add", text="without any")
    keys = case.register.enrolment
    assert keys.of("Wei") is None
    assert [key.revoked is None for key in keys.keys] == [False, True, True, False]
    assert codes(judge(case.folder)) == []


def test_one_other_person_is_not_enough(make_case: Any, judge: Any) -> None:
    case = make_case()
    enrolled(case, WEI, LI, WANG)
    with opened(case, [Person("Li")], ["test"], {}, [LI, NEXT]) as session:
        session.act("key.replace", person="Wei", old=WEI.vkey, vkey=NEXT.vkey, signer="file")
    assert codes(judge(case.folder)) == ["verify-key-change"]


def test_a_key_that_did_not_sign_itself_in_is_a_breach(make_case: Any, judge: Any) -> None:
    case = make_case()
    with opened(case, [Person("Wei")], ["test"], {}) as session:
        session.act("key.enroll", person="Wei", vkey=WEI.vkey, signer="file")
    assert codes(judge(case.folder)) == ["verify-key-change"]


def test_a_replaced_key_signs_no_more(make_case: Any, judge: Any) -> None:
    case = make_case()
    enrolled(case, WEI)
    with opened(case, [Person("Wei")], ["test"], {}, [WEI, NEXT]) as session:
        session.act("key.replace", person="Wei", old=WEI.vkey, vkey=NEXT.vkey, signer="file")
    with opened(case, [Person("Wei")], ["test"], {}, [WEI, NEXT]) as session:
        session.act("note.add", text="signed with both")
    assert codes(judge(case.folder)) == ["verify-person-key"]
