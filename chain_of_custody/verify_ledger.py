"""Checks a custody ledger, or an exported bundle of one, with nothing but Python's standard library (3.8 or newer).

    python3 verify_ledger.py PATH --key VKEY [--expect SIZE:ROOT] [--files CASE_DIR] [--strict]

PATH is custody.sqlite, the case folder, or a bundle. VKEY is the ledger's public key and SIZE:ROOT a head, both from
outside (a receipt, a report, a witness), never from the folder under question. Nothing is written beside PATH. Exit
codes: 0 proved, 6 does not hold, 4 could not check what was asked, 2 wrong usage; 1 would be a crash of this program.

Checked: no gap in the numbers; a leaf is SHA-256(00 || body TAB sig) of the exact bytes; a body is canonical JSON with
its number and the leaf before it; in one boot both clocks ran alike but for time.step entries; a head's root is that of
the tree (RFC 9162 section 2.1), its note signed (Ed25519, RFC 8032; c2sp.org/signed-note). Files: as entered, no other.
"""

from __future__ import annotations

import argparse
import base64
import calendar
import functools
import gc
import hashlib
import itertools
import json
import multiprocessing
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

RANGE = 1 << 14  # entries that one task checks
WORDS = """gap 条目缺号 an-entry-is-missing; empty 台账没有条目 the-ledger-has-no-entries; leaf 叶散列不符
not-the-hash-of-the-bytes; body 条目正文不规范 the-body-is-not-canonical; number 条目所载编号不是其位置
it-names-another-number; chain 没有指向前一条 it-does-not-name-the-leaf-before-it; clock 时钟被拨动而无记载
the-clock-was-set-and-no-entry-says-so; hidden 索引隐藏了条目 the-index-hides-the-entry; damaged 数据库已损坏
the-database-is-damaged; malformed 表头格式不对 the-head-is-malformed; place 表头位置不对 the-head-is-out-of-place;
root 表头与条目不符 the-root-is-not-that-of-the-entries; origin 表头属于另一台账 the-head-is-of-another-ledger;
signature 表头签名与公钥不符 the-head-is-not-signed-with-the-key; truncated 条目被截断
a-head-counts-more-than-there-are; unsealed 末尾条目没有表头 no-head-covers-the-last-entries; expect 与外部表头不符
not-as-the-head-from-outside; unsaid 隐去而无导出记载 withheld-and-no-export-entry-says-so; volume 存储卷不存在
no-such-volume; path 路径越出案件 the-path-leads-out; missing 文件缺失 the-file-is-missing; size 文件大小不符
the-size-differs; hash 文件散列不符 the-SHA-256-differs; kind 不是普通文件 not-a-regular-file; stranger
台账未载的文件 no-entry-names-the-file"""
TOLD = {code: f"{zh} / {en.replace('-', ' ')}" for code, zh, en in (told.split() for told in WORDS.split(";"))}

# -- Ed25519 (RFC 8032 section 5.1) in extended coordinates; points are multiplied by tables of 64 windows of 4 bits

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    one, two = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    three, four = 2 * D * t1 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return e * f % P, g * h % P, f * g % P, e * h % P


def decompress(data: bytes) -> tuple[int, ...]:
    """The point of 32 bytes. Raises `ValueError` if they are none, or not its one spelling."""
    y, odd = int.from_bytes(data, "little") & (2**255 - 1), data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and odd):
        raise ValueError("not a point of the curve")
    x = P - x if x % 2 != odd else x
    return x, y, 1, x * y % P


def windows(point: tuple[int, ...]) -> Iterator[list[tuple[int, ...]]]:
    """The multiples 0 to 15 of the point times 16^n, for each n up to 63."""
    for _ in range(64):
        yield list(itertools.accumulate([(0, 1, 1, 0), *[point] * 15], add))
        point = functools.reduce(add, [point] * 16)


