"""Passcodes and other secrets that people gave: entered with who gave them, how and under what authority.

The ledger gets a commitment and the provenance; the value goes into the vault and nowhere else.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum, auto
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody import keyring
from chain_of_custody.algorithms import ED25519
from chain_of_custody.case import Case
from chain_of_custody.enrolment import EnrolledKey
from chain_of_custody.errors import CannotWrite, CustodyRefusal, IntegrityError, UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.session import Session
from chain_of_custody.signature import parse_key
from chain_of_custody.vault import Secret, Vault
from forensic.workflows import secret_value
from forensic.workflows.unlocking import Passphrase
from forensic.workflows.work import Outcome

READERS = 2  # at least: a secret that one person alone can read is lost with that person's key
TELLING = 4  # characters from which on a value that stands in a text is no chance


class Kind(StrEnum):
    PASSCODE = auto()
    PASSWORD = auto()
    RECOVERY_KEY = "recovery-key"
    PATTERN = auto()
    PIN = auto()
    OTHER = auto()


class Stated(StrEnum):
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class New:
    """A secret as typed, without its value. `voluntary` and `notice` are None where nothing was stated."""

    item: str
    part: str
    given_by: str
    how: str
    kind: Kind
    authority: str = ""
    voluntary: bool | None = None
    notice: bool | None = None
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reveal:
    """One time a secret was read. `time` is UTC."""

    seq: int
    time: str
    persons: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is known of a secret but its value. `time` is when it was entered, UTC; `lacking` names what was not stated
    and the papers of a hearing ask for."""

    seq: int
    time: str
    item: str
    part: str
    kind: str
    given_by: str
    how: str
    authority: str
    voluntary: bool | None
    notice: bool | None
    persons: tuple[str, ...]
    readers: tuple[str, ...]
    commitment: str
    vault: str
    lacking: tuple[str, ...]
    reveals: tuple[Reveal, ...]


def place(text: str) -> tuple[str, str]:
    """Exhibit and part from `EX-009` or `EX-009:PART`. Raises `UsageError` for a part that says nothing."""
    item, colon, part = text.partition(":")
    if colon and not part.strip():
        raise UsageError("secret-part", given=text)
    return item, part.strip()


def stated(given: Stated | None) -> bool | None:
    return None if given is None else given is Stated.YES


def check(case: Case, new: New) -> None:
    """Raises for what could not be entered, before anybody is asked for the value."""
    case.register.exhibit(new.item)
    if not new.given_by.strip() or not new.how.strip():
        raise UsageError("secret-unsaid")
    _readers(case, new.readers)


def refuse_telltale(new: New, value: str) -> None:
    """A value that stands in what was typed about it would stand in the ledger: `UsageError`."""
    pattern = rf"(?<![^\W_]){re.escape(value)}(?![^\W_])"
    if len(value) >= TELLING and re.search(pattern, f"{new.given_by}\n{new.how}\n{new.part}", re.ASCII):
        raise UsageError("secret-in-the-text", hint="secret-in-the-text-hint")


def add(session: Session, new: New, value: str) -> Outcome:
    """Encrypts the value to its readers, then enters commitment and provenance."""
    case = session.case
    case.register.exhibit(new.item)
    readers, others = _readers(case, new.readers)
    secret = Secret(value, new.item, new.part)
    vault_id = Vault(case.ledger.origin).put(secret, list(readers.values()))
    facts = {
        "item": new.item,
        "part": new.part or None,
        "type": new.kind.value,
        "given_by": new.given_by.strip(),
        "how": new.how.strip(),
        "authority": new.authority.strip() or None,
        "voluntary": new.voluntary,
        "notice": new.notice,
        "commitment": secret.commitment(),
        "vault": vault_id,
        "for": list(readers),
    }
    seq = session.act("secret.add", **facts)
    outcome = Outcome({"seq": seq, "vault": vault_id, "for": list(readers)})
    for name in others:
        outcome.findings.append(Finding("secret-no-reader", Severity.NOTE, {"person": name}))
    (entered,) = (each for each in provenance(case) if each.seq == seq)
    for field in entered.lacking:
        outcome.findings.append(Finding(f"secret-lacks-{field}", Severity.NOTE, {"seq": seq}))
    return outcome


def provenance(case: Case) -> list[Provenance]:
    """All secrets of the case, oldest first."""
    return [_described(case, seq, body) for seq, body in case.register.secrets.items()]


def listing(case: Case) -> Outcome:
    """Every secret, whether this workstation has it, and what lies in the vault that no entry names."""
    vault = Vault(case.ledger.origin)
    rows = [{**asdict(each), "here": vault.holds(each.vault)} for each in provenance(case)]
    outcome = Outcome({"secrets": rows, "vault": str(vault.folder)}, head=case.head())
    entered = {vault.path(str(body["vault"])) for body in case.register.secrets.values()}
    for path in vault.files():
        if path not in entered:
            outcome.findings.append(Finding("secret-unnamed", Severity.NOTE, {"path": str(path)}))
    return outcome


def value(case: Case, seq: int, persons: Sequence[str], passphrase: Passphrase) -> str:
    """The value of secret `seq`, with the key of the first of the persons it is encrypted to."""
    return _opened(case, seq, persons, passphrase).value


