"""The whole way over published media, compared with what their publishers or other programs say of them."""

import gzip
import hashlib
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import adler32

import pytest

from tests.examiner import Examiner

pytestmark = pytest.mark.corpus
Corpus = Callable[[str], Path]


def taken(examiner: Examiner, *files: Path) -> dict[str, Any]:
    received = ("--exhibit", "EX-001", "--from", "当事人", "--received-at", "2026-01-05", "--kind", "bill")
    examiner.asks("take", *files, *received)
    return examiner.asks("parse", "EX-001")


def one(answer: dict[str, Any], parser: str) -> dict[str, Any]:
    (read,) = (read for read in answer["parsers"] if read["name"] == parser)
    return read


def test_cfreds_001(at_work: Examiner, corpus: Corpus, tmp_path: Path) -> None:
    image = corpus("filesystems/CFReDS001.E01")
    answer = at_work.asks("acquire", "image", image, "--exhibit", "EX-001")
    assert answer["verdict"] == "complete"
    assert answer["md5"] == answer["stored"]["md5"]
    if shutil.which("ewfinfo"):
        told = subprocess.run(["ewfinfo", image], check=True, capture_output=True, text=True).stdout
        assert answer["md5"] in told
    files = {file["name"]: file for file in at_work.asks("recover", "EX-001")["files"]}
    snacks = files["закуски.txt"]
    assert (snacks["status"], snacks["sha256"], snacks["runs"]) == ("overwritten", None, [])
    (letter,) = (file for file in files.values() if file["size"] == 1746)
    assert letter["sha256"].startswith("bda274e5")
    assert any("\u0400" <= letter_ <= "\u04ff" for letter_ in letter["name"])
    done = at_work.types("open", letter["seq"])
    assert hashlib.sha256(done.bytes).hexdigest() == letter["sha256"]
    assert at_work.types("export", "files", "EX-001", "--to", tmp_path / "out").code in (0, 3)
    assert at_work.types("verify").code == 0


@pytest.mark.parametrize("container", ["ext2.raw.gz", "ext2.splitraw.000", "ext2.E01", "ext2.split.E01"])
def test_one_disk_in_several_containers(at_work: Examiner, corpus: Corpus, tmp_path: Path, container: str) -> None:
    truth = json.loads(corpus("truth/ext2-same-disk-7-containers.json").read_text("utf-8"))
    image = corpus(f"containers/{container}")
    if image.suffix == ".gz":
        image = tmp_path / "ext2.raw"
        image.write_bytes(gzip.decompress(corpus(f"containers/{container}").read_bytes()))
    answer = at_work.asks("acquire", "image", image, "--exhibit", "EX-001")
    assert (answer["sha256"], answer["md5"]) == (truth["expected_sha256"], truth["expected_md5"])
    listed = {file["path"] for file in at_work.asks("files", "EX-001")["files"]}
    assert listed >= {file["path"].rstrip("/") for file in truth["files"]}


@pytest.mark.parametrize("container", ["ext2.qcow2", "ext2.vmdk", "ext2.vhd", "ext2.raw.gz"])
def test_a_container_that_is_not_read_is_refused(at_work: Examiner, corpus: Corpus, container: str) -> None:
    done = at_work.types("acquire", "image", corpus(f"containers/{container}"), "--exhibit", "EX-001")
    assert done.code == 4
    assert not [body for body in at_work.entries() if body["kind"] == "artifact.held"]


@pytest.mark.parametrize(
    ("first", "kept"), [("ext2.split.E01", []), ("ext2.splitraw.000", []), ("ext2.split.E02", ["ext2.split.E02"])]
)
def test_a_missing_segment_is_4(at_work: Examiner, corpus: Corpus, tmp_path: Path, first: str, kept: list[str]) -> None:
    for name in {first, *kept}:
        shutil.copy(corpus(f"containers/{name}"), tmp_path)
    done = at_work.types("acquire", "image", tmp_path / first, "--exhibit", "EX-001")
    assert done.code == 4, done.said
    assert not [body for body in at_work.entries() if body["kind"] == "artifact.held"]


def flipped(container: bytes, md5: bytes, *, mended: bool) -> bytes:
    """An E01 whose stored MD5 has one bit wrong. `mended`: the sections' own checksums, Adler-32 over the 32 bytes of
    a hash section and the 76 of a digest section, agree with it again."""
    data = bytearray(container)
    place = data.find(md5)
    while place >= 0:
        ends = [
            place + n
            for n in (32, 76)
            if int.from_bytes(data[place + n :][:4], "little") == adler32(data[place : place + n])
        ]
        data[place] ^= 1
        for end in ends if mended else ():
            data[end : end + 4] = adler32(data[place:end]).to_bytes(4, "little")
        place = data.find(md5, place + 1)
    return bytes(data)


