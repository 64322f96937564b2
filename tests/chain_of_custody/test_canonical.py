"""The canonical form against an independent writer of RFC 8785."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chain_of_custody.canonical import LARGEST_INTEGER, encode

ANY_TEXT = st.text(st.characters())  # lone surrogates too
KEYS = st.text(st.characters(max_codepoint=127), max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.text(max_size=20)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))
ANYTHING = st.recursive(
    SCALARS | st.floats() | st.integers() | ANY_TEXT | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=3),
)


def nested(depth: int) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for _ in range(depth):
        body = {"a": body}
    return body


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_is_rfc_8785(body: dict[str, object]) -> None:
    text = encode(body)
    assert text.encode() == rfc8785.dumps(body)
    assert json.loads(text) == body
    assert "\t" not in text
    assert "\n" not in text


@given(st.dictionaries(ANY_TEXT, ANYTHING, max_size=4))
def test_either_rfc_8785_or_refused(body: dict[str, object]) -> None:
    try:
        text = encode(body)
    except (TypeError, ValueError):
        return
    assert text.encode() == rfc8785.dumps(body)


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        '\u0000\u0001\b\t\n\u000b\f\r\u001f"\\/',
        "\u007f\u0080\u2028\u2029\ufeff",
        "药店 红包 😀 \U0002b81e",
        "e\u0301 \u00e9",  # decomposed and composed stay what they are
        LARGEST_INTEGER,
        -LARGEST_INTEGER,
        0,
        True,
        None,
        [],
        {},
        [[], {}, [None]],
        {"b": 1, "B": 2, "": 3, "a\tb": 4, "\x7f": 5, "10": 6, "9": 7},
    ],
)
def test_accepted(value: object) -> None:
    assert encode({"value": value}).encode() == rfc8785.dumps({"value": value})


def test_a_tuple_is_an_array() -> None:
    assert encode({"value": (1, (2,))}) == '{"value":[1,[2]]}'


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        0.5,
        -0.0,
        1e-7,
        float("nan"),
        float("inf"),
        LARGEST_INTEGER + 1,
        -LARGEST_INTEGER - 1,
        2**64,
        10**5000,
        "\ud800",
        "tail \udcff",
        b"bytes",
        {1, 2},
        object(),
        {"\u00e9": 1},
        {"😀": 1},
        {"\ud800": 1},
        {1: 1},
        {None: 1},
        {True: 1},
    ],
    ids=lambda value: type(value).__name__,
)
def test_refused(value: object) -> None:
    for body in ({"value": value}, {"value": [value]}, {"value": {"deeper": value}}):
        with pytest.raises((TypeError, ValueError)):
            encode(body)


def test_depth_has_a_limit() -> None:
    assert encode(nested(32)).encode() == rfc8785.dumps(nested(32))
    for depth in (33, 100_000):
        with pytest.raises(ValueError, match="nested"):
            encode(nested(depth))


def test_a_circle_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="nested"):
        encode({"circle": circle})
