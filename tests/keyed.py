"""People whose keys are on an examiner's workstation and enrolled in the case."""

import os
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from chain_of_custody import keyring
from chain_of_custody import session as sessions
from chain_of_custody.case import Case
from chain_of_custody.keyring import KeptKey
from chain_of_custody.people import Person
from tests.examiner import Done, Examiner

PASSPHRASE = b"correct horse battery"
REGISTRAR = Person("登记员")  # has no key, and so need not sign


def enrols(examiner: Examiner, *names: str, signer: str = "file") -> list[KeptKey]:
    """A new key for each of the names, or one more for those who have one: it takes the place of the old. `signer` is
    what the case is told holds it."""
    with mock.patch.dict(os.environ, examiner.environment), Case.open(examiner.case, writable=True) as case:
        return [_enrol(case, name, signer) for name in names]


def _enrol(case: Case, name: str, signer: str) -> KeptKey:
    key = keyring.new_file(name, PASSPHRASE)
    old = case.register.enrolment.of(name)
    before = keyring.find(old.vkey) if old else None
    others = [keyring.find(each.vkey) for each in case.register.enrolment.valid() if not old]
    vouching = others[:1] if len(others) > 1 else []
    signers = [keyring.reach(each, PASSPHRASE) for each in (before, *vouching, key) if each]
    with sessions.opened(case, [REGISTRAR], ("tests",), {}, signers) as session:
        if old:
            session.act("key.replace", person=name, old=old.vkey, vkey=key.vkey, signer=signer)
        else:
            session.act("key.enroll", person=name, vkey=key.vkey, signer=signer)
    return key


@dataclass
class Keyed(Examiner):
    """An examiner who has the passphrases of these people in a file, and names it with every command."""

    names: tuple[str, ...] = ()

    def types(self, *words: object, where: Path | None = None) -> Done:
        file = self.home.parent / "passphrase"
        file.write_bytes(PASSPHRASE + b"\n")
        given = [word for name in self.names for word in ("--passphrase-file", f"{name}={file}")]
        return super().types(*given, *words, where=where)


def keyed(examiner: Examiner, *names: str) -> Keyed:
    return Keyed(examiner.home, examiner.case, names=names)
