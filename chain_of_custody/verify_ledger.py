"""Checks a custody ledger, or an exported bundle of one, with nothing but Python's standard library (3.8 or newer).

Keys, SIZE:ROOT of heads and certificates come from outside, never from the folder under question. Nothing is written
beside it. Exit codes: 0 proved, 6 does not hold, 4 could not check what was asked, 2 wrong usage. Leaf: SHA-256(00 ||
body TAB sig); root: RFC 9162; heads: c2sp.org/signed-note, RFC 8032; anchors: RFC 3161, c2sp.org/tlog-cosignature.
"""

from __future__ import annotations

import argparse, base64, functools, hashlib, itertools, json, multiprocessing, os, re
import shutil, sqlite3, subprocess, sys, tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

RANGE, LONGEST = 1 << 14, 1 << 24  # entries that one task checks, bytes of one entry
FAULTS = """条目缺号 entries-missing 叶散列不符 wrong-leaf 条目正文不规范 body-not-canonical 编号或前一条的散列不符
chain-broken 时钟被拨动而无记载 clock-set-unsaid 索引隐藏了条目 hidden-by-the-index 数据库已损坏 database-damaged
表头格式不对 head-malformed 表头与条目或台账不符 head-of-something-else 表头签名与公钥不符 head-not-signed
表头所计条目不存在 head-over-missing-entries 末尾条目没有表头 end-not-sealed 与外部表头不符 not-as-outside-head
隐去而无导出记载 withheld-unsaid 个人签名不成立 person's-signature-wrong 缺少应有的签名或签名密钥无权
signature-owed-or-unauthorised 锚定不成立 anchor-wrong 存储卷不存在 no-such-volume 路径越出案件 path-leads-out 文件缺失
file-missing 文件内容不符 bytes-differ 不是普通文件 not-a-plain-file 台账未载的文件 file-without-entry""".split()
TOLD = {word: f"{zh} / {word.replace('-', ' ')}" for zh, word in zip(FAULTS[::2], FAULTS[1::2])}  # noqa: B905 (3.10)
ACTS = """exhibit.seal exhibit.unseal exhibit.handover exhibit.return note.add correct artifact.reassign
artifact.exclude dispose approve report.issue case.close case.reopen case.adopt key.enroll key.revoke key.replace
secret.add secret.reveal"""
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
LOG, WITNESS, SSH, OTHER = b"\x01", b"\x04", b"\xff\x0esshsig-ed25519", b""  # types of keys
DIGITS = bytes.maketrans(b"123456789", b"000000000")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(:?)')
NOTE = re.compile("([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*\n((?:— \\S+ \\S+\n)+)")
MARK = re.compile(r"— (\S+) ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\n")
DECODE = json.JSONDecoder(parse_float=int, parse_constant=int).decode  # `int` refuses what is not whole
ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")).encode


def add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:  # points of Ed25519, extended coordinates
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    one, two = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    three, four = 2 * D * t1 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return e * f % P, g * h % P, f * g % P, e * h % P


def windows(data: bytes, sign: int = 1) -> list[list[tuple[int, ...]]]:
    """The multiples 0 to 15 of a point, or its negative, times 16^n, n up to 63. Raises `ValueError` if it is none."""
    y, odd = int.from_bytes(data, "little") & (2**255 - 1), data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and odd):
        raise ValueError("not a point of the curve")
    x = sign * (x if x % 2 == odd else -x) % P
    tables = [list(itertools.accumulate([(0, 1, 1, 0), *[(x, y, 1, x * y % P)] * 15], add))]
    while len(tables) < 64:
        point = add(tables[-1][-1], tables[-1][1])
        tables.append(list(itertools.accumulate([(0, 1, 1, 0), *[point] * 15], add)))
    return tables


