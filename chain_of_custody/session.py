"""A session: one command of named persons, between its `session.open` and `session.close` entries.

Whatever a command enters refers to its session, which says once who, with what tool, on which host, under which
settings.
"""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from chain_of_custody import build, clock
from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.intake import Delivery, Planned, enter_leftovers, finish_renames
from chain_of_custody.ledger import Transaction
from chain_of_custody.people import Person
from chain_of_custody.volumes import CASE


class Writing:
    """A transaction of a session: what it adds refers to the session."""

    def __init__(self, transaction: Transaction, session: int) -> None:
        self._transaction = transaction
        self._session = session

    @property
    def next_seq(self) -> int:
        return self._transaction.next_seq

    def add(self, kind: str, /, **facts: object) -> int:
        return self._transaction.add(kind, sess=self._session, **facts)


class Session:
    """An open session on a case opened for writing. Use `opened`."""

    def __init__(self, case: Case, seq: int) -> None:
        self.case = case
        self.seq = seq
        self.leftovers: list[Artifact] = []

    @contextmanager
    def transaction(self) -> Iterator[Writing]:
        """Takes the pen. The register is current inside, so rules checked there hold when the entries commit."""
        with self.case.ledger.transaction() as transaction:
            self.case.register.update(self.case.ledger)
            yield Writing(transaction, self.seq)
        self.case.register.update(self.case.ledger)

    def enter(self, kind: str, /, **facts: object) -> int:
        """One entry in a transaction of its own."""
        with self.transaction() as writing:
            return writing.add(kind, **facts)

    def enter_all(self, entries: Sequence[Planned]) -> list[Artifact]:
        with self.case.ledger.transaction() as transaction:
            numbers = [planned.enter(transaction, self.seq) for planned in entries]
        self.case.register.update(self.case.ledger)
        return [self.case.register.artifacts[seq] for seq in numbers]

    def volume_root(self, volume: str) -> Path:
        return self.case.root_of(volume)

    def delivery(self, volume: str = CASE, about: Mapping[str, object] | None = None) -> Delivery:
        """The door. `about` makes the parcel resumable."""
        return Delivery(self, volume, about)

    def recover_intake(self) -> None:
        """Finishes what a command that was cut off had left in the intake of each connected volume."""
        for volume in self.case.volumes().values():
            if volume.is_connected(self.case.ledger.origin):
                root = volume.path
                finish_renames(root, self.case.register.artifacts.values(), volume.id)
                self.leftovers += enter_leftovers(self, root, volume.id)


@contextmanager
def opened(
    case: Case, persons: Sequence[Person], command: Sequence[str], settings: Mapping[str, str], reason: str = ""
) -> Iterator[Session]:
    """A session for one command. Its end is entered with how it ended, an error included."""
    with case.ledger.transaction() as transaction:
        seq = transaction.add(
            "session.open",
            persons=[person.as_json() for person in persons],
            tool=build.tool(),
            host={"name": platform.node(), "system": platform.platform(), "pid": os.getpid()},
            python=platform.python_version(),
            command=list(command),
            settings=dict(settings),
            zone=case.zone.key,
            reason=reason or None,
        )
    case.register.update(case.ledger)
    session = Session(case, seq)
    session.recover_intake()
    try:
        yield session
    except BaseException as error:
        session.enter("session.close", outcome=type(error).__name__)
        raise
    session.enter("session.close", outcome="done")


def today(case: Case) -> str:
    """The date in the case's zone, for deciding whether a certificate is still valid."""
    return clock.SystemClock().read().utc.astimezone(case.zone).date().isoformat()
