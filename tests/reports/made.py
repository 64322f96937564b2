"""A made-up story of a made-up case, with every section filled."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace

from PIL import Image, ImageDraw

from chain_of_custody.finding import Finding, Severity
from parsers.money import Money
from parsers.records import Direction, State
from reports.story import Story
from reports.story_case import Case, Person, Request
from reports.story_custody import Exhibit, Photo, Reveal, Secret, Transfer
from reports.story_finds import (
    Acquisition,
    Conversation,
    FileRow,
    Files,
    MessageRow,
    PaymentRow,
    PaymentSource,
    Run,
    StoredHash,
    Sum,
    Total,
)
from reports.story_trust import Act, Alone, Change, Check, Head, Limitation, Outside, PersonKey, Signed, Software

NOTE = (
    "forensic/4501/2026-000123\n2147\nqH5n0cN5mY3dY0m1m8c0Zk1m2S8q3cVJ7l1vGm1uV0s=\n\n"
    "— forensic/4501/2026-000123 "
    "3q2+7w8fA2bC0dE4gH6iJ8kL0mN2oP4qR6sT8uV0wX2yZ4aB6cD8eF0gH2iJ4kL6mN8oP0qR2sT4uV6wX8yZ0aB2cD==\n"
)

HOSTILE = (
    "a\x1b[31mred\u202egpj.exe\n../../etc/passwd [bold]b[/bold] #panic() "
    '#import "x" *y* <script>alert(1)</script> =cmd()'
)
RARE = "😀 𠮷 \U0002b81e 葛\U000e0100 \ue123 \ud800 العربية"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def picture(colour: str, text: str) -> bytes:
    image = Image.new("RGB", (800, 600), colour)
    ImageDraw.Draw(image).text((300, 280), text, fill="white")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def photo(caption: str, colour: str, seq: int) -> Photo:
    data = picture(colour, str(seq))
    return Photo(caption, lambda: data, hashlib.sha256(data).hexdigest(), seq, "2026-03-02T01:40:00Z")


CASE = Case(
    number="4501-2026-000123",
    title="某某大药房无证销售药品案",
    agency="某市市场监督管理局 电子数据检验室",
    origin="forensic/4501/2026-000123",
    examiners=(
        Person("张伟", "电子数据检验室", "DZ-0451", "检验人"),
        Person("李娜", "电子数据检验室", "DZ-0452", "检验人"),
    ),
    document="市监电检〔2026〕17号",
)

HEAD = Head(
    size=2147,
    root=sha("root"),
    note=NOTE,
    public_key="forensic/4501/2026-000123+9f0a1b2c+AVrX0n3m1pQ5s7u9w1y3A5C7E9G1I3K5M7O9Q1S3U5W7",
    at="2026-03-20T08:15:30Z",
    outside=(
        Outside("2026-03-02T02:00:00Z", 12, sha("o1"), "打印交当事人（二维码）"),
        Outside("2026-03-10T09:30:00Z", 1804, sha("o2"), "见证人会签"),
    ),
)


SIGNED = Signed((("张伟", "0a1b2c3d"),), ("李娜",))
KEYLESS = Signed((), ("李娜",))
KEYS = (
    PersonKey(
        "张伟", "99887766", "sshsig-ed25519", "ssh", 10, "2026-03-02T01:30:00Z", 12, "2026-03-02T02:00:00Z", True
    ),
    PersonKey("张伟", "0a1b2c3d", "ed25519", "file", 12, "2026-03-02T02:00:00Z"),
)
ACTS = (
    Act("exhibit-seal", 9, "2026-03-02T03:10:00Z", KEYLESS, "EX-001"),
    Act("correct", 70, "2026-03-06T00:00:00Z", SIGNED, target=3),
    Act("artifact-exclude", 71, "2026-03-06T00:10:00Z", KEYLESS, target=140),
)


def exhibits() -> tuple[Exhibit, ...]:
    phone = Exhibit(
        id="EX-001",
        number="检材2026-17-1",
        kind="phone",
        label="当事人手机（黑色，屏幕右上角碎裂）",
        model="HUAWEI P40 ANA-AN00",
        serial="2MF0220318000123",
        imei="860000000000017",
        capacity="128 GB",
        seal="FT-2026-000451",
        seized_at="2026-03-02T01:35:00Z",
        seized_from="王某某（店主）",
        seized_by="张伟、李娜",
        place="某市某区人民路 1 号某某大药房",
        as_found="开机，锁屏；已置飞行模式并放入屏蔽袋",
        seq=3,
        photos=(photo("正面", "#30506a", 5), photo("背面及序列号", "#6a5030", 6), photo("封条", "#306a45", 7)),
        transfers=(
            Transfer("2026-03-02T03:10:00Z", "张伟", "物证室 赵敏", ("入库",), "FT-2026-000451", 9),
            Transfer("2026-03-05T01:02:00Z", "物证室 赵敏", "李娜", ("检验领用，启封",), "FT-2026-000451", 14),
        ),
    )
    card = Exhibit("EX-002", "检材2026-17-1-1", "sim", "手机内 SIM 卡", seal="FT-2026-000451", part_of="EX-001", seq=4)
    return phone, card


def secrets() -> tuple[Secret, ...]:
    reveals = (Reveal(19, "2026-03-05T01:15:00Z", ("张伟", "李娜"), "解锁手机以便提取"),)
    told = Secret(
        "EX-001",
        "",
        "passcode",
        18,
        "2026-03-05T01:12:00Z",
        ("张伟", "李娜"),
        "王某某",
        "询问笔录第 3 页，当面书写",
        "",
        voluntary=True,
        notice=True,
        readers=("张伟", "李娜"),
        reveals=reveals,
    )
    lacking = ("notice", "authority")
    other = Secret("EX-001", "保密柜", "pin", 20, None, ("张伟",), "店员", "电话", voluntary=False, lacking=lacking)
    return told, other


def acquisitions() -> tuple[Acquisition, ...]:
    first = Acquisition(
        exhibit="EX-001",
        seq=21,
        method="物理镜像（按位复制）",
        format="E01",
        tool="forensic 0.1.0",
        device="HUAWEI ANA-AN00 2MF0220318000123，userdata 分区",
        size=118_111_600_640,
        hashes=(("md5", sha("m")[:32]), ("sha1", sha("s")[:40]), ("sha256", sha("i"))),
        started="2026-03-05T01:20:05Z",
        finished="2026-03-05T03:02:41Z",
        persons=("张伟", "李娜"),
        verdict="holes",
        read_back="matches",
        write_protection="只读挂载；写保护设备 WB-03",
        place="电子数据检验室 2 号工位",
        clock_offset="设备时钟比北京时间慢 3 秒",
        unreadable_bytes=8192,
        unreadable=lambda: iter((Run(4_096_000, 4096), Run(90_112_000_512, 4096))),
        stored_hashes=(StoredHash("sha256", sha("i"), sha("i"), matches=True),),
        remarks=("屏幕锁由当事人当场自愿提供，见条目 18",),
    )
    second = replace(first, exhibit="EX-002", seq=33, size=131_072, verdict="complete", unreadable_bytes=0)
    return first, replace(
        second, method="SIM 逻辑读取", format="raw", stored_hashes=(), remarks=(), unreadable=lambda: iter(())
    )


def file_rows(count: int, name: str = "DCIM/Camera/IMG_{n:06}.jpg") -> Iterator[FileRow]:
    for n in range(count):
        yield FileRow(
            seq=100 + n,
            exhibit="EX-001",
            name=name.format(n=n),
            size=2_345_678 + n,
            status=("deleted", "partial", "overwritten")[n % 3],
            evidence="目录项尚存；簇未再分配",
            sha256=sha(f"f{n}"),
            times=(("modified", "2024-05-01T03:04:05Z"), ("created", None)),
            image=21,
            runs=tuple(Run(4096 * (n + k), 4096) for k in range(1 + n % 9)),
        )


def messages(count: int) -> Iterator[MessageRow]:
    for n in range(count):
        yield MessageRow(
            time=f"2025-{1 + n % 12:02}-{1 + n % 28:02}T12:30:{n % 60:02}Z" if n % 17 else None,
            sender="wxid_abcdef0123456" if n % 2 else "王某某",
            direction=Direction.IN if n % 2 else Direction.OUT,
            content="text" if n % 5 else "red-packet",
            text=f"第 {n} 条：两盒，一共 {n + 30} 元，地址还是老地方\n收到请回复" if n % 7 else None,
            where=f"message.rowid={n} @ {n * 512}",
            state=State.DELETED if n % 4 == 0 else State.LIVE,
            stored="0",
        )


def conversations(rows: int) -> Iterator[Conversation]:
    people = ("wxid_owner00000001", "wxid_abcdef0123456")
    yield Conversation(
        "wechat", "wxid_owner00000001", "老顾客 陈姐", people, rows, rows // 4, "2021-03-01T00:00:00Z",
        "2026-03-01T15:00:00Z", 2, lambda: messages(rows),
    )  # fmt: skip
    group = tuple(f"wxid_member{n:06}" for n in range(23))
    yield Conversation("wechat", "wxid_owner00000001", "进货群", group, 3, 0, None, None, 0, lambda: messages(3))


def payment_rows(count: int, seq: int) -> Iterator[PaymentRow]:
    for n in range(count):
        yield PaymentRow(
            time=f"2024-{1 + n % 12:02}-{1 + n % 28:02}T04:05:06Z",
            direction=(Direction.IN, Direction.OUT, Direction.NEUTRAL)[n % 3],
            amount=None if n % 11 == 0 else Money(12_345 * (n + 1)),
            channel=("red-packet", "transfer", "qr-code")[n % 3],
            type="微信红包",
            counterparty=f"陈某{n % 9}",
            item="药品",
            status="已存入零钱",
            order=f"{1000039801000000000000000000 + n}",
            seq=seq,
            where=f"第 {n + 18} 行",
            state=State.LIVE,
        )


def total(label: str, scale: int = 1) -> Total:
    return Total(
        label,
        Sum(1204 * scale, (Money(183_246_050 * scale),)),
        Sum(312 * scale, (Money(22_100_000 * scale), Money(1_200, "USD"))),
        Sum(44 * scale, (Money(9_000_000 * scale),)),
        Sum(3 * scale, (Money(12_000 * scale),)),
        Sum(),
        2 * scale,
    )


def payments(rows: int) -> tuple[PaymentSource, ...]:
    bill = PaymentSource(
        name="微信支付账单（微信导出）",
        account="wxid_owner00000001",
        seq=57,
        rules=("账单所列全部行；已全额退款的计入未完成", "期间 2021-03-01 至 2026-03-01，首尾均含"),
        overall=total("", 5),
        by_year=tuple(total(str(year)) for year in range(2021, 2026)),
        by_channel=(total("red-packet"), total("transfer"), total("qr-code", 3)),
        by_counterparty=lambda: (total(f"陈某{n}") for n in range(9)),
        rows=lambda: payment_rows(rows, 57),
    )
    bank = replace(
        bill,
        name="某银行流水",
        account="6222 **** 0017",
        seq=58,
        by_counterparty=lambda: (total(f"对方{n}") for n in range(60)),
    )
    return bill, bank


def findings() -> Iterator[Finding]:
    yield Finding("reports-bad-font", Severity.ERROR, {}, {"artifact": 57, "offset": 4096})
    yield Finding("reports-no-font", Severity.WARNING, {"file": "EnMicroMsg.db"}, {"artifact": 61, "table": "message"})


def changes() -> Iterator[Change]:
    yield Change(
        "correction",
        70,
        3,
        "serial",
        "2MF022031800012З",
        "2MF0220318000123",
        "录入错误",
        ("张伟", "李娜"),
        "2026-03-06T00:00:00Z",
        SIGNED,
    )
    yield Change("exclusion", 71, 140, "", "", "", "与本案无关的家庭照片", ("李娜",), "2026-03-06T00:10:00Z", KEYLESS)


def story(rows: int = 60, **other: object) -> Story:
    whole = Story(
        case=CASE,
        head=HEAD,
        request=Request(
            client="某市市场监督管理局 执法支队",
            received="2026-03-04T00:30:00Z",
            basis="《行政处罚法》及本局扣押决定书 市监扣〔2026〕8号",
            approvals=("2026-03-04 批准检验（局领导 签字）",),
            question="提取手机中 2021 年至 2026 年的聊天与收款记录，恢复已删除部分，统计各年收款。",
            answer=(
                "微信支付账单中 2021 至 2025 年收入共 6,020 笔，合计 9,162,302.50 CNY。",
                "恢复已删除消息若干条，见第六部分及附件。",
            ),
        ),
        exhibits=exhibits(),
        secrets=secrets(),
        acquisitions=acquisitions(),
        recovered=Files(
            (("deleted", rows // 3), ("partial", 7)), (("jpeg", rows), ("sqlite", 2)), lambda: file_rows(rows)
        ),
        carved=Files((("complete", 5),), (("jpeg", 5),), lambda: file_rows(5, "")),
        conversations=lambda: conversations(rows),
        payments=payments(rows),
        findings=findings,
        changes=changes,
        alone=lambda: iter((Alone("启封 EX-001", 15, "2026-03-05T01:10:00Z", "李娜"),)),
        limitations=(
            Limitation("wechat-android 1.0", "未解析小程序数据。"),
            Limitation("EX-001", "8,192 字节不可读。"),
        ),
        software=(Software("forensic", "0.1.0", sha("tool")), Software("wechat-android", "1.0", sha("p"))),
        checks=(
            Check("重新核验整本台账、全部文件与签名：", "forensic verify --expect 2147:" + sha("root")[:16]),
            Check("核验一个定位文件（条目 100）：", "dd if=00000021_EX-001.E01 bs=1 skip=0 count=4096 | sha256sum"),
        ),
        keys=KEYS,
        acts=ACTS,
    )
    return replace(whole, **other)


def empty() -> Story:
    """A case in which nothing was done."""
    return Story(case=replace(CASE, draft=True, training=True), head=replace(HEAD, outside=()))


def hostile(text: str = HOSTILE) -> Story:
    """The made-up story with `text` in every place that evidence can reach."""
    whole = story(rows=4)
    row = next(file_rows(1))
    said = replace(next(messages(1)), sender=text, text=text, where=text, time=text)
    paid = replace(
        next(payment_rows(1, 1)), type=text, counterparty=text, item=text, status=text, order=text, where=text
    )
    talk = Conversation(text, text, text, (text,), 1, 0, text, None, 0, lambda: iter((said,)))
    bill = replace(
        whole.payments[0], name=text, account=text, rules=(text,), by_counterparty=lambda: iter((total(text),)),
        rows=lambda: iter((paid,)),
    )  # fmt: skip
    return replace(
        whole,
        case=replace(CASE, number=text[:20], title=text, training=True),
        exhibits=(replace(whole.exhibits[0], label=text, serial=text, model=text),),
        acquisitions=(replace(whole.acquisitions[0], device=text, verdict=text),),
        secrets=(replace(whole.secrets[0], part=text, kind=text, given_by=text, how=text, authority=text),),
        recovered=Files((), ((text, 1),), lambda: iter((replace(row, name=text, status=text, evidence=text),))),
        conversations=lambda: iter((talk,)),
        payments=(bill,),
        findings=lambda: iter((Finding("reports-no-font", facts={"file": text}, where={"path": text}),)),
        limitations=(Limitation(text, text),),
    )
