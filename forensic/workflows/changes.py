"""Reassignments and exclusions: new entries that change what earlier ones said of an artifact, both staying visible."""

from chain_of_custody.errors import UsageError
from chain_of_custody.session import Session
from forensic.workflows import belonging

ARTIFACTS = ("artifact.held", "artifact.located")


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
