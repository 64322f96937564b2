"""How every workflow begins: find the case, say who acts, open a session."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain_of_custody import case as cases
from chain_of_custody import closing
from chain_of_custody import session as sessions
from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.clock import SystemClock
from chain_of_custody.errors import ForensicError, UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.people import Person, alike, cleaned, distinct, known_or_bare
from chain_of_custody.session import Session
from chain_of_custody.signature import Signer
from forensic.workflows import outward, unlocking
from forensic.workflows.config import Config
from forensic.workflows.outward import Tell, unheard
from forensic.workflows.unlocking import Passphrase, no_passphrase

BY = "FORENSIC_BY"

Announce = Callable[[Case, Sequence[Person], str], None]  # is told case, persons and exhibit before anything is entered

Check = Callable[[Case, Sequence[str]], object]
"""Is told the case and the names of the session's persons; refuses what could not be entered."""


def _unchecked(_case: Case, _names: Sequence[str]) -> None:
    pass


def _unheeded(_head: dict[str, Any]) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line was given that every workflow needs. `command` has its secrets redacted; `tell` passes on
    remarks that belong to no result; `broken_off` is told the head that a session left which an error ended."""

    config: Config
    case: Path | None = None
    by: str = ""
    with_: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    exhibit: str = ""
    passphrase: Passphrase = no_passphrase
    tell: Tell = unheard
    broken_off: Callable[[dict[str, Any]], None] = _unheeded


@dataclass(slots=True)
class Outcome:
    """What a workflow hands back: results for people and scripts, and the findings that make exit code 3.

    `files`, where there is one, begins a new pass over the files found: they can be too many for a list.
    """

    data: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    head: dict[str, Any] | None = None
    files: Callable[[], Iterator[dict[str, Any]]] | None = None

    @property
    def has_findings(self) -> bool:
        """Whether anything is worse than a note."""
        return any(finding.severity is not Severity.NOTE for finding in self.findings)


def described(artifact: Artifact) -> dict[str, Any]:
    """An artifact as `--json` lists it."""
    main = artifact.main
    return {"seq": artifact.seq, "path": main.path, "sha256": main.sha256, "size": main.size, "what": artifact.what}


@contextmanager
def reading(order: Order) -> Iterator[Case]:
    """The case, for reading: nothing is written."""
    with Case.open(cases.find(order.case)) as case:
        yield case


@contextmanager
def writing(
    order: Order,
    announce: Announce,
    *,
    signed: bool = False,
    approvers: Sequence[str] = (),
    more: Sequence[Signer] = (),
    after_close: bool = False,
    check: Check = _unchecked,
) -> Iterator[Session]:
    """The case opened for writing under a session of the order's persons; says first whose and which case it is.
    What `check` refuses is refused before anything is entered.

    With `signed` the keys of those persons and of the `approvers` who have one enrolled are made ready before anything
    is entered: the session's acts need them, and `more` signers sign beside them. A closed case is refused, unless the
    command may enter something `after_close`.
    """
    folder = cases.find(order.case)
    with Case.open(folder, writable=True) as case, outward.followed(case, order.config, order.tell):
        if not after_close:
            closing.refuse(case.register.closed, case.zone)
        persons, within = _acting(order, case)
        announce(case, persons, order.exhibit)
        _remark_certificates(order, case, persons)
        names = [person.name for person in persons]
        check(case, names)
        signers = unlocking.signers(case.register.enrolment, [*names, *approvers], order.passphrase) if signed else ()
        signers = (*signers, *more)
        before = len(case.ledger)
        try:
            with sessions.opened(case, persons, order.command, order.config.effective(), signers, within) as session:
                yield session
        except BaseException:
            with suppress(ForensicError):
                if len(case.ledger) > before:
                    order.broken_off(case.head())
            raise


def _remark_certificates(order: Order, case: Case, persons: Sequence[Person]) -> None:
    today = SystemClock().read().utc.astimezone(case.zone).date()
    for person in persons:
        if person.certificate_expired(today):
            order.tell("work-certificate-expired", person=person.name, date=person.valid_until)


def who(order: Order, case: Case | None = None) -> list[Person]:
    """The persons of a session: `--by` and `--with`, else those of the session that stands open here, `FORENSIC_BY`,
    the config, the case's examiner."""
    return _acting(order, case)[0] if case else named(order)


def standing(order: Order, case: Case) -> int | None:
    """The standing session that the order's command is within."""
    return None if order.by else case.standing()


def _acting(order: Order, case: Case) -> tuple[list[Person], int | None]:
    """The persons, and the standing session they are of."""
    seq = standing(order, case)
    if seq is None:
        return named(order, case), None
    stand = [Person(**person) for person in case.register.standing.open[seq]["persons"]]
    known = {alike(person.name) for person in stand}
    joining = [name for name in distinct(_entered(order.with_)) if alike(name) not in known]
    return [*stand, *(known_or_bare(name, list(order.config.people)) for name in joining)], seq


def named(order: Order, case: Case | None = None) -> list[Person]:
    """As `who`, whatever session stands open."""
    config = order.config
    names = [order.by, *order.with_]
    if not order.by:
        first = os.environ.get(BY) or config.by
        names = ([first] if first else []) + list(order.with_ or config.with_)
    names = _entered(names)
    people = list(config.people)
    if not names and case is not None:
        return _opened_by(case)
    if not names:
        raise UsageError("work-nobody", hint="work-nobody-hint")
    return [known_or_bare(name, people) for name in distinct(names)]


def _entered(names: Iterable[str]) -> list[str]:
    """The names as they are entered. One that nobody could read raises `UsageError`."""
    given = [name for name in names if name]
    if any(not cleaned(name) for name in given):
        raise UsageError("work-name-empty")
    return [cleaned(name) for name in given]


def _opened_by(case: Case) -> list[Person]:
    body = case.ledger.entry(0).body
    return [Person(**person) for person in body["persons"]]
