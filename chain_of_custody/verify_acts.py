"""Whether the acts of persons are signed as they must be: rule 8 of `verify`.

What does not hold is a breach: a signature that is wrong, one by a key that was not enrolled then, one that is owed and
missing. That a key is really the person's can only be known from outside: one that no policy names is remarked, and so
are acts that nobody signed because nobody of their session had a key enrolled when they were entered.
"""

from collections.abc import Callable
from typing import Any

from chain_of_custody import signature
from chain_of_custody.bundle import ranges
from chain_of_custody.enrolment import CHANGES, Enrolment, authorised
from chain_of_custody.errors import Unavailable
from chain_of_custody.ledger import Entry
from chain_of_custody.signature import ACTS
from chain_of_custody.trust import Trust

Tell = Callable[..., None]  # is told a message id and its facts

UNCONFIRMED, UNSIGNED, NO_OPENSSL = "verify-person-unconfirmed", "verify-acts-unsigned", "sign-no-openssl"


class ActCheck:
    """Goes through a ledger entry by entry, from the first, and knows whose keys were enrolled at each."""

    def __init__(self, breach: Tell, remark: Tell, trust: Trust) -> None:
        self._breach, self._remark = breach, remark
        self._known = trust.policy.persons if trust.policy else ()
        self._asked = trust.strict or bool(self._known)
        self._enrolment = Enrolment()
        self._persons: dict[int, list[str]] = {}
        self._began: dict[int, int] = {}  # of sessions: the entry of the standing one, else their own
        self._unsigned: list[int] = []
        self._unconfirmed: dict[str, list[int]] = {}  # entries by key

    def see(self, entry: Entry) -> None:
        """The next entry, whose body is known to be canonical. Raises `KeyError`, `TypeError` or `ValueError` for an
        entry that lacks what its kind must have."""
        body = entry.body
        if entry.kind == "session.open":
            self._persons[entry.seq] = [str(person["name"]) for person in body["persons"]]
            self._began[entry.seq] = min(int(body.get("within", entry.seq)), entry.seq)
        signers = [str(vkey) for vkey in body.get("signers", ())]
        if signers or entry.sig:
            self._check(entry, signers)
        if entry.kind in ACTS:
            if body.get("sess") not in self._persons and ("sess" in body or self._enrolment.valid()):
                self._breach("verify-act-session", seq=entry.seq)
            self._check_owed(entry.seq, body, signers)
        began = self._began.get(body.get("sess", -1), 0)
        if entry.kind in CHANGES and not authorised(body, self._enrolment, began):
            self._breach("verify-key-change", seq=entry.seq)
        self._enrolment.read(entry)

    def finish(self) -> None:
        """Tells of keys that nothing from outside confirms and of acts that nobody signed, where that was asked."""
        if not self._asked:
            return
        for vkey, entries in self._unconfirmed.items():
            self._remark(UNCONFIRMED, person=vkey.partition("+")[0], entries=ranges(entries))
        if self._unsigned:
            self._remark(UNSIGNED, entries=ranges(self._unsigned))

    def _check(self, entry: Entry, signers: list[str]) -> None:
        try:
            if not signature.holds(entry.text, entry.sig, signers):
                self._breach("verify-person", seq=entry.seq)
        except Unavailable as error:
            self._remark(error.message_id, seq=entry.seq)
        valid = {key.vkey for key in self._enrolment.valid()}
        if entry.kind in ("key.enroll", "key.replace"):  # a key that is enrolled signs to show that it is at hand
            valid.add(entry.body["vkey"])
        for vkey in signers:
            if vkey not in valid:
                self._breach("verify-person-key", seq=entry.seq, person=vkey.partition("+")[0])
            elif vkey not in self._known:
                self._unconfirmed.setdefault(vkey, []).append(entry.seq)

    def _check_owed(self, seq: int, body: dict[str, Any], signers: list[str]) -> None:
        persons = [*self._persons.get(body.get("sess", -1), ()), *map(str, body.get("approved_by", ()))]
        missing = [vkey.partition("+")[0] for vkey in self._enrolment.owed(persons) if vkey not in signers]
        if missing:
            self._breach("verify-person-owed", seq=seq, persons=", ".join(missing))
        elif not signers:
            self._unsigned.append(seq)
