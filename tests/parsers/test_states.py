"""Rows that are not live: their state is told, and they lend nothing to live ones."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from parsers.enrolled import match
from parsers.parser import SqliteParser
from parsers.phone.android_contacts import AndroidContacts
from parsers.phone.android_sms import AndroidSms
from parsers.records import Contact, Message, State
from parsers.source import Found
from parsers.sqlite.database import Database
from parsers.sqlite.rows import Row


@dataclass
class Recovered:
    """A database in which the chosen rows are given as deleted ones, their rowid overwritten if `nameless`."""

    database: Database
    chosen: frozenset[tuple[str, int]]
    nameless: bool = False

    def has(self, table: str, *columns: str) -> bool:
        return self.database.has(table, *columns)

    def rows(self, table: str) -> Iterator[Row]:
        for row in self.database.rows(table):
            if (table, row.rowid) in self.chosen:
                yield replace(row, state=State.DELETED, rowid=None if self.nameless else row.rowid)
            else:
                yield row


def read(parser: SqliteParser, found: Found, *chosen: tuple[str, int], nameless: bool = False) -> list[object]:
    rows = Recovered(Database(found.main), frozenset(chosen), nameless)
    return list(parser.records(rows, found))


def test_a_deleted_message_says_so(fixture_case: Callable[[str], Found]) -> None:
    found = fixture_case("android-sms/basic")
    whole = [x for x in read(AndroidSms(), found) if isinstance(x, Message)]
    some = [x for x in read(AndroidSms(), found, ("sms", 2), ("pdu", 1)) if isinstance(x, Message)]
    assert [(m.where.table, m.where.row) for m in some if m.state is State.DELETED] == [("sms", 2), ("pdu", 1)]
    changed = [(a.id, b.id) for a, b in zip(whole, some, strict=True) if a.id != b.id]
    assert len(changed) == 2
    assert [m.text for m in some] == [m.text for m in whole]


def test_a_row_without_rowid_is_named_by_its_offset(fixture_case: Callable[[str], Found]) -> None:
    found = fixture_case("android-sms/basic")
    given = read(AndroidSms(), found, ("sms", 2), ("sms", 3), nameless=True)
    lost = [x for x in given if isinstance(x, Message) and x.state is State.DELETED]
    assert [m.where.row for m in lost] == [f"@{m.where.offset}" for m in lost]
    assert len({m.id for m in lost}) == 2


def test_deleted_details_do_not_join_a_live_contact(fixture_case: Callable[[str], Found]) -> None:
    found = fixture_case("android-contacts/basic")
    given = [x for x in read(AndroidContacts(), found, ("data", 3), ("raw_contacts", 3)) if isinstance(x, Contact)]
    assert given[0].phones == ("+8600000000001",)
    assert (given[2].state, given[2].phones) == (State.DELETED, ("+8600000000003",))


def test_columns_that_only_newer_versions_have_are_not_needed(tmp_path: Path, found: Callable[..., Found]) -> None:
    """The least that each schema may have."""
    for sql, rows in {
        "CREATE TABLE sms (address TEXT, date INTEGER, type INTEGER, body TEXT)": [("1", 1, 1, "x")],
        "CREATE TABLE calls (number TEXT, date INTEGER, duration INTEGER, type INTEGER)": [("1", 1, 1, 1)],
        "CREATE TABLE messages (key_remote_jid TEXT, key_from_me INTEGER, key_id TEXT, timestamp INTEGER, data TEXT)": [
            ("1@s.whatsapp.net", 0, "K", 1, "x")
        ],
    }.items():
        path = tmp_path / "least.db"
        path.unlink(missing_ok=True)
        connection = sqlite3.connect(path)
        connection.execute(sql)
        connection.executemany(f"INSERT INTO {sql.split()[2]} VALUES ({','.join('?' * len(rows[0]))})", rows)
        connection.commit()
        connection.close()
        file = found("", path.read_bytes())
        (parser,) = match(file).parsers
        (record,) = parser.read(file)
        assert record.where.row == 1
