"""WeChat Pay's own bill (微信支付账单明细), as delimited text or as a workbook."""

import re
from collections.abc import Mapping
from typing import ClassVar

from parsers.money import Money, parse_cny
from parsers.payments.bill import BillParser, Reading
from parsers.payments.layout import Layout
from parsers.records import Direction

_LAYOUT = Layout(
    "wechat",
    {
        "time": "交易时间",
        "type": "交易类型",
        "counterparty": "交易对方",
        "item": "商品",
        "direction": "收/支",
        "amount": "金额(元)",
        "method": "支付方式",
        "status": "当前状态",
        "order": "交易单号",
        "merchant_order": "商户单号",
        "note": "备注",
    },
    optional=frozenset({"item", "method", "merchant_order", "note"}),
)

_DIRECTIONS = {
    "收入": (Direction.IN, "收入"),
    "支出": (Direction.OUT, "支出"),
    "/": (Direction.NEUTRAL, "中性交易"),
    "中性交易": (Direction.NEUTRAL, "中性交易"),
}

_CHANNELS = (
    ("退款", "refund"),
    ("微信红包", "red-packet"),
    ("转账", "transfer"),
    ("群收款", "transfer"),
    ("扫二维码付款", "qr-code"),
    ("二维码收款", "qr-code"),
    ("赞赏码", "qr-code"),
    ("商户消费", "merchant"),
    ("亲属卡交易", "merchant"),
    ("分分捐", "merchant"),
    ("零钱充值", "top-up"),
    ("转入零钱通", "top-up"),
    ("零钱提现", "withdrawal"),
    ("零钱通转出", "withdrawal"),
)

_MOVED = frozenset(
    (
        *("支付成功", "已存入零钱", "已转账", "对方已收钱", "朋友已收钱", "已收钱"),
        *("提现已到账", "充值完成", "充值成功", "已到账"),
    )
)
_NOT_MOVED = frozenset(("已全额退款", "对方已退还", "已过期", "提现失败，已退回零钱", "支付失败"))
_PART_REFUND = re.compile(r"已退款[(（]?\s*([¥￥][\d.,]+)[)）]?")


class WechatBill(BillParser):
    """Columns 交易时间 to 备注; 中性交易 (printed `/`) is neither income nor expense."""

    name: ClassVar[str] = "wechat-bill"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "parsers-wechat-bill-title"
    app: ClassVar[str] = "wechat"
    globs: ClassVar[tuple[str, ...]] = ("*微信支付账单*.csv", "*微信支付账单*.xlsx")
    limitations: ClassVar[tuple[str, ...]] = (
        "parsers-bill-no-proof-of-absence",
        "parsers-bill-refund-rows",
        "parsers-bill-protected",
    )
    tested_on: ClassVar[tuple[str, ...]] = ("deb-sig/double-entry-generator example-wechat-records.csv and .xlsx",)
    references: ClassVar[tuple[str, ...]] = ("https://github.com/deb-sig/double-entry-generator",)
    layouts: ClassVar[tuple[Layout, ...]] = (_LAYOUT,)
    workbooks: ClassVar[bool] = True

    def reading(self, cells: Mapping[str, str], amount: Money | None) -> Reading:
        direction, label = _DIRECTIONS.get(cells["direction"], (Direction.UNKNOWN, ""))
        status = cells["status"]
        part = _PART_REFUND.fullmatch(status)
        back = parse_cny(part[1]) if part else None
        settled = True if status in _MOVED or part else False if status in _NOT_MOVED else None
        extra = {"refunded": str(back)} if back else {}
        return Reading(direction, _channel(cells["type"]), settled, label, extra)


def _channel(words: str) -> str:
    """The first of the known words that the issuer's type has: a refund of a red packet is a refund."""
    return next((channel for known, channel in _CHANNELS if known in words), "other")