class Key:
    """A verifier key, `name+hash+base64(01 || key)` (c2sp.org/signed-note). Raises `ValueError` if it is none."""

    def __init__(self, line: str) -> None:
        self.name, claimed, encoded = line.strip().split("+", 2)
        blob = base64.b64decode(encoded, validate=True)
        self.public, self.id = blob[1:], hashlib.sha256(self.name.encode() + b"\n" + blob).digest()[:4]
        if len(blob) != 33 or blob[0] != 1 or self.id.hex() != claimed:
            raise ValueError("not an Ed25519 verifier key")
        x, y, z, t = decompress(self.public)
        base = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
        self.base, self.negative = list(windows(base)), list(windows((P - x, y, z, P - t)))

    def signed(self, message: bytes, signature: bytes) -> bool:
        r, s = signature[:32], int.from_bytes(signature[32:], "little")
        if len(signature) != 64 or s >= L:
            return False
        k = int.from_bytes(hashlib.sha512(r + self.public + message).digest(), "little") % L
        both = ((self.base, s), (self.negative, k))
        x, y, z, _ = functools.reduce(add, (row[n >> 4 * i & 15] for rows, n in both for i, row in enumerate(rows)))
        inverse = pow(z, P - 2, P)
        return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little") == r


key_of = functools.lru_cache(maxsize=2)(Key)


def levels_of(leaves: list[bytes]) -> list[list[bytes]]:
    """All complete subtrees, by height."""
    levels, sha = [leaves], hashlib.sha256
    while len(levels[-1]) > 1:
        pairs = iter(levels[-1])
        levels.append([sha(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)])  # noqa: B905 (3.10)
    return levels


def root_at(levels: list[list[bytes]], size: int, right: bytes = b"") -> bytes:
    """The root over the first `size` leaves and over what stands to the right of them."""
    for height, level in enumerate(levels):
        if size >> height & 1:
            left = level[(size >> height) - 1]
            right = hashlib.sha256(b"\x01" + left + right).digest() if right else left
    return right


TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z", re.ASCII)
DIGITS = bytes.maketrans(b"123456789", b"000000000")
LONG = re.compile(r"[:,\[]-?[0-9]{16}")  # perhaps an integer that not every reader keeps exactly
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(:?)')
NOTE = re.compile("([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*\n((?:— \\S+ \\S+\n)+)")
MARK = re.compile(r"— (\S+) ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\n")


def refuse(text: str) -> NoReturn:
    raise ValueError("not canonical: " + text)


DECODE = json.JSONDecoder(parse_float=refuse, parse_constant=refuse).decode
ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")).encode


def body_of(raw: bytes) -> dict[str, Any] | None:
    """The body if it is canonical: RFC 8785 without floats, its keys ASCII."""
    try:
        text = raw.decode("utf-8")
        body = DECODE(text)
        if not text.isascii() or (b"0" * 16 in raw.translate(DIGITS) and LONG.search(text)):
            keys, bare = (key for key, colon in STRING.findall(text) if colon), STRING.sub("", text)
            if not all(key.isascii() for key in keys) or any(int(n) >= 2**53 for n in re.findall("[0-9]+", bare)):
                return None
        return body if isinstance(body, dict) and ENCODE(body) == text else None
    except (ValueError, RecursionError):
        return None


@functools.lru_cache(maxsize=4)
def reading(wall: str, since_boot: str) -> tuple[int, int]:
    """Both clocks in nanoseconds. Raises `ValueError` or `TypeError`."""
    found = TIME.fullmatch(wall)
    if not found or not re.fullmatch("-?[0-9]{1,20}", since_boot):
        raise ValueError("not a time")
    return (calendar.timegm(tuple(map(int, found.groups()[:6]))) * 10**6 + int(found[7])) * 1000, int(since_boot)


def faults_of(body: dict[str, Any], seq: int, last: bytes, before: dict[str, Any] | None) -> Iterator[str]:
    if body.get("seq") != seq:
        yield "number"
    if body.get("prev") != last.hex():
        yield "chain"
    try:
        (wall, mono), boot = reading(body["t"], body["mono"]), body["boot"]
        if before and body["kind"] != "time.step" and before["boot"] == boot != "unknown":
            earlier, began = reading(before["t"], before["mono"])
            if abs(wall - earlier - (mono - began)) > 2 * 10**9 + abs(mono - began) // 1000:
                yield "clock"  # two seconds and a thousandth of the time between are drift
    except (KeyError, TypeError, ValueError):
        yield "body"