@functools.lru_cache(maxsize=64)
class Key:
    """A verifier key, `name+hash+base64(type || key)` (c2sp.org/signed-note). Raises `ValueError` if it is none."""

    base = windows((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))

    def __init__(self, line: str) -> None:
        self.line, (self.name, claimed, encoded) = line.strip(), line.strip().split("+", 2)
        blob = base64.b64decode(encoded, validate=True)
        self.id = hashlib.sha256(self.name.encode() + b"\n" + blob).digest()[:4]
        self.type = next(kind for kind in (LOG, WITNESS, SSH, OTHER) if blob.startswith(kind))
        self.public = blob[len(self.type) :]
        if self.id.hex() != claimed or (self.type and len(self.public) != 32):
            raise ValueError("not a verifier key")
        self.negative = windows(self.public, -1) if self.type else []

    def signed(self, message: bytes, signature: bytes) -> bool:
        if self.type == WITNESS:  # the time of signing, eight bytes, stands before the signature
            message = b"cosignature/v1\ntime %d\n" % int.from_bytes(signature[:8], "big") + message
            signature = signature[8:]
        elif self.type == SSH:  # OpenSSH PROTOCOL.sshsig, section 3
            fields = (b"custody-entry", b"", b"sha512", hashlib.sha512(message).digest())
            message = b"SSHSIG" + b"".join(len(field).to_bytes(4, "big") + field for field in fields)
        r, s = signature[:32], int.from_bytes(signature[32:], "little")
        if len(signature) != 64 or s >= L:
            return False
        k = int.from_bytes(hashlib.sha512(r + self.public + message).digest(), "little") % L
        both = ((self.base, s), (self.negative, k))
        x, y, z, _ = functools.reduce(add, (row[n >> 4 * i & 15] for rows, n in both for i, row in enumerate(rows)))
        inverse = pow(z, P - 2, P)
        return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little") == r


def levels_of(leaves: list[bytes]) -> list[list[bytes]]:  # all complete subtrees, by height
    levels, sha = [leaves], hashlib.sha256
    while len(levels[-1]) > 1:
        pairs = iter(levels[-1])
        levels.append([sha(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)])  # noqa: B905 (3.10)
    return levels


def root_at(levels: list[list[bytes]], size: int, right: bytes = b"") -> bytes:  # `right`: what stands right of them
    for height, level in enumerate(levels):
        if size >> height & 1:
            left = level[(size >> height) - 1]
            right = hashlib.sha256(b"\x01" + left + right).digest() if right else left
    return right


def body_of(raw: bytes) -> dict[str, Any] | None:  # if it is canonical: RFC 8785 without floats, its keys ASCII
    try:
        text = raw.decode("utf-8")
        body = DECODE(text)
        if not text.isascii() or (b"0" * 16 in raw.translate(DIGITS) and re.search(r"[:,\[]-?[0-9]{16}", text)):
            keys, bare = (key for key, colon in STRING.findall(text) if colon), STRING.sub("", text)
            if not all(key.isascii() for key in keys) or any(int(n) >= 2**53 for n in re.findall("[0-9]+", bare)):
                return None
        return body if isinstance(body, dict) and ENCODE(body) == text else None
    except (ValueError, RecursionError):
        return None


def faults_of(body: dict[str, Any], seq: int, last: bytes, before: dict[str, Any] | None) -> list[str]:
    try:
        faults = [] if body["seq"] == seq and body["prev"] == last.hex() else ["chain-broken"]
        said = [(each["t"], each["mono"], each["boot"]) for each in (before or body, body)]
        if said[0] != said[1] or before is None:
            (then, began), (now, mono) = [(datetime.strptime(t, "%Y-%m-%dT%H:%M:%S.%f%z"), int(m)) for t, m, _ in said]
            ran = timedelta(microseconds=(mono - began) / 1000)  # two seconds and a thousandth of it may be drift
            one_boot = said[0][2] == said[1][2] != "unknown" and body["kind"] != "time.step"
            if one_boot and abs(now - then - ran) > timedelta(seconds=2) + abs(ran) / 1000:
                faults.append("clock-set-unsaid")
        return faults
    except (KeyError, TypeError, ValueError, OverflowError):
        return ["body-not-canonical"]