def matches(case: Case, seq: int, given: str, persons: Sequence[str], passphrase: Passphrase) -> Outcome:
    """Whether a value is the one that was entered. One that is not is a finding."""
    same = _opened(case, seq, persons, passphrase).keeps(str(_body(case, seq)["commitment"]), given)
    outcome = Outcome({"seq": seq, "same": same}, head=case.head())
    if not same:
        outcome.findings.append(Finding("secret-differs", Severity.WARNING, {"seq": seq}))
    return outcome


def reveal(session: Session, seq: int, reason: str, passphrase: Passphrase, to: Path | None) -> str:
    """Decrypts a secret and enters that it was read before anybody sees it. `to` is a new file outside the case."""
    if not reason.strip():
        raise UsageError("reason-missing")
    if to is not None:
        _refuse_output(session.case, to)
    revealed = value(session.case, seq, session.names, passphrase)
    session.act("secret.reveal", target=seq, reason=reason.strip())
    if to is not None:
        _save(revealed, to)
    return revealed


def _opened(case: Case, seq: int, persons: Sequence[str], passphrase: Passphrase) -> Secret:
    body = _body(case, seq)
    reader = next((name for name in persons if name in body["for"]), None)
    if reader is None:
        raise CustodyRefusal("secret-not-for", persons=", ".join(persons), readers=", ".join(body["for"]), seq=seq)
    secret = Vault(case.ledger.origin).get(str(body["vault"]), _private_key(case, seq, reader, passphrase))
    if (secret.item, secret.part) != (body["item"], body.get("part", "")) or not secret.keeps(body["commitment"]):
        raise IntegrityError("secret-not-committed", seq=seq)
    return secret


def _private_key(case: Case, seq: int, reader: str, passphrase: Passphrase) -> Ed25519PrivateKey:
    """The key that was the reader's when secret `seq` was entered: one that was replaced since still decrypts it."""
    then = case.register.enrolment.keys
    vkeys = [key.vkey for key in then if key.person == reader and key.seq < seq < (key.revoked or seq + 1)]
    kept = next((key for vkey in vkeys if (key := keyring.find(vkey))), None)
    if kept is None:
        raise CustodyRefusal("secret-key-elsewhere", hint="secret-key-elsewhere-hint", person=reader, seq=seq)
    secret_value.leave_no_dump()
    words = passphrase(reader)
    if words is None:
        raise CustodyRefusal("secret-passphrase", hint="secret-passphrase-hint", person=reader)
    return keyring.private(kept, words)


def _body(case: Case, seq: int) -> dict[str, Any]:
    if seq not in case.register.secrets:
        raise UsageError("secret-none", seq=seq)
    return case.register.secrets[seq]


def _described(case: Case, seq: int, body: dict[str, Any]) -> Provenance:
    voluntary, notice, authority = body.get("voluntary"), body.get("notice"), str(body.get("authority", ""))
    lacking = [name for name, said in (("voluntary", voluntary), ("notice", notice)) if said is None]
    if voluntary is False and not authority:
        lacking.append("authority")
    return Provenance(
        seq,
        body["t"],
        body["item"],
        body.get("part", ""),
        body["type"],
        body["given_by"],
        body["how"],
        authority,
        voluntary,
        notice,
        _persons(case, body),
        tuple(body["for"]),
        body["commitment"],
        body["vault"],
        tuple(lacking),
        tuple(_reveals(case, seq)),
    )


def _reveals(case: Case, target: int) -> Iterator[Reveal]:
    for seq, body in case.register.reveals.items():
        if body["target"] == target:
            yield Reveal(seq, body["t"], _persons(case, body), body["reason"])


def _persons(case: Case, body: dict[str, Any]) -> tuple[str, ...]:
    return tuple(person["name"] for person in case.register.sessions[body["sess"]]["persons"])


def _readers(case: Case, chosen: Sequence[str]) -> tuple[dict[str, bytes], list[str]]:
    """Name and public key of those who will be able to read; and, where nobody was chosen, the names of those whose
    keys cannot decrypt."""
    enrolled = {key.person: key for key in case.register.enrolment.valid()}
    for name in chosen:
        if name not in enrolled:
            raise CustodyRefusal("secret-for-unknown", hint="secret-enrol-hint", person=name)
        if not _decrypts(enrolled[name]):
            signer = enrolled[name].signer
            raise CustodyRefusal("secret-for-cannot", hint="secret-enrol-hint", person=name, signer=signer)
    names = list(dict.fromkeys(chosen)) or list(enrolled)
    able = {name: parse_key(enrolled[name].vkey).public for name in names if _decrypts(enrolled[name])}
    if len(set(able.values())) < READERS:
        raise CustodyRefusal("secret-two-readers", hint="secret-enrol-hint", number=len(set(able.values())))
    return able, [name for name in names if name not in able]


def _decrypts(key: EnrolledKey) -> bool:
    return key.signer == "file" and parse_key(key.vkey).algorithm == ED25519


def _refuse_output(case: Case, path: Path) -> None:
    if path.resolve().is_relative_to(case.folder.resolve()):
        raise UsageError("export-inside-case", path=str(path))
    if path.exists() or path.is_symlink() or not path.parent.is_dir():
        raise UsageError("secret-output", path=str(path))


def _save(revealed: str, path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(revealed.encode())
    except OSError as error:
        raise CannotWrite("no-space", path=str(path), reason=error.strerror or str(error)) from error
