"""How every workflow begins: find the case, say who acts, open a session."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain_of_custody import case as cases
from chain_of_custody import closing
from chain_of_custody import session as sessions
from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.errors import UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.people import Person, known_or_bare
from chain_of_custody.session import Session
from chain_of_custody.signature import Signer
from forensic.workflows import outward, unlocking
from forensic.workflows.config import Config
from forensic.workflows.outward import Tell, unheard
from forensic.workflows.unlocking import Passphrase, no_passphrase

BY = "FORENSIC_BY"

Announce = Callable[[Case, Sequence[Person], str], None]  # is told case, persons and exhibit before anything is entered


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line was given that every workflow needs. `command` has its secrets redacted; `tell` passes on
    remarks that belong to no result."""

    config: Config
    case: Path | None = None
    by: str = ""
    with_: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    exhibit: str = ""
    passphrase: Passphrase = no_passphrase
    tell: Tell = unheard


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
) -> Iterator[Session]:
    """The case opened for writing under a session of the order's persons; says first whose and which case it is.

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
        names = [*(person.name for person in persons), *approvers]
        signers = unlocking.signers(case.register.enrolment, names, order.passphrase) if signed else ()
        signers = (*signers, *more)
        with sessions.opened(case, persons, order.command, order.config.effective(), signers, within) as session:
            yield session


def who(order: Order, case: Case | None = None) -> list[Person]:
    """The persons of a session: `--by` and `--with`, else those of the session that stands open here, `FORENSIC_BY`,
    the config, the case's examiner."""
    return _acting(order, case)[0] if case else _named(order)


def _acting(order: Order, case: Case) -> tuple[list[Person], int | None]:
    """The persons, and the standing session they are of."""
    seq = None if order.by else case.register.standing.here()
    if seq is None:
        return _named(order, case), None
    stand = [Person(**person) for person in case.register.standing.open[seq]["persons"]]
    known = {person.name for person in stand}
    joining = [name for name in dict.fromkeys(order.with_) if name and name not in known]
    return [*stand, *(known_or_bare(name, list(order.config.people)) for name in joining)], seq


def _named(order: Order, case: Case | None = None) -> list[Person]:
    config = order.config
    names = [name for name in (order.by, *order.with_) if name]
    if not order.by:
        first = os.environ.get(BY) or config.by
        names = ([first] if first else []) + list(order.with_ or config.with_)
    people = list(config.people)
    if not names and case is not None:
        return _opened_by(case)
    if not names:
        raise UsageError("work-nobody", hint="work-nobody-hint")
    return [known_or_bare(name, people) for name in dict.fromkeys(names)]


def _opened_by(case: Case) -> list[Person]:
    body = case.ledger.entry(0).body
    return [Person(**person) for person in body["persons"]]
