"""Varints and records against values worked out by hand from the file format's text."""

import pytest

from parsers.sqlite.record import Malformed, decode, size_of, varint


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ("00", 0),
        ("7f", 127),
        ("8100", 128),
        ("ff7f", 16383),
        ("818000", 16384),
        ("8fffffff7f", (1 << 32) - 1),
        ("ffffffffffffffffff", -1),
        ("80808080808080807f", 127),
        ("bfffffffffffffffff", (1 << 63) - 1),
        ("c08080808080808000", -(1 << 63)),
    ],
)
def test_varint(stored, value):
    data = bytes.fromhex(stored)
    assert varint(data + b"\xff", 0) == (value, len(data))
    assert varint(b"\x01" + data, 1) == (value, 1 + len(data))
    with pytest.raises(IndexError):
        varint(data[:-1], 0)


def test_a_record_of_every_serial_type():
    record = bytes.fromhex("0e 00 01 02 03 04 05 06 07 08 09 10 13 0c") + bytes.fromhex(
        "ff fffe 800000 7fffffff 800000000000 0000000000000001 4004000000000000 cafe"
    )
    assert decode(record + "字".encode(), "utf-8") == [
        *(None, -1, -2, -(1 << 23), (1 << 31) - 1, -(1 << 47), 1, 2.5, 0, 1),
        *(b"\xca\xfe", "字", b""),
    ]


@pytest.mark.parametrize(
    "record",
    [
        "",  # nothing at all
        "05",  # a header longer than the payload
        "00",  # a header that does not hold its own size
        "020a",  # a reserved serial type
        "0207 400400",  # a float cut off
        "0206 00",  # an integer cut off
        "0217 6161",  # a text cut off
        "0281 01",  # a serial type across the end of the header
        "8101",  # a header size that runs out
        "0aff ff ff ff ff ff ff ff ff",  # a negative serial type
    ],
)
def test_bytes_that_are_no_record(record):
    with pytest.raises(Malformed):
        decode(bytes.fromhex(record), "utf-8")


def test_a_stored_nan_reads_as_null():
    assert decode(bytes.fromhex("0207 7ff8000000000000"), "utf-8") == [None]


@pytest.mark.parametrize("serial", [10, 11, -1])
def test_reserved_serial_types_have_no_size(serial):
    with pytest.raises(Malformed):
        size_of(serial)
