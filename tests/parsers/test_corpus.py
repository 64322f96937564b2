"""Published databases and bills, against sqlite3 and against the words of the files themselves."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from chain_of_custody.finding import Finding
from parsers.enrolled import match
from parsers.records import Message, Payment, Record
from parsers.source import Found

pytestmark = pytest.mark.corpus

Corpus = Callable[[str], Path]
Make = Callable[..., Found]
_WAYS = {"收入": "in", "支出": "out", "/": "neutral", "不计收支": "neutral"}


def read(make: Make, path: Path) -> tuple[list[Record], list[Finding]]:
    answer = match(make("", path.read_bytes()))
    given = [item for parser in answer.parsers for item in parser.read(make("", path.read_bytes()))]
    return [x for x in given if isinstance(x, Record)], [x for x in given if isinstance(x, Finding)]


def ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


def test_sms(corpus: Corpus, found: Make) -> None:
    path = corpus("chats/mmssms.db")
    records, findings = read(found, path)
    shown = [
        (r.where.row, r.extra["address"], r.time.stored, {"in": 1, "out": 2}[r.direction], r.text) for r in records
    ]
    assert shown == ask(path, "SELECT _id, address, date, type, body FROM sms ORDER BY _id")
    assert len(shown) == 9
    assert findings == []


def test_calls_in_the_contacts_database(corpus: Corpus, found: Make) -> None:
    path = corpus("chats/contacts2.db")
    records, findings = read(found, path)
    shown = [(r.where.row, r.peer, r.time.stored, r.duration, r.name, int(r.extra["type"])) for r in records]
    assert shown == ask(path, "SELECT _id, number, date, duration, name, type FROM calls ORDER BY _id")
    assert findings == []


def test_whatsapp_placeholders(corpus: Corpus, found: Make) -> None:
    path = corpus("chats/whatsapp/msgstore.db")
    records, findings = read(found, path)
    messages = [record for record in records if isinstance(record, Message)]
    ((count,),) = ask(path, "SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM messages)")
    assert len(messages) == len(records) == count
    assert [message.time.utc for message in messages] == [None] * count
    assert {message.content for message in messages} == {"placeholder"}
    status = [message for message in messages if message.conversation == "status@broadcast"]
    assert (len(status), {message.text for message in status}) == (9, {None})
    assert findings == []


def printed(rows: Iterator[list[str]], header: str) -> list[dict[str, str]]:
    """The rows below a header, by a plain csv reader."""
    names: list[str] = []
    table = []
    for row in rows:
        cells = [cell.strip() for cell in row]
        if cells and cells[0] == header and "收/支" in cells:
            names = cells
        elif names and len(cells) > 1:
            table.append(dict(zip(names, cells, strict=False)))
    return table


def check_bill(payments: list[Payment], table: list[dict[str, str]], amount: str, order: str) -> None:
    shown = [
        (payment.time.stored, payment.direction.value, payment.amount and payment.amount.minor, payment.order)
        for payment in payments
    ]
    assert shown == [
        (row["交易时间"], _WAYS[row["收/支"]], int(Decimal(row[amount].lstrip("¥")) * 100), row[order]) for row in table
    ]


def test_wechat(corpus: Corpus, found: Make) -> None:
    text, book = (
        corpus("payments/wechat/example-wechat-records.csv"),
        corpus("payments/wechat/example-wechat-records.xlsx"),
    )
    from_text, text_findings = read(found, text)
    from_book, book_findings = read(found, book)
    check_bill(from_text, printed(csv.reader(text.read_text("utf-8").splitlines()), "交易时间"), "金额(元)", "交易单号")
    assert len(from_text) == len(from_book) == 27
    same = [[bare(payment) for payment in payments] for payments in (from_text, from_book)]
    assert same[0] == same[1]
    assert not {payment.id for payment in from_text} & {payment.id for payment in from_book}
    for findings in (text_findings, book_findings):
        counts = [f.facts for f in findings if f.code == "parsers-declared-count-differs"]
        assert (counts[0]["declared"], counts[0]["found"]) == (43, 27)
    sheets = openpyxl.load_workbook(book, read_only=True).sheetnames
    repeats = [f.facts for f in book_findings if f.code == "parsers-sheet-repeats"]
    assert [(facts["sheet"], facts["rows"]) for facts in repeats] == [(sheets[1], 27)]


def bare(payment: Payment) -> str:
    """All that the bill says of it, without where it stands and how it is encoded."""
    plain = payment.as_json()
    extra = {key: value for key, value in payment.extra.items() if key != "encoding"}
    return json.dumps({**plain, "where": None, "id": None, "extra": extra}, sort_keys=True)


def test_alipay(corpus: Corpus, found: Make) -> None:
    path = corpus("payments/alipay/example-alipay-records.csv")
    payments, findings = read(found, path)
    table = printed(csv.reader(path.read_text("gb18030").splitlines()), "交易时间")
    check_bill(payments, table, "金额", "交易订单号")
    assert len(payments) == 10
    counts = [f.facts for f in findings if f.code == "parsers-declared-count-differs"]
    assert [(facts["declared"], facts["found"]) for facts in counts] == [(66, 10)]


@pytest.mark.parametrize("name", ["payments/icbc/credit.csv", "payments/bocom/example-bocom_debit-records.csv"])
def test_bills_of_others_are_left_alone(corpus: Corpus, found: Make, name: str) -> None:
    assert match(found("", corpus(name).read_bytes())).parsers == ()
