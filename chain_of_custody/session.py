"""A session: one command of named persons, between its `session.open` and `session.close` entries.

Whatever a command enters refers to its session, which says once who, with what tool, on which host, under which
settings.
"""

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from chain_of_custody import build, closing, disposal
from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.clock import SystemClock
from chain_of_custody.errors import CustodyRefusal, ForensicError
from chain_of_custody.intake import Delivery, Planned, dead_parcels, enter_leftovers, finish_renames
from chain_of_custody.ledger import Transaction
from chain_of_custody.people import Person
from chain_of_custody.signature import Signer
from chain_of_custody.standing import user
from chain_of_custody.volumes import CASE, Volume


class Writing:
    """A transaction of a session: what it adds refers to the session."""

    def __init__(self, transaction: Transaction, session: "Session") -> None:
        self._transaction = transaction
        self._session = session

    @property
    def next_seq(self) -> int:
        return self._transaction.next_seq

    def add(self, kind: str, /, **facts: object) -> int:
        self._check_open(kind, facts)
        return self._transaction.add(kind, sess=self._session.seq, **facts)

    def _check_open(self, kind: str, facts: Mapping[str, object]) -> None:
        case = self._session.case
        closing.check(case.register.closed, case.zone, kind, facts)

    def hold(self, planned: Planned) -> int:
        """The entry of an artifact that comes in with what else is entered here."""
        self._check_open("artifact.held", {"what": planned.what})
        return planned.enter(self._transaction, self._session.seq)

    def act(self, kind: str, /, **facts: object) -> int:
        """An act of the session's persons; `approved_by` names those who stand for it and are not of the session.
        Whoever of them has a key enrolled must sign: `CustodyRefusal` where a signer is missing."""
        self._check_open(kind, facts)
        signers = self._session.signers
        approvers = facts.get("approved_by") or ()
        assert isinstance(approvers, list | tuple)
        owed = self._session.case.register.enrolment.owed([*self._session.names, *map(str, approvers)])
        missing = set(owed) - {signer.vkey for signer in signers}
        if missing:
            names = ", ".join(sorted(vkey.partition("+")[0] for vkey in missing))
            raise CustodyRefusal("sign-missing", hint="sign-missing-hint", persons=names)
        return self._transaction.add_signed(kind, signers, sess=self._session.seq, **facts)


class Session:
    """An open session on a case opened for writing. Use `opened`."""

    def __init__(self, case: Case, seq: int, names: Sequence[str], signers: Sequence[Signer]) -> None:
        self.case = case
        self.seq = seq
        self.names = tuple(names)
        self.signers = tuple(signers)  # of those of its persons whose keys are enrolled and at hand
        self.leftovers: list[Artifact] = []
        self.head: dict[str, Any] | None = None  # what the session leaves behind, known once it is closed

    @contextmanager
    def transaction(self) -> Iterator[Writing]:
        """Takes the pen. The register is current inside, so rules checked there hold when the entries commit."""
        with self.case.ledger.transaction() as transaction:
            self.case.register.update(self.case.ledger)
            yield Writing(transaction, self)
        self.case.register.update(self.case.ledger)

    def enter(self, kind: str, /, **facts: object) -> int:
        """One entry in a transaction of its own."""
        with self.transaction() as writing:
            return writing.add(kind, **facts)

    def act(self, kind: str, /, **facts: object) -> int:
        """One act in a transaction of its own."""
        with self.transaction() as writing:
            return writing.act(kind, **facts)

    def enter_all(self, entries: Sequence[Planned]) -> list[Artifact]:
        with self.transaction() as writing:
            numbers = [writing.hold(planned) for planned in entries]
        return [self.case.register.artifacts[seq] for seq in numbers]

    def volume_root(self, volume: str) -> Path:
        return self.case.root_of(volume)

    def delivery(self, volume: str = CASE, about: Mapping[str, object] | None = None) -> Delivery:
        """The door. `about` makes the parcel resumable."""
        return Delivery(self, volume, about)

    def take_up(self) -> None:
        """Finishes what commands that were cut off had left: acquisitions without an end, parcels in the intake of
        each connected volume, and bytes that were disposed of. What a closed case had left waits for its reopening."""
        if not self.case.register.closed:
            self._end_lost_acquisitions()
        for volume in self.case.volumes().values():
            if volume.is_connected(self.case.ledger.origin):
                parcels = dead_parcels(volume.path)
                self.case.register.update(self.case.ledger)  # a command may have entered its files just before it died
                artifacts = self.case.register.artifacts.values()
                finish_renames(parcels, volume.path, artifacts, volume.id)
                self.remove_disposed(volume)
                if self.case.register.closed:
                    for parcel in parcels:
                        parcel.leave()
                    continue
                without = {
                    begin: str(body["item"])
                    for begin, body in self.case.register.acquisitions.items()
                    if not body["end"] or "image" not in body["end"]
                }
                self.leftovers += enter_leftovers(self, parcels, volume.path, volume.id, without)

    def remove_disposed(self, volume: Volume) -> None:
        """Removes what lies on a connected volume of artifacts that were disposed of."""
        register = self.case.register
        disposed = (register.artifacts[seq] for seq in register.disposed)
        disposal.finish(volume.path, [artifact for artifact in disposed if artifact.volume == volume.id])

    def _end_lost_acquisitions(self) -> None:
        register = self.case.register
        lost = [
            (begin, body["item"])
            for begin, body in register.acquisitions.items()
            if body["end"] is None and is_gone(register.sessions[body["sess"]])
        ]
        for begin, item in lost:
            self.enter("acquire.abort", begin=begin, item=item, error="cut-off")


