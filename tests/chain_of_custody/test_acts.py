"""Attacks on signatures of persons, adoptions, anchors and disposals: both verifiers, each verdict exactly."""

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_of_custody import canonical, checkpoint, cosignature, keys, signature, timestamp, tree, verify_ledger
from chain_of_custody.artifact import Room
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.checkpoint import Checkpoint
from chain_of_custody.keys import LedgerKey
from chain_of_custody.ledger import Ledger, entry_leaf
from chain_of_custody.policy import Policy
from chain_of_custody.progress import silent
from chain_of_custody.signers import Checked
from chain_of_custody.trust import Trust
from chain_of_custody.verify import Verdict, verify_files
from chain_of_custody.verify import verify_ledger as verified
from tests.authority import Authority
from tests.chain_of_custody.test_attacks import forged_key, real_key, shell
from tests.chain_of_custody.test_verify_ledger import PYTHONS

PROVED, NOT_CHECKED, BROKEN = 0, 4, 6
CUSTODY = ("verify-person-owed", "verify-key-change", "verify-act-session")
"""Rules of custody, which `verify` holds; the stand-alone verifier holds those of bytes, and names unsigned acts."""
WEI, LAN, MALLORY = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
Rows = list[tuple[dict[str, Any], str]]


def signer(name: str, private: Ed25519PrivateKey) -> Checked:
    return Checked(signature.verifier_key(name, "ed25519", private.public_key().public_bytes_raw()), private.sign)


WEI_SIGNS, LAN_SIGNS, MALLORY_SIGNS = signer("Wei", WEI), signer("Lan", LAN), signer("Wei", MALLORY)


@dataclass(frozen=True)
class Signed:
    """A closed case in which Wei's key is enrolled; its last entry is a note that Wei signed."""

    folder: Path
    vkey: str
    held: int


@pytest.fixture
def signed(make_case: Callable[..., Case], write_in: Callable) -> Signed:
    case = make_case()
    with write_in(case) as session:
        with session.delivery() as delivery:
            with delivery.receive("txt") as incoming:
                incoming.write(b"red packet")
            delivery.add("file", Room.FILES, "EX-001", [incoming], {})
        held = next(iter(case.register.artifacts))
        common = {"sess": session.seq}
    with case.ledger.transaction() as writing:
        facts = {"person": "Wei", "vkey": WEI_SIGNS.vkey, "signer": "file"}
        writing.add_signed("key.enroll", [WEI_SIGNS], **facts, **common)
    for text in ("one", "two"):
        with case.ledger.transaction() as writing:
            writing.add_signed("note.add", [WEI_SIGNS], text=text, **common)
    vkey = case.ledger.verifier_key
    case.close()
    return Signed(case.folder, vkey, held)


def rewrite(folder: Path, change: Callable[[Rows], Rows], key: LedgerKey | None = None) -> None:
    """The ledger written anew with its own key, or another from the first new entry on; signatures as they are told."""
    sql = shell(folder)
    (origin,) = sql.execute("SELECT v FROM meta WHERE k = 'origin'").fetchone()
    old = [(json.loads(body), sig) for body, sig in sql.execute("SELECT body, sig FROM entry ORDER BY seq")]
    sealed = {size for (size,) in sql.execute("SELECT size FROM checkpoint")}
    before, rows = len(old), change(old)
    for table in ("entry", "checkpoint", "node"):
        sql.execute(f"DELETE FROM {table}")
    frontier, last = tree.Frontier(), bytes(32)
    for seq, (body, sig) in enumerate(rows):
        text = canonical.encode({**body, "seq": seq, "prev": last.hex()})
        last = entry_leaf(text, sig)
        frontier.add(last)
        sql.execute("INSERT INTO entry(seq, leaf, body, sig) VALUES(?, ?, ?, ?)", (seq, last, text, sig))
        if seq + 1 in sealed or seq + 1 == len(rows):
            pen = key if key and seq >= before else real_key()
            note = checkpoint.sign(Checkpoint(origin, seq + 1, frontier.root()), pen.sign, pen.public)
            sql.execute("INSERT INTO checkpoint VALUES(?, ?, ?)", (seq + 1, frontier.root(), note))