def opened(note: object, vkeys: list[str]) -> tuple[str, int, bytes, bytes, list[bool]]:
    """Origin, size, root and text of a signed checkpoint, and of each signature by one of the keys whether it holds."""
    found = NOTE.fullmatch(note.decode("utf-8", "replace") if isinstance(note, bytes) else "")
    if not found:
        return "", 0, b"", b"", []
    text, keys = found[0][: found.start(4) - 1].encode(), [Key(vkey) for vkey in vkeys]
    marks = [(name, base64.b64decode(mark)) for name, mark in MARK.findall(found[4])]
    held = [k.signed(text, mark[4:]) for name, mark in marks for k in keys if (name, mark[:4]) == (k.name, k.id)]
    return found[1], int(found[2]), base64.b64decode(found[3]), text, held


def check(uri: str, start: int, stop: int, terms: list[Any], origin: str, sizes: list[int], passed: list[str]) -> Any:
    """Of entries [start, stop): root; (size, root, root claimed) of heads and sizes; what is wrong; what is said."""
    wrong, leaves, said, roots, last, before = [], [], [], [], bytes(32), None
    db, span = sqlite3.connect(uri, uri=True), (start, stop)
    db.text_factory = bytes
    db.execute(f"PRAGMA hard_heap_limit = {LONGEST << 4}")  # a longer value is a `MemoryError`
    listed = set(db.execute("SELECT seq FROM entry WHERE kind <> 'artifact.located' AND seq >= ? AND seq < ?", span))
    rows = "SELECT seq, leaf, body, sig FROM entry NOT INDEXED WHERE seq >= ? AND seq < ? ORDER BY seq"
    for seq, stored, raw, sig in db.execute(rows, (max(start - 1, 0), stop)):
        leaf, body = stored if isinstance(stored, bytes) else b"", None
        if isinstance(raw, bytes) and isinstance(sig, bytes):
            leaf, body = hashlib.sha256(b"\0" + raw + b"\t" + sig).digest(), body_of(raw)
        if seq >= start:
            leaves.append(leaf)
            faults = [] if len(leaf) == 32 and stored in (leaf, None) else ["wrong-leaf"]
            if raw is not None:
                faults += ["body-not-canonical"] if body is None else faults_of(body, seq, last, before)
            fields = body or {"kind": "" if raw else "withheld"}
            said += [(seq, fields, raw, sig)] if sig or "signers" in fields or fields.get("kind") not in passed else []
            hidden = (seq,) not in listed and fields.get("kind") != "artifact.located"
            wrong += [(fault, seq) for fault in (*faults, *["hidden-by-the-index"] * hidden)]
        last, before = leaf, body
    levels = levels_of(leaves)
    for size, root, note in db.execute("SELECT size, root, note FROM checkpoint WHERE size > ? AND size <= ?", span):
        named, counted, claimed, _, held = opened(note, next(vkeys for seq, vkeys in terms if seq < size))
        roots.append((size, root_at(levels, size - start), claimed or b"-"))
        same = (named, counted) == (origin, size) and root in (claimed, None)
        true = {"head-of-something-else": same, "head-not-signed": any(held)} if claimed else {"head-malformed": False}
        wrong += [(fault, size) for fault in true if not true[fault]]
    roots += [(size, root_at(levels, size - start), b"") for size in sizes if start < size <= stop]
    return root_at(levels, len(leaves)), roots, wrong, said


