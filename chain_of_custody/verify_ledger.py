"""Checks a custody ledger, or an exported bundle of one, with nothing but Python's standard library (3.8 or newer).

Keys, SIZE:ROOT of heads and certificates come from outside, never from the folder under question; nothing is written
there. Exit codes: 0 proved, 6 does not hold, 4 could not check what was asked, 2 wrong usage. Leaf: SHA-256(00 || body
TAB sig); root: RFC 9162; heads: c2sp.org/signed-note, RFC 8032; anchors: RFC 3161. Named and not checked: signatures by
ECDSA, SM2 and ssh keys, witnesses' cosignatures, who owes a signature, entries of more than 1 MiB.
"""

from __future__ import annotations

import argparse, base64, functools, hashlib, itertools, json, multiprocessing, os, re, shutil, sqlite3, subprocess, sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

RANGE, LONGEST, MOST = 1 << 14, 1 << 20, 100  # entries a task checks, bytes of one, faults after which a task stops
ACTS = {*"""exhibit.seal exhibit.unseal exhibit.handover exhibit.return note.add correct dispose artifact.reassign
artifact.exclude approve report.issue case.close case.reopen case.adopt key.enroll key.revoke key.replace secret.add
secret.reveal""".split()}
SCHEMA = "86333109a1818bb8a02f3063558d604d74bce5690f9dc647537fbeb5dc466e49"  # SHA-256 of the SQL of its tables
LACKING, GONE = "条目缺少应有内容 / the entry lacks something", "文件缺失 / the file is missing"
NAMED = {"withheld": "隐去", "artifact.exclude": "排除", "dispose": "处置"}
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
DAMAGE = sqlite3.Error, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError
ED25519 = b"\x01"  # the type of key that is checked here, and those that are not
OTHERS = b"\xff\x11ecdsa-p256-sha256", b"\xff\x07sm2-sm3", b"\xff\x0esshsig-ed25519"
DIGITS = bytes.maketrans(b"123456789", b"000000000")
MARK = "— \\S+ (?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\n"
NOTE = re.compile(f"(([^\n]+)\n(0|[1-9][0-9]{{0,15}})\n([A-Za-z0-9+/]{{43}}=)\n(?:[^\n]+\n)*)\n((?:{MARK})+)")
STAMPED = re.compile("(....)(..)(..)(..)(..)(..)(?:[.]([0-9]{1,6}))?Z", re.ASCII)
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
        self.type = next((kind for kind in (ED25519, *OTHERS) if blob.startswith(kind)), b"")
        self.public = blob[len(self.type) :]
        if not self.type or self.id.hex() != claimed or (self.type == ED25519 and len(self.public) != 32):
            raise ValueError("not a verifier key")
        self.negative = windows(self.public, -1) if self.type == ED25519 else []
    def signed(self, message: bytes, signature: bytes) -> bool:
        r, s = signature[:32], int.from_bytes(signature[32:], "little")
        if len(signature) != 64 or s >= L or not self.negative:
            return False
        k = int.from_bytes(hashlib.sha512(r + self.public + message).digest(), "little") % L
        both = ((self.base, s), (self.negative, k))
        x, y, z, _ = functools.reduce(add, (row[n >> 4 * i & 15] for rows, n in both for i, row in enumerate(rows)))
        inverse = pow(z, P - 2, P)
        return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little") == r

def levels_of(leaves: list[bytes]) -> list[list[bytes]]:  # all complete subtrees, by height
    levels, sha = [leaves], hashlib.sha256
    while len(levels[-1]) > 1:
        one = iter(levels[-1])
        levels.append([sha(b"\x01" + both).digest() for both in map(bytes.__add__, one, one)])
    return levels

def root_at(levels: list[list[bytes]], size: int, right: bytes = b"") -> bytes:  # `right`: what stands right of them
    for height, level in enumerate(levels):
        if size >> height & 1:
            left = level[(size >> height) - 1]
            right = hashlib.sha256(b"\x01" + left + right).digest() if right else left
    return right

def is_plain(value: Any) -> bool:  # keys that every reader sorts the same, numbers that none rounds
    if isinstance(value, dict):
        return all(map(str.isascii, value)) and all(map(is_plain, value.values()))
    return all(map(is_plain, value)) if isinstance(value, list) else not isinstance(value, int) or abs(value) < 2**53