def ours(folder: Path, trust: Trust) -> tuple[set[str], set[str]]:
    """The codes of breaches and remarks."""
    verdict = Verdict()
    with Ledger.open(folder / LEDGER) as ledger:
        verified(ledger, ledger.verifier_key, verdict, silent, trust)
    with Case.open(folder) as case:
        verify_files(case, verdict, quick=False, progress=silent)
    for one in (*verdict.breaches, *verdict.remarks):
        assert one.text("zh") != one.text("en")
    return {breach.code for breach in verdict.breaches}, {remark.code for remark in verdict.remarks}


def theirs(folder: Path, *options: object, python: Path = Path(sys.executable)) -> tuple[int, str]:
    line = [str(python), "-I", "-X", "utf8", verify_ledger.__file__, str(folder), "--files", str(folder)]
    done = subprocess.run([*line, *map(str, options)], capture_output=True, encoding="utf-8", check=False)
    assert not done.stderr
    return done.returncode, done.stdout


def judged(case: Signed, *options: object) -> tuple[set[str], int]:
    breaches, _ = ours(case.folder, Trust((case.vkey,)))
    return breaches, theirs(case.folder, "--key", case.vkey, *options)[0]


# -- signatures of persons


def test_it_holds_before_any_of_it(signed: Signed) -> None:
    assert judged(signed) == (set(), PROVED)
    rewrite(signed.folder, lambda rows: rows)
    assert judged(signed) == (set(), PROVED)
    assert "not confirmed: Wei" in theirs(signed.folder, "--key", signed.vkey)[1]
    assert "not confirmed" not in theirs(signed.folder, "--key", signed.vkey, "--person", WEI_SIGNS.vkey)[1]


def stripped(rows: Rows) -> Rows:
    body, _ = rows[-1]
    body.pop("signers")
    return [*rows[:-1], (body, "")]


def mark_stripped(rows: Rows) -> Rows:
    return [*rows[:-1], (rows[-1][0], "")]


def moved(rows: Rows) -> Rows:
    return [*rows[:-1], (rows[-1][0], rows[-2][1])]


def swapped(rows: Rows) -> Rows:
    (one, first), (two, second) = rows[-2:]
    return [*rows[:-2], (one, second), (two, first)]


def malleated(rows: Rows) -> Rows:
    mark = base64.b64decode(rows[-1][1])
    larger = int.from_bytes(mark[36:], "little") + verify_ledger.L
    return [*rows[:-1], (rows[-1][0], base64.b64encode(mark[:36] + larger.to_bytes(32, "little")).decode())]


def spaced(rows: Rows) -> Rows:
    return [*rows[:-1], (rows[-1][0], rows[-1][1] + " ")]


def edited(rows: Rows) -> Rows:
    return [*rows[:-1], ({**rows[-1][0], "text": "three"}, rows[-1][1])]


def by_a_stranger(rows: Rows) -> Rows:
    body = {**rows[-1][0], "signers": [MALLORY_SIGNS.vkey]}
    return [*rows[:-1], signed_anew(rows[:-1], body)]


