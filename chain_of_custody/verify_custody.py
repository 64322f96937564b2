"""What `verify` remarks of a ledger that holds: entries that a closed case does not take, originals read under seal.

Neither is a breach: what stands there was recorded, and nobody changed it since. That an original is read only while
it is out of its seal is the rule of the procuratorates' examination rules (article 15), which the report prints too.
"""

from collections.abc import Callable

from chain_of_custody import closing
from chain_of_custody.bundle import ranges
from chain_of_custody.case import Case
from chain_of_custody.ledger import Entry

Tell = Callable[..., None]  # is told a message id and its facts


class ClosingCheck:
    """Goes through a ledger entry by entry, located artifacts included. What it cannot read is another rule's."""

    def __init__(self, remark: Tell) -> None:
        self._remark = remark
        self._closed: int | None = None
        self._entered: list[int] = []  # since it was closed

    def see(self, entry: Entry) -> None:
        """The next entry, whose body is known to be canonical."""
        if self._closed is not None and not closing.allowed(str(entry.body.get("kind")), entry.body):
            self._entered.append(entry.seq)
        match entry.body.get("kind"):
            case "case.close":
                self.finish()
                self._closed = entry.seq
            case "case.reopen":
                self.finish()

    def finish(self) -> None:
        """Tells what was entered since the last closing."""
        if self._entered:
            self._remark("verify-after-close", entries=ranges(self._entered), closed=self._closed)
        self._closed, self._entered = None, []


def readings(case: Case, remark: Tell) -> None:
    """Tells of every reading of an original that lay under its seal, or was out of custody, while it was read."""
    for begin, body in case.register.acquisitions.items():
        if body["method"] != "device":
            continue
        facts = {"seq": begin, "exhibit": body["item"]}
        if body.get("anyway"):
            seals = ", ".join(body.get("sealed") or ()) or "-"
            remark("verify-read-anyway", **facts, seals=seals, reason=body["anyway"])
        elif case.register.custody.of(body["item"]).was_closed(body["t"], (body["end"] or body)["t"]):
            remark("verify-read-sealed", **facts)
