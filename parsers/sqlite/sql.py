"""Words of an SQL text: just enough of SQLite's tokenizer to read a CREATE TABLE statement.

Source: https://www.sqlite.org/lang_keywords.html (the four ways to quote a name) and lang_comment.html.
"""

from typing import NamedTuple

_CLOSE = {"'": "'", '"': '"', "`": "`", "[": "]"}
_SPACE = " \t\n\f\r"


class Token(NamedTuple):
    """`kind`: word (a bare name or keyword), quoted (a name or text without its quotes), number, blob (its
    hexadecimal digits), sign (one character)."""

    kind: str
    text: str

    def means(self, *keywords: str) -> bool:
        """Whether this is one of the keywords, which are given in upper case; a quoted name never is."""
        return self.kind == "word" and self.text.upper() in keywords


def tokens(sql: str) -> list[Token]:
    """The tokens of `sql`, comments and white space left out. Any text has tokens: nothing raises."""
    found: list[Token] = []
    at = 0
    while at < len(sql):
        char = sql[at]
        if char in _SPACE:
            at += 1
        elif sql.startswith("--", at):
            at = _past(sql, "\n", at)
        elif sql.startswith("/*", at):
            at = _past(sql, "*/", at + 2)
        elif char in _CLOSE:
            text, at = _quoted(sql, at)
            found.append(Token("quoted", text))
        elif char in "xX" and sql.startswith("'", at + 1):
            text, at = _quoted(sql, at + 1)
            found.append(Token("blob", text))
        elif char.isdigit() or (char == "." and sql[at + 1 : at + 2].isdigit()):
            end = _number_end(sql, at)
            found.append(Token("number", sql[at:end]))
            at = end
        elif _in_word(char):
            end = at
            while end < len(sql) and _in_word(sql[end]):
                end += 1
            found.append(Token("word", sql[at:end]))
            at = end
        else:
            found.append(Token("sign", char))
            at += 1
    return found


def _in_word(char: str) -> bool:
    return char.isalnum() or char in "_$" or char >= "\x80"


def _past(sql: str, mark: str, at: int) -> int:
    end = sql.find(mark, at)
    return len(sql) if end < 0 else end + len(mark)


def _quoted(sql: str, at: int) -> tuple[str, int]:
    """The text between the quotes that open at `at`; a doubled quote stands for itself, except in brackets."""
    close = _CLOSE[sql[at]]
    parts: list[str] = []
    start = at + 1
    while True:
        end = sql.find(close, start)
        if end < 0:
            return "".join([*parts, sql[start:]]), len(sql)
        parts.append(sql[start:end])
        if close == "]" or sql[end + 1 : end + 2] != close:
            return "".join(parts), end + 1
        parts.append(close)
        start = end + 2


def _number_end(sql: str, at: int) -> int:
    end = at
    while end < len(sql):
        exponent = sql[end] in "+-" and sql[end - 1] in "eE" and not sql[at:end].lower().startswith("0x")
        if not (sql[end] == "." or _in_word(sql[end]) or exponent):
            break
        end += 1
    return end
