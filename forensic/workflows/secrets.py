"""Passcodes and other secrets that people gave: entered with who gave them, how and under what authority.

The ledger gets a commitment and the provenance; the value goes into the vault and nowhere else.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum, auto
from pathlib import Path
from typing import Any

from chain_of_custody import keyring
from chain_of_custody.algorithms import ED25519
from chain_of_custody.case import Case
from chain_of_custody.enrolment import EnrolledKey
from chain_of_custody.errors import CustodyRefusal, IntegrityError, UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.keyring import KeptKey
from chain_of_custody.people import alike, distinct
from chain_of_custody.session import Session
from chain_of_custody.signature import parse_key
from chain_of_custody.vault import Secret, Vault
from forensic.workflows import new_file, secret_value, unlocking
from forensic.workflows.changes import need_reason
from forensic.workflows.unlocking import Passphrase
from forensic.workflows.work import Order, Outcome

READERS = 2  # at least: a secret that one person alone can read is lost with that person's key
TELLING = 4  # characters from which on a value that stands in a text is no chance
TELLING_ANYWHERE = 8  # the same, inside a longer word


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


OWN_WORDS = frozenset({"forensic", "secret", "add", "reveal", *Kind, *Stated})
"""Of a command line, what the value may be without being told by it."""


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


def refuse_telltale(value: str, order: Order, *texts: str) -> None:
    """A value that stands in a text, or in the command line as it is recorded, would stand in the ledger: `UsageError`.

    The command's own words and where the case lies tell nothing. A short value inside a longer word is chance.
    """
    typed = [word for word in order.command if word not in (*OWN_WORDS, str(order.case))]
    before, after = (r"(?<![^\W_])" if value[:1].isalnum() else ""), (r"(?![^\W_])" if value[-1:].isalnum() else "")
    pattern = re.escape(value) if len(value) >= TELLING_ANYWHERE else f"{before}{re.escape(value)}{after}"
    if len(value) >= TELLING and re.search(pattern, "\n".join((*texts, *typed)), re.ASCII):
        raise UsageError("secret-in-the-text", hint="secret-in-the-text-hint")


def texts(new: New) -> tuple[str, ...]:
    """What was typed about a secret."""
    return (new.item, new.part, new.given_by, new.how, new.authority, *new.readers)


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
    for field in ("voluntary", "notice"):
        if facts[field] is False:
            outcome.findings.append(Finding(f"secret-not-{field}", Severity.WARNING, {"seq": seq}))
    if len(session.names) < READERS:
        outcome.findings.append(Finding("custody-alone", Severity.NOTE, {"person": session.names[0]}))
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


def check_reveal(case: Case, seq: int, reason: str, persons: Sequence[str], to: Path | None) -> None:
    """Refuses what could not be revealed, before anybody is asked for a passphrase."""
    need_reason(reason)
    if to is not None:
        new_file.refuse(case, to)
    _reader_key(case, seq, persons)


def refuse_telling_reveal(case: Case, seq: int, reason: str, persons: Sequence[str], order: Order) -> None:
    """Refuses a reason or command line that holds the value, before any of them is entered."""
    refuse_telltale(value(case, seq, persons, order.passphrase), order, reason)


def reveal(session: Session, seq: int, reason: str, passphrase: Passphrase, to: Path | None) -> str:
    """Decrypts a secret and enters that it was read before anybody sees it. `to` is a new file outside the case."""
    check_reveal(session.case, seq, reason, session.names, to)
    revealed = value(session.case, seq, session.names, passphrase)
    session.act("secret.reveal", target=seq, reason=reason.strip())
    if to is not None:
        with new_file.created(to, 0o600) as file:
            file.write(revealed.encode())
    return revealed


def _opened(case: Case, seq: int, persons: Sequence[str], passphrase: Passphrase) -> Secret:
    body = _body(case, seq)
    key = _reader_key(case, seq, persons)
    secret_value.leave_no_dump()
    private = keyring.private(key, unlocking.needed(passphrase, key.person, "key-passphrase-before-hint"))
    secret = Vault(case.ledger.origin).get(str(body["vault"]), private)
    if (secret.item, secret.part) != (body["item"], body.get("part", "")) or not secret.keeps(body["commitment"]):
        raise IntegrityError("secret-not-committed", seq=seq)
    return secret


def _reader_key(case: Case, seq: int, persons: Sequence[str]) -> KeptKey:
    """The key that was the reader's when secret `seq` was entered: one that was replaced since still decrypts it."""
    readers = _body(case, seq)["for"]
    acting = {alike(name) for name in persons}
    reader = next((name for name in readers if alike(name) in acting), None)
    if reader is None:
        raise CustodyRefusal("secret-not-for", persons=", ".join(persons), readers=", ".join(readers), seq=seq)
    then = case.register.enrolment.keys
    vkeys = [
        key.vkey for key in then if alike(key.person) == alike(reader) and key.seq < seq < (key.revoked or seq + 1)
    ]
    kept = next((key for vkey in vkeys if (key := keyring.find(vkey))), None)
    if kept is None:
        raise CustodyRefusal("secret-key-elsewhere", hint="secret-key-elsewhere-hint", person=reader, seq=seq)
    return kept


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
    enrolment = case.register.enrolment
    named = {name: enrolment.of(name) for name in distinct(chosen)}
    for name, key in named.items():
        if key is None:
            raise CustodyRefusal("secret-for-unknown", hint="secret-enrol-hint", person=name)
        if not _decrypts(key):
            raise CustodyRefusal("secret-for-cannot", hint="secret-enrol-hint", person=name, signer=key.signer)
    keys = [key for key in named.values() if key] or enrolment.valid()
    names = [key.person for key in keys]
    able = {key.person: parse_key(key.vkey).public for key in keys if _decrypts(key)}
    if len(set(able.values())) < READERS:
        raise CustodyRefusal("secret-two-readers", hint="secret-enrol-hint", number=len(set(able.values())))
    return able, [name for name in names if name not in able]


def _decrypts(key: EnrolledKey) -> bool:
    return key.signer == "file" and parse_key(key.vkey).algorithm == ED25519
