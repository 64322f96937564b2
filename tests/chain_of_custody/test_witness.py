"""The witness: cosigns what continues what it saw, and nothing else."""

import base64
import multiprocessing
import shutil
import subprocess
from pathlib import Path

import pytest

from chain_of_custody import checkpoint, cosignature, proof, witness
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.errors import CannotWrite, CaseError, ForensicError, IntegrityError, UsageError
from chain_of_custody.ledger import Ledger
from chain_of_custody.witness import Witness
from tests.chain_of_custody.conftest import MakeCase, WriteIn

EXAMPLE = (  # of c2sp.org/tlog-cosignature
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
NOW = 1_790_000_000


@pytest.fixture
def seeing(tmp_path: Path) -> Witness:
    return witness.create(tmp_path / "stick", "supervisor", None)


@pytest.fixture
def case(make_case: MakeCase, write_in: WriteIn) -> Case:
    made = make_case()
    grow(made, write_in)
    return made


def grow(case: Case, write_in: WriteIn, times: int = 3) -> None:
    with write_in(case) as session:
        for number in range(times):
            session.enter("note.add", text=f"note {number}")


def request(folder: Path, old: int, new: int | None = None) -> str:
    with Ledger.open(folder / LEDGER) as ledger:
        return proof.prove_consistency(ledger, old, new).text()


def vkey(case: Case) -> str:
    return case.ledger.verifier_key


def refused(seeing: Witness, asked: str, log: str = "") -> ForensicError:
    with pytest.raises(ForensicError) as error:
        seeing.cosign(asked, NOW, log)
    assert error.value.text("zh") != error.value.text("en")
    return error.value


def test_the_form_is_that_of_the_specification() -> None:
    (mark,) = cosignature.lines(EXAMPLE)
    assert mark.name == "witness.example.com/w1"
    assert mark.time == "2023-03-20T12:25:47.000000Z"


def test_a_cosignature_holds_by_openssl(case: Case, seeing: Witness, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, which checks the signature")
    note = seeing.cosign(request(case.folder, 0), NOW, vkey(case))
    assert note.startswith(case.ledger.head_note())
    text = note.partition("\n\n")[0] + "\n"
    blob = base64.b64decode(note.splitlines()[-1].split(" ")[2])
    (tmp_path / "message").write_text(f"cosignature/v1\ntime {NOW}\n{text}")
    (tmp_path / "signature").write_bytes(blob[12:])
    assert int.from_bytes(blob[4:12], "big") == NOW
    prefix = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of Ed25519 (RFC 8410)
    (tmp_path / "key").write_bytes(prefix + seeing.public)
    line = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "message"]
    subprocess.run([*line, "-sigfile", "signature"], cwd=tmp_path, check=True, capture_output=True)
    (mark,) = cosignature.lines(note)
    assert cosignature.holds(note, mark, seeing.vkey)
    assert not cosignature.holds(note.replace(text, text.replace("forensic", "training")), mark, seeing.vkey)
    again = seeing.cosign(request(case.folder, case.ledger.head().size), NOW + 1)
    assert [mark.seconds for mark in cosignature.lines(again)] == [NOW + 1]


def test_a_key_is_bound_to_its_name_and_type(seeing: Witness) -> None:
    assert cosignature.parse_verifier_key(seeing.vkey) == ("supervisor", seeing.public)
    of_a_log, of_another = checkpoint.verifier_key("supervisor", seeing.public), seeing.vkey.replace("super", "sub")
    for wrong in (of_a_log, of_another, "", "a+b+c"):
        with pytest.raises(ValueError):
            cosignature.parse_verifier_key(wrong)


def test_a_ledger_that_grows_is_followed(case: Case, seeing: Witness, write_in: WriteIn) -> None:
    assert seeing.heads.last(case.ledger.origin) is None
    seeing.cosign(request(case.folder, 0), NOW, vkey(case))
    before = case.ledger.head().size
    grow(case, write_in)
    note = seeing.cosign(request(case.folder, before), NOW)
    seen = seeing.heads.last(case.ledger.origin)
    assert seen
    assert seen.head == case.ledger.head() == checkpoint.parse(note)[0]
    (file,) = (seeing.folder / "heads").glob("*.note")
    assert file.stat().st_size < 500


def test_an_older_copy_is_a_rollback(case: Case, seeing: Witness, write_in: WriteIn, tmp_path: Path) -> None:
    before = case.ledger.head().size
    case.close()
    shutil.copytree(case.folder, tmp_path / "older")
    with Case.open(case.folder, writable=True) as live:
        grow(live, write_in, 5)
        log, size = live.ledger.verifier_key, live.ledger.head().size
    seeing.cosign(request(case.folder, 0), NOW, log)
    error = refused(seeing, request(tmp_path / "older", before))
    assert isinstance(error, IntegrityError)
    assert error.text().startswith(f"400 ROLLBACK {before} < {size}:")
    assert refused(seeing, request(tmp_path / "older", 0)).message_id == "witness-rollback"


def test_an_older_copy_that_went_on_is_a_fork(case: Case, seeing: Witness, write_in: WriteIn, tmp_path: Path) -> None:
    case.close()
    shutil.copytree(case.folder, tmp_path / "forked")
    for folder, times in ((case.folder, 2), (tmp_path / "forked", 9)):
        with Case.open(folder, writable=True) as grown:
            grow(grown, write_in, times)
    with Case.open(case.folder) as live:
        known, log = live.ledger.head().size, live.ledger.verifier_key
    seeing.cosign(request(case.folder, 0), NOW, log)
    with Ledger.open(tmp_path / "forked" / LEDGER) as forked:
        same = next(size for size, _, _ in forked.checkpoints() if size == known)
    for asked in (request(tmp_path / "forked", known), request(tmp_path / "forked", known, same)):
        error = refused(seeing, asked)
        assert isinstance(error, IntegrityError)
        assert error.text().startswith("422 FORK")
    seen = seeing.heads.last(f"{error.facts['origin']}")
    assert seen
    assert seen.head.size == known


def test_a_proof_from_another_size_is_told_the_right_one(case: Case, seeing: Witness, write_in: WriteIn) -> None:
    seeing.cosign(request(case.folder, 0), NOW, vkey(case))
    known = case.ledger.head().size
    grow(case, write_in)
    for old in (0, known - 1):
        error = refused(seeing, request(case.folder, old))
        assert type(error) is CaseError
        assert error.text().startswith("409")
        assert f"prove-consistency {known}" in str(error.hint_text())


def test_a_ledger_is_known_by_the_key_that_the_keeper_was_told(
    case: Case, seeing: Witness, make_case: MakeCase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert refused(seeing, request(case.folder, 0)).message_id == "witness-log-unknown"
    other = checkpoint.verifier_key(case.ledger.origin, bytes(32))
    assert refused(seeing, request(case.folder, 0), other).message_id == "witness-not-signed"
    assert refused(seeing, request(case.folder, 0), "no key").message_id == "witness-log-malformed"
    assert refused(seeing, request(case.folder, 0), vkey(make_case("other"))).message_id == "witness-log-of-another"
    seeing.cosign(request(case.folder, 0), NOW, vkey(case))
    assert refused(seeing, request(case.folder, case.ledger.head().size), other).message_id == "witness-not-signed"
    assert seeing.cosign(request(case.folder, case.ledger.head().size), NOW)


def test_what_is_no_request_is_refused(case: Case, seeing: Witness) -> None:
    good = request(case.folder, 2)
    bent = [good.replace("old 2", "old 02"), good.replace("old 2\n", "old 2\nAAAA\n"), good[:40]]
    for wrong in ("", "old x\n\n", *bent):
        assert isinstance(refused(seeing, wrong, vkey(case)), UsageError), wrong
    first = request(case.folder, 0).replace("old 0\n", f"old 0\n{base64.b64encode(bytes(32)).decode()}\n")
    assert refused(seeing, first, vkey(case)).message_id == "witness-fork"


def test_the_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    made = witness.create(tmp_path / "safe", "chief of lab", b"long and secret")
    assert made.name == "chief_of_lab"
    assert witness.is_encrypted(tmp_path / "safe")
    assert b"ENCRYPTED" in (tmp_path / "safe" / witness.KEY).read_bytes()
    assert (tmp_path / "safe" / witness.KEY).stat().st_mode & 0o077 == 0
    assert witness.load(tmp_path / "safe", b"long and secret").vkey == made.vkey
    for passphrase in (b"wrong", None):
        with pytest.raises(CaseError) as error:
            witness.load(tmp_path / "safe", passphrase)
        assert error.value.message_id == "witness-key-closed"


def test_a_key_that_is_not_that_of_the_folder_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        witness.create(tmp_path / name, name, None)
    shutil.copy(tmp_path / "two" / witness.KEY, tmp_path / "one" / witness.KEY)
    with pytest.raises(IntegrityError):
        witness.load(tmp_path / "one", None)


def test_a_witness_is_made_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(CaseError):
        witness.create(tmp_path / "full", "name", None)
    with pytest.raises(UsageError):
        witness.create(tmp_path / "new", " + ", None)
    with pytest.raises(CannotWrite):
        witness.create(tmp_path / "full" / "file" / "below", "name", None)
    with pytest.raises(CaseError):
        witness.load(tmp_path / "nobody", None)


def test_a_memory_that_was_bent_stops_the_witness(case: Case, seeing: Witness) -> None:
    seeing.cosign(request(case.folder, 0), NOW, vkey(case))
    (file,) = (seeing.folder / "heads").glob("*.note")
    file.write_bytes(b"bent")
    assert refused(seeing, request(case.folder, 0), vkey(case)).message_id == "heads-unreadable"


def _cosign(folder: Path, asked: str, log: str) -> bool:
    try:
        witness.load(folder, None).cosign(asked, NOW, log)
    except (CaseError, IntegrityError):
        return False
    return True


def test_two_requests_at_once_never_roll_the_memory_back(case: Case, seeing: Witness, write_in: WriteIn) -> None:
    for _ in range(3):
        grow(case, write_in, 1)
    sizes = [size for size, _, _ in case.ledger.checkpoints()]
    asked = [(seeing.folder, request(case.folder, 0, size), vkey(case)) for size in sizes]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        done = pool.starmap(_cosign, asked)
    assert sum(done) == 1
    seen = seeing.heads.last(case.ledger.origin)
    assert seen
    assert seen.head.size == sizes[done.index(True)]
