"""Corrections, reassignments and exclusions: new entries that change what earlier ones said, both staying visible."""

from chain_of_custody import exhibit
from chain_of_custody.clock import SystemClock
from chain_of_custody.errors import CustodyRefusal, UsageError
from chain_of_custody.register import corrected_case
from chain_of_custody.session import Session
from forensic.workflows import belonging, capacity, typed

NEEDED = ("number", "title")  # of a case
ARTIFACTS = ("artifact.held", "artifact.located")


def correct(session: Session, target: int, field: str, value: str, reason: str) -> int:
    """Corrects one field of what entry `target` said of the case or of an exhibit.

    Hashes, sizes and times of entering cannot be corrected: `CustodyRefusal`.
    """
    need_reason(reason)
    with session.transaction() as writing:
        old, value = _checked(session, target, field, value)
        return writing.act("correct", target=target, field=field, old=old, new=value, reason=reason)


def _checked(session: Session, target: int, field: str, value: str) -> tuple[str, str]:
    """The value in force, and the new one as it will be entered."""
    register = session.case.register
    kind = session.case.ledger.entry(target).kind
    value = value.strip()
    if kind == "case.new":
        try:
            corrected_case(session.case.facts, field, value)
        except KeyError as error:
            raise CustodyRefusal("correct-not-possible", seq=target, field=field) from error
        if field in NEEDED and not value:
            raise UsageError("case-field-empty", field=field)
        return str(getattr(session.case.facts, field)), value
    if kind != "exhibit.add" or field not in exhibit.CORRECTABLE:
        raise CustodyRefusal("correct-not-possible", seq=target, field=field)
    exhibit_id = next(id_ for id_, seq in register.exhibit_entries.items() if seq == target)
    if field == "seized_at":
        value = typed.moment(value, session.case.zone)
    capacity.check(value if field == "capacity" else "")
    current = register.exhibits[exhibit_id]
    mended = exhibit.corrected(current, field, value)
    exhibit.check(mended, register.exhibits.values(), SystemClock().read().utc, session.case.zone)
    register.custody.check(mended)
    return str(getattr(current, field)), value


def reassign(session: Session, target: int, to: str, reason: str) -> int:
    """Says that an artifact belongs to another exhibit. Every view follows it."""
    need_reason(reason)
    with session.transaction() as writing:
        entered = _artifact(session, target)
        session.case.register.exhibit(to)
        old = belonging.exhibit_of_entry(session.case, target, entered) or ""
        if old == to:
            raise UsageError("reassign-same", seq=target, exhibit=to)
        return writing.act("artifact.reassign", target=target, field="exhibit", old=old, new=to, reason=reason)


def exclude(session: Session, target: int, reason: str) -> int:
    """Takes an artifact out of every view. It stays held, entered and verified."""
    need_reason(reason)
    with session.transaction() as writing:
        _artifact(session, target)
        if target in session.case.register.excluded:
            raise UsageError("exclude-already", seq=target)
        return writing.act("artifact.exclude", target=target, reason=reason)


def _artifact(session: Session, target: int) -> str | None:
    entry = session.case.ledger.entry(target)
    if entry.kind not in ARTIFACTS:
        raise UsageError("not-an-artifact", seq=target, kind=entry.kind)
    item = entry.body.get("item")
    return str(item) if item is not None else None


def need_reason(reason: str) -> None:
    if not reason.strip():
        raise UsageError("reason-missing")
