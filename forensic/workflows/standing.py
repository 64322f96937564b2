"""The standing session: opened once with its persons and a reason, taken by every command of this host and user that
names nobody else, until it is closed."""

from typing import Any

from chain_of_custody import case as cases
from chain_of_custody import session as sessions
from chain_of_custody.case import Case
from chain_of_custody.errors import CustodyRefusal, UsageError
from forensic.workflows import work
from forensic.workflows.outward import followed
from forensic.workflows.work import Announce, Order, Outcome


def open_(order: Order, announce: Announce, reason: str) -> Outcome:
    if not reason.strip():
        raise UsageError("reason-missing")
    with Case.open(cases.find(order.case), writable=True) as case, followed(case, order.config, order.tell):
        if (seq := case.standing()) is not None:
            raise CustodyRefusal("session-stands", hint="session-stands-hint", seq=seq)
        persons = work.who(order, case)
        announce(case, persons, "")
        seq = sessions.stand(case, persons, order.command, order.config.effective(), reason.strip())
        return Outcome(_described(case, seq), head=case.head())


def close(order: Order, reason: str) -> Outcome:
    """Ends the one of this host and user; anybody may who works as that user. It is entered who did and why: its own
    persons where nobody is named."""
    with Case.open(cases.find(order.case), writable=True) as case, followed(case, order.config, order.tell):
        persons = work.who(order, case)
        seq = sessions.stand_down(case, persons, reason.strip())
        return Outcome({"seq": seq, "persons": [person.name for person in persons]}, head=case.head())


def shown(order: Order) -> Outcome:
    """Every standing session that is open; `here` for the one that commands take now."""
    with work.reading(order) as case:
        here = case.standing()
        rows = [{**_described(case, seq), "here": seq == here} for seq in case.register.standing.open]
        return Outcome({"sessions": rows, "zone": case.zone.key}, head=case.head())


def here(case: Case) -> dict[str, Any] | None:
    """The one that commands of this workstation and user take now."""
    seq = case.standing()
    return None if seq is None else _described(case, seq)


def _described(case: Case, seq: int) -> dict[str, Any]:
    body = case.register.standing.open[seq]
    return {
        "seq": seq,
        "persons": [person["name"] for person in body["persons"]],
        "since": body["t"],
        "reason": body["reason"],
        "host": body["host"]["name"],
        "user": body["host"]["user"],
    }
