"""The keys by which persons sign an act, made ready before anything is entered."""

from collections.abc import Callable, Sequence

from chain_of_custody.enrolment import Enrolment
from chain_of_custody.errors import CustodyRefusal
from chain_of_custody.signature import Signer

Passphrase = Callable[[str], bytes | None]  # is told a person's name; None where none can be had


def no_passphrase(_person: str) -> bytes | None:
    return None


def signers(enrolment: Enrolment, persons: Sequence[str], passphrase: Passphrase) -> tuple[Signer, ...]:
    """A signer for each of the persons whose key is enrolled. One that is not at hand raises `CustodyRefusal`."""
    owed = enrolment.owed(persons)
    if owed:
        names = ", ".join(vkey.partition("+")[0] for vkey in owed)
        raise CustodyRefusal("sign-missing", hint="sign-missing-hint", persons=names)
    return ()
