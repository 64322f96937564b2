"""`ledger correct`: one field of what an entry said of the case, of an exhibit, or of an act of physical custody."""

from enum import StrEnum

from chain_of_custody import custody as books
from chain_of_custody import exhibit as exhibits
from chain_of_custody.case import Case
from chain_of_custody.clock import SystemClock, local
from chain_of_custody.custody import ACTS, CORRECTABLE, Book, Event, State
from chain_of_custody.errors import CaseError, CustodyRefusal, UsageError
from chain_of_custody.register import corrected_case
from chain_of_custody.session import Session
from forensic.workflows import capacity, typed
from forensic.workflows.changes import need_reason
from forensic.workflows.custody import RADIOS, Form, Found, Isolation
from forensic.workflows.work import Outcome

NEEDED = ("number", "title")  # of a case
CODES: dict[str, type[StrEnum]] = {"form": Form, "isolation": Isolation, "found": Found}
TIMES = ("at", "seized_at")


def correct(session: Session, target: int, field: str, value: str, reason: str) -> Outcome:
    """Corrects one field of what entry `target` said; the outcome has both values as they are entered.

    Hashes, sizes and times of entering cannot be corrected: `CustodyRefusal`.
    """
    need_reason(reason)
    with session.transaction() as writing:
        old, new = _checked(session.case, target, field, value.strip())
        seq = writing.act("correct", target=target, field=field, old=old, new=new, reason=reason)
    return Outcome({"seq": seq, "target": target, "field": field, "old": old, "value": new})


def _checked(case: Case, target: int, field: str, value: str) -> tuple[str, str]:
    """The value in force, and the new one as it will be entered."""
    kind = case.ledger.entry(target).kind
    if kind == "case.new":
        return _of_case(case, field, value)
    if kind == books.SEIZED and field in exhibits.CORRECTABLE:
        return _of_exhibit(case, target, field, value)
    if kind in ACTS and field in CORRECTABLE[kind]:
        return _of_act(case, target, field, value)
    raise CustodyRefusal("correct-not-possible", seq=target, field=field)


def _of_case(case: Case, field: str, value: str) -> tuple[str, str]:
    try:
        corrected_case(case.facts, field, value)
    except KeyError as error:
        raise CustodyRefusal("correct-not-possible", seq=0, field=field) from error
    if field in NEEDED and not value:
        raise UsageError("case-field-empty", field=field)
    return str(getattr(case.facts, field)), value


def _of_exhibit(case: Case, target: int, field: str, value: str) -> tuple[str, str]:
    register = case.register
    exhibit_id = next(id_ for id_, seq in register.exhibit_entries.items() if seq == target)
    if field == "seized_at":
        value = typed.moment(value, case.zone)
    capacity.check(value if field == "capacity" else "")
    current = register.exhibits[exhibit_id]
    mended = exhibits.corrected(current, field, value)
    exhibits.check(mended, register.exhibits.values(), SystemClock().read().utc, case.zone)
    register.custody.check(mended)
    _refuse_opening(case, target, field, value)
    return str(getattr(current, field)), value


def _refuse_opening(case: Case, target: int, field: str, value: str) -> None:
    """A correction opens no seal: what is sealed now must be so after it."""
    after = case.register.custody.corrected(target, field, value)
    for exhibit, holding in case.register.custody.holdings.items():
        if holding.state is State.SEALED and after.of(exhibit).state is not State.SEALED:
            raise CustodyRefusal("correct-opens", hint="correct-opens-hint", exhibit=exhibit, seq=target, field=field)


def _of_act(case: Case, target: int, field: str, value: str) -> tuple[str, str]:
    book = case.register.custody
    event = next(event for event in book.events() if event.seq == target)
    if field in CODES:
        _check_code(case, event, field, value)
    elif field == "seals":
        value = ", ".join(_seals(book, event, value))
    elif field == "at":
        value = typed.past(value, case.zone)
        _check_order(case, event, value)
    elif field == "to" and not value:
        raise UsageError("correct-empty", seq=target, field=field)
    return event.told(field), value


def _check_code(case: Case, event: Event, field: str, value: str) -> None:
    known = list(map(str, CODES[field]))
    without = field == "isolation" and case.register.exhibit(event.item).kind not in RADIOS
    if value not in known and not (without and not value):
        raise UsageError("correct-code-unknown", field=field, given=value, known=", ".join(known))


def _seals(book: Book, event: Event, value: str) -> list[str]:
    """The numbers as they are entered: each once, and none that another seal bears."""
    given = books.numbers(value)
    marks = [exhibits.mark(number) for number in given]
    if not all(marks) or len(set(marks)) < len(marks):
        raise UsageError("custody-seal-twice" if all(marks) else "custody-seal-empty", given=value)
    for number in given:
        bearer = book.bearer(number)
        if bearer and bearer.seq != event.seq:
            raise CaseError("custody-seal-used", seal=number, exhibit=bearer.item, seq=bearer.seq)
    return given


def _check_order(case: Case, event: Event, at: str) -> None:
    """The act stays between what is entered before and after it, and no original was read under its seal."""
    before, after = case.register.custody, case.register.custody.corrected(event.seq, "at", at)
    for exhibit, holding in after.holdings.items():
        place = next((place for place, each in enumerate(holding.events) if each.seq == event.seq), None)
        if place is None:
            continue
        earlier = [each for each in holding.events[:place] if each.at > at]
        later = [each for each in holding.events[place + 1 :] if each.at and each.at < at]
        for other in (*earlier[-1:], *later[:1]):
            times = {"at": local(at, case.zone), "time": local(other.at, case.zone)}
            raise UsageError("correct-out-of-order", exhibit=exhibit, seq=other.seq, **times)
        for begin, body in case.register.acquisitions.items():
            span = body["t"], (body["end"] or body)["t"]
            of_it = body["item"] == exhibit and body["method"] == "device"
            if of_it and holding.was_closed(*span) and not before.of(exhibit).was_closed(*span):
                times = {"at": local(at, case.zone), "time": local(body["t"], case.zone)}
                raise UsageError("correct-read-then", exhibit=exhibit, seq=begin, **times)