def check_persons(said: list[Any], confirmed: list[Any], hidden: set[int]) -> Iterator[tuple[str, Any]]:
    """Persons sign, rightly and with keys enrolled then; whoever has one signs each act of his sessions."""
    keys: dict[Any, str] = {}  # of persons
    persons, strange = {}, set()  # persons of sessions, keys not known from outside
    for seq, body, raw, sig in (one for one in said if one[2]):
        kind, signers, person = str(body.get("kind")), body.get("signers", []), body.get("person")
        marks = [base64.b64decode(mark, validate=True) for mark in sig.split(b" ")] if sig else []
        pairs = [(Key(vkey), mark) for vkey, mark in zip(signers, marks)]  # noqa: B905 (3.10)
        signed = [m[:4] == k.id and (not k.type or k.signed(b"custody-entry/v1\n" + raw, m[4:])) for k, m in pairs]
        if not len(signers) == len(signed) == len(marks) or not all(signed):
            yield "person's-signature-wrong", seq
        persons[seq] = [each["name"] for each in body.get("persons", [])]
        acting = {*persons.get(body.get("sess"), []), *body.get("approved_by", [])} & keys.keys()
        new = {person: body["vkey"]} if kind in ("key.enroll", "key.replace") else {}
        old = {"key.revoke": body.get("vkey"), "key.replace": body.get("old")}.get(kind)
        others = {*signers} & {vkey for each, vkey in keys.items() if each != person}
        changed = keys.get(person) == old and (old in (None, *signers) or len(others) > 1)
        owed = {*new.values(), *(keys[each] for each in acting if kind in ACTS.split())}
        if not owed <= {*signers} <= {*keys.values(), *new.values()} or not (changed or not kind.startswith("key.")):
            yield ("unchecked" if hidden else "signature-owed-or-unauthorised"), seq
        keys = {**{each: vkey for each, vkey in keys.items() if vkey != old}, **new}
        strange |= {k.name if k.type else k.name + "?" for k, _ in pairs} - {key.name for key in confirmed}
    yield from [("note", f"个人密钥未经外部确认 persons' keys not confirmed: {sorted(strange)}")] if strange else []


def der(data: bytes, *path: int) -> bytes:  # the content of the DER element that the numbers lead to
    for step in path:
        for _ in range(step + 1):
            long = max(data[1] - 128, 0)  # bytes of length that follow the first
            stop = 2 + long + (int.from_bytes(data[2 : 2 + long], "big") if long else data[1])
            content, data = data[2 + long : stop], data[stop:]
        data = content
    return data


def check_anchors(said: list[Any], roots: dict[int, bytes], origin: str, options: Any) -> Iterator[tuple[str, Any]]:
    for seq, body, *_ in (one for one in said if one[1]["kind"] == "anchor.add"):
        size, kind, token, when = body["size"], body["type"], base64.b64decode(body.get("token") or ""), ""
        text = f"{origin}\n{size}\n{base64.b64encode(bytes.fromhex(body['root'])).decode()}\n".encode()
        digest, right, proved = hashlib.sha256(text), roots.get(size, b"").hex() == body["root"], False
        if kind == "cosignature":
            *_, signed, held = opened(token, [key.line for key in options.witness])
            right, proved = right and signed == text and all(held), bool(held)
        elif kind == "rfc3161":
            bare = der(token, 0)[:1] == b"\x06"  # a token; else the response that brings it
            info = der(token, *((0, 1, 0) if bare else (0, 1, 1, 0)), 2, 1, 0, 0)
            when, proved = der(info, 4).decode(), bool(options.tsa_ca)
            right = right and der(info, 2, 1) == digest.digest()
            if right and proved:
                file, at = options.scratch / "token", datetime.strptime(when[:14] + "+0000", "%Y%m%d%H%M%S%z")
                file.write_bytes(token)
                line = ["openssl", "ts", "-verify", "-in", str(file), "-CAfile", str(options.tsa_ca), "-digest"]
                line += [digest.hexdigest(), "-attime", f"{at.timestamp():.0f}", *["-token_in"] * bare]
                right = not subprocess.run(line, capture_output=True, check=False).returncode  # noqa: S603
        told = f"锚定 anchor {kind} {size} {when} {'已由外部证实 proved' if proved else '未证实 unproved'}"
        yield ("note", f"{seq}: {told}") if right else ("anchor-wrong", seq)
        yield from [("outside", size)] if right and proved else []  # the size of a head that an anchor proves