def signed_anew(before: Rows, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """By Mallory under Wei's name, as entry after those `before`, which are unchanged."""
    last = bytes(32)
    for seq, (each, sig) in enumerate(before):
        last = entry_leaf(canonical.encode({**each, "seq": seq, "prev": last.hex()}), sig)
    text = canonical.encode({**body, "seq": len(before), "prev": last.hex()})
    return body, signature.sign(text, [MALLORY_SIGNS])


def enrolled_over(rows: Rows) -> Rows:
    """A second key for Wei, signed by itself alone."""
    body = {**rows[-3][0], "vkey": MALLORY_SIGNS.vkey, "signers": [MALLORY_SIGNS.vkey]}
    return [*rows, signed_anew(rows, body)]


def replaced(rows: Rows) -> Rows:
    facts = {"kind": "key.replace", "old": WEI_SIGNS.vkey, "vkey": MALLORY_SIGNS.vkey, "signers": [MALLORY_SIGNS.vkey]}
    return [*rows, signed_anew(rows, {**rows[-3][0], **facts})]


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        (stripped, "verify-person-owed"),
        (mark_stripped, "verify-person"),
        (moved, "verify-person"),
        (swapped, "verify-person"),
        (malleated, "verify-person"),
        (spaced, "verify-person"),
        (edited, "verify-person"),
        (by_a_stranger, "verify-person-key"),
        (enrolled_over, "verify-key-change"),
        (replaced, "verify-key-change"),
    ],
)
def test_a_person_s_signature(signed: Signed, change: Callable[[Rows], Rows], breach: str) -> None:
    """By somebody who holds the ledger's key, so that nothing but the person's signature can tell."""
    rewrite(signed.folder, change)
    breaches, code = judged(signed)
    assert breach in breaches
    assert code == (PROVED if breach in CUSTODY else BROKEN)


def test_the_acts_are_the_same_in_both() -> None:
    assert verify_ledger.ACTS == signature.ACTS


def test_a_policy_s_persons(signed: Signed) -> None:
    for persons, expected in (((WEI_SIGNS.vkey,), set()), ((LAN_SIGNS.vkey,), {"verify-person-unconfirmed"})):
        policy = Policy(logs=(signed.vkey,), persons=persons)
        assert ours(signed.folder, Trust((signed.vkey,), policy, strict=False)) == (set(), expected)
    stranger = checkpoint.verifier_key(signed.vkey.partition("+")[0], forged_key().public)
    assert "verify-policy-log" in ours(signed.folder, Trust((signed.vkey,), Policy(logs=(stranger,))))[0]


def test_an_act_that_nobody_signed(signed: Signed) -> None:
    rewrite(signed.folder, lambda rows: [row for row in rows if not row[1]] + [({**rows[-1][0], "signers": []}, "")])
    policy = Policy(logs=(signed.vkey,))
    assert ours(signed.folder, Trust((signed.vkey,), policy, strict=False)) == (set(), set())
    assert ours(signed.folder, Trust((signed.vkey,), policy)) == (set(), {"verify-acts-unsigned"})


@dataclass(frozen=True)
class Forger:
    """Whoever notes a key and signs nothing."""

    vkey: str

    def sign(self, message: bytes) -> bytes:
        return b"forged"


def enrolled(rows: Rows, person: str, key: Checked | Forger) -> dict[str, Any]:
    facts = {"person": person, "vkey": key.vkey, "signers": [key.vkey], "kind": "key.enroll"}
    return {**next(body for body, sig in rows if sig), **facts}


def entered(rows: Rows, body: dict[str, Any], key: Checked | Forger) -> Rows:
    """One entry more, signed with the key."""
    last = bytes(32)
    for seq, (each, sig) in enumerate(rows):
        last = entry_leaf(canonical.encode({**each, "seq": seq, "prev": last.hex()}), sig)
    text = canonical.encode({**body, "seq": len(rows), "prev": last.hex()})
    return [*rows, (body, signature.sign(text, [key]))]


def test_one_key_for_two_persons(signed: Signed) -> None:
    def change(rows: Rows) -> Rows:
        revoked = {**enrolled(rows, "Wei", WEI_SIGNS), "kind": "key.revoke"}
        other = signer("Lan", WEI)
        rows = entered(rows, revoked, WEI_SIGNS)
        return entered(rows, enrolled(rows, "Lan", other), other)

    rewrite(signed.folder, change)
    assert judged(signed) == ({"verify-key-change"}, PROVED)


def test_a_key_under_another_s_name(signed: Signed) -> None:
    rewrite(signed.folder, lambda rows: entered(rows, enrolled(rows, "Wang", LAN_SIGNS), LAN_SIGNS))
    breaches, code = judged(signed)
    assert ("verify-key-change" in breaches, code) == (True, PROVED)


