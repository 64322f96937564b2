"""The byte at `row.offset` is the row's cell: parsed again here by hand, from the raw file."""

import pytest


def varint(data, at):
    value = 0
    for n in range(9):
        byte = data[at + n]
        if n == 8:
            return (value << 8) | byte, at + 9
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            return value, at + n + 1
    raise AssertionError


def first_column_text(data, at, *, rowid):
    """The cell's rowid and the text in its first column, which must stand in the cell itself."""
    _, at = varint(data, at)
    number = None
    if rowid:
        number, at = varint(data, at)
    header_end, after = varint(data, at)
    serial, _ = varint(data, after)
    start = at + header_end
    return number, data[start : start + (serial - 13) // 2].decode()


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
@pytest.mark.parametrize("option", ["", "WITHOUT ROWID"])
def test_main_file(made, page_size, option):
    db = made(f"PRAGMA page_size={page_size}", f"CREATE TABLE t(a TEXT PRIMARY KEY, b) {option}")
    db.connection.execute("BEGIN")
    for n in range(400):
        db.connection.execute("INSERT INTO t VALUES(?, ?)", (f"key {n}", b"x" * (n * 4)))
    db.connection.execute("COMMIT")
    data = db.path.read_bytes()
    rows = list(db.open().rows("t"))
    assert len(rows) == 400
    for row in rows:
        assert row.file == "main"
        assert row.commit is None
        assert row.page == row.offset // page_size + 1
        interior = data[(row.page - 1) * page_size] == 0x02  # such a cell begins with its left child's page number
        at = row.offset + 4 if interior else row.offset
        assert first_column_text(data, at, rowid=not option) == (row.rowid, row["a"])


def test_log(made):
    db = made("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "CREATE TABLE t(a TEXT)")
    for n in range(200):
        db.connection.execute("INSERT INTO t VALUES(?)", (f"value {n}" * 9,))
    data = db.beside("-wal").read(0, 1 << 30)
    rows = list(db.open().rows("t"))
    assert len(rows) == 200
    for row in rows:
        assert row.file == "wal"
        assert first_column_text(data, row.offset, rowid=True) == (row.rowid, row["a"])
        frame = (row.offset - 32) // (4096 + 24) * (4096 + 24) + 32
        assert int.from_bytes(data[frame : frame + 4], "big") == row.page
    assert max(row.commit for row in rows) == 201  # CREATE and 200 inserts, the last commit's page is the newest
