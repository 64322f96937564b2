"""What people enter in words: notes on the work, and approvals of what is planned or was entered."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from chain_of_custody import plain_file
from chain_of_custody.case import Case
from chain_of_custody.errors import UsageError
from chain_of_custody.session import Session
from forensic.workflows.changes import need_reason
from forensic.workflows.work import Outcome

LONGEST = 64 << 10  # bytes of UTF-8
LARGEST_PLAN = 64 << 20


@dataclass(frozen=True, slots=True)
class Note:
    """A note as typed, or the file it stands in; about an entry, an exhibit, or the case."""

    text: str = ""
    file: Path | None = None
    about: int | None = None
    exhibit: str = ""


def note(told: Note) -> Note:
    """The note with its text read from where it stands. An empty one and one too long raise an error."""
    return replace(told, text=_text(told), file=None)


def check(case: Case, told: Note) -> None:
    """Refuses a note about what is not there."""
    if told.exhibit:
        case.register.exhibit(told.exhibit)
    if told.about is not None:
        case.ledger.entry(told.about)


def enter(session: Session, told: Note) -> int:
    return session.act("note.add", text=told.text, about=told.about, item=told.exhibit or None)


def _text(told: Note) -> str:
    if bool(told.text) == bool(told.file):
        raise UsageError("note-one-of-two")
    text = (_read(told.file).decode("utf-8", "strict") if told.file else told.text).strip()
    if not text:
        raise UsageError("note-empty")
    if len(text.encode()) > LONGEST:
        raise UsageError("note-too-long", limit=LONGEST)
    return text


def _read(file: Path) -> bytes:
    try:
        content = plain_file.start(file, LONGEST + 1)
        content.decode("utf-8")
    except OSError as error:
        raise UsageError("note-unreadable", path=str(file), reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        if len(content) > LONGEST:
            raise UsageError("note-too-long", limit=LONGEST) from error
        raise UsageError("note-unreadable", path=str(file), reason="not UTF-8") from error
    return content


@dataclass(frozen=True, slots=True)
class Approval:
    """What is approved: a plan by the SHA-256 of its file, which the persons' signatures cover, or an entry."""

    sha256: str | None
    entry: int | None
    reason: str


def approval(plan: Path | None, entry: int | None, reason: str) -> Approval:
    need_reason(reason)
    if (plan is None) == (entry is None):
        raise UsageError("approve-one-of-two")
    return Approval(_hashed(plan) if plan else None, entry, reason)


def check_approval(case: Case, told: Approval) -> None:
    """Refuses the approval of an entry that is not there."""
    if told.entry is not None:
        case.ledger.entry(told.entry)


def approve(session: Session, told: Approval) -> Outcome:
    what = "plan" if told.sha256 else "entry"
    seq = session.act("approve", what=what, target=told.entry, sha256=told.sha256, reason=told.reason)
    return Outcome({"seq": seq, "what": what, "target": told.entry, "sha256": told.sha256})


def _hashed(plan: Path) -> str:
    digest = hashlib.sha256()
    size = 0
    try:
        with plain_file.opened(plan) as file:
            while block := file.read(1 << 20):
                size += len(block)
                if size > LARGEST_PLAN:
                    raise UsageError("approve-plan-too-large", path=str(plan), limit=LARGEST_PLAN)
                digest.update(block)
    except OSError as error:
        raise UsageError("approve-plan-unreadable", path=str(plan), reason=error.strerror or str(error)) from error
    if not size:
        raise UsageError("approve-plan-unreadable", path=str(plan), reason="0 bytes")
    return digest.hexdigest()