def check(uri: str, start: int, stop: int, key: str, origin: str, sizes: list[int], kinds: list[str]) -> list[Any]:
    """Entries [start, stop) and the heads in them: the root over them; (size, root up to there, root claimed) of heads
    and sizes; what is wrong, as word and place; and the bodies of `kinds`."""
    wrong, leaves, said, roots, last, before = [], [], [], [], bytes(32), None
    gc.disable()  # nothing here is circular
    db, span = sqlite3.connect(uri, uri=True), (start, stop)
    db.text_factory = bytes
    told = "SELECT seq FROM entry WHERE kind <> 'artifact.located' AND seq >= ? AND seq < ?"
    listed = set(db.execute(told, span))
    rows = "SELECT seq, leaf, body, sig FROM entry NOT INDEXED WHERE seq >= ? AND seq < ? ORDER BY seq"
    for seq, stored, raw, sig in db.execute(rows, (max(start - 1, 0), stop)):
        leaf, body = stored if isinstance(stored, bytes) else b"", None
        if isinstance(raw, bytes) and isinstance(sig, bytes):
            leaf, body = hashlib.sha256(b"\0" + raw + b"\t" + sig).digest(), body_of(raw)
        if seq >= start:
            leaves.append(leaf)
            faults = [] if len(leaf) == 32 and stored in (leaf, None) else ["leaf"]
            if raw is not None:
                faults += ["body"] if body is None else faults_of(body, seq, last, before)
            fields = body or {"kind": "" if raw else "withheld"}
            said += [(seq, fields)] if fields.get("kind") in kinds else []
            if (seq,) not in listed and fields.get("kind") != "artifact.located":
                faults.append("hidden")
            wrong += [(fault, seq) for fault in faults]
        last, before = leaf, body
    levels = levels_of(leaves)
    for size, root, note in db.execute("SELECT size, root, note FROM checkpoint WHERE size > ? AND size <= ?", span):
        claimed, faults = check_head(size, root, note, key_of(key), origin)
        roots.append((size, root_at(levels, size - start), claimed))
        wrong += [(fault, size) for fault in faults]
    db.close()
    roots += [(size, root_at(levels, size - start), b"") for size in sizes if start < size <= stop]
    return [root_at(levels, len(leaves)), roots, wrong, said]


def check_head(size: int, root: bytes | None, note: object, key: Key, origin: str) -> tuple[bytes, list[str]]:
    """The root that the note claims, and what is wrong with it."""
    found = NOTE.fullmatch(note.decode("utf-8", "replace") if isinstance(note, bytes) else "")
    if not found:
        return b"-", ["malformed"]
    claimed, text = base64.b64decode(found[3]), found[0][: found.start(4) - 1].encode()
    marks = ((name, base64.b64decode(mark)) for name, mark in MARK.findall(found[4]))
    signed = any(name == key.name and mark[:4] == key.id and key.signed(text, mark[4:]) for name, mark in marks)
    faults = {"root": int(found[2]) != size or root not in (claimed, None), "origin": found[1] != origin}
    return claimed, [fault for fault, true in {**faults, "signature": not signed}.items() if true]


def prepared(path: Path, scratch: Path) -> str:
    """URI of a database to read: the ledger itself, a copy of it with its log, or one made of a bundle."""
    if (path / "entries.tsv").is_file():
        return from_bundle(path, scratch / "bundle.sqlite")
    path = path / "custody.sqlite" if path.is_dir() else path
    if sqlite3.sqlite_version_info < (3, 37):
        raise OSError("本机 SQLite 低于 3.37，请核对导出包 / this SQLite is older than 3.37: check an exported bundle")
    path.open("rb").close()  # an unreadable file is no damaged ledger
    logs = [log for log in (path.with_name(path.name + end) for end in ("-wal", "-journal")) if log.is_file()]
    if not logs:  # nobody has it open for writing
        return path.resolve().as_uri() + "?mode=ro&immutable=1"
    began = [log.read_bytes()[:32] for log in logs]
    for file in (path, *logs):
        shutil.copyfile(str(file), str(scratch / file.name))
    if [log.read_bytes()[:32] for log in logs] != began:
        raise OSError("台账正在写入，请重试 / the ledger is being written: try again")
    return (scratch / path.name).resolve().as_uri() + "?mode=rw"


