"""Live rows of published databases, equal to what SQLite shows of them."""

import json
import sqlite3

import pytest

from chain_of_custody.errors import KeyNeeded
from forensic.sources.medium import Memory
from parsers.sqlite.database import Database

pytestmark = pytest.mark.corpus


def compare(path):
    """The number of tables that equal SQLite's view; SQLite's refusals are passed over, ours may not be silent."""
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    connection.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
    equal = 0
    try:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table' AND rootpage>0")
        ]
        database = Database(Memory(path.read_bytes()))
        assert sorted(database.tables) == sorted(names)
        for name in names:
            quoted = name.replace('"', '""')
            rows = [row.values for row in database.rows(name)]
            try:
                expected = connection.execute(f'SELECT * FROM "{quoted}"').fetchall()
            except sqlite3.DatabaseError:
                assert database.findings
                continue
            if rows != expected:
                # SQLite reads a cell pointer into nothing as a row of NULLs; here it is a finding.
                assert rows == [row for row in expected if any(value is not None for value in row)]
                assert "sqlite-cell-malformed" in [finding.code for finding in database.findings]
            equal += 1
    finally:
        connection.close()
    return equal


def test_forensic_corpus(corpus):
    files = sorted(corpus("sqlite/forensic-corpus").rglob("*.db"))
    assert len(files) > 50
    assert sum(compare(path) for path in files) > 60


@pytest.mark.parametrize("name", ["chats/whatsapp/msgstore.db", "chats/mmssms.db", "chats/contacts2.db"])
def test_phone_databases(corpus, name):
    assert compare(corpus(name)) > 5


def test_messages_that_stand_in_the_log_alone(corpus):
    folder = corpus("sqlite/sms-wal")
    truth = json.loads(corpus("truth/sms-wal-history.json").read_text())
    database = Database(Memory((folder / "sms.db").read_bytes()), Memory((folder / "sms.db-wal").read_bytes()))
    messages = [
        [row[name] for name in ("ROWID", "address", "date", "text", "flags")] for row in database.rows("message")
    ]
    assert messages == truth["final_messages"]
    assert database.pages.log is not None
    assert (database.pages.log.frames, len(database.pages.log.commits)) == (truth["frames"], truth["commits"])
    assert database.findings == []


def test_an_encrypted_database_says_so(corpus):
    with pytest.raises(KeyNeeded):
        Database(Memory(corpus("chats/wechat/EnMicroMsg.db").read_bytes()))
