"""Deleted rows of published databases against the answers that were published with them."""

import json
from collections import Counter
from xml.etree import ElementTree

import pytest

from forensic.sources.medium import Memory
from parsers.records import State
from parsers.sqlite.database import Database

pytestmark = pytest.mark.corpus


def normal(value):
    """A value as the answer files print it: every number with five decimals."""
    if value is None or isinstance(value, bytes):
        return value
    try:
        return f"{float(value):.5f}"
    except ValueError:
        return value


def answers(path):
    """The rows of an answer file, those that are gone and those that are live: (table, values)."""
    gone, live = Counter(), set()
    for element in ElementTree.parse(path).getroot().findall("element"):
        name, dropped = element.findtext("meta/name"), element.findtext("meta/deleted") == "True"
        for row in element.findall("entries/row"):
            values = (name, tuple(normal(column.findtext("content")) for column in row.findall("column")))
            if dropped or row.get("deleted") == "1":
                gone[values] += 1
            else:
                live.add(values)
    return gone, live


def recovered(path):
    database = Database(Memory(path.read_bytes()))
    found = Counter()
    for name in (*database.tables, *database.dropped):
        for row in database.deleted(name):
            found[name, tuple(normal(value) for value in row.values)] += 1
    return found


@pytest.mark.parametrize(("folder", "databases", "rows"), [("0C", 10, 101), ("0A", 5, 100)])
def test_deleted_records_and_dropped_tables(corpus, folder, databases, rows):
    """A row counts when its table and all its columns equal the answer; measured: all of them, and no other."""
    files = sorted(corpus(f"sqlite/forensic-corpus/{folder}").glob("*.db"))
    assert len(files) == databases
    right = wrong = missed = 0
    for file in files:
        gone, live = answers(file.with_suffix(".xml"))
        found = recovered(file)
        right += (found & gone).total()
        wrong += (found - gone).total()
        missed += (gone - found).total()
        assert not live.intersection(found)
    assert right + missed == rows
    assert right / (right + missed) >= 0.99
    assert right / (right + wrong) >= 0.99


def test_every_version_of_every_message_in_a_log(corpus):
    folder = corpus("sqlite/sms-wal")
    truth = json.loads(corpus("truth/sms-wal-history.json").read_text())
    database = Database(Memory((folder / "sms.db").read_bytes()), Memory((folder / "sms.db-wal").read_bytes()))
    names = ("ROWID", "address", "date", "text", "flags")
    versions = {
        tuple(version[name] for name in ("rowid", "address", "date_unix", "text", "flags")): version
        for version in truth["versions_ever"]
    }
    live = {tuple(row[name] for name in names) for row in database.rows("message")}
    first = {}
    for row in database.deleted("message"):
        key = tuple(row[name] for name in names)
        assert key in versions
        assert row.state is (State.EARLIER if row.rowid in (6, 7, 8, 9) else State.DELETED)
        first.setdefault(key, row.commit)
    assert set(versions) - live <= set(first)
    assert all(commit == versions[key]["first_commit"] for key, commit in first.items())


@pytest.mark.parametrize("name", ["chats/whatsapp/msgstore.db", "chats/mmssms.db", "chats/contacts2.db"])
def test_no_live_row_of_a_phone_database_comes_back_as_deleted(corpus, name):
    database = Database(Memory(corpus(name).read_bytes()))
    for table in database.tables:
        live = {(row.rowid, row.values) for row in database.rows(table)}
        assert not [row for row in database.deleted(table) if (row.rowid, row.values) in live]
