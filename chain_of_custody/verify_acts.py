"""Whether the acts of persons are signed as they must be: rule 8 of `verify`."""

from collections.abc import Callable
from typing import Any

from chain_of_custody import signature
from chain_of_custody.enrolment import CHANGES, Enrolment, authorised
from chain_of_custody.errors import Unavailable
from chain_of_custody.ledger import Entry
from chain_of_custody.signature import ACTS
from chain_of_custody.trust import Trust

Tell = Callable[..., None]  # is told a message id and its facts


class ActCheck:
    """Goes through a ledger entry by entry, from the first, and knows whose keys were enrolled at each."""

    def __init__(self, breach: Tell, remark: Tell, trust: Trust) -> None:
        self._breach, self._remark = breach, remark
        self._policy, self._strict = trust.policy, trust.strict
        self._enrolment = Enrolment()
        self._persons: dict[int, list[str]] = {}

    def see(self, entry: Entry) -> None:
        """The next entry, whose body is known to be canonical. Raises `KeyError`, `TypeError` or `ValueError` for an
        entry that lacks what its kind must have."""
        body = entry.body
        if entry.kind == "session.open":
            self._persons[entry.seq] = [str(person["name"]) for person in body["persons"]]
        signers = [str(vkey) for vkey in body.get("signers", ())]
        if signers or entry.sig:
            self._check(entry, signers)
        if entry.kind in ACTS:
            self._check_owed(entry.seq, body, signers)
            if self._policy and self._strict and not signers:
                self._breach("verify-act-unsigned", seq=entry.seq, kind=entry.kind)
        if entry.kind in CHANGES and not authorised(body, self._enrolment):
            self._breach("verify-key-change", seq=entry.seq)
        self._enrolment.read(entry)

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
            if self._policy and self._policy.persons and vkey not in self._policy.persons:
                self._breach("verify-policy-person", seq=entry.seq, person=vkey.partition("+")[0])

    def _check_owed(self, seq: int, body: dict[str, Any], signers: list[str]) -> None:
        persons = [*self._persons.get(body.get("sess", -1), ()), *map(str, body.get("approved_by", ()))]
        missing = [vkey.partition("+")[0] for vkey in self._enrolment.owed(persons) if vkey not in signers]
        if missing:
            self._breach("verify-person-owed", seq=seq, persons=", ".join(missing))
