"""The one spelling of an entry: JSON as RFC 8785 writes it, limited to what has only one spelling.

Objects with ASCII keys, arrays, strings, booleans, null, and integers up to 2^53-1 in size. No floats: amounts,
coordinates and nanoseconds are strings. Within these limits `json.dumps` with sorted keys and no spaces is RFC 8785.
"""

import json

LARGEST_INTEGER = 2**53 - 1


def encode(body: dict[str, object]) -> str:
    """The canonical text. Anything outside the limits raises `TypeError` or `ValueError`."""
    _check(body, depth=0)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    text.encode("utf-8")  # a lone surrogate has no UTF-8 and must not be recorded
    return text


def _check(value: object, depth: int) -> None:
    if depth > 32:
        raise ValueError("an entry is nested more than 32 deep")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise TypeError(f"key {key!r} is not ASCII text")
            if type(item) is not str:  # most of what an entry holds is plain text
                _check(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, depth + 1)
    elif value is None or isinstance(value, str | bool):
        return
    elif not isinstance(value, int):
        raise TypeError(f"{type(value).__name__} has no canonical form here")
    elif abs(value) > LARGEST_INTEGER:
        raise ValueError(f"integer {value} is outside what every JSON reader keeps exactly")
