"""The keys of the people who work at this workstation: where each lies, or how it is reached. None is in a case folder.

One folder beside the ledger's key. A key's files are named by the SHA-256 of its verifier key: `HASH.json` says whose
it is and which signer has it, `HASH.pem` is the private key where that is a file.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody import clock, keys, signature
from chain_of_custody.clock import SystemClock
from chain_of_custody.errors import CannotWrite, CaseError
from chain_of_custody.signature import Signer
from chain_of_custody.signers import Reach, command, file, pkcs11, ssh

LARGEST = 1 << 16  # bytes of a record


class Kind(StrEnum):
    """What holds a key. The file and the token ask for a passphrase or PIN through us."""

    FILE = "file"
    SSH = "ssh"
    PKCS11 = "pkcs11"
    COMMAND = "command"

    @property
    def asks(self) -> bool:
        return self in (Kind.FILE, Kind.PKCS11)


@dataclass(frozen=True, slots=True)
class KeptKey:
    """`person`'s key on this workstation. `how` are the words by which its signer reaches it; `made` is UTC."""

    person: str
    vkey: str
    signer: Kind = Kind.FILE
    how: dict[str, str] = field(default_factory=dict)
    made: str = ""

    @property
    def id(self) -> str:
        """The key's hash as its verifier key has it: eight hex digits."""
        return self.vkey.split("+", 2)[1]

    @property
    def pem(self) -> Path:
        return _place(self.vkey).with_suffix(".pem")


def new_file(person: str, passphrase: bytes) -> KeptKey:
    """A new Ed25519 key in a file of its own."""
    pem, public = file.make(passphrase)
    return _keep(person, Kind.FILE, Reach("ed25519", public, {}), pem)


def new_reached(person: str, signer: Kind, reach: Reach) -> KeptKey:
    """Notes how a key is reached that exists elsewhere. `CaseError` where it is noted already."""
    return _keep(person, signer, reach, None)


def kept() -> list[KeptKey]:
    """All keys of this workstation, oldest first."""
    try:
        records = sorted(_folder().glob("*.json"))
    except OSError as error:
        raise CaseError("key-unreadable", path=str(_folder()), reason=error.strerror or str(error)) from error
    return sorted(_read(records), key=lambda key: (key.made, key.vkey))


def find(vkey: str) -> KeptKey | None:
    """The key of exactly this verifier key, if it is reached from here."""
    record = _place(vkey)
    return next(_read([record] if record.exists() else []), None)


def private(key: KeptKey, passphrase: bytes) -> Ed25519PrivateKey:
    """The private key of a file. `CustodyRefusal` for a wrong passphrase."""
    return file.opened(key.pem, passphrase, key.person)


def reach(key: KeptKey, passphrase: bytes = b"") -> Signer:
    """The signer, ready. `passphrase` is that of the file, or the token's PIN."""
    match key.signer:
        case Kind.FILE:
            return file.reach(key.vkey, private(key, passphrase))
        case Kind.SSH:
            return ssh.reach(key.vkey, key.how)
        case Kind.PKCS11:
            algorithm = signature.parse_key(key.vkey).algorithm
            return pkcs11.reach(key.vkey, key.how, algorithm, passphrase, key.person)
        case Kind.COMMAND:
            return command.reach(key.vkey, key.how)


def _keep(person: str, signer: Kind, reach: Reach, pem: bytes | None) -> KeptKey:
    vkey = signature.verifier_key(signature.key_name(person), reach.algorithm, reach.public)
    key = KeptKey(person, vkey, signer, reach.how, clock.iso(SystemClock().read().utc))
    record = json.dumps(asdict(key), ensure_ascii=False, indent=1).encode()
    try:
        if pem is not None:
            keys.write_private(key.pem, pem)
        keys.write_private(_place(vkey), record)
    except FileExistsError as error:
        raise CaseError("key-kept-already", person=person, key=key.id) from error
    except OSError as error:
        raise CannotWrite("key-not-written", path=str(_folder()), reason=error.strerror or str(error)) from error
    return key


def _read(records: list[Path]) -> Iterator[KeptKey]:
    for record in records:
        try:
            with record.open("rb") as opened:
                facts = json.loads(opened.read(LARGEST))
            key = KeptKey(**{**facts, "signer": Kind(facts["signer"])})
            signature.parse_key(key.vkey)
            if _place(key.vkey) != record or {type(text) for text in key.how.values()} - {str}:
                raise ValueError("not the record of this key")
        except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise CaseError("key-unreadable", path=str(record), reason=str(error)) from error
        yield key


def _folder() -> Path:
    return keys.home() / "keys" / "people"


def _place(vkey: str) -> Path:
    return _folder() / f"{hashlib.sha256(vkey.encode()).hexdigest()[:32]}.json"