def test_a_stored_hash_that_differs_is_6_and_the_image_is_kept(
    at_work: Examiner, corpus: Corpus, tmp_path: Path
) -> None:
    container = corpus("containers/ext2.E01").read_bytes()
    md5 = json.loads(corpus("truth/ext2-same-disk-7-containers.json").read_text("utf-8"))["expected_md5"]
    torn, wrong = tmp_path / "torn.E01", tmp_path / "wrong.E01"
    torn.write_bytes(flipped(container, bytes.fromhex(md5), mended=False))
    wrong.write_bytes(flipped(container, bytes.fromhex(md5), mended=True))
    assert torn.read_bytes() != container != wrong.read_bytes()
    assert at_work.types("acquire", "image", torn, "--exhibit", "EX-001").code == 4
    done = at_work.types("--json", "acquire", "image", wrong, "--exhibit", "EX-001")
    assert done.code == 6, done.said
    assert done.json["verdict"] == "mismatch"
    assert done.json["md5"] == md5
    (finding,) = (f for f in done.json["findings"] if f["code"] == "acquire-stored-hash-differs")
    assert finding["severity"] == "error"
    assert [body for body in at_work.entries() if body.get("what") == "image"]
    assert at_work.types("verify").code == 0
    assert at_work.asks("files", "EX-001")["files"]


def test_undelete_6(at_work: Examiner, corpus: Corpus, tmp_path: Path) -> None:
    truth = json.loads(corpus("truth/fat-undelete-6.json").read_text("utf-8"))
    packed, member = truth["image"].split("!")
    with zipfile.ZipFile(corpus(f"filesystems/{packed}")) as archive:
        image = Path(archive.extract(member, tmp_path))
    answer = at_work.asks("acquire", "image", image, "--exhibit", "EX-001")
    assert (answer["sha256"], answer["md5"]) == (truth["sha256"], truth["md5"])
    found = {file["name"].upper()[1:]: file for file in at_work.asks("recover", "EX-001")["files"]}
    for file in truth["files"]:
        recovered = found[Path(file["name"]).name.upper()[1:]]  # a short name has lost its first letter
        right = recovered["sha256"] == file["sha256_true_content"]
        if recovered["status"] in ("intact", "inferred"):
            assert right, file["name"]
        if file["fragmented"] and not right:
            assert recovered["status"] not in ("intact", "inferred")


@pytest.mark.parametrize("name", ["example-wechat-records.csv", "example-wechat-records.xlsx"])
def test_a_published_wechat_bill(at_work: Examiner, corpus: Corpus, name: str) -> None:
    answer = taken(at_work, corpus(f"payments/wechat/{name}"))
    assert one(answer, "wechat-bill")["records"] == {"payment": 27}
    assert any("declare" in finding["code"] for finding in answer["findings"])
    (source,) = at_work.asks("payments")["totals"]
    assert source["rows"] == 27


def test_a_published_alipay_bill(at_work: Examiner, corpus: Corpus) -> None:
    answer = taken(at_work, corpus("payments/alipay/example-alipay-records.csv"))
    assert one(answer, "alipay-bill")["records"] == {"payment": 10}


def test_a_published_message_store(at_work: Examiner, corpus: Corpus) -> None:
    answer = taken(at_work, corpus("chats/mmssms.db"))
    assert one(answer, "android-sms")["records"]["message"] == 9
    assert sum(c["live"] + c["other"] + c["placeholders"] for c in at_work.asks("chats")["conversations"]) == 9


def test_status_rows_of_a_published_whatsapp_store_have_no_time(at_work: Examiner, corpus: Corpus) -> None:
    answer = taken(at_work, corpus("chats/whatsapp/msgstore.db"))
    assert one(answer, "whatsapp-android")["records"]["message"] > 9
    conversations = at_work.asks("chats")["conversations"]
    messages = [
        message
        for conversation in {c["conversation"] for c in conversations}
        for message in at_work.asks("chats", "--conversation", conversation)["messages"]
    ]
    status = [message for message in messages if message["conversation"] == "status@broadcast"]
    assert [message["time"]["utc"] for message in status] == [None] * 9
    assert at_work.types("chats").code == 0
