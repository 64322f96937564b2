"""`case close` seals a case; `case reopen` opens it again."""

from chain_of_custody import closing
from chain_of_custody.custody import open_unseals
from chain_of_custody.errors import CustodyRefusal
from chain_of_custody.session import Session
from forensic.workflows.changes import need_reason


def close(session: Session, reason: str) -> int:
    """Refused while an exhibit lies unsealed or an acquisition has not ended."""
    need_reason(reason)
    register = session.case.register
    with session.transaction() as writing:
        closing.refuse(register.closed, session.case.zone)
        unsealed = [f"{unseal.exhibit} (#{unseal.seq})" for unseal in open_unseals(register.custody)]
        if unsealed:
            raise CustodyRefusal("close-unsealed", hint="close-unsealed-hint", exhibits=", ".join(unsealed))
        going_on = [f"{body['item']} (#{seq})" for seq, body in register.acquisitions.items() if not body["end"]]
        if going_on:
            raise CustodyRefusal("close-acquiring", exhibits=", ".join(going_on))
        return writing.act("case.close", reason=reason)


def reopen(session: Session, reason: str) -> int:
    """Refused for a case that is not closed."""
    need_reason(reason)
    with session.transaction() as writing:
        if session.case.register.closed is None:
            raise CustodyRefusal("reopen-not-closed")
        return writing.act("case.reopen", reason=reason)
