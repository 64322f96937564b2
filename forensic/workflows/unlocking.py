"""The keys by which persons sign an act, made ready before anything is entered."""

from collections.abc import Callable, Sequence

from chain_of_custody import agent, keyring
from chain_of_custody.enrolment import Enrolment
from chain_of_custody.errors import CustodyRefusal, UsageError
from chain_of_custody.keyring import KeptKey, Kind
from chain_of_custody.signature import Signer

Passphrase = Callable[[str], bytes | None]
"""Is told a person's name, or `name+hash` of one of several keys of his; None where no passphrase can be had."""


def no_passphrase(_person: str) -> bytes | None:
    return None


def signers(enrolment: Enrolment, persons: Sequence[str], passphrase: Passphrase) -> tuple[Signer, ...]:
    """A signer for each of the persons whose key is enrolled. Keys that are not on this workstation raise
    `CustodyRefusal` before any passphrase is asked for."""
    owed = [(vkey, keyring.find(vkey)) for vkey in enrolment.owed(persons)]
    if elsewhere := [vkey.partition("+")[0] for vkey, key in owed if key is None]:
        raise CustodyRefusal("sign-elsewhere", hint="sign-elsewhere-hint", persons=", ".join(elsewhere))
    return tuple(reached(key, passphrase) for _, key in owed if key)


def reached(key: KeptKey, passphrase: Passphrase, whose: str = "") -> Signer:
    """The key's signer: by the agent while it is unlocked, else with its passphrase, asked of `whose` or the person.
    A wrong one raises `CustodyRefusal`."""
    if key.signer is Kind.FILE and (unlocked := agent.signer(key.vkey)):
        return unlocked
    if not key.signer.asks:
        return keyring.reach(key)
    hint = "sign-passphrase-hint" if key.signer is Kind.FILE else "key-passphrase-before-hint"
    return keyring.reach(key, needed(passphrase, whose or key.person, hint))


def needed(passphrase: Passphrase, whose: str, hint: str) -> bytes:
    """The passphrase. `UsageError` where none is given and nobody can be asked; `hint` says how it is given."""
    secret = passphrase(whose)
    if secret is None:
        raise UsageError("key-passphrase-none", hint=hint, person=whose)
    return secret
