"""`case adopt`: a case that came from another workstation or disk is taken over, and somebody says so.

On another workstation that one's ledger key takes over: the head over the adoption is the first that it signs, and the
adoption names it, so that whoever knows the first key can follow.
"""

from chain_of_custody import case as cases
from chain_of_custody import session as sessions
from chain_of_custody.case import Case
from chain_of_custody.errors import CustodyRefusal
from chain_of_custody.session import Writing
from forensic.workflows import unlocking
from forensic.workflows.changes import need_reason
from forensic.workflows.outward import followed
from forensic.workflows.work import Announce, Order, Outcome, named


def adopt(order: Order, announce: Announce, reason: str) -> Outcome:
    """Enters the adoption together with its session, in which no standing one has a part. Refused for a case that is
    where it was, under its own key."""
    need_reason(reason)
    with Case.open_to_adopt(cases.find(order.case)) as case, followed(case, order.config, order.tell):
        ledger, now = case.ledger, case.place()
        takes_over = ledger.own_key != ledger.key_in_force
        if not takes_over and not case.register.places.differs(now):
            raise CustodyRefusal("adopt-not-elsewhere")
        persons = named(order, case)
        announce(case, persons, "")
        names = [person.name for person in persons]
        signers = unlocking.signers(case.register.enrolment, names, order.passphrase)
        entered: list[int] = []

        def enter(writing: Writing) -> None:
            entered.append(writing.act("case.adopt", reason=reason, vkey=ledger.own_key, **now.as_json()))

        settings = order.config.effective()
        with sessions.opened(case, persons, order.command, settings, signers, first=enter) as session:
            pass
        facts = {"seq": entered[0], **now.as_json(), "vkey": ledger.own_key, "new_key": takes_over}
        return Outcome(facts, head=session.head)