def from_bundle(folder: Path, file: Path) -> str:
    """A line of entries.tsv is `body TAB sig`, or `withheld TAB leaf TAB reason`."""
    db = sqlite3.connect(str(file))
    db.execute("PRAGMA application_id = 0x43555354")
    tables = "meta(k, v); checkpoint(size, root, note); entry(seq INTEGER PRIMARY KEY, leaf, body, sig, kind)"
    for table in tables.split(";"):
        db.execute("CREATE TABLE " + table)
    for name in ("origin", "vkey"):
        db.execute("INSERT INTO meta VALUES(?, ?)", (name, (folder / name).read_bytes().strip()))
    for note in (folder / "checkpoints").glob("*.note"):
        size = int(note.stem) if re.fullmatch("[0-9]{1,16}", note.stem) else 0
        db.execute("INSERT INTO checkpoint VALUES(?, NULL, ?)", (size, note.read_bytes()))
    with (folder / "entries.tsv").open("rb") as entries:
        for seq, line in enumerate(iter(lambda: entries.readline(1 << 26), b"")):
            body, _, sig = line.rstrip(b"\n").partition(b"\t")
            leaf = re.match(b"[0-9a-f]{64}", sig) if body == b"withheld" else None
            row = (bytes.fromhex(leaf[0].decode()), None, sig[65:]) if leaf else (None, body, sig)
            db.execute("INSERT INTO entry VALUES(?, ?, ?, ?, '')", (seq, *row))
    db.commit()
    db.close()
    return file.resolve().as_uri() + "?mode=ro"


def of(said: list[tuple[int, Any]], kind: str, fact: str) -> list[Any]:
    return [body.get(fact) for _, body in said if body["kind"] == kind]


def check_ledger(uri: str, options: argparse.Namespace, said: list[tuple[int, Any]]) -> Iterator[tuple[str, object]]:
    """Yields what is wrong as word and place, and what else is to be said as "note" or "counted" and text."""
    db, expected = sqlite3.connect(uri, uri=True), dict(options.expect)
    if db.execute("PRAGMA application_id").fetchone()[0] != 0x43555354:
        raise OSError("不是台账 / this is not a ledger")
    meta = dict(db.execute("SELECT k, CAST(v AS TEXT) FROM meta"))
    vkey, origin = options.key or meta.get("vkey", ""), meta.get("origin", "")
    count, first, last = db.execute("SELECT count(*), min(seq), max(seq) FROM entry NOT INDEXED").fetchone()
    least, most = db.execute("SELECT coalesce(min(size), 1), coalesce(max(size), 0) FROM checkpoint").fetchone()
    whole = {"empty": not count, "place": least < 1, "truncated": most > count, "expect": max([0, *expected]) > count}
    yield from ((word, most) for word, true in whole.items() if true)
    if count and (first, last) != (0, count - 1):
        numbers = enumerate(db.execute("SELECT seq FROM entry NOT INDEXED ORDER BY seq"))
        yield "gap", next(n for n, (seq,) in numbers if n != seq)
        count = 0  # what follows a gap has no place in the tree
    db.close()
    named = {"withheld": "隐去 withheld", "artifact.exclude": "排除 excluded", "dispose": "处置 disposed"}
    kinds = [*named, "export", "volume.add", *(["artifact.held"] if options.files else [])]
    tasks = [(uri, n, min(n + RANGE, count), vkey, origin, list(expected), kinds) for n in range(0, count, RANGE)]
    with multiprocessing.Pool(options.processes) as pool:
        parts = pool.starmap(check, tasks, chunksize=1)
    levels, sealed = levels_of([root for root, *_ in parts]), 0
    for index, (_, roots, wrong, bodies) in enumerate(parts):
        yield from wrong
        for size, here, claimed in roots:
            if root_at(levels, index, here) != (claimed or expected[size]):
                yield ("root" if claimed else "expect"), size
        sealed = max([sealed, *(size for size, _, claimed in roots if claimed)])
        said += bodies
    withheld = [seq for seq, body in said if body["kind"] == "withheld"]
    allowed: set[int] = set()
    for start, stop in re.findall("([0-9]+)(?:-([0-9]+))?", " ".join(map(str, of(said, "export", "withheld")))):
        allowed.update(range(int(start), min(int(stop or start) + 1, count)))
    yield from (("unsaid", seq) for seq in withheld if seq not in allowed)
    for kind, word in named.items():
        some = [body.get("target", seq) for seq, body in said if body["kind"] == kind]
        if some:
            yield "note", f"{word}: {len(some)} {some}"
    if sealed < count:
        yield ("unsealed" if options.strict else "note"), f"{sealed}: 其后条目没有表头 / no head covers what follows"
    if max([0, *expected]) < count:
        yield "note", "外部表头之后，持钥人可改而不显 / after the last outside head the key holder can rewrite unseen"
    yield "counted", f"{count} 条 entries, {sealed} 条有表头 under heads, {origin}"


