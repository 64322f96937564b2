"""Whose key is whose in a case: enrolled, replaced and revoked by entries, replayed from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chain_of_custody import signature
from chain_of_custody.ledger import Entry
from chain_of_custody.people import alike, distinct

CHANGES = frozenset({"key.enroll", "key.revoke", "key.replace"})
OTHERS = 2  # persons who together may do for another what he cannot sign himself
FOUNDERS = 2  # persons whose keys come in by their own signature alone; one of those enrolled signs for a further one


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """`vkey` is `person`'s from entry `seq` on, until entry `revoked` where that is not None. `signer` says what holds
    it (file, ssh, pkcs11, command)."""

    person: str
    vkey: str
    seq: int
    signer: str = "file"
    revoked: int | None = None


@dataclass(slots=True)
class Enrolment:
    """The keys of a case. A person has at most one that is valid."""

    keys: list[EnrolledKey] = field(default_factory=list)

    def of(self, person: str) -> EnrolledKey | None:
        """The valid key of a person, however the name is written."""
        name = alike(person)
        return next((key for key in self.keys if key.revoked is None and alike(key.person) == name), None)

    def valid(self) -> list[EnrolledKey]:
        return [key for key in self.keys if key.revoked is None]

    def owed(self, persons: Iterable[str]) -> list[str]:
        """The verifier keys by which an act of these persons must be signed, in their order."""
        keys = [self.of(person) for person in distinct(persons)]
        return [key.vkey for key in keys if key]

    def read(self, entry: Entry) -> None:
        """Takes in `key.enroll` {person, vkey, signer}, `key.revoke` {person, vkey} and `key.replace` {person, old,
        vkey, signer}; any other entry changes nothing."""
        body = entry.body
        match entry.kind:
            case "key.enroll":
                self._add(entry)
            case "key.revoke":
                self._revoke(body["vkey"], entry.seq)
            case "key.replace":
                self._revoke(body["old"], entry.seq)
                self._add(entry)
            case _:
                pass

    def _add(self, entry: Entry) -> None:
        body = entry.body
        self.keys.append(EnrolledKey(body["person"], body["vkey"], entry.seq, body.get("signer", "file")))

    def _revoke(self, vkey: str, seq: int) -> None:
        self.keys = [
            replace(key, revoked=seq) if key.vkey == vkey and key.revoked is None else key for key in self.keys
        ]


def authorised(body: Mapping[str, Any], enrolment: Enrolment, began: int) -> bool:
    """Whether a change of keys (the body of one of `CHANGES`) was for its signers to make, as keys stood before it.
    `began` is the entry that opened its session, or the standing one that this is within.

    A key comes in with its own signature, under its person's name, and no other person ever had it. While two persons
    have keys, one of those who have signs for a further one. Nobody has two: the next one replaces the first. The old
    key of a replacement signs it, a revoked key its revocation; where it cannot, two other persons do whose keys were
    enrolled before the session began.
    """
    try:
        person, signers = body["person"], set(body.get("signers", ()))
        held = enrolment.of(person)
        if body["kind"] == "key.revoke":
            return held is not None and held.vkey == body["vkey"] and _released(held, signers, enrolment, began)
        if not _is_new(body["vkey"], person, enrolment) or body["vkey"] not in signers:
            return False
        if body["kind"] == "key.enroll":
            return held is None and _is_vouched(signers, enrolment)
        return held is not None and held.vkey == body["old"] and _released(held, signers, enrolment, began)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def _is_vouched(signers: set[str], enrolment: Enrolment) -> bool:
    valid = enrolment.valid()
    return len({alike(key.person) for key in valid}) < FOUNDERS or any(key.vkey in signers for key in valid)


def _released(held: EnrolledKey, signers: set[str], enrolment: Enrolment, began: int) -> bool:
    present = {alike(key.person) for key in enrolment.valid() if key.vkey in signers and key.seq < began}
    return held.vkey in signers or len(present - {alike(held.person)}) >= OTHERS


def _is_new(vkey: str, person: str, enrolment: Enrolment) -> bool:
    key = signature.parse_key(vkey)
    used = {signature.parse_key(known.vkey).public for known in enrolment.keys}
    return key.name == signature.key_name(person) and key.public not in used
