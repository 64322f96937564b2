"""Who approves is somebody else than who acts."""

from collections.abc import Sequence

from chain_of_custody.errors import CustodyRefusal
from chain_of_custody.people import alike, cleaned


def check(names: Sequence[str], approvers: Sequence[str]) -> None:
    """Refuses an approver who is one of those who act, however the name is written."""
    acting = {alike(name) for name in names}
    for name in approvers:
        if alike(name) in acting:
            raise CustodyRefusal("approval-own", person=cleaned(name))