def body_of(raw: bytes) -> dict[str, Any] | None:  # if it is canonical: RFC 8785 without floats, its keys ASCII
    try:
        text = raw.decode("utf-8")
        body, large = DECODE(text), b"0" * 16 in raw.translate(DIGITS) and re.search(r"[:,\[]-?[0-9]{16}", text)
        held = isinstance(body, dict) and ENCODE(body) == text
        return body if held and (is_plain(body) if large or not text.isascii() else True) else None
    except (ValueError, RecursionError):
        return None

def faults_of(body: dict[str, Any], seq: int, last: bytes, before: dict[str, Any] | None) -> list[str]:
    try:
        faults = [] if body["seq"] == seq and body["prev"] == last.hex() else ["编号或哈希链不符 / broken chain"]
        said = [(each["t"], each["mono"], each["boot"]) for each in (before or body, body)]
        if said[0] != said[1] or before is None or body["kind"] == "time.step":
            (then, began), (now, mono) = [(datetime.strptime(t, "%Y-%m-%dT%H:%M:%S.%f%z"), int(m)) for t, m, _ in said]
            ran = timedelta(microseconds=(mono - began) / 1000)  # two seconds and a thousandth of it may be drift
            step = now - then - ran if said[0][2] == said[1][2] != "unknown" else timedelta(0)
            step = step if abs(step) > timedelta(seconds=2) + abs(ran) / 1000 else timedelta(0)
            told = timedelta(microseconds=int(body["microseconds"]) if body["kind"] == "time.step" else 0)
            if abs(step - told) > timedelta(seconds=2):
                faults.append("时钟被拨动而无相符的记载 / the clock was set unsaid")
        return faults
    except DAMAGE:
        return [LACKING]

def opened(note: object, vkeys: list[str]) -> tuple[str, int, bytes, bool]:
    """Origin, size and root of a signed checkpoint, and whether one of the keys signed it; blanks for anything else."""
    text = note.decode("utf-8", "replace") if isinstance(note, bytes) and len(note) < 1 << 16 else ""
    if not (found := NOTE.fullmatch(text)):
        return "", 0, b"", False
    marks = [(name, base64.b64decode(mark)) for _, name, mark in map(str.split, found[5].splitlines())]
    asked = [(k, mark) for name, mark in marks for k in map(Key, vkeys) if (name, mark[:4]) == (k.name, k.id)]
    held = any(key.signed(found[1].encode(), mark[4:]) for key, mark in asked[:16])
    return found[2], int(found[3]), base64.b64decode(found[4]), held

def check(uri: str, start: int, stop: int, terms: list[Any], origin: str, sizes: list[int], passed: list[str]) -> Any:
    """Of entries [start, stop): root; (size, root, root claimed) of heads and sizes; what is wrong; what is said."""
    wrong, leaves, said, roots, last, before = [], [], [], [], bytes(32), None
    db, span = sqlite3.connect(uri, uri=True), (start, stop)
    db.text_factory = bytes
    db.execute(f"PRAGMA hard_heap_limit = {LONGEST << 8}")  # a longer value is a `MemoryError`
    listed = set(db.execute("SELECT seq FROM entry WHERE kind <> 'artifact.located' AND seq >= ? AND seq < ?", span))
    rows = "SELECT seq, leaf, body, sig FROM entry NOT INDEXED WHERE seq >= ? AND seq < ? ORDER BY seq"
    for seq, stored, raw, sig in db.execute(rows, (max(start - 1, 0), stop)):
        leaf, body = stored if isinstance(stored, bytes) else b"", None
        if isinstance(raw, bytes) and isinstance(sig, bytes):
            if len(raw) + len(sig) > LONGEST:
                raise OSError(f"条目过长 / an entry is too long: {seq}")
            leaf, body = hashlib.sha256(b"\0" + raw + b"\t" + sig).digest(), body_of(raw)
        if seq >= start:
            leaves.append(leaf)
            fields = body or {"kind": "" if raw else "withheld"}
            said += [(seq, fields, raw, sig)] if sig or "signers" in fields or fields.get("kind") not in passed else []
            faults = faults_of(body, seq, last, before) if body else ["正文不规范 / not canonical"] * (raw is not None)
            faults += [] if len(leaf) == 32 and stored in (leaf, None) else ["叶哈希不符 / wrong leaf"]
            if (seq,) not in listed and fields.get("kind") != "artifact.located":
                faults.append("索引隐藏了条目 / hidden by the index")
            wrong += [("breach", fault, seq) for fault in faults]
            if len(wrong) >= MOST:
                return b"", [], [*wrong, ("breach", "其后未再核对 / what follows was not checked", seq)], said
        last, before = leaf, body
    levels = levels_of(leaves)
    for size, root, note in db.execute("SELECT size, root, note FROM checkpoint WHERE size > ? AND size <= ?", span):
        named, counted, claimed, held = opened(note, next(vkeys for seq, vkeys in terms if seq < size))
        roots.append((size, root_at(levels, size - start), claimed))
        same = (named, counted) == (origin, size) and root in (claimed, None)
        wrong += [] if same else [("breach", "台账头格式不对或不属于此 / a malformed head, or of something else", size)]
        wrong += [] if held else [("breach", "台账头签名与公钥不符 / the head is not signed with the key", size)]
    roots += [(size, root_at(levels, size - start), b"") for size in sizes if start < size <= stop]
    return root_at(levels, len(leaves)), roots, wrong, said