@pytest.mark.parametrize("algorithm", ["ecdsa-p256-sha256", "sm2-sm3"])
def test_a_signature_that_the_stand_alone_cannot_check(signed: Signed, algorithm: str) -> None:
    forger = Forger(signature.verifier_key("Wei", algorithm, b"a key"))

    def change(rows: Rows) -> Rows:
        return entered([row for row in rows if not row[1]], enrolled(rows, "Wei", forger), forger)

    rewrite(signed.folder, change)
    code, said = theirs(signed.folder, "--key", signed.vkey)
    assert (code, "cannot be checked: Wei" in said) == (NOT_CHECKED, True)


@pytest.mark.parametrize("sess", [0, 99_999, None])
def test_an_act_of_no_session(signed: Signed, sess: int | None) -> None:
    body = {"kind": "note.add", "text": "nobody's", **({} if sess is None else {"sess": sess})}

    def change(rows: Rows) -> Rows:
        common = {name: rows[-1][0][name] for name in ("v", "t", "boot", "mono", "salt")}
        return [*rows, ({**common, **body}, "")]

    rewrite(signed.folder, change)
    breaches, code = judged(signed)
    assert ("verify-act-session" in breaches, code) == (True, PROVED)


@pytest.mark.parametrize(("said", "code"), [(0, PROVED), (2_000_001, BROKEN)])
def test_a_step_of_the_clock_is_as_it_was(signed: Signed, said: int, code: int) -> None:
    def change(rows: Rows) -> Rows:
        common = {name: rows[-1][0][name] for name in ("v", "t", "boot", "mono", "salt")}
        return [*rows, ({**common, "kind": "time.step", "microseconds": said}, "")]

    rewrite(signed.folder, change)
    assert theirs(signed.folder, "--key", signed.vkey)[0] == code


def test_a_key_that_nobody_confirms(signed: Signed) -> None:
    assert theirs(signed.folder, "--key", signed.vkey, "--strict")[0] == NOT_CHECKED
    assert theirs(signed.folder, "--key", signed.vkey, "--strict", "--person", WEI_SIGNS.vkey)[0] == PROVED


def test_a_file_without_its_name(signed: Signed) -> None:
    def change(rows: Rows) -> Rows:
        held = next(body for body, _ in rows if body["kind"] == "artifact.held")
        held["parcel"] = held["parcel"][:1]
        return [row for row in rows if not row[1]]

    rewrite(signed.folder, change)
    assert theirs(signed.folder, "--key", signed.vkey)[0] == BROKEN


def test_a_head_with_a_malformed_mark_beside_its_own(signed: Signed) -> None:
    sql = shell(signed.folder)
    sql.execute("UPDATE checkpoint SET note = note || '— x !!!' || char(10)")
    sql.close()
    assert theirs(signed.folder, "--key", signed.vkey)[0] == BROKEN


def test_a_view_in_the_place_of_the_entries(signed: Signed) -> None:
    sql = shell(signed.folder)
    for line in ("ALTER TABLE entry RENAME TO other", "CREATE VIEW entry AS SELECT * FROM other"):
        sql.execute(line)
    sql.close()
    assert theirs(signed.folder, "--key", signed.vkey)[0] == BROKEN


# -- adoptions


def test_an_adoption_with_a_stranger_s_key(signed: Signed) -> None:
    """Nobody from outside vouches for the key: never proved, and said."""
    other = forged_key()
    vkey = checkpoint.verifier_key(signed.vkey.partition("+")[0], other.public)

    def change(rows: Rows) -> Rows:
        session = next(seq for seq, (body, _) in enumerate(rows) if body["kind"] == "session.open")
        facts = {"kind": "case.adopt", "vkey": vkey, "machine": "", "disk": "", "reason": "moved", "sess": session}
        return [*[row for row in rows if not row[1]], ({**rows[1][0], **facts}, "")]

    rewrite(signed.folder, change)
    sql = shell(signed.folder)
    size, note = sql.execute("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    head, _ = checkpoint.parse(note)
    by_other = checkpoint.sign(head, other.sign, other.public)
    assert "verify-signature" in ours(signed.folder, Trust((signed.vkey,)))[0]  # by the key that was in force before
    assert theirs(signed.folder, "--key", signed.vkey, "--key", vkey)[0] == BROKEN
    sql.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (by_other, size))
    sql.close()
    breaches, remarks = ours(signed.folder, Trust((signed.vkey,)))
    assert (breaches, "verify-adopted-unknown" in remarks) == (set(), True)
    assert theirs(signed.folder, "--key", signed.vkey)[0] == NOT_CHECKED
    assert theirs(signed.folder, "--key", vkey)[0] == NOT_CHECKED
    assert theirs(signed.folder, "--key", signed.vkey, "--key", vkey)[0] == PROVED
    assert "verify-adopted-unknown" not in ours(signed.folder, Trust((signed.vkey, vkey)))[1]


