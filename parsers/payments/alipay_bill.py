"""Alipay's bills: the app's receipt (电子客户回单), its form of 2021, and the old web export."""

from collections.abc import Mapping
from typing import ClassVar

from parsers.money import Money, parse_cny
from parsers.payments.bill import BillParser, Reading
from parsers.payments.layout import Layout
from parsers.records import Direction

_APP_COLUMNS = {
    "time": "交易时间",
    "type": "交易分类",
    "counterparty": "交易对方",
    "counterparty_account": "对方账号",
    "item": "商品说明",
    "direction": "收/支",
    "amount": "金额",
    "method": "收/付款方式",
    "status": "交易状态",
    "order": "交易订单号",
    "merchant_order": "商家订单号",
    "note": "备注",
}
_APP_OPTIONAL = frozenset({"counterparty_account", "method", "merchant_order"})

_LAYOUTS = (
    Layout("alipay-app", _APP_COLUMNS, _APP_OPTIONAL),
    Layout("alipay-app-2021", {field: name for field, name in _APP_COLUMNS.items() if field != "note"}, _APP_OPTIONAL),
    Layout(
        "alipay-web",
        {
            "order": "交易号",
            "merchant_order": "商家订单号",
            "time": "交易创建时间",
            "paid": "付款时间",
            "type": "类型",
            "counterparty": "交易对方",
            "item": "商品名称",
            "amount": "金额(元)",
            "direction": "收/支",
            "status": "交易状态",
            "fee": "服务费(元)",
            "refunded": "成功退款(元)",
            "note": "备注",
            "funds": "资金状态",
        },
        frozenset({"merchant_order", "paid", "fee", "refunded", "note"}),
    ),
)

_DIRECTIONS = {
    "收入": Direction.IN,
    "支出": Direction.OUT,
    "不计收支": Direction.NEUTRAL,
    "其他": Direction.NEUTRAL,  # the word for the same until 2021
    "/": Direction.NEUTRAL,
    "中性": Direction.NEUTRAL,
}

_MERCHANT_TYPES = frozenset(
    (
        *("餐饮美食", "服饰装扮", "日用百货", "家居家装", "数码电器", "运动户外", "美容美发", "母婴亲子"),
        *("宠物", "交通出行", "爱车养车", "住房物业", "酒店旅游", "文化休闲", "教育培训", "医疗健康"),
        *("生活服务", "公共服务", "商业服务", "公益捐赠", "互助保障", "充值缴费", "支付宝担保交易"),
    )
)
_MOVED = frozenset(("交易成功", "退款成功", "还款成功", "支付成功", "充值成功", "提现成功", "转账成功", "还款到账"))
_NOT_MOVED = frozenset(("交易关闭", "已关闭", "交易失败", "还款失败"))
_FUNDS_MOVED = frozenset(("已收入", "已支出", "资金转移"))


class AlipayBill(BillParser):
    """The columns decide which of the three layouts it is."""

    name: ClassVar[str] = "alipay-bill"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "parsers-alipay-bill-title"
    app: ClassVar[str] = "alipay"
    globs: ClassVar[tuple[str, ...]] = ("alipay_record_*.csv", "*支付宝交易明细*.csv", "*支付宝账单*.csv")
    limitations: ClassVar[tuple[str, ...]] = (
        "parsers-bill-no-proof-of-absence",
        "parsers-bill-refund-rows",
        "parsers-bill-protected",
        "parsers-alipay-bill-bank",
        "parsers-alipay-bill-masked",
    )
    tested_on: ClassVar[tuple[str, ...]] = (
        "deb-sig/double-entry-generator example-alipay-records.csv",
        "made files of the layout of 2021 and of the web export",
    )
    references: ClassVar[tuple[str, ...]] = ("https://github.com/deb-sig/double-entry-generator",)
    layouts: ClassVar[tuple[Layout, ...]] = _LAYOUTS

    def reading(self, cells: Mapping[str, str], amount: Money | None) -> Reading:
        words = cells["direction"]
        direction = _DIRECTIONS.get(words, Direction.UNKNOWN)
        if "funds" not in cells:
            return Reading(direction, _channel(cells), _settled(cells["status"]), words)
        funds = cells["funds"]
        if not words and funds == "资金转移":
            direction = Direction.NEUTRAL
        back = parse_cny(cells.get("refunded", ""))
        settled = _settled(cells["status"])
        if settled is not False and funds in _FUNDS_MOVED:
            settled = True
        if back is not None and back.minor and back == amount:
            settled = False
        extra = {name: cells[name] for name in ("paid", "fee", "refunded", "funds") if cells.get(name)}
        return Reading(direction, _channel(cells), settled, funds, extra)


def _settled(status: str) -> bool | None:
    return True if status in _MOVED else False if status in _NOT_MOVED else None


def _channel(cells: Mapping[str, str]) -> str:
    """From the class where it tells, else from the goods, which for transfers are Alipay's own words."""
    kind, goods = cells["type"], cells["item"]
    if kind == "退款" or goods.startswith("退款"):
        return "refund"
    if kind in _MERCHANT_TYPES:
        return "merchant"
    for known, channel in (
        ("红包", "red-packet"),
        ("转账", "transfer"),
        ("收钱码", "qr-code"),
        ("二维码", "qr-code"),
        ("提现", "withdrawal"),
        ("充值", "top-up"),
    ):
        if known in goods:
            return channel
    return "other"