def check_files(root: Path, said: list[tuple[int, Any]]) -> Iterator[tuple[str, object]]:
    volumes, disposed = of(said, "volume.add", "volume"), of(said, "dispose", "target")
    ours = [name + end for name in ("custody.sqlite", "index.sqlite") for end in ("", "-wal", "-shm", "-journal")]
    expected = {root / name for name in (*ours, "forensic-volume.json")}
    withheld = any(body["kind"] == "withheld" for _, body in said)
    for seq, body in ((seq, body) for seq, body in said if body["kind"] == "artifact.held"):
        if body["volume"] != "case":
            yield ("unchecked" if withheld or body["volume"] in volumes else "volume"), f"{seq}: {body['volume']}"
            continue
        for file, name in zip(body["files"], body["parcel"][1:]):  # noqa: B905 (3.10)
            final, waiting = root / file["path"], root / "intake" / body["parcel"][0] / name
            fault = "path"
            if not re.search(r"^/|(^|/)\.\.(/|$)|[:\\\0]", f"{file['path']}//{body['parcel'][0]}/{name}"):
                expected.add(final)
                fault = fault_of(final if os.path.lexists(str(final)) else waiting, file["size"], file["sha256"])
            if fault and not (fault == "missing" and seq in disposed):
                yield fault, seq
    for folder, folders, names in os.walk(str(root)):
        for path in sorted({Path(folder, name) for name in (*names, *folders)} - expected):
            parcelled = re.fullmatch("intake/[0-9a-f]{16}/[^/]+", path.relative_to(root).as_posix())
            if path.is_symlink() or not (path.is_dir() or parcelled):
                yield ("unchecked" if withheld else "stranger"), str(path)


def fault_of(path: Path, size: int, sha256: str) -> str:
    if path.is_symlink() or not path.is_file():
        return "kind" if os.path.lexists(str(path)) else "missing"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return "size" if path.stat().st_size != size else "" if digest.hexdigest() == sha256 else "hash"


def shown(value: object) -> str:  # text of unknown origin, on a terminal
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in str(value)[:200])


def outside_head(text: str) -> tuple[int, bytes]:
    size, _, root = text.partition(":")
    digest = bytes.fromhex(root) if len(root) == 64 else base64.b64decode(root, validate=True)
    if not re.fullmatch("[1-9][0-9]{0,15}", size) or len(digest) != 32:
        raise ValueError("not a head")
    return int(size), digest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="台账、案件或导出包 ledger, case or bundle")
    parser.add_argument("--key", type=lambda line: Key(line) and line, help="外来公钥 key from outside")
    parser.add_argument("--expect", type=outside_head, action="append", default=[], help="外部表头 SIZE:ROOT")
    parser.add_argument("--files", type=Path, help="案件文件夹 case folder, to check its files too")
    parser.add_argument("--strict", action="store_true", help="末尾须有表头 every entry must be under a head")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    said: list[tuple[int, Any]] = []
    found: list[tuple[str, object]] = []
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # for a console without the characters
    try:
        with tempfile.TemporaryDirectory() as scratch:
            found.extend(check_ledger(prepared(options.path, Path(scratch)), options, said))
        found.extend(check_files(options.files, said) if options.files else ())
    except OSError as error:
        found.append(("unchecked", error))
    except (sqlite3.DatabaseError, KeyError, TypeError, ValueError, AttributeError) as error:
        found.append(("damaged", repr(error)))
    found += [] if options.key else [("unchecked", "没有外来公钥 / no key from outside was given")]
    breaches = [f"{shown(place)}: {TOLD[word]}" for word, place in found if word in TOLD]
    told = {each: [shown(at) for word, at in found if word == each] for each in ("unchecked", "counted", "note")}
    code = 6 if breaches else 4 if told["unchecked"] else 0
    verdict = {0: "已证实 PROVED", 4: "未能核对 COULD NOT CHECK", 6: "不符 DOES NOT HOLD"}[code]
    lines = breaches[:20] + told["unchecked"][:20] + told["counted"] + told["note"]
    sys.stdout.write("\n".join([f"{verdict}: {(told['counted'] if code == 0 else lines)[0]}", *lines]) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