# -- anchors


@dataclass(frozen=True)
class Outside:
    """Who vouches: a time-stamp authority and a witness."""

    authority: Authority
    witness: str
    trust: Trust

    def options(self) -> tuple[object, ...]:
        return "--tsa-ca", self.authority.ca


def cosigned(note: str) -> bytes:
    public = LAN.public_key().public_bytes_raw()
    return cosignature.sign(note, "Lan", public, LAN.sign, 1_790_000_000).encode()


@pytest.fixture
def outside(signed: Signed, tmp_path: Path) -> Outside:
    authority = Authority(tmp_path / "authority")
    witness = cosignature.verifier_key("Lan", LAN.public_key().public_bytes_raw())
    policy = Policy(logs=(signed.vkey,), witnesses={"Lan": witness}, quorum="Lan", tsas=(str(authority.ca),))
    with Ledger.open(signed.folder / LEDGER, keys.load()) as ledger:
        head, note = ledger.head(), ledger.head_note()
        answer = authority.answers(timestamp.request(head.text()))
        tokens = (("rfc3161", answer), ("rfc3161", authority.token(answer)), ("cosignature", cosigned(note)))
        for kind, token in tokens:
            anchor(ledger, kind, head, token)
    return Outside(authority, witness, Trust((signed.vkey,), policy, strict=False))


def anchor(ledger: Ledger, kind: str, head: Checkpoint, token: bytes) -> None:
    stamp = timestamp.parse(token) if kind == "rfc3161" else cosignature.lines(token.decode())[-1]
    by = stamp.by if isinstance(stamp, timestamp.Token) else stamp.name
    with ledger.transaction() as writing:
        facts = {"token": base64.b64encode(token).decode(), "time": stamp.time, "by": by}
        writing.add("anchor.add", type=kind, size=head.size, root=head.root.hex(), **facts)


def test_anchors_hold(signed: Signed, outside: Outside) -> None:
    breaches, remarks = ours(signed.folder, outside.trust)
    assert (breaches, "verify-witnessed" in remarks) == (set(), True)
    code, said = theirs(signed.folder, "--key", signed.vkey, *outside.options())
    assert (code, said.count("已由外部证实 proved")) == (PROVED, 1)
    code, said = theirs(signed.folder, "--key", signed.vkey)
    assert (code, said.count("未证实 unproved")) == (PROVED, 2)


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: path.parts[-3])
def test_every_python_at_hand(signed: Signed, outside: Outside, python: Path) -> None:
    asked = subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 8))"], check=False)
    if asked.returncode:
        pytest.skip("older than it is written for")
    options = ("--key", signed.vkey, "--person", WEI_SIGNS.vkey, *outside.options())
    assert theirs(signed.folder, *options, python=python)[0] == PROVED
    rewrite(signed.folder, lambda rows: [({**body, "by": "y"}, sig) for body, sig in rows])
    assert theirs(signed.folder, *options, python=python)[0] == BROKEN