def plain(path: Path, most: int = 1 << 16) -> Path:  # a pipe may hang, a device or a giant never end
    if path.is_symlink() or not path.is_file() or path.stat().st_size > most or not os.access(str(path), os.R_OK):
        raise OSError(f"不是可读的普通文件，或过大 / no regular file to be read, or too large: {path}")
    return path


def prepared(path: Path, scratch: Path) -> str:
    """URI of a database to read: the ledger itself, a copy of it with its log, or one made of a bundle."""
    if os.path.lexists(str(path / "entries.tsv")):
        db, file = sqlite3.connect(str(scratch / "bundle.sqlite")), scratch / "bundle.sqlite"
        db.executescript("PRAGMA application_id = 0x43555354; CREATE TABLE checkpoint(size, root, note)")
        db.executescript("CREATE TABLE meta(k, v); CREATE TABLE entry(seq INTEGER PRIMARY KEY, leaf, body, sig, kind)")
        for name in ("origin", "vkey"):
            db.execute("INSERT INTO meta VALUES(?, ?)", (name, plain(path / name).read_bytes().strip()))
        for note in (path / "checkpoints").glob("*.note"):
            db.execute("INSERT INTO checkpoint VALUES(?, NULL, ?)", (int(note.stem), plain(note).read_bytes()))
        with plain(path / "entries.tsv", shutil.disk_usage(str(scratch)).free).open("rb") as entries:
            for seq, line in enumerate(iter(lambda: entries.readline(LONGEST), b"")):
                if len(line) == LONGEST:
                    raise OSError(f"条目过长 / an entry is too long: {seq}")
                body, _, sig = line.rstrip(b"\n").partition(b"\t")
                leaf = re.match(b"[0-9a-f]{64}", sig) if body == b"withheld" else None
                row = (bytes.fromhex(leaf[0].decode()), None, b"") if leaf else (None, body, sig)
                kind = "case.adopt" if b'"kind":"case.adopt"' in body else ""
                db.execute("INSERT INTO entry VALUES(?, ?, ?, ?, ?)", (seq, *row, kind))
        db.commit()
        db.close()
        return file.resolve().as_uri() + "?mode=ro"
    path = plain(path / "custody.sqlite" if path.is_dir() else path, sys.maxsize)
    if sqlite3.sqlite_version_info < (3, 37):
        raise OSError("本机 SQLite 低于 3.37，请核对导出包 / this SQLite is older than 3.37: check an exported bundle")
    logs = [log for log in (path.with_name(path.name + end) for end in ("-wal", "-journal")) if log.is_file()]
    for file in (path, *logs) if logs else ():  # somebody has it open for writing
        shutil.copyfile(str(plain(file, shutil.disk_usage(str(scratch)).free)), str(scratch / file.name))
    if any(plain(log, 1 << 28).read_bytes()[:32] != (scratch / log.name).read_bytes()[:32] for log in logs):
        raise OSError("台账正在写入，请重试 / the ledger is being written: try again")
    file, mode = (scratch / path.name, "?mode=rw") if logs else (path, "?mode=ro&immutable=1")
    return file.resolve().as_uri() + mode


