"""What the words of bills mean, and what amounts and times may look like."""

from zoneinfo import ZoneInfo

import pytest

from parsers.money import Money, parse_cny
from parsers.payments.alipay_bill import AlipayBill
from parsers.payments.delimited import clean
from parsers.payments.layout import declared
from parsers.payments.wechat_bill import WechatBill
from parsers.times import from_excel, from_local, from_unix

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("kind", "words", "status", "expected"),
    [
        ("微信红包（群红包）", "支出", "支付成功", ("out", "red-packet", True)),
        ("微信红包-退款", "收入", "已全额退款", ("in", "refund", False)),
        ("微信红包", "收入", "已过期", ("in", "red-packet", False)),
        ("转账", "收入", "已存入零钱", ("in", "transfer", True)),
        ("转账", "支出", "待对方收款", ("out", "transfer", None)),
        ("零钱提现", "/", "提现失败，已退回零钱", ("neutral", "withdrawal", False)),
        ("零钱充值", "/", "充值完成", ("neutral", "top-up", True)),
        ("群收款", "收入", "已收钱", ("in", "transfer", True)),
        ("商户消费", "支出", "已退款(￥1.00)", ("out", "merchant", True)),
        ("商户消费", "支出", "已退款", ("out", "merchant", None)),
        ("从没见过", "", "", ("unknown", "other", None)),
    ],
)
def test_wechat(kind: str, words: str, status: str, expected: tuple[str, str, bool | None]) -> None:
    reading = WechatBill().reading({"type": kind, "direction": words, "status": status}, Money(100))
    assert (reading.direction, reading.channel, reading.settled) == expected


@pytest.mark.parametrize(
    ("kind", "item", "words", "status", "expected"),
    [
        ("转账红包", "普通红包", "支出", "交易成功", ("out", "red-packet", True)),
        ("转账红包", "转账", "收入", "交易成功", ("in", "transfer", True)),
        ("退款", "退款-商品", "不计收支", "退款成功", ("neutral", "refund", True)),
        ("账户存取", "余额提现", "不计收支", "提现成功", ("neutral", "withdrawal", True)),
        ("账户存取", "充值-普通充值", "其他", "充值成功", ("neutral", "top-up", True)),
        ("收入", "收钱码收款", "收入", "交易成功", ("in", "qr-code", True)),
        ("餐饮美食", "转账给店家的饭钱", "支出", "交易关闭", ("out", "merchant", False)),
        ("商业服务", "货", "支出", "等待确认收货", ("out", "merchant", None)),
        ("新类", "货", "某", "某", ("unknown", "other", None)),
    ],
)
def test_alipay(kind: str, item: str, words: str, status: str, expected: tuple[str, str, bool | None]) -> None:
    reading = AlipayBill().reading({"type": kind, "item": item, "direction": words, "status": status}, Money(100))
    assert (reading.direction, reading.channel, reading.settled) == expected


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("¥28.16", 2816),
        ("￥1,234,567.89", 123456789),
        ("１２．５０元", 1250),
        ("50.0", 5000),
        ('="3.20"', 320),
        ("CNY 12", 1200),
        ("0.1", 10),
        ("1.005", None),
        ("1e3", None),
        ("NaN", None),
        ("", None),
        ("1" * 16, None),
        ("131.77(已退款89.84)", None),
    ],
)
def test_amounts(text: str, fen: int | None) -> None:
    assert parse_cny(text) == (None if fen is None else Money(fen))


def test_cells() -> None:
    assert [clean(cell) for cell in ("\t123 ", "\u3000x\u00a0", '="0012"', "\ufeff交易", '=""', "=1+1")] == [
        "123",
        "x",
        "0012",
        "交易",
        "",
        "=1+1",
    ]


def test_times() -> None:
    assert from_local("2023-01-01 07:59:59", ZONE).utc == "2022-12-31T23:59:59Z"
    assert from_local("2023/1/1 7:59", ZONE).utc == "2022-12-31T23:59:00Z"
    assert from_local("2023-02-30 00:00:00", ZONE).utc is None
    assert from_excel("44927", ZONE).utc == "2022-12-31T16:00:00Z"
    assert from_excel("44927.5", ZONE).utc == "2023-01-01T04:00:00Z"
    assert [from_excel(text, ZONE).utc for text in ("1", "99999", "x", "nan", "inf")] == [None] * 5
    assert [from_unix(value, "unix-ms").utc for value in (0, -1, None, "1", 2**62, True)] == [None] * 6


def test_what_a_bill_declares_in_one_line() -> None:
    says = declared("共12笔记录 | 收入：2笔 1,000.50元 | 支出：9笔 ３.00元 | 中性交易：1笔 0.01元")
    assert says.rows == 12
    assert says.totals == {"收入": (2, Money(100050)), "支出": (9, Money(300)), "中性交易": (1, Money(1))}


def test_what_an_old_web_export_declares() -> None:
    says = declared(
        "账号:[a@example.com]\n共2笔记录\n已收入:1笔,5.00元\n待支出:1笔,6.00元\n导出时间:[2015-01-01 00:00:00]"
    )
    assert says.totals == {"已收入": (1, Money(500)), "待支出": (1, Money(600))}
    assert (says.account, says.exported) == ("a@example.com", "2015-01-01 00:00:00")
