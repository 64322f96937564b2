"""The keys by which persons sign an act, made ready before anything is entered."""

from collections.abc import Callable, Sequence

from chain_of_custody import agent, keyring
from chain_of_custody.enrolment import Enrolment
from chain_of_custody.errors import CustodyRefusal
from chain_of_custody.keyring import KeptKey, Kind
from chain_of_custody.signature import Signer

Passphrase = Callable[[str], bytes | None]
"""Is told a person's name, or `name+hash` of one of several keys of his; None where no passphrase can be had."""


def no_passphrase(_person: str) -> bytes | None:
    return None


def signers(enrolment: Enrolment, persons: Sequence[str], passphrase: Passphrase) -> tuple[Signer, ...]:
    """A signer for each of the persons whose key is enrolled. One that is not at hand raises `CustodyRefusal`."""
    ready: list[Signer] = []
    missing: list[str] = []
    for vkey in enrolment.owed(persons):
        key = keyring.find(vkey)
        signer = reached(key, passphrase) if key else None
        if signer:
            ready.append(signer)
        else:
            missing.append(vkey.partition("+")[0])
    if missing:
        raise CustodyRefusal("sign-missing", hint="sign-missing-hint", persons=", ".join(missing))
    return tuple(ready)


def reached(key: KeptKey, passphrase: Passphrase, whose: str = "") -> Signer | None:
    """The key's signer: by the agent while it is unlocked, else with its passphrase, asked of `whose` or the person.
    None where none can be had; a wrong one raises `CustodyRefusal`."""
    if key.signer is Kind.FILE and (unlocked := agent.signer(key.vkey)):
        return unlocked
    if not key.signer.asks:
        return keyring.reach(key)
    secret = passphrase(whose or key.person)
    return None if secret is None else keyring.reach(key, secret)