@pytest.mark.parametrize("kind", ["rfc3161", "cosignature"])
@pytest.mark.parametrize("way", ["size", "root", "token"])
def test_an_anchor_moved_to_another_head(signed: Signed, outside: Outside, kind: str, way: str) -> None:
    """With the ledger's key, and seen without any key of the authority or the witness."""

    def change(rows: Rows) -> Rows:
        body = next(body for body, _ in rows if body.get("type") == kind)
        roots = {size: root.hex() for size, root in heads.items()}
        size = min(roots)
        body |= {"size": {"size": size}, "root": {"root": roots[size]}, "token": {"size": size, "root": roots[size]}}[
            way
        ]
        return rows

    with Ledger.open(signed.folder / LEDGER) as ledger:
        heads = {size: root for size, root, _ in ledger.checkpoints()}
    rewrite(signed.folder, change)
    breaches, _ = ours(signed.folder, Trust((signed.vkey,)))
    assert breaches == {"verify-anchor-moved" if way == "token" else "verify-anchor-root"}
    assert theirs(signed.folder, "--key", signed.vkey)[0] == BROKEN


def test_an_anchor_by_somebody_else(signed: Signed, outside: Outside, tmp_path: Path) -> None:
    """An authority and a witness of the attacker's own, over the right head: seen by whoever knows the right ones."""
    other = Authority(tmp_path / "other", "Other TSA")
    with Ledger.open(signed.folder / LEDGER, keys.load()) as ledger:
        head = ledger.head()
        anchor(ledger, "rfc3161", head, other.answers(timestamp.request(head.text())))
    assert judged(signed) == (set(), PROVED)
    assert ours(signed.folder, outside.trust)[0] == {"verify-anchor-signature"}
    assert theirs(signed.folder, "--key", signed.vkey, *outside.options())[0] == BROKEN


def test_a_cosignature_that_was_changed(signed: Signed, outside: Outside) -> None:
    with Ledger.open(signed.folder / LEDGER, keys.load()) as ledger:
        token = cosigned(ledger.head_note())
        lines = token.decode().splitlines()
        mark = bytearray(base64.b64decode(lines[-1].split()[-1]))
        mark[11] ^= 1  # a second earlier or later
        forged = "\n".join([*lines[:-1], f"— Lan {base64.b64encode(mark).decode()}", ""])
        anchor(ledger, "cosignature", ledger.head(), forged.encode())
    assert judged(signed) == (set(), PROVED)
    assert ours(signed.folder, outside.trust)[0] == {"verify-anchor-signature"}
    code, said = theirs(signed.folder, "--key", signed.vkey, *outside.options())
    assert (code, "Lan 未证实 unproved" in said) == (PROVED, True)  # it names cosignatures, and checks none


def test_without_openssl_it_says_so(signed: Signed, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert theirs(signed.folder, "--key", signed.vkey, *outside.options())[0] == NOT_CHECKED


# -- disposals


def dispose(case: Signed, rows: Rows) -> Rows:
    session = next(seq for seq, (body, _) in enumerate(rows) if body["kind"] == "session.open")
    facts = {"kind": "dispose", "target": case.held, "approved_by": [], "reason": "returned", "sess": session}
    return [*[row for row in rows if not row[1]], ({**rows[1][0], **facts}, "")]


def test_a_disposal_for_a_file_that_is_there(signed: Signed) -> None:
    rewrite(signed.folder, lambda rows: dispose(signed, rows))
    breaches, remarks = ours(signed.folder, Trust((signed.vkey,)))
    assert (breaches, "verify-disposed-present" in remarks) == (set(), True)
    assert theirs(signed.folder, "--key", signed.vkey)[0] == PROVED
    next((signed.folder / "EX-001").rglob("*.txt")).unlink()
    breaches, remarks = ours(signed.folder, Trust((signed.vkey,)))
    assert (breaches, remarks) == (set(), {"verify-disposed", "verify-acts-unsigned"})
    assert theirs(signed.folder, "--key", signed.vkey)[0] == PROVED


def test_a_disposal_that_nobody_signed(signed: Signed) -> None:
    """Wei has a key, and the entry bears no signature of his."""
    rewrite(signed.folder, lambda rows: [*rows, dispose(signed, rows)[-1]])
    breaches, code = judged(signed)
    assert (breaches, code) == ({"verify-person-owed"}, PROVED)


def test_a_file_that_went_without_an_entry(signed: Signed) -> None:
    shutil.rmtree(signed.folder / "EX-001")
    assert judged(signed) == ({"verify-missing"}, BROKEN)