def check_ledger(uri: str, options: argparse.Namespace, said: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yields what is wrong as word and place, and what else is to be said as "note", "unchecked" or "counted"."""
    db = sqlite3.connect(uri, uri=True)
    if db.execute("PRAGMA application_id").fetchone()[0] != 0x43555354:
        raise OSError("不是台账 / this is not a ledger")
    meta = {"origin": "", "vkey": "", **dict(db.execute("SELECT k, CAST(v AS TEXT) FROM meta"))}
    adopts = "SELECT seq, body FROM entry WHERE kind <> 'artifact.located' AND kind = 'case.adopt' ORDER BY seq DESC"
    terms = [(seq, [str(json.loads(body)["vkey"])]) for seq, body in db.execute(adopts)]
    given, adopted = {key.line for key in options.key}, {vkey for _, vkeys in terms for vkey in vkeys}
    terms.append((-1, [*(given - adopted)] or [meta["vkey"]]))
    yield from (("unchecked", f"没有外来公钥 no key from outside: {k}") for k in adopted.union(terms[-1][1]) - given)
    count, first, last = db.execute("SELECT count(*), min(seq), max(seq) FROM entry NOT INDEXED").fetchone()
    beyond = db.execute("SELECT size FROM checkpoint WHERE size < 1 OR size > ?", (count,)).fetchall()
    yield from (("head-over-missing-entries", size) for (size,) in beyond)
    if missing := (first, last) != (0, count - 1):
        yield "entries-missing", f"{first}-{last}: {count}"
    passed = ["artifact.located", *([] if options.files else ["artifact.held"])]
    common = terms, meta["origin"], [size for size, _ in options.expect], passed
    tasks = [(uri, start, min(start + RANGE, count), *common) for start in range(0, 0 if missing else count, RANGE)]
    with multiprocessing.Pool(options.processes) as pool:
        parts = pool.starmap(check, tasks, chunksize=1)
    levels, roots, sealed = levels_of([root for root, *_ in parts]), {}, 0
    for index, (_, here, wrong, bodies) in enumerate(parts):
        yield from wrong
        said += bodies
        for size, root, claimed in here:
            roots[size] = root_at(levels, index, root)
            if claimed and roots[size] != claimed:
                yield "head-of-something-else", size
            sealed = max(sealed, size if claimed else 0)
    yield from (("not-as-outside-head", size) for size, root in options.expect if roots.get(size) != root)
    withheld = {seq for seq, body, *_ in said if body["kind"] == "withheld"}
    exports = " ".join(str(body.get("withheld")) for _, body, *_ in said if body["kind"] == "export")
    spans = ((int(a), int(b or a) + 1) for a, b in re.findall("([0-9]+)-?([0-9]*)", exports))
    yield from (("withheld-unsaid", seq) for seq in withheld.difference(*(range(a, min(b, count)) for a, b in spans)))
    yield from check_persons(said, options.person, withheld)
    yield from (anchored := [*check_anchors(said, roots, meta["origin"], options)])
    for kind, word in {"withheld": "隐去", "artifact.exclude": "排除", "dispose": "处置"}.items():
        if some := [body.get("target", seq) for seq, body, *_ in said if body["kind"] == kind]:
            yield "note", f"{word} {kind}: {len(some)} {some}"
    if sealed < count:
        yield "end-not-sealed" if options.strict else "note", f"{sealed}: 其后没有表头 / no head after it"
    if max([0, *common[2], *(size for word, size in anchored if word == "outside")]) < count:
        yield "note", "外部表头之后，持钥人可改而不显 / after the last outside head the key holder can rewrite unseen"
    yield "counted", f"{count} 条 entries, {sealed} 条有表头 under heads, {meta['origin']}"


def check_files(root: Path, said: list[Any]) -> Iterator[tuple[str, Any]]:
    disposed = [body["target"] for _, body, *_ in said if body["kind"] == "dispose"]
    volumes = [body["volume"] for _, body, *_ in said if body["kind"] == "volume.add"]
    ours = [name + end for name in ("custody.sqlite", "index.sqlite") for end in ("", "-wal", "-shm", "-journal")]
    expected = {root / name for name in (*ours, "forensic-volume.json")}
    withheld = any(body["kind"] == "withheld" for _, body, *_ in said)
    for seq, body, *_ in (one for one in said if one[1]["kind"] == "artifact.held"):
        if body["volume"] != "case":
            yield "unchecked" if withheld or body["volume"] in volumes else "no-such-volume", f"{seq}: {body['volume']}"
            continue
        for file, name in zip(body["files"], body["parcel"][1:]):  # noqa: B905 (3.10)
            final, fault = root / file["path"], "path-leads-out"
            if not re.search(r"^/|(^|/)\.\.(/|$)|[:\\\0]", f"{file['path']}//{body['parcel'][0]}/{name}"):
                expected.add(final)
                waiting, digest = root / "intake" / body["parcel"][0] / name, hashlib.sha256()
                path = final if os.path.lexists(str(final)) else waiting
                fault = "not-a-plain-file" if os.path.lexists(str(path)) else "file-missing"
                if path.is_file() and not path.is_symlink():
                    with path.open("rb") as stream:
                        any(map(digest.update, iter(lambda: stream.read(1 << 20), b"")))
                    fault = "" if digest.hexdigest() == file["sha256"] else "bytes-differ"
            if fault and not (fault == "file-missing" and seq in disposed):
                yield fault, seq
    for path in sorted({*root.rglob("*")} - expected):
        parcelled = re.fullmatch("intake/[0-9a-f]{16}/[^/]+", path.relative_to(root).as_posix())
        if path.is_symlink() or not (path.is_dir() or parcelled):
            yield ("unchecked" if withheld else "file-without-entry"), str(path)


def outside_head(text: str) -> tuple[int, bytes]:
    ((size, root),) = re.findall("^([1-9][0-9]{0,15}):([0-9A-Fa-f]{64}|[A-Za-z0-9+/]{43}=)$", text)
    return int(size), bytes.fromhex(root) if len(root) == 64 else base64.b64decode(root)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="台账、案件或导出包 ledger, case or bundle")
    parser.add_argument("--key", type=Key, action="append", default=[], help="台账公钥 ledger key")
    parser.add_argument("--person", type=Key, action="append", default=[], help="个人公钥 a person's key")
    parser.add_argument("--witness", type=Key, action="append", default=[], help="见证人公钥 a witness's key")
    parser.add_argument("--expect", type=outside_head, action="append", default=[], help="外部表头 SIZE:ROOT")
    parser.add_argument("--tsa-ca", type=Path, metavar="PEM", help="时间戳机构证书 of the time-stamp authority")
    parser.add_argument("--files", type=Path, help="案件文件夹 case folder, to check its files too")
    parser.add_argument("--strict", action="store_true", help="末尾须有表头 every entry must be under a head")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    found: list[Any] = []
    options, said = parser.parse_args(), found[:]
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # for a console without the characters
    try:
        with tempfile.TemporaryDirectory() as scratch:
            options.scratch = Path(scratch)
            found.extend(check_ledger(prepared(options.path, options.scratch), options, said))
        found.extend(check_files(options.files, said) if options.files else ())
    except (OSError, MemoryError) as error:
        found.append(("unchecked", error))
    except (sqlite3.DatabaseError, LookupError, TypeError, ValueError, AttributeError) as error:
        found.append(("database-damaged", repr(error)))
    breaches = [f"{place}: {TOLD[word]}" for word, place in found if word in TOLD]
    told = {each: [str(at) for word, at in found if word == each] for each in ("unchecked", "counted", "note")}
    unsure = (4, "未能核对 COULD NOT CHECK") if told["unchecked"] else (0, "已证实 PROVED")
    code, verdict = (6, "不符 DOES NOT HOLD") if breaches else unsure
    lines = breaches[:20] + told["unchecked"][:20] + told["counted"] + told["note"]
    for line in (f"{verdict}: {(told['counted'] if code == 0 else lines)[0]}", *lines):  # text of unknown origin
        sys.stdout.write("".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in line[:300]) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
