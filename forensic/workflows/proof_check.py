"""`ledger check-proof`: a proof of an entry checked by whoever received it, with no case and no ledger."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from chain_of_custody import checkpoint, plain_file, policy, proof, signature
from chain_of_custody.canonical import encode
from chain_of_custody.errors import EvidenceError, IntegrityError, Unavailable, UsageError
from chain_of_custody.finding import Finding, Severity
from chain_of_custody.policy import Policy
from chain_of_custody.verify_acts import UNCONFIRMED
from forensic.workflows.work import Outcome

LARGEST = 1 << 26  # bytes; an entry has a few hundred


@dataclass(frozen=True, slots=True)
class Proved:
    """Entry `seq` of kind `kind`, entered at `time` (UTC), in the ledger `origin` under the head at `size` entries with
    `root` (hex). `text` is its body, `signers` the names on the keys by which persons signed it."""

    seq: int
    kind: str
    time: str
    origin: str
    size: int
    root: str
    signers: tuple[str, ...]
    text: str


def check(file: Path, key: str, policy_file: Path | None) -> Outcome:
    """Leaf, path, head and persons' signatures. Raises `IntegrityError` where they do not hold, `EvidenceError` for a
    file that is no proof of an entry of such a ledger, `UsageError` where no key from outside is given."""
    told = policy.load(policy_file) if policy_file else Policy()
    keys = (*([key] if key else []), *told.logs)
    if not keys:
        raise UsageError("proof-no-key", hint="proof-no-key-hint")
    for vkey in keys:
        _parsed(vkey)
    given = _read(file)
    try:
        named = checkpoint.parse(given.note)[0].origin
    except ValueError as error:
        raise EvidenceError("proof-malformed", path=str(file), reason=str(error)) from error
    if not given.entry:
        raise EvidenceError("proof-no-entry", path=str(file))
    ours = [vkey for vkey in keys if _parsed(vkey)[0] == named]
    if not ours:
        raise EvidenceError("proof-other-ledger", path=str(file), origin=named)
    proved, signers = _proved(given, _head(given, ours, file), file)
    findings = [
        Finding(UNCONFIRMED, Severity.WARNING, {"person": vkey.partition("+")[0], "entries": str(proved.seq)})
        for vkey in signers
        if told.persons and vkey not in told.persons
    ]
    try:
        if not signature.holds(proved.text, given.entry.decode().partition("\t")[2], signers):
            raise IntegrityError("verify-person", seq=proved.seq)
    except Unavailable as error:
        findings.append(Finding(error.message_id, Severity.WARNING, {"seq": proved.seq}))
    return Outcome({"holds": True, "file": str(file), **asdict(proved)}, findings)


def _parsed(vkey: str) -> tuple[str, bytes]:
    try:
        return checkpoint.parse_verifier_key(vkey)
    except ValueError as error:
        raise UsageError("proof-key-malformed", reason=str(error)) from error


def _read(file: Path) -> proof.Inclusion:
    try:
        data = plain_file.start(file, LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError(f"> {LARGEST}")
        return proof.parse(data.decode())
    except OSError as error:
        raise EvidenceError("proof-unreadable", path=str(file), reason=error.strerror or str(error)) from error
    except ValueError as error:
        raise EvidenceError("proof-malformed", path=str(file), reason=str(error)) from error


def _head(given: proof.Inclusion, vkeys: list[str], file: Path) -> checkpoint.Checkpoint:
    """The head by the first key that signed it."""
    reasons = []
    for vkey in vkeys:
        try:
            return proof.check(given, given.entry, vkey)
        except ValueError as error:
            reasons.append(str(error))
    raise IntegrityError("proof-does-not-hold", path=str(file), reason=reasons[-1])


def _proved(given: proof.Inclusion, head: checkpoint.Checkpoint, file: Path) -> tuple[Proved, list[str]]:
    """What the entry says of itself, and the keys of its signers."""
    try:
        text = given.entry.decode().partition("\t")[0]
        body = json.loads(text)
        signers = [str(vkey) for vkey in body.get("signers", ())]
        names = tuple(vkey.partition("+")[0] for vkey in signers)
        if encode(body) != text or body["seq"] != given.index:
            raise ValueError("the body is not that of this entry")
        place = (head.origin, head.size, head.root.hex())
        return Proved(given.index, str(body["kind"]), str(body["t"]), *place, names, text), signers
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError("proof-does-not-hold", path=str(file), reason=repr(error)) from error