def is_gone(session: Mapping[str, Any]) -> bool:
    """Whether the process of a session has ended. One on another host cannot be told, and is taken to live."""
    host = session["host"]
    if host["name"] != platform.node():
        return False
    return bool(session["boot"] != SystemClock().read().boot or not Path(f"/proc/{host['pid']}").exists())


@contextmanager
def opened(
    case: Case,
    persons: Sequence[Person],
    command: Sequence[str],
    settings: Mapping[str, str],
    signers: Sequence[Signer] = (),
    within: int | None = None,
    first: Callable[[Writing], object] | None = None,
) -> Iterator[Session]:
    """A session for one command, `within` the standing one that named its persons. Its end is entered with how it
    ended, an error included. What `first` enters stands in the transaction of the session's own entry."""
    with case.ledger.transaction() as transaction:
        seq = _add_open(transaction, case, persons, command, settings, within=within)
        session = Session(case, seq, [person.name for person in persons], signers)
        if first:
            first(Writing(transaction, session))
    case.register.update(case.ledger)
    try:
        session.take_up()
        yield session
    except BaseException as error:
        with suppress(ForensicError):  # the first error is the one to tell, a full disk refuses this entry too
            session.enter("session.close", outcome=type(error).__name__)
        raise
    session.enter("session.close", outcome="done")
    session.head = case.head()


def stand(
    case: Case, persons: Sequence[Person], command: Sequence[str], settings: Mapping[str, str], reason: str
) -> int:
    """Enters a session that stands open until `stand_down`. `CustodyRefusal` while one of this host and user does."""
    with case.ledger.transaction() as transaction:
        case.register.update(case.ledger)
        if (seq := case.standing()) is not None:
            raise CustodyRefusal("session-stands", hint="session-stands-hint", seq=seq)
        seq = _add_open(transaction, case, persons, command, settings, standing=True, reason=reason)
    case.register.update(case.ledger)
    return seq


def stand_down(case: Case, persons: Sequence[Person], reason: str) -> int:
    """Ends the standing session of this host and user, and returns its number. `persons` are those who end it.
    `CustodyRefusal` where none is open."""
    with case.ledger.transaction() as transaction:
        case.register.update(case.ledger)
        seq = case.standing()
        if seq is None:
            raise CustodyRefusal("session-none-stands")
        by = [person.as_json() for person in persons]
        transaction.add("session.close", sess=seq, outcome="done", persons=by, reason=reason or None)
    case.register.update(case.ledger)
    return seq


def _add_open(
    transaction: Transaction,
    case: Case,
    persons: Sequence[Person],
    command: Sequence[str],
    settings: Mapping[str, str],
    **more: object,
) -> int:
    return transaction.add(
        "session.open",
        persons=[person.as_json() for person in persons],
        tool=build.tool(),
        host={
            "name": platform.node(),
            "system": platform.platform(),
            "user": user(),
            "pid": os.getpid(),
            **case.place().as_json(),
        },
        python=platform.python_version(),
        command=list(command),
        settings=dict(settings),
        zone=case.zone.key,
        **more,
    )
