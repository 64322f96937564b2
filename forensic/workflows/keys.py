"""People's keys: made or noted at this workstation, entered in a case, replaced, revoked, unlocked and listed."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chain_of_custody import agent, keyring
from chain_of_custody import case as cases
from chain_of_custody.case import Case
from chain_of_custody.enrolment import EnrolledKey, Enrolment, authorised
from chain_of_custody.errors import CaseError, CustodyRefusal, UsageError
from chain_of_custody.keyring import KeptKey, Kind
from chain_of_custody.people import alike, cleaned
from chain_of_custody.policy import Policy
from chain_of_custody.signature import Signer, key_name
from chain_of_custody.signers import Reach
from forensic.workflows import proving, unlocking, work
from forensic.workflows.work import Announce, Order, Outcome

_UNITS = {"s": 1, "m": 60, "h": 3600}
_POLICY = """\
# 信任策略 · policy (c2sp.org/tlog-policy). {origin}
# 请与本人及实验室另行公布的公钥核对后再使用；撤销和替换的时间以台账为准。
# Compare the keys with those that the laboratory and the persons give out themselves.
# When a key was replaced or revoked stands in the ledger.
"""


def new(order: Order, name: str, reach: Reach | None, signer: Kind, *, another: bool = False) -> Outcome:
    """A new key in a file, under the passphrase that the order gives; or `reach`, how one is reached elsewhere. A
    person who has a key here already gets one more only as `another`, to replace the first."""
    person = _person(name)
    held = [key for key in keyring.kept() if alike(key.person) == alike(person)]
    if held and not another:
        raise CaseError("key-have-already", hint="key-have-already-hint", person=person, key=held[-1].id)
    if reach:
        return Outcome(_described(keyring.new_reached(person, signer, reach)))
    passphrase = unlocking.needed(order.passphrase, person, "key-passphrase-none-hint")
    return Outcome(_described(keyring.new_file(person, passphrase)))


def enroll(order: Order, announce: Announce, name: str) -> Outcome:
    """Enters a person's key, signed by itself: whoever enrolls has it at hand."""
    with work.reading(order) as case:
        if held := case.register.enrolment.of(name):
            raise CustodyRefusal("key-enrolled-already", hint="key-enrolled-already-hint", person=name, seq=held.seq)
        key = _newest(name, case.register.enrolment)
    facts = {"person": key.person, "vkey": key.vkey, "signer": key.signer.value}
    return _change(order, announce, "key.enroll", facts, [_ready(order, key)])


def replace(order: Order, announce: Announce, name: str, reason: str, *, lost: bool) -> Outcome:
    """Enters a person's next key, signed by itself and by the old one, or, where that is lost, by two other persons of
    the session."""
    if lost and not reason.strip():
        raise UsageError("reason-missing")
    with work.reading(order) as case:
        held = _held(case, name)
        key = _newest(name, case.register.enrolment)
        if lost:
            _refuse_himself(order, case, name)
    facts: dict[str, Any] = {"person": key.person, "old": held.vkey, "vkey": key.vkey, "signer": key.signer.value}
    if reason:
        facts["reason"] = reason
    if lost:
        facts["lost"] = True
    return _change(order, announce, "key.replace", facts, [_ready(order, key)], () if lost else (name,))


def revoke(order: Order, announce: Announce, name: str, reason: str) -> Outcome:
    """Ends a key: signed by it where its person is of the session, else by two other persons of it."""
    if not reason.strip():
        raise UsageError("reason-missing")
    with work.reading(order) as case:
        held = _held(case, name)
    return _change(order, announce, "key.revoke", {"person": held.person, "vkey": held.vkey, "reason": reason})


def listed(order: Order) -> Outcome:
    """The keys of this workstation, and those of the case where there is one."""
    here = {key.vkey: key for key in keyring.kept()}
    found = _found(order)
    if found is None:
        return Outcome({"keys": [_row(key, None) for key in here.values()]})
    with found as case:
        enrolled = {key.vkey: key for key in case.register.enrolment.keys}
        rows = [_row(key, enrolled.get(vkey)) for vkey, key in here.items()]
        rows += [_row(None, key) for vkey, key in enrolled.items() if vkey not in here]
        return Outcome({"keys": rows, "ledger": case.ledger.verifier_key}, head=case.head())


def export(order: Order, path: Path | None) -> Outcome:
    """The public side as a policy file: the ledger's keys and every key that a person ever had in the case."""
    with work.reading(order) as case:
        adopted = [str(e.body["vkey"]) for e in case.ledger.entries_without_located() if e.kind == "case.adopt"]
        logs = dict.fromkeys([str(case.ledger.entry(0).body["vkey"]), *adopted])
        persons = dict.fromkeys(key.vkey for key in case.register.enrolment.keys)
        text = _POLICY.format(origin=case.ledger.origin) + Policy(tuple(logs), persons=tuple(persons)).text()
        if path:
            proving.save(case, text, path)
        data = {"policy": text, "file": str(path) if path else None}
        return Outcome(data, head=case.head())


