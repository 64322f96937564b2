"""Each rule refuses what it must, with the right exit code, and nothing else."""

from dataclasses import replace

import pytest

from chain_of_custody.errors import ForensicError
from chain_of_custody.messages import table
from forensic.acquire.checks import Standing, Stated, check, enforce
from forensic.acquire.devices import Device, Kind, Place, RegularFile, Unfit
from forensic.acquire.hardware import Hardware

GIB = 1 << 30
DISK = Device(
    path="/dev/sdb",
    number="8:16",
    kind=Kind.DISK,
    size=500_107_862_016,
    sector=512,
    physical_sector=4096,
    hardware=Hardware("WDC WD10EZEX-08W", "WD-WCC6Y0AB1234", "BRIDGE01", None, "usb"),
    labels=(),
    read_only=True,
    removable=False,
    mounts=(),
    swap=False,
    holders=(),
    system=False,
    disk=None,
    backing=None,
)
PLACE = Place("/cases/17", 800 * GIB, "ext4", frozenset({"8:1", "8:0"}))
FILE = RegularFile("/evidence/disk.img", 5 * GIB)


def refused(source=DISK, place=PLACE, stated=None, reason=None):
    with pytest.raises(ForensicError) as caught:
        enforce(check(source, place, stated), reason=reason)
    assert caught.value.text("zh") != caught.value.text("en")
    return caught.value.message_id, caught.value.exit_code


def test_a_sound_source_passes_and_every_rule_is_shown():
    checks = check(DISK, PLACE, Stated("WD10EZEX", "wd-wcc6y0ab1234", 500_000_000_000))
    names = ["source", "system", "mounted", "swap", "held", "destination", "space", "serial", "model", "size"]
    assert [one.name for one in checks] == names
    assert {one.standing for one in checks} == {Standing.PASSED}
    assert enforce(checks) == ()


@pytest.mark.parametrize(
    ("change", "message", "code"),
    [
        ({"mounts": ("/media/x",)}, "acquire-mounted-refused", 5),
        ({"swap": True}, "acquire-swap-refused", 5),
        ({"system": True}, "acquire-system-refused", 5),
        ({"holders": ("/dev/dm-1",)}, "acquire-held-refused", 5),
        ({"number": "8:0"}, "acquire-destination-refused", 5),
        ({"size": 0}, "acquire-source-refused", 4),
        ({"size": 800 * GIB}, "acquire-space-refused", 7),
    ],
)
def test_no_reason_lets_these_through(change, message, code):
    assert refused(replace(DISK, **change), reason="the prosecutor said so") == (message, code)


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("missing", 8),
        ("unreadable", 8),
        ("directory", 2),
        ("character-device", 2),
        ("pipe", 2),
        ("socket", 2),
        ("other", 2),
    ],
)
def test_what_is_no_source(what, code):
    assert refused(Unfit("/x", what, "why")) == (f"acquire-source-{what}", code)


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        (Stated(serial="WD-WCC6Y0AB1235"), "serial"),
        (Stated(model="ST1000DM003"), "model"),
        (Stated(size=256_000_000_000), "size"),
        (Stated(serial="--"), "serial"),
    ],
)
def test_another_identity_wants_a_reason(stated, name):
    assert refused(stated=stated) == (f"acquire-{name}-differs", 5)
    assert refused(stated=stated, reason="  ") == (f"acquire-{name}-differs", 5)
    (let_through,) = enforce(check(DISK, PLACE, stated), reason="label was re-issued")
    assert let_through.name == name
    assert not let_through.ok


@pytest.mark.parametrize(
    "stated",
    [
        Stated(serial="wd wcc6y0ab1234"),
        Stated(serial="BRIDGE01"),
        Stated(model="WDC WD10EZEX-08WN4A0"),
        Stated(size=500_000_000_000),
        Stated(size=500 * GIB),
    ],
)
def test_identity_as_people_copy_it(stated):
    assert enforce(check(DISK, PLACE, stated)) == ()


def test_a_source_without_a_serial_leaves_the_comparison_open():
    loop = replace(DISK, kind=Kind.LOOP, hardware=Hardware(None, None, None, None, None), backing="/evidence/disk.img")
    for source in (loop, FILE):
        checks = check(source, PLACE, Stated(model="WD10EZEX", serial="WD-WCC6Y0AB1234"))
        assert [one.standing for one in checks if one.name in ("serial", "model")] == [Standing.UNKNOWN] * 2
        assert enforce(checks) == ()


def test_a_file_has_no_device_rules():
    assert [one.name for one in check(FILE, PLACE)] == ["source", "space"]


def test_fat_cannot_hold_a_large_file():
    fat = replace(PLACE, file_system="vfat")
    assert refused(RegularFile("/x", 1 << 32), fat) == ("acquire-file-limit-refused", 7)
    assert enforce(check(RegularFile("/x", (1 << 32) - 1), fat)) == ()


def test_the_first_failure_that_has_no_excuse_is_raised():
    source = replace(DISK, mounts=("/media/x",))
    assert refused(source, stated=Stated(serial="other"), reason="yes")[0] == "acquire-mounted-refused"


def test_every_answer_has_its_words():
    states = [
        check(DISK, PLACE, Stated("a", "b", 1)),
        check(replace(DISK, mounts=("/m",), swap=True, system=True, holders=("d",), size=0), PLACE, Stated("WDC", "c")),
        check(replace(DISK, number="8:0"), replace(PLACE, free=0, file_system="vfat"), Stated(serial="BRIDGE01")),
        check(RegularFile("/x", 1), replace(PLACE, file_system="msdos"), Stated("a", "b", 1)),
    ]
    for one in (one for checks in states for one in checks):
        for lang in ("zh", "en"):
            assert table()[one.code][lang].format(**one.facts)