def check_persons(said: list[Any], known: set[str], unsure: str) -> Iterator[tuple[str, str, int]]:
    """Persons' signatures hold, by keys enrolled then. Unsigned acts are named; who owes one, `verify` says."""
    valid: set[str] = set()  # keys in force
    doubt = "unchecked" if any(body["kind"] == "withheld" for _, body, *_ in said) else "breach"
    for seq, body, raw, sig in (one for one in said if one[2] and one[1]["kind"]):
        try:
            kind, signers, marks = body["kind"], body.get("signers", []), sig.split(b" ") if sig else []
            new = {body["vkey"]} if kind in ("key.enroll", "key.replace") else set()
            pairs = [(Key(signers[at]), base64.b64decode(mark, validate=True)) for at, mark in enumerate(marks[:16])]
            message = b"custody-entry/v1\n" + raw
            signed = [m[:4] == k.id and (k.type in OTHERS or k.signed(message, m[4:])) for k, m in pairs]
            good = signed == [True] * max(len(signers), len(marks)) and new.issubset(signers)
            told = [
                ("breach", "个人签名不成立 / a person's signature is wrong", not good),
                (doubt, "签名密钥未登记 / signed with a key not enrolled then", not (valid | new).issuperset(signers)),
                ("note", "无人签名的行为 / an act that nobody signed", kind in ACTS and not signers),
                *((unsure, f"密钥未经外部确认 not confirmed: {k.name}", k.line not in known) for k, _ in pairs),
                *(("unchecked", f"签名不能核对 cannot be checked: {k.name}", k.type in OTHERS) for k, _ in pairs),
            ]
            valid = (valid | new) - {body["vkey"] if kind == "key.revoke" else body.get("old", "")}
            yield from ((word, text, seq) for word, text, is_so in told if is_so)
        except DAMAGE:
            yield "breach", LACKING, seq

