"""How text is cut for full-text search: one token for each Chinese, Japanese or Korean character.

SQLite's `unicode61` takes a run of Han characters for one word and `trigram` finds nothing for two of them, so the text
is spaced out before it is indexed, and the wide part of a query is spaced out the same way and asked as a phrase.
"""

import re

_WIDE = re.compile(
    "([\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff\U00020000-\U0003ffff])"
)


def spaced(text: str) -> str:
    return _WIDE.sub(r" \1 ", text)


def narrowing(query: str) -> str | None:
    """An FTS5 phrase query that every line containing `query` satisfies; None if the query has no wide character.

    A word of letters or digits may be cut anywhere by an examiner's query, so only the wide characters narrow.
    """
    runs = (match.group() for match in re.finditer(f"(?:{_WIDE.pattern})+", query))
    longest = max(runs, key=len, default="")
    return f'"{spaced(longest)}"' if longest else None
