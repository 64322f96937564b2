"""The ledger's file: schema, connections for writing and for reading, and SQLite's errors in our words.

Writing must survive a power cut: WAL with `synchronous=FULL`. Reading must work on a disc and leave nothing behind.
Where the folder can be written, a reader shares the writer's WAL under `query_only` and the last one out removes it
(`mode=ro` would leave it lying there). Where it cannot, the file is `immutable`; and if entries still stand in a `-wal`
there, which `immutable` would pass over, a scratch copy of both is read. So it is on a full disk, where SQLite finds no
room for the shared memory of a WAL.
"""

import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain_of_custody.errors import CannotWrite, CaseError, EvidenceError, ForensicError, IntegrityError
from chain_of_custody.progress import Progress

APPLICATION_ID = 0x43555354
FORMAT = 1
LONGEST = 64 << 20  # bytes of a value or row: an entry is some kilobytes
PATIENCE = 30.0  # seconds to wait for another command's transaction
ROOM = 1 << 16  # bytes; the shared memory of a WAL takes 32 KiB (sqlite.org/walformat.html, section 1.3)
COPIES = 20  # tries to copy a ledger that a writer is busy with

_TABLES = """
CREATE TABLE meta(k TEXT PRIMARY KEY, v TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE entry(
  seq INTEGER PRIMARY KEY CHECK(seq >= 0),
  leaf BLOB NOT NULL CHECK(length(leaf) = 32),
  body TEXT NOT NULL CHECK(json_valid(body)),
  sig TEXT NOT NULL DEFAULT '',
  kind TEXT GENERATED ALWAYS AS (json_extract(body, '$.kind')) VIRTUAL
) STRICT;
CREATE INDEX entry_told ON entry(seq) WHERE kind <> 'artifact.located';
CREATE TABLE node(
  level INTEGER, idx INTEGER, hash BLOB NOT NULL CHECK(length(hash) = 32), PRIMARY KEY(level, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint(
  size INTEGER PRIMARY KEY, root BLOB NOT NULL CHECK(length(root) = 32), note TEXT NOT NULL
) STRICT;
CREATE TRIGGER entry_follows BEFORE INSERT ON entry BEGIN
  SELECT RAISE(ABORT, 'an entry takes the next number')
    WHERE NEW.seq <> (SELECT coalesce(max(seq) + 1, 0) FROM entry) OR json_extract(NEW.body, '$.seq') <> NEW.seq;
  SELECT RAISE(ABORT, 'an entry names the leaf before it')
    WHERE NEW.seq > 0
      AND json_extract(NEW.body, '$.prev') <> (SELECT lower(hex(leaf)) FROM entry WHERE seq = NEW.seq - 1);
END;
"""

_TABLE_TEXTS = {
    statement.split("(", 1)[0].split()[2]: statement.strip().removesuffix(";")
    for statement in re.findall(r"CREATE (?:TABLE|INDEX) .*?;\n", _TABLES, re.DOTALL)
}
"""What SQLite keeps of each table and index, letter by letter."""

_APPEND_ONLY = """
CREATE TRIGGER {table}_stays_{verb} BEFORE {verb} ON {table} BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;
"""

_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "fuse.rclone")


@dataclass(slots=True)
class Opened:
    """A connection to the ledger at `path`, and the scratch folder it reads from where there is one."""

    connection: sqlite3.Connection
    path: Path
    scratch: Path | None = None

    def close(self) -> None:
        self.connection.close()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


def create(path: Path, origin: str, vkey: str) -> Opened:
    """A new ledger file with its schema. An existing file raises `CaseError`."""
    if path.exists():
        raise CaseError("case-exists", path=str(path.parent))
    _refuse_network(path)
    connection = _connect(path, f"{path.absolute().as_uri()}?mode=rwc")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript("BEGIN IMMEDIATE;" + _schema())
        connection.executemany("INSERT INTO meta(k, v) VALUES(?, ?)", (("origin", origin), ("vkey", vkey)))
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        connection.close()
        raise translate(error, path) from error
    return open_writing(path, connection)


def open_writing(path: Path, connection: sqlite3.Connection | None = None, *, patience: float = PATIENCE) -> Opened:
    """A connection that appends. Raises `CaseError` on a network share, `CannotWrite` where nothing can be written."""
    _refuse_network(path)
    if not os.access(path.parent, os.W_OK) or not os.access(path, os.W_OK):
        raise CannotWrite("case-read-only", path=str(path.parent))
    connection = connection or _connect(path, f"{path.absolute().as_uri()}?mode=rw", patience)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA recursive_triggers = ON")  # else INSERT OR REPLACE slips past the DELETE triggers
        connection.execute("PRAGMA foreign_keys = ON")
        _check(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise translate(error, path) from error
    except ForensicError:
        connection.close()
        raise
    return Opened(connection, path)


def is_there(path: Path) -> bool:
    """Whether a ledger lies there. A pipe or a device in its place, or in that of a file that SQLite keeps beside it,
    raises `EvidenceError`: whoever opens one may wait for ever."""
    for end in ("", "-wal", "-shm", "-journal"):
        file = path.with_name(path.name + end)
        if file.exists() and not file.is_file():
            raise EvidenceError("ledger-not-a-file", path=str(file))
    return path.is_file()


def open_reading(path: Path) -> Opened:
    """A connection that leaves the case as it is, on a read-only medium too."""
    if not is_there(path):
        raise CaseError("case-none", path=str(path.parent))
    if os.access(path.parent, os.W_OK) and os.access(path, os.W_OK) and _has_room(path):
        with suppress(CannotWrite):  # a quota, say
            return _reading(path, f"{path.absolute().as_uri()}?mode=rw")
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        scratch = _scratch_copy(path, wal)
        return _reading(path, f"{(scratch / path.name).absolute().as_uri()}?mode=rw", scratch)
    return _reading(path, f"{path.absolute().as_uri()}?mode=ro&immutable=1")


def _has_room(path: Path) -> bool:
    """Whether SQLite can share the WAL's memory, or somebody does already. To try leaves empty files behind."""
    return path.with_name(path.name + "-shm").exists() or shutil.disk_usage(path.parent).free >= ROOM


def _reading(path: Path, uri: str, scratch: Path | None = None) -> Opened:
    connection: sqlite3.Connection | None = None
    try:
        connection = _connect(path, uri)
        connection.execute("PRAGMA query_only = ON")
        _check(connection, path)
    except (sqlite3.Error, ForensicError) as error:
        if connection:
            connection.close()
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)
        if isinstance(error, sqlite3.Error):
            raise translate(error, path) from error
        raise
    return Opened(connection, path, scratch)


