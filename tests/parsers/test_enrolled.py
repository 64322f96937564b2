"""Which parsers there are, and which file belongs to which."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chain_of_custody.messages import table
from parsers import enrolled
from parsers.enrolled import candidates, match, parsers, sniff
from parsers.source import Found

PARSER = """
from parsers.phone.android_calls import AndroidCalls
class Mine(AndroidCalls):
    name = "{name}"
"""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A room of parsers that stands alone in the house."""
    folder = tmp_path / "made_room"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(enrolled, "ROOMS", ("made_room",))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "made_room"]:
        del sys.modules[name]


def test_each_parser_once_and_sorted() -> None:
    names = [parser.name for parser in parsers()]
    assert names == sorted(set(names))
    assert {
        "android-sms",
        "android-calls",
        "android-contacts",
        "whatsapp-android",
        "wechat-bill",
        "alipay-bill",
    } <= set(names)


def test_two_of_a_name_are_refused(room: Path) -> None:
    (room / "one.py").write_text(PARSER.format(name="twin"))
    (room / "two.py").write_text(PARSER.format(name="twin"))
    with pytest.raises(ValueError, match="twin"):
        parsers.__wrapped__()


def test_a_broken_parser_stops_the_run(room: Path) -> None:
    (room / "one.py").write_text(PARSER.format(name="whole"))
    (room / "two.py").write_text("import no_such_module_anywhere")
    with pytest.raises(ImportError):
        parsers.__wrapped__()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/data/com.whatsapp/databases/msgstore.db", True),
        ("MSGSTORE.DB", True),
        ("a/msgstore-2019-05-05.1.db", True),
        ("a/msgstore.db.crypt15", True),
        ("data\\com.android.providers.telephony\\databases\\mmssms.db", True),
        ("Download/微信支付账单(20230101-20230331).csv", True),
        ("Download/支付宝交易明细(20240101-20240331).csv", True),
        ("alipay_record_20230213_091252.csv", True),
        ("msgstore.db-wal", False),
        ("xmsgstore.db", False),
        ("msgstore.db/other", False),
        ("mmssms.db\n", False),
        ("", False),
        ("report.csv", False),
    ],
)
def test_names(path: str, expected: bool) -> None:
    assert candidates(path) is expected


def test_renamed_and_carved_files_are_claimed_by_content(
    case: str, fixture_case: Callable[[str], Found], found: Callable[..., Found]
) -> None:
    file = fixture_case(case)
    data = file.main.read(0, file.main.size)
    bare = match(found("", data))
    assert bare.parsers == match(file).parsers
    assert bare.findings == ()
    assert sniff(data[:4096]) is bool(bare.parsers) or data.startswith(b"SQLite")


@pytest.mark.parametrize("name", ["wechat-bill/csv", "alipay-bill/app", "alipay-bill/app-2021", "alipay-bill/web"])
def test_a_bill_without_its_preamble_is_claimed(
    name: str, fixture_case: Callable[[str], Found], found: Callable[..., Found]
) -> None:
    file = fixture_case(name)
    lines = file.main.read(0, file.main.size).split(b"\n")
    encoding = "utf-8" if name.startswith("wechat") else "gb18030"
    header = next(
        i for i, line in enumerate(lines) if all(word.encode(encoding) in line for word in ("收/支", "交易对方"))
    )
    rest = b"\n".join(lines[header:])
    assert sniff(rest[:4096])
    assert [parser.name for parser in match(found("", rest)).parsers] == [name.split("/")[0]]


def test_a_contacts_database_with_calls_belongs_to_both(fixture_case: Callable[[str], Found]) -> None:
    both = match(fixture_case("android-calls/in-contacts"))
    assert [parser.name for parser in both.parsers] == ["android-calls", "android-contacts"]


@pytest.mark.parametrize(
    ("path", "data", "code"),
    [
        ("x/mmssms.db", b"\x8f" * 8192, "parsers-not-a-database"),
        ("x/mmssms.db", b"", "parsers-not-a-database"),
        ("x/msgstore.db.crypt14", b"\x01\x02" * 5000, "parsers-not-a-database"),
        ("x/微信支付账单.xlsx", b"PK\x03\x04 nothing", "parsers-workbook-broken"),
        ("x/微信支付账单.csv", b"\xd0\xcf\x11\xe0" * 99, "parsers-layout-unknown"),
    ],
)
def test_a_name_without_its_content_is_reported(found: Callable[..., Found], path: str, data: bytes, code: str) -> None:
    answer = match(found(path, data))
    assert answer.parsers == ()
    assert [finding.code for finding in answer.findings] == [code]
    assert path in answer.findings[0].text("zh") or "workbook" in code


def test_nobody_claims_what_is_nobodys(found: Callable[..., Found]) -> None:
    for data in (b"", b"\0", b"hello\n", b"PK\x03\x04", b"a,b\n1,2\n", "交易时间,金额\n".encode()):
        assert match(found("", data)).parsers == ()


def test_messages_of_the_room_have_both_languages() -> None:
    ours = {key: words for key, words in table().items() if key.startswith("parsers-")}
    assert ours
    assert all(set(words) == {"zh", "en"} for words in ours.values())
    used = "".join(path.read_text("utf-8") for path in Path(enrolled.__file__).parent.rglob("*.py"))
    assert [key for key in ours if f'"{key}"' not in used] == []
