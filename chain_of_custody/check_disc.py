"""Checks a disc that was handed out, with nothing but Python's standard library (3.8 or newer). Nothing is written.

    python3 check.py [DISC]             every file against SHA256SUMS, none missing and none besides
    python3 check.py --blocks [DISC]    and image blocks against the hashes of acquisition, found files against blocks
    python3 check.py --proofs [DISC]    and the proofs of entries (c2sp.org/tlog-proof) against the head of the ledger

DISC is the folder that holds SHA256SUMS; without it, the one this program lies in. SHA256SUMS itself is vouched for
from outside: by its hash on the receipt and in the ledger. Exit codes: 0 all as listed, 6 something differs, 4 could
not check what was asked, 2 wrong usage; 1 would be a crash of this program.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROOF = re.compile("c2sp.org/tlog-proof@v1\nextra (.+)\nindex ([0-9]{1,16})\n((?:.+\n)*)\n((?:.*\n)*)", re.ASCII)
SUMS, CONTENTS, LABEL = "SHA256SUMS", "contents.csv", "disc.json"
PATH = "(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*"  # of a file of ours: it leads nowhere else
LINE = re.compile(f"([0-9a-f]{{64}})  ({PATH})\n", re.ASCII)
MIB = 1 << 20
MALFORMED = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, csv.Error)
"""What reading a disc raises on which something is not as it was written."""
WORDS = {
    "sums": "SHA256SUMS 缺失或格式不对 / SHA256SUMS is missing or not as it was written",
    "missing": "缺少文件 / the file is missing",
    "hash": "文件已改变 / the file has changed",
    "extra": "清单之外的文件 / no line of SHA256SUMS names the file",
    "kind": "不是普通文件 / not a regular file",
    "unreadable": "读不出 / cannot be read",
    "list": "内容清单与台账所载不符 / the list of contents is not the one that was entered in the ledger",
    "entry": "台账条目缺失或与清单不符 / the ledger entry is missing or says otherwise",
    "block": "镜像块与采集时的哈希不符 / the image block is not the one that was hashed at acquisition",
    "proof": "证明不能由条目推到台账头 / the proof does not lead from the entry to the head of the ledger",
    "rebuilt": "文件与镜像块不符 / the file is not what the image blocks hold",
}


def sums_of(folder: Path) -> dict[str, str]:
    """SHA-256 by path, as SHA256SUMS lists them. Raises `OSError` or `ValueError`."""
    sums = {}
    with plain(folder / SUMS).open(encoding="ascii", newline="\n") as lines:
        for line in lines:
            found = LINE.fullmatch(line)
            if not found or found[2] in sums:
                raise ValueError(line[:200])
            sums[found[2]] = found[1]
    return sums


def plain(path: Path) -> Path:
    """The path, if a file stands there: a pipe would hang. Raises `OSError`."""
    if not path.is_file():
        raise FileNotFoundError(f"{path.name}: no such file")
    return path


def files_of(folder: Path) -> Iterator[str]:
    """The paths of all files of a disc, in order, with `/` between their parts."""
    for above, folders, names in os.walk(str(folder)):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(above, name))]  # noqa: PTH114, PTH118
        for name in sorted([*names, *links]):
            yield Path(above, name).relative_to(folder).as_posix()


def sha256_of(path: Path, advance: Callable[[int], object] = lambda amount: None) -> str:
    digest = hashlib.sha256()
    with plain(path).open("rb") as file:
        for block in iter(lambda: file.read(MIB), b""):
            digest.update(block)
            advance(len(block))
    return digest.hexdigest()


def differences(
    folder: Path, sums: dict[str, str], advance: Callable[[int], object] = lambda amount: None
) -> Iterator[tuple[str, str]]:
    """What differs from the list, as a word of `WORDS` and a path. Every file is read."""
    there = set(files_of(folder)) - {SUMS}
    yield from (("extra", name) for name in sorted(there - set(sums)))
    for name in sorted(sums):
        path = folder / name
        if name not in there:
            yield "missing", name
        elif path.is_symlink() or not path.is_file():
            yield "kind", name
        else:
            try:
                if sha256_of(path, advance) != sums[name]:
                    yield "hash", name
            except OSError:
                yield "unreadable", name


def contents_of(folder: Path, disc: int) -> list[list[str]]:
    """The rows of one disc: disc, file, entry, what it is, status, size, SHA-256, name."""
    with plain(folder / CONTENTS).open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.reader(lines) if row and row[0] == str(disc)]
    for row in rows:
        if len(row) != 8 or not re.fullmatch(PATH, row[1], re.ASCII):
            raise ValueError(f"{CONTENTS}: {row[:2]}")
    return rows


def bodies_of(folder: Path, wanted: set[int]) -> dict[int, dict[str, Any]]:
    """Bodies of entries by number: `body TAB sig` stands on line number + 1 of ledger/entries.tsv."""
    found = {}
    with plain(folder / "ledger" / "entries.tsv").open("rb") as lines:
        for seq, line in enumerate(lines):
            if seq in wanted and line.startswith(b"{"):
                found[seq] = json.loads(line.partition(b"\t")[0])
    return found


def check_list(folder: Path, label: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Whether the list of contents is the one whose hash the ledger on the disc holds."""
    body = bodies_of(folder, {label["entry"]}).get(label["entry"], {})
    if body.get("kind") != "export" or body.get("contents") != sha256_of(folder / CONTENTS):
        yield "list", CONTENTS


