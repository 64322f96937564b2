"""Whose key is whose in a case: enrolled, replaced and revoked by entries, replayed from them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chain_of_custody.ledger import Entry


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
        """The valid key of a person."""
        return next((key for key in self.keys if key.person == person and key.revoked is None), None)

    def valid(self) -> list[EnrolledKey]:
        return [key for key in self.keys if key.revoked is None]

    def owed(self, persons: Iterable[str]) -> list[str]:
        """The verifier keys by which an act of these persons must be signed, in their order."""
        keys = [self.of(person) for person in dict.fromkeys(persons)]
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