def _scratch_copy(path: Path, wal: Path) -> Path:
    """Both files as they belong together: copied again if a writer began the log anew meanwhile."""
    try:
        scratch = Path(tempfile.mkdtemp(prefix="forensic-ledger-"))
    except OSError as error:
        raise CannotWrite("no-space", path=str(error.filename), reason=error.strerror or str(error)) from error
    try:
        for _ in range(COPIES):
            began = _log_header(wal)
            (scratch / wal.name).unlink(missing_ok=True)
            for file in (path, wal) if began else (path,):
                shutil.copyfile(file, scratch / file.name)
            if _log_header(wal) == began:
                break
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise CannotWrite("no-space", path=str(scratch), reason=error.strerror or str(error)) from error
    return scratch


def _log_header(wal: Path) -> bytes:
    """The 32 bytes that say which log this is: their salts change when it is begun anew (sqlite.org/fileformat2.html,
    section 4.1)."""
    try:
        with wal.open("rb") as file:
            return file.read(32)
    except FileNotFoundError:
        return b""


def _schema() -> str:
    numbers = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"
    triggers = [
        _APPEND_ONLY.format(table=table, verb=verb)
        for table in ("meta", "entry", "checkpoint")
        for verb in ("update", "delete")
    ]
    return numbers + _TABLES + "".join(triggers)


def copy(connection: sqlite3.Connection, path: Path, progress: Progress) -> None:
    """A copy of the ledger as it stands now, into a new file, on the medium when this returns (sqlite.org/backup.html).
    An existing file raises `CannotWrite`."""
    done = 0

    def told(_status: int, remaining: int, total: int) -> None:
        nonlocal done
        progress.advance(total - remaining - done)
        done = total - remaining

    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    progress.start("phase-copy-ledger", pages, "pages")
    try:
        path.touch(0o644, exist_ok=False)
        with closing(_connect(path, f"{path.absolute().as_uri()}?mode=rw")) as copied:
            copied.execute("PRAGMA synchronous = FULL")
            connection.backup(copied, pages=256, progress=told)
    except OSError as error:
        raise CannotWrite("no-space", path=str(path), reason=error.strerror or str(error)) from error
    except sqlite3.Error as error:
        raise translate(error, path) from error


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that takes the write lock at its beginning. Any error rolls it back."""
    path = _path(connection)
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise translate(error, path) from error


def rows(connection: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, SQLite's errors in our words: a damaged page shows itself only when it is read."""
    try:
        for row in connection.execute(query, values):  # noqa: UP028 - `yield from` would close the cursor once more
            yield row
    except sqlite3.Error as error:
        raise translate(error, _path(connection)) from error


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """All reading inside sees one state of the ledger, whatever others append meanwhile."""
    try:
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise translate(error, _path(connection)) from error


def meta(connection: sqlite3.Connection, key: str) -> str:
    row = next(rows(connection, "SELECT v FROM meta WHERE k = ?", (key,)), None)
    if row is None:
        raise IntegrityError("ledger-damaged", path="custody.sqlite", reason=f"meta has no {key}")
    return str(row[0])


def translate(error: sqlite3.Error, path: Path) -> CaseError | CannotWrite | IntegrityError:
    """SQLite's error as one of ours."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return CaseError("case-held-elsewhere", path=str(path.parent))
    if name.startswith("SQLITE_FULL") or "disk I/O" in str(error):
        return CannotWrite("no-space", path=str(path.parent), reason=str(error))
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return CannotWrite("case-read-only", path=str(path.parent))
    return IntegrityError("ledger-damaged", path=str(path), reason=str(error))


def _path(connection: sqlite3.Connection) -> Path:
    return Path(connection.execute("PRAGMA database_list").fetchone()[2])


def _connect(path: Path, uri: str, patience: float = PATIENCE) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=patience)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise CaseError("case-none", path=str(path.parent))
    if version != FORMAT:
        raise CaseError("ledger-other-version", path=str(path), version=version)
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type <> 'trigger'"))
    strange = next((name for name, sql in _TABLE_TEXTS.items() if found.get(name) != sql), None)
    if strange:  # a view in a table's place is a program of whoever put it there
        raise IntegrityError("ledger-damaged", path=str(path), reason=f"{strange} is not the table it should be")


def _refuse_network(path: Path) -> None:
    """WAL needs shared memory, which a network share does not give."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    except OSError:
        return
    parent = path.parent.resolve()
    kinds = {_unescaped(fields[1]): fields[2] for fields in mounts}  # of two mounts on one place the later one counts
    kind = next((kinds[str(folder)] for folder in (parent, *parent.parents) if str(folder) in kinds), "")
    if kind in _NETWORK:
        raise CaseError("case-on-network", path=str(path.parent), kind=kind)


def _unescaped(mount: str) -> str:
    """A path as proc(5) mounts writes it: space, tab, newline and backslash as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), mount)
