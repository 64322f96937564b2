"""Anchors that come back from outside: a time-stamp token or a witness's cosignature over an earlier head.

Each is bound to the one head of this ledger that it covers, checked against keys from outside the case where some are
at hand, and entered with its bytes.
"""

import base64
import http.client
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chain_of_custody import checkpoint, cosignature, plain_file, policy, timestamp
from chain_of_custody.anchors import COSIGNATURE, KIND, RFC3161
from chain_of_custody.case import Case
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.cosignature import Cosignature
from chain_of_custody.errors import CaseError, IntegrityError, Unavailable, UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.ledger import Ledger
from chain_of_custody.session import Session
from forensic.workflows import new_file
from forensic.workflows.work import Outcome

LARGEST = timestamp.LARGEST
PATIENCE = 30.0  # seconds for an authority to answer
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"  # RFC 3161 section 3.4


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures count, told from outside the case: certificates of authorities, keys of witnesses. `named` are
    the witnesses of whom one must have signed."""

    authorities: tuple[Path, ...] = ()
    witnesses: tuple[str, ...] = ()
    named: bool = False


def trust(ca: Path | None, witnesses: Sequence[str], policy_file: Path | None) -> Trust:
    """Raises `UsageError` for a key or a policy that is none."""
    told = policy.load(policy_file) if policy_file else policy.Policy()
    for vkey in witnesses:
        try:
            cosignature.parse_verifier_key(vkey)
        except ValueError as error:
            raise UsageError("anchor-witness-malformed", reason=str(error)) from error
    files = (Path(tsa) for tsa in told.tsas)
    authorities = (ca,) if ca else tuple(file for file in files if file.is_file())
    return Trust(authorities, (*witnesses, *told.witnesses.values()), named=bool(witnesses))


# -- asking


def request(case: Case, output: Path | None) -> Outcome:
    """A request over the newest head, in a new file outside the case, which goes to the authority and must be kept.

    Without a name it gets one by ledger and size, in the current folder, or beside the case for who stands in it.
    """
    head, inside = case.ledger.head(), case.folder.resolve()
    place = inside.parent if Path.cwd().is_relative_to(inside) else Path()
    path = output or place / f"{head.origin.replace('/', '-')}-{head.size:08d}.tsq"
    new_file.refuse(case, path)
    with new_file.created(path) as file:
        file.write(timestamp.request(head.text()))
    return Outcome({"file": str(path), "size": head.size, "root": head.root.hex()}, head=case.head())


def fetch(case: Case, url: str) -> tuple[bytes, bytes]:
    """(answer, request) of the authority at `url` over the newest head. Raises `Unavailable` where none answers."""
    query = timestamp.request(case.ledger.head().text())
    return _posted(url, query), query


def _posted(url: str, query: bytes) -> bytes:
    try:
        place = urlsplit(url)
        host, port = place.hostname, place.port
    except ValueError as error:
        raise UsageError("anchor-url", url=url) from error
    if place.scheme not in ("http", "https") or not host:
        raise UsageError("anchor-url", url=url)
    connection = (
        http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=ssl.create_default_context())
        if place.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=PATIENCE)
    )
    path = (place.path or "/") + (f"?{place.query}" if place.query else "")
    try:
        connection.request("POST", path, query, {"Content-Type": QUERY, "Accept": REPLY})
        answer = connection.getresponse()
        data = answer.read(LARGEST + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable("anchor-no-answer", url=url, reason=str(error) or type(error).__name__) from error
    finally:
        connection.close()
    if answer.status != http.client.OK or len(data) > LARGEST:
        raise Unavailable("anchor-no-answer", url=url, reason=f"HTTP {answer.status}, {len(data)} bytes")
    return data


# -- adding


def read(path: Path) -> bytes:
    """What came back. Raises `UsageError` for a file that cannot be read or is too large to be an anchor."""
    try:
        data = plain_file.start(path, LARGEST + 1)
    except OSError as error:
        raise UsageError("anchor-unreadable", path=str(path), reason=error.strerror or str(error)) from error
    if len(data) > LARGEST:
        raise UsageError("anchor-unreadable", path=str(path), reason=f"> {LARGEST}")
    return data


def add(session: Session, data: bytes, whom: Trust, query: bytes | None = None) -> Outcome:
    """Enters a token, or each cosignature of a note, with the head that it covers. One that no key at hand bears out is
    a claim that binds nothing, and a finding; it can be entered again when there is a key.

    Raises `IntegrityError` for one that covers no head of this ledger, does not answer the request `query`, or is not
    signed by whom it must be; `CaseError` for one that was entered before.
    """
    ledger = session.case.ledger
    found = _cosigned(ledger, data, whom) if _is_note(data) else [_stamped(ledger, data, whom, query)]
    with session.transaction() as writing:
        before = session.case.register.anchors.holds(data)
        if before and (before.is_proven or not any(facts["checked"] for facts in found)):
            raise CaseError("anchor-entered-before", seq=before.seq)
        token = base64.b64encode(data).decode()
        entered = [{"seq": writing.add(KIND, **facts, token=token), **facts} for facts in found]
    return Outcome({"anchors": entered}, [_unchecked(facts, whom) for facts in entered if not facts["checked"]])


def _unchecked(entered: dict[str, Any], whom: Trust) -> Finding:
    if entered["type"] == COSIGNATURE and whom.witnesses:
        return Finding("anchor-unknown-witness", Severity.WARNING, {"seq": entered["seq"], "by": entered["by"]})
    return Finding("anchor-unverified", Severity.WARNING, {"seq": entered["seq"]})


def _is_note(data: bytes) -> bool:
    return "\n\n— ".encode() in data


def _stamped(ledger: Ledger, data: bytes, whom: Trust, query: bytes | None) -> dict[str, Any]:
    try:
        token = timestamp.parse(data)
        asked = timestamp.parse_request(query) if query is not None else None
    except ValueError as error:
        raise UsageError("anchor-not-a-token", reason=str(error)) from error
    if asked and asked != (token.imprint, token.nonce):
        raise IntegrityError("anchor-not-the-answer", by=token.by or "?")
    head = _stamped_head(ledger, token.imprint)
    _check_token(token, whom.authorities)
    return _facts(RFC3161, head, token.time, token.by, checked=bool(whom.authorities))


def _stamped_head(ledger: Ledger, imprint: bytes) -> Checkpoint:
    for size, root, _ in ledger.checkpoints():
        head = Checkpoint(ledger.origin, size, root)
        if timestamp.imprint_of(head.text()) == imprint:
            return head
    raise IntegrityError("anchor-covers-none", hint="anchor-covers-none-hint")


def _check_token(token: timestamp.Token, authorities: Sequence[Path]) -> None:
    """One of the authorities stands behind it, where any are told."""
    for place, roots in enumerate(authorities, 1):
        try:
            timestamp.check(token, roots)
        except IntegrityError:
            if place == len(authorities):
                raise
        else:
            return


def _cosigned(ledger: Ledger, data: bytes, whom: Trust) -> list[dict[str, Any]]:
    try:
        note = data.decode()
        marks = cosignature.lines(note)
        said, _ = checkpoint.parse(note)
    except ValueError as error:
        raise UsageError("anchor-not-a-token", reason=str(error)) from error
    if not marks:
        raise UsageError("anchor-not-cosigned")
    try:
        head = ledger.head(said.size)
    except CaseError:
        head = None
    if head is None or note.partition("\n\n")[0] + "\n" != head.text():
        raise IntegrityError("anchor-covers-none", hint="anchor-covers-none-hint")
    known = [mark for mark in marks if _is_known(note, mark, whom.witnesses)]
    if whom.named and not known:
        raise IntegrityError("anchor-not-by-witness", by=", ".join(mark.name for mark in marks))
    return [_facts(COSIGNATURE, head, mark.time, mark.name, checked=mark in known) for mark in known or marks]


def _is_known(note: str, mark: Cosignature, witnesses: Sequence[str]) -> bool:
    """Whether it is by a witness whose key we have. One that bears such a witness's name alone is a forgery."""
    if any(cosignature.holds(note, mark, vkey) for vkey in witnesses):
        return True
    if any(vkey.startswith(f"{mark.name}+") for vkey in witnesses):
        raise IntegrityError("anchor-not-by-witness", by=mark.name)
    return False


def _facts(kind: str, head: Checkpoint, time: str, by: str, *, checked: bool) -> dict[str, Any]:
    return {"type": kind, "size": head.size, "root": head.root.hex(), "time": time, "by": by, "checked": checked}
