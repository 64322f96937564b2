"""Damaged inputs: a Finding, never an exception, never long."""

import io
import random
import zipfile
from collections.abc import Callable, Iterator

import pytest

from chain_of_custody.errors import EvidenceError
from chain_of_custody.finding import Finding
from parsers.enrolled import match, parsers
from parsers.payments import workbook
from parsers.payments.workbook import sheets
from parsers.records import Direction, Payment, Record
from parsers.source import Found

Make = Callable[..., Found]


def damaged(data: bytes, seed: str) -> Iterator[bytes]:
    dice = random.Random(seed)
    for _ in range(8):
        yield data[: dice.randrange(len(data))]
    for flips in (1, 2, 8, 64):
        for _ in range(4):
            changed = bytearray(data)
            for _ in range(flips):
                changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
            yield bytes(changed)
    at = dice.randrange(len(data))
    yield data[:at] + dice.randbytes(200) + data[at + 200 :]
    yield data[:at] + bytes(200) + data[at:]


def everything(file: Found) -> list[Record | Finding]:
    """What every parser gives of a file, also one that would not claim it."""
    answer = match(file)
    given: list[Record | Finding] = list(answer.findings)
    name = file.path.split(":")[0]
    for parser in {*answer.parsers, *(parser for parser in parsers() if parser.name == name)}:
        given += parser.read(file)
    return given


def test_damage_never_raises(case: str, fixture_case: Callable[[str], Found], found: Make) -> None:
    whole = fixture_case(case)
    data = whole.main.read(0, whole.main.size)
    for broken in damaged(data, case):
        for item in everything(found(case.split("/")[0] + ":" + whole.path, broken)):
            if isinstance(item, Finding):
                assert item.text("zh")
                assert item.text("en")
            else:
                assert len(item.id) == 32
                assert item.as_json()["kind"] == item.kind


def test_a_damaged_log_never_raises(fixture_case: Callable[[str], Found], found: Make) -> None:
    whole = fixture_case("android-sms/wal")
    assert whole.wal is not None
    data, log = whole.main.read(0, whole.main.size), whole.wal.read(0, whole.wal.size)
    for broken in damaged(log, "wal"):
        assert len(everything(found(whole.path, data, wal=broken))) >= 2


@pytest.mark.parametrize("parser", parsers(), ids=lambda parser: parser.name)
def test_noise_never_raises(parser: object, found: Make) -> None:
    dice = random.Random(7)
    for start in (
        b"",
        b"SQLite format 3\0",
        b"PK\x03\x04",
        "微信支付账单明细\n".encode(),
        b"\xff\xfe",
        b"\xef\xbb\xbf",
    ):
        for size in (0, 1, 100, 5000):
            list(parser.read(found("", start + dice.randbytes(size))))


def test_a_quote_that_never_closes_costs_one_row(found: Make) -> None:
    head = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n"
    rows = [f"2023-01-01 00:00:{i:02d},转账,某,/,收入,¥{i}.00,零钱,已收钱,{i},,/" for i in range(1, 60)]
    rows[10] = rows[10].replace("某", '"某')
    parser = next(parser for parser in parsers() if parser.name == "wechat-bill")
    given = list(parser.read(found("", (head + "\n".join(rows) + "\n").encode())))
    whole = {item.where.row for item in given if isinstance(item, Record) and item.order}
    assert whole >= set(range(2, 61)) - {12}
    assert any(isinstance(item, Finding) for item in given)


@pytest.mark.parametrize("name", ["wechat-bill/csv", "alipay-bill/app", "alipay-bill/app-2021", "alipay-bill/web"])
def test_no_damage_makes_a_payment_that_was_not(name: str, fixture_case: Callable[[str], Found], found: Make) -> None:
    """Cut anywhere, or with a sector of zeros anywhere: what has a time and an amount is a payment of the bill."""
    file = fixture_case(name)
    data = file.main.read(0, file.main.size)
    parser = next(parser for parser in parsers() if parser.name == name.split("/")[0])

    def payments(content: bytes) -> set[tuple[str, int]]:
        given = [item for item in parser.read(found("", content)) if isinstance(item, Payment)]
        ways.update((p.time.utc, p.direction) for p in given if p.direction is not Direction.UNKNOWN)
        return {(p.time.utc, p.amount.minor) for p in given if p.time.utc and p.amount}

    ways: set[tuple[str | None, Direction]] = set()
    whole = payments(data)
    known = set(ways)
    for at in range(0, len(data), 11):
        assert payments(data[:at]) <= whole, at
    for at in range(0, len(data), 29):
        assert payments(data[:at] + bytes(64) + data[at + 64 :]) <= whole, at
    assert {way for way in ways if way[0]} == known


def test_a_cell_may_run_over_lines(found: Make) -> None:
    head = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n"
    body = '2023-01-01 00:00:01,转账,某,"第一行\n第二行",收入,¥1.00,零钱,已收钱,1,,/\n' + head
    body += "2023-01-01 00:00:02,转账,某,/,收入,¥2.00,零钱,已收钱,2,,/\n"
    parser = next(parser for parser in parsers() if parser.name == "wechat-bill")
    first, second = parser.read(found("", (head + body).encode()))
    assert (first.item, first.where.row) == ("第一行\n第二行", 2)
    assert (second.order, second.where.row) == ("2", 5)


def test_bombs_are_not_unpacked(found: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("xl/workbook.xml", "<workbook/>")
        with container.open("xl/worksheets/sheet1.xml", "w") as member:
            for _ in range(65):
                member.write(bytes(1 << 20))
    assert len(packed.getvalue()) < 200_000
    with pytest.raises(EvidenceError, match="unpacks"):
        sheets(packed.getvalue())
    monkeypatch.setattr(workbook, "MAX_MEMBERS", 1)
    with pytest.raises(EvidenceError, match="unpacks"):
        sheets(packed.getvalue())


def test_a_lying_size_is_not_believed(fixture_case: Callable[[str], Found]) -> None:
    """The made workbook declares 2^20 rows of 2^14 cells; only its own are read."""
    file = fixture_case("wechat-bill/xlsx")
    (sheet,) = sheets(file.main.read(0, file.main.size))
    assert len(sheet.lines) == 27
    (cut,) = sheets(file.main.read(0, file.main.size), 5)
    assert (len(cut.lines), cut.cut) == (5, True)