def ranges(numbers: Iterable[int]) -> str:  # ascending ones, as 3,7-9
    runs = [[n for _, n in run] for _, run in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ",".join(f"{run[0]}-{run[-1]}" if run[1:] else str(run[0]) for run in runs)

def der(data: bytes, *path: int) -> bytes:  # the content of the DER element that the numbers lead to
    for step in path:
        for _ in range(step + 1):
            long = max(data[1] - 128, 0)  # bytes of length that follow the first
            stop = 2 + long + (int.from_bytes(data[2 : 2 + long], "big") if long else data[1])
            content, data = data[2 + long : stop], data[stop:]
        data = content
    return data

def check_anchors(said: list[Any], roots: dict[int, bytes], origin: str, options: Any) -> Iterator[Any]:
    for seq, body, *_ in (one for one in said if one[1]["kind"] == "anchor.add"):
        size, kind, token = body["size"], body["type"], base64.b64decode(body.get("token") or "", validate=True)
        text = f"{origin}\n{size}\n{base64.b64encode(bytes.fromhex(body['root'])).decode()}\n".encode()
        digest, right, by = hashlib.sha256(text), roots.get(size, b"").hex() == body["root"], ""
        if kind == "cosignature":
            by, right = str(body.get("by")), right and token.startswith(text + b"\n")
        elif kind == "rfc3161":
            bare = der(token, 0)[:1] == b"\x06"  # a token; else the response that brings it
            info = der(token, *((0, 1, 0) if bare else (0, 1, 1, 0)), 2, 1, 0, 0)
            by = "{}-{}-{}T{}:{}:{}.{:0<6}Z".format(*STAMPED.findall(der(info, 4).decode())[0])
            right = right and der(info, 2, 1) == digest.digest() and body.get("time") == by
            if right and options.tsa_ca:
                file, at = options.scratch / "token", datetime.strptime(by, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
                file.write_bytes(token)
                line = ["openssl", "ts", "-verify", "-in", str(file), "-CAfile", str(options.tsa_ca), "-digest"]
                line += [digest.hexdigest(), "-attime", f"{at:.0f}", *["-token_in"] * bare]
                right = not subprocess.run(line, capture_output=True, check=False).returncode  # noqa: S603
                yield "outside" if right else "breach", "时间戳签名 / signature of the time stamp", size
        else:
            right = right and kind == "print" and not body.get("time") and not body.get("checked")
        proved = "已由外部证实 proved" if kind == "rfc3161" and options.tsa_ca else "未证实 unproved"
        yield "note" if right else "breach", f"锚定 anchor {kind} {size} {by} {proved if right else '不成立'}", seq

def plain(path: Path, most: int = 1 << 16) -> Path:  # a pipe may hang, a device or a giant never end
    if path.is_symlink() or not path.is_file() or path.stat().st_size > most or not os.access(str(path), os.R_OK):
        raise OSError(f"不是可读的普通文件，或过大 / no regular file to be read, or too large: {path}")
    return path

def prepared(path: Path, scratch: Path) -> str:
    """URI of a database to read: the ledger itself, a copy of it with its log, or one made of a bundle."""
    if os.path.lexists(str(path / "entries.tsv")):
        file, db = scratch / "bundle.sqlite", sqlite3.connect(str(scratch / "bundle.sqlite"))
        tables = "meta(k, v)", "checkpoint(size, root, note)", "entry(seq INTEGER PRIMARY KEY, leaf, body, sig, kind)"
        db.executescript("".join(f"CREATE TABLE {table};" for table in tables))
        for name in ("origin", "vkey"):
            db.execute("INSERT INTO meta VALUES(?, ?)", (name, plain(path / name).read_bytes().strip()))
        for note in (path / "checkpoints").glob("*.note"):
            size = int(note.stem) if re.fullmatch("[0-9]{1,15}", note.stem) else 0  # a head of nothing is a fault
            db.execute("INSERT INTO checkpoint VALUES(?, NULL, ?)", (size, plain(note).read_bytes()))
        with plain(path / "entries.tsv", shutil.disk_usage(str(scratch)).free).open("rb") as entries:
            for seq, line in enumerate(iter(lambda: entries.readline(LONGEST), b"")):
                body, _, sig = line.rstrip(b"\n").partition(b"\t")
                leaf = re.match(b"[0-9a-f]{64}", sig) if body == b"withheld" else None
                if len(line) == LONGEST:
                    raise OSError(f"条目过长 / an entry is too long: {seq}")
                if not leaf and line[:1] != b"{":
                    raise ValueError(f"不是条目 / no entry: {seq}")
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
    uri = (scratch / path.name).as_uri() + "?mode=rw" if logs else path.resolve().as_uri() + "?mode=ro&immutable=1"
    db = sqlite3.connect(uri, uri=True)
    sql = "SELECT sql FROM sqlite_master WHERE name IN ('checkpoint', 'entry', 'entry_told', 'meta') ORDER BY name"
    if hashlib.sha256("\n".join(text for (text,) in db.execute(sql)).encode()).hexdigest() != SCHEMA:
        raise ValueError("表结构不是台账的 / the tables are not those of a ledger")
    db.close()
    return uri

def check_ledger(uri: str, options: argparse.Namespace, said: list[Any]) -> Iterator[tuple[str, str, int]]:
    """Yields "breach", "unchecked", "note" or "counted", what it is, and an entry or the size of a head."""
    db = sqlite3.connect(uri, uri=True)
    meta = {"origin": "", "vkey": "", **dict(db.execute("SELECT k, CAST(v AS TEXT) FROM meta"))}
    adopts = "SELECT seq, CAST(body AS BLOB) FROM entry WHERE kind <> 'artifact.located' AND kind = 'case.adopt'"
    terms = [(seq, [str((body_of(raw) or {})["vkey"])]) for seq, raw in db.execute(adopts + " ORDER BY seq DESC")]
    given, adopted = {key.line for key in options.key}, {vkey for _, vkeys in terms for vkey in vkeys}
    terms.append((-1, [*(given - adopted)] or [meta["vkey"]]))
    strange = adopted.union(terms[-1][1]) - given
    yield from (("unchecked", f"没有外来公钥 no key from outside: {vkey}", 0) for vkey in strange)
    count, first, last = db.execute("SELECT count(*), min(seq), max(seq) FROM entry NOT INDEXED").fetchone()
    beyond = db.execute("SELECT size FROM checkpoint WHERE size < 1 OR size > ?", (count,)).fetchall()
    yield from (("breach", "台账头所计条目不存在 / a head over missing entries", size) for (size,) in beyond)
    if missing := (first, last) != (0, count - 1):
        yield "breach", f"条目缺号 / entries are missing: {first}-{last}", count
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
            if claimed not in (b"", roots[size]):
                yield "breach", "台账头与条目不符 / the head is not over these entries", size
            sealed = max(sealed, size if claimed else 0)
    off = "与外部台账头不符 / not as the outside head"
    yield from (("breach", off, size) for size, root in options.expect if roots.get(size) != root)
    exports = " ".join(str(body.get("withheld")) for _, body, *_ in said if body["kind"] == "export")
    spans = {(int(a), int(b or a) + 1) for a, b in re.findall("([0-9]{1,15})-?([0-9]{0,15})", exports)}
    for seq, body, *_ in said:
        if body["kind"] == "withheld" and not any(start <= seq < stop for start, stop in spans):
            yield "breach", "隐去而无导出记载 / withheld, and no export says so", seq
        if body["kind"] == "case.new" and (body.get("origin"), body.get("vkey")) != (meta["origin"], meta["vkey"]):
            yield "breach", "立案条目载有另一台账 / the first entry is of another ledger", seq
        if body["kind"] in NAMED:
            yield "note", f"{NAMED[body['kind']]} {body['kind']}", body.get("target", seq)
    yield from check_persons(said, {key.line for key in options.person}, "unchecked" if options.strict else "note")
    yield from (anchored := [*check_anchors(said, roots, meta["origin"], options)])
    if sealed < count:
        yield "breach" if options.strict else "note", "其后没有台账头 / no head after it", sealed
    if max([0, *common[2], *(size for word, _, size in anchored if word == "outside")]) < count:
        yield "note", "外部台账头之后，持钥人可改而不显 / after the last outside head the key holder can rewrite", 0
    yield "counted", f"{sealed} 条有台账头 entries under heads, {meta['origin']}", count

def check_files(root: Path, said: list[Any]) -> Iterator[tuple[str, str, int]]:
    disposed = [body["target"] for _, body, *_ in said if body["kind"] == "dispose"]
    volumes = [body["volume"] for _, body, *_ in said if body["kind"] == "volume.add"]
    ours = [name + end for name in ("custody.sqlite", "index.sqlite") for end in ("", "-wal", "-shm", "-journal")]
    expected = {root / name for name in (*ours, "forensic-volume.json")}
    doubt = "unchecked" if any(body["kind"] == "withheld" for _, body, *_ in said) else "breach"
    for seq, body, *_ in (one for one in said if one[1]["kind"] == "artifact.held"):
        (parcel, *names), files, volume = body["parcel"], body["files"], body["volume"]
        if volume != "case":
            yield "unchecked" if volume in volumes else doubt, f"存储卷未核对 / volume not checked: {volume}", seq
        if len(names) != len(files):
            yield "breach", "文件与其名称数目不符 / not as many names as files", seq
        for file in files if volume == "case" else ():
            name = names.pop(0) if names else ""
            final, fault = root / file["path"], "路径越出案件 / the path leads out of the case"
            if not re.search(r"^/|(^|/)\.\.(/|$)|[:\\\0]", f"{file['path']}//{parcel}/{name}"):
                expected.add(final)
                waiting, digest = root / "intake" / parcel / name, hashlib.sha256()
                path = final if os.path.lexists(str(final)) else waiting
                fault = "不是普通文件 / not a regular file" if os.path.lexists(str(path)) else GONE
                if path.is_file() and not path.is_symlink():
                    with path.open("rb") as stream:
                        any(map(digest.update, iter(lambda: stream.read(1 << 20), b"")))
                    fault = "" if digest.hexdigest() == file["sha256"] else "文件内容不符 / the bytes differ"
            if fault and not (fault == GONE and seq in disposed):
                yield "breach", fault, seq
    for path in sorted({*root.rglob("*")} - expected):
        parcelled = re.fullmatch("intake/[0-9a-f]{16}/[^/]+", path.relative_to(root).as_posix())
        if path.is_symlink() or not (path.is_dir() or parcelled):
            yield doubt, f"台账未载的文件 / a file without an entry: {path}", 0

def outside_head(text: str) -> tuple[int, bytes]:
    ((size, root),) = re.findall("^([1-9][0-9]{0,15}):([0-9A-Fa-f]{64}|[A-Za-z0-9+/]{43}=)$", text)
    return int(size), bytes.fromhex(root) if len(root) == 64 else base64.b64decode(root)

def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="台账、案件或导出包 ledger, case or bundle")
    parser.add_argument("--key", type=Key, action="append", default=[], help="台账公钥 ledger key")
    parser.add_argument("--person", type=Key, action="append", default=[], help="个人公钥 a person's key")
    parser.add_argument("--expect", type=outside_head, action="append", default=[], help="外部台账头 SIZE:ROOT")
    parser.add_argument("--tsa-ca", type=Path, metavar="PEM", help="时间戳机构证书 of the time-stamp authority")
    parser.add_argument("--files", type=Path, help="案件文件夹 case folder, to check its files too")
    parser.add_argument("--strict", action="store_true", help="须有末尾台账头、已确认密钥 head at the end, known keys")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1), help="进程数 at work at once")
    found: list[Any] = []
    options, said = parser.parse_args(), found[:]
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # for a console without the characters
    try:
        with tempfile.TemporaryDirectory() as scratch:
            options.scratch = Path(scratch)
            found.extend(check_ledger(prepared(options.path, options.scratch), options, said))
        found.extend(check_files(options.files, said) if options.files else ())
    except (OSError, MemoryError) as error:
        found.append(("unchecked", str(error) or "内存不足 / out of memory", 0))
    except DAMAGE as error:
        found.append(("breach", f"台账已损坏 / the ledger is damaged: {error!r}", 0))
    told: dict[str, dict[str, set[int]]] = {"breach": {}, "unchecked": {}, "counted": {}, "note": {}, "outside": {}}
    for word, text, number in found:
        told[word].setdefault(text, set()).add(number)
    code = 6 if told["breach"] else 4 if told["unchecked"] else 0
    verdict = {6: "不符 DOES NOT HOLD", 4: "未能核对 COULD NOT CHECK", 0: "已证实 PROVED"}[code]
    texts = [item for word in ("breach", "unchecked", "counted", "note") for item in told[word].items()]
    counted = [(f"{text} ({len(at)})" if len(at) > 1 else text, at) for text, at in texts]
    lines = [f"{ranges(sorted(at))[:99]}: {text}" if any(at) else text for text, at in counted]
    lines[0] = f"{verdict}: {lines[0]}"
    lines[20:] = [f"另有 and {len(lines) - 20} more"] if lines[20:] else []
    for line in lines:  # text of unknown origin
        sys.stdout.write("".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in line[:300]) + "\n")
    return code

if __name__ == "__main__":
    sys.exit(main())
