"""What the report tells of persons' keys, and of who signed which act."""

from collections.abc import Iterator

from chain_of_custody import signature
from chain_of_custody.case import Case
from chain_of_custody.enrolment import EnrolledKey, Enrolment
from chain_of_custody.errors import Unavailable
from chain_of_custody.ledger import Entry
from chain_of_custody.people import alike
from chain_of_custody.signature import ACTS
from reports import story_trust


def keys(case: Case) -> tuple[story_trust.PersonKey, ...]:
    """Every key that was ever enrolled, in the order it came in."""
    return tuple(_key(case, key) for key in case.register.enrolment.keys)


def _key(case: Case, key: EnrolledKey) -> story_trust.PersonKey:
    parsed = signature.parse_key(key.vkey)
    return story_trust.PersonKey(
        key.person,
        parsed.hash.hex(),
        parsed.algorithm,
        key.signer,
        key.seq,
        case.ledger.entry(key.seq).time,
        key.revoked,
        None if key.revoked is None else case.ledger.entry(key.revoked).time,
        replaced=any(other.seq == key.revoked for other in case.register.enrolment.keys),
    )


def acts(case: Case) -> Iterator[story_trust.Act]:
    """Every act of persons, with who signed it by the keys as they stood then."""
    enrolment = Enrolment()
    for entry in case.ledger.entries_without_located():
        if entry.seq >= case.register.size:
            return
        before = Enrolment(list(enrolment.keys))
        enrolment.read(entry)
        if entry.kind in ACTS:
            yield _act(case, entry, before, enrolment)


def _act(case: Case, entry: Entry, before: Enrolment, after: Enrolment) -> story_trust.Act:
    body = entry.body
    return story_trust.Act(
        entry.kind.replace(".", "-"),
        entry.seq,
        entry.time,
        _signed(entry, persons(case, entry), before, after),
        str(body.get("item") or body.get("person") or ""),
        body.get("target", body.get("about")),
    )


def persons(case: Case, entry: Entry) -> tuple[str, ...]:
    """Who acts by an entry: its session's persons, and those who approved."""
    acting = (str(person["name"]) for person in case.register.sessions[entry.body["sess"]]["persons"])
    return tuple(dict.fromkeys((*acting, *map(str, entry.body.get("approved_by", ())))))


def _signed(entry: Entry, acting: tuple[str, ...], before: Enrolment, after: Enrolment) -> story_trust.Signed:
    vkeys = [str(vkey) for vkey in entry.body.get("signers", ())]
    owner = {key.vkey: key.person for key in after.keys}  # a key that is enrolled here signs its own enrolment
    names = [owner.get(vkey, vkey.partition("+")[0]) for vkey in vkeys]
    signed = {alike(name) for name in names}
    silent = [person for person in acting if alike(person) not in signed]
    return story_trust.Signed(
        tuple((name, vkey.split("+")[1]) for name, vkey in zip(names, vkeys, strict=True)),
        tuple(person for person in silent if before.of(person) is None),
        tuple(person for person in silent if before.of(person) is not None),
        _holds(entry, vkeys),
    )


def _holds(entry: Entry, vkeys: list[str]) -> bool | None:
    try:
        return signature.holds(entry.text, entry.sig, vkeys)
    except Unavailable:
        return None