def check_blocks(folder: Path, label: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Lists of block hashes against their entries, blocks against the lists, found files against the blocks; and what
    was counted, as "counted" and text."""
    rows = contents_of(folder, label["disc"])
    bodies = bodies_of(folder, {int(row[2]) for row in rows})
    hashes: dict[str, dict[int, str]] = {}  # of the blocks of an image, by the parcel that brought image and list in
    for path, seq, what, sha256 in ((row[1], int(row[2]), row[3], row[6]) for row in rows):
        if what == "block-hashes":
            entered = bodies.get(seq, {"files": [{}]})
            if entered["files"][0].get("sha256") != sha256 or sha256_of(folder / path) != sha256:
                yield "entry", path
            else:
                hashes[entered["parcel"][0]] = listed(folder / path)
    blocks: dict[int, dict[int, Path]] = {}
    for block, seq in ((folder / row[1], int(row[2])) for row in rows if row[3] == "image-block"):
        number, parcel = int(block.stem), bodies.get(seq, {}).get("parcel", [""])[0]
        blocks.setdefault(seq, {})[number] = block
        if hashes.get(parcel, {}).get(number * MIB) != sha256_of(block):
            yield "block", block.relative_to(folder).as_posix()
    rebuilt = elsewhere = 0
    for path, seq, size, sha256 in ((row[1], int(row[2]), int(row[5]), row[6]) for row in rows):
        body = bodies.get(seq, {})
        if body.get("kind") == "artifact.located":
            lengths = [length for _, length in body["runs"]]
            whole = min(lengths, default=0) >= 0 and sum(lengths) == size  # or it is no description of this file
            found = from_blocks(body["runs"], blocks.get(body["image"], {})) if whole else "-"
            rebuilt, elsewhere = rebuilt + bool(found), elsewhere + (not found)
            if body["sha256"] != sha256 or found not in ("", sha256):
                yield "rebuilt", path
    held = sum(map(len, blocks.values()))
    yield "counted", f"{held} 个镜像块 image blocks, {rebuilt} 个文件由块重组 files rebuilt from them"
    if elsewhere:
        yield "counted", f"{elsewhere} 个文件的块不全在本盘 files have blocks that are not on this disc"


def check_proofs(folder: Path, label: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Whether each proof leads from its entry, which stands beside it too, to the head on the label; and what was
    counted. Who signed that head is for verify_ledger.py to check, with a key from outside."""
    paths = [name for name in files_of(folder) if name.startswith("proofs/") and name.endswith(".tlog-proof")]
    for name in paths:
        text = plain(folder / name).read_bytes().decode("utf-8")
        beside = plain((folder / name).with_suffix(".entry")).read_bytes()
        if not is_proved(text, beside, int(Path(name).stem), label):
            yield "proof", name
    yield "counted", f"{len(paths)} 份条目证明 proofs of entries, 台账头 head {label['size']}:{label['root']}"


def is_proved(text: str, entry: bytes, seq: int, label: dict[str, Any]) -> bool:
    found, root = PROOF.fullmatch(text), bytes.fromhex(label["root"])
    if not found or base64.b64decode(found[1]) != entry or int(found[2]) != seq:
        return False
    head = f"{label['origin']}\n{label['size']}\n{base64.b64encode(root).decode()}\n\n"
    path = [base64.b64decode(line) for line in found[3].splitlines()]
    said = json.loads(entry.partition(b"\t")[0])["seq"]
    return said == seq and found[4].startswith(head) and root_from(entry, seq, label["size"], path) == root


def root_from(entry: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a path leads to from a leaf (RFC 9162, section 2.1.3.2); b"" where it does not fit the size."""
    node, last = hashlib.sha256(b"\0" + entry).digest(), size - 1
    for step in path:
        if not last or index > last:
            return b""
        left = index & 1 or index == last
        node = hashlib.sha256(b"\1" + (step + node if left else node + step)).digest()
        while left and not index & 1 and index:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    return node if not last else b""


def listed(path: Path) -> dict[int, str]:
    """SHA-256 by byte offset; after a line that says what it is, each line is `offset TAB hash`."""
    with path.open(encoding="ascii") as lines:
        next(lines, None)
        return {int(offset): sha256 for offset, sha256 in (line.split() for line in lines)}


def from_blocks(runs: list[list[int]], blocks: dict[int, Path]) -> str:
    """SHA-256 of runs of (offset, length) of an image, an offset of -1 meaning zeros; "" where a block is not here."""
    digest = hashlib.sha256()
    for start, length in runs:
        here, stop = start, start + length
        while here < stop:
            number, skip = divmod(here, MIB)
            want = min(MIB - skip, stop - here) if start >= 0 else min(MIB, stop - here)
            if start < 0:
                digest.update(bytes(want))
            elif number not in blocks:
                return ""
            else:
                with plain(blocks[number]).open("rb") as file:
                    file.seek(skip)
                    digest.update(file.read(want))
            here += want
    return digest.hexdigest()


def dots(total: int) -> Callable[[int], None]:
    """A dot on the screen for every hundredth of the bytes read."""
    read = [0, 0]

    def advance(amount: int) -> None:
        read[0] += amount
        if total and read[0] * 100 // total > read[1] and sys.stderr.isatty():
            read[1] = read[0] * 100 // total
            sys.stderr.write("." if read[1] < 100 else ".\n")
            sys.stderr.flush()

    return advance


def shown(text: str) -> str:  # names of unknown origin, on a terminal
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("disc", nargs="?", type=Path, default=Path(__file__).resolve().parent, help="光盘 the disc")
    parser.add_argument("--blocks", action="store_true", help="并核对镜像块 image blocks too")
    parser.add_argument("--proofs", action="store_true", help="并核对条目证明 proofs of entries too")
    options = parser.parse_args()
    found: list[tuple[str, str]] = []
    folder, files, counted = options.disc, 0, ""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # for a console without the characters
    try:
        sums = sums_of(folder)
        files = len(sums)
        total = sum(path.stat().st_size for path in (folder / name for name in sums) if path.is_file())
        found += differences(folder, sums, dots(total))
        label = json.loads(plain(folder / LABEL).read_text("ascii"))
        found += check_list(folder, label)
        found += check_blocks(folder, label) if options.blocks else ()
        found += check_proofs(folder, label) if options.proofs else ()
        counted = f"SHA256SUMS: {sha256_of(folder / SUMS)} (与回执核对 compare with the receipt)"
    except MALFORMED as error:
        word = "sums" if not files else "unreadable"
        found.append((word, ascii(error)))
    breaches = [shown(f"{place}: {WORDS[word]}") for word, place in found if word in WORDS]
    told = [text for word, text in found if word == "counted"]
    code = 0 if not breaches else 4 if all(word in ("sums", "unreadable", "counted") for word, _ in found) else 6
    verdict = {0: "相符 AS LISTED", 4: "未能核对 COULD NOT CHECK", 6: "不符 DIFFERS"}[code]
    lines = [*breaches[:50], *told, *([counted] if counted else []), f"{verdict}: {files} 个文件 files"]
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