def unlock(order: Order, name: str, time: str) -> Outcome:
    """Hands the person's keys that one passphrase opens to the agent, for the given time."""
    seconds = duration(time)
    files = [key for key in _of(name) if key.signer is Kind.FILE]
    if not files:
        raise UsageError("key-unlock-file-only", person=name)
    passphrase = unlocking.needed(order.passphrase, name, "key-passphrase-before-hint")
    opened = []
    for key in files:
        try:
            opened.append((key, keyring.private(key, passphrase)))
        except CustodyRefusal:
            continue
    if not opened:
        raise CustodyRefusal("key-passphrase-wrong", person=name)
    for key, private in opened:
        agent.start(key.vkey, private, seconds)
    return Outcome({"unlocked": [_described(key) for key, _ in opened], "seconds": seconds})


def lock(name: str) -> Outcome:
    """Ends the agents of one person's keys, or of everybody's."""
    keys = _of(name) if name else keyring.kept()
    return Outcome({"locked": [_described(key) for key in keys if agent.lock(key.vkey)]})


def duration(typed: str) -> int:
    """Seconds of `30m` or `8h`. Raises `UsageError` for anything else, and for more than the agent keeps a key."""
    found = re.fullmatch(r"([0-9]{1,6})([smh])", typed.strip(), re.ASCII)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= agent.LONGEST:
        raise UsageError("key-duration", given=typed, hours=agent.LONGEST // 3600)
    return seconds


def _change(
    order: Order,
    announce: Announce,
    kind: str,
    facts: dict[str, Any],
    more: Sequence[Signer] = (),
    approvers: Sequence[str] = (),
) -> Outcome:
    """Enters a change of keys, signed by the session's persons, the `approvers` and `more`, if it is theirs to make."""
    body = {"kind": kind, **facts}

    def check(case: Case, names: Sequence[str]) -> None:
        owed = case.register.enrolment.owed([*names, *approvers])
        standing = work.standing(order, case)
        began = len(case.ledger) if standing is None else standing
        _refuse_unauthorised(case, body, [*owed, *(signer.vkey for signer in more)], began)

    with work.writing(order, announce, signed=True, approvers=approvers, more=more, check=check) as session:
        with session.transaction() as writing:
            began = session.case.register.sessions[session.seq].get("within", session.seq)
            _refuse_unauthorised(session.case, body, [signer.vkey for signer in session.signers], began)
            seq = writing.act(kind, **facts)
        outcome = Outcome({"seq": seq, **facts})
    outcome.head = session.head
    return outcome


def _refuse_unauthorised(case: Case, body: dict[str, Any], signers: Sequence[str], began: int) -> None:
    if not authorised({**body, "signers": signers}, case.register.enrolment, began):
        raise CustodyRefusal("key-change-refused", hint="key-change-refused-hint", person=body["person"])


def _ready(order: Order, key: KeptKey) -> Signer:
    """The signer of a key that is not enrolled yet."""
    return unlocking.reached(key, order.passphrase, f"{key.person}+{key.id}")


def _person(name: str) -> str:
    person = cleaned(name)
    if not key_name(person) or not name.strip().isprintable():
        raise UsageError("key-person-name", given=name)
    return person


def _of(name: str) -> list[KeptKey]:
    keys = [key for key in keyring.kept() if alike(key.person) == alike(name)]
    if not keys:
        raise CaseError("key-none-here", hint="key-none-here-hint", person=name)
    return keys


def _newest(name: str, known: Enrolment) -> KeptKey:
    """The person's newest key of this workstation that never was in the case."""
    used = {key.vkey for key in known.keys}
    unused = [key for key in _of(name) if key.vkey not in used]
    if not unused:
        raise CustodyRefusal("key-none-new", hint="key-none-here-hint", person=name)
    return unused[-1]


def _held(case: Case, name: str) -> EnrolledKey:
    held = case.register.enrolment.of(name)
    if held is None:
        raise CustodyRefusal("key-not-enrolled", person=name)
    return held


def _refuse_himself(order: Order, case: Case, name: str) -> None:
    if alike(name) in (alike(person.name) for person in work.who(order, case)):
        raise CustodyRefusal("key-lost-by-others", hint="key-change-refused-hint", person=name)


def _found(order: Order) -> Case | None:
    """The case meant, None where none is named and none is around."""
    try:
        return Case.open(cases.find(order.case))
    except CaseError as error:
        if error.message_id == "case-not-found":
            return None
        raise


def _described(key: KeptKey) -> dict[str, Any]:
    return {"person": key.person, "key": key.id, "vkey": key.vkey, "signer": key.signer.value, "made": key.made}


def _row(kept: KeptKey | None, entered: EnrolledKey | None) -> dict[str, Any]:
    """One key, of this workstation, of the case, or of both; `state` is what the case says of it."""
    vkey = kept.vkey if kept else entered.vkey if entered else ""
    person = kept.person if kept else entered.person if entered else ""
    signer = kept.signer.value if kept else entered.signer if entered else ""
    state = "none" if entered is None else "valid" if entered.revoked is None else "revoked"
    return {
        "person": person,
        "key": vkey.split("+", 2)[1],
        "vkey": vkey,
        "signer": signer,
        "here": kept is not None,
        "unlocked": kept is not None and kept.signer is Kind.FILE and agent.is_unlocked(vkey),
        "state": state,
        "enrolled": entered.seq if entered else None,
        "revoked": entered.revoked if entered else None,
    }
