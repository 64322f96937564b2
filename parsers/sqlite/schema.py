"""What a CREATE TABLE statement says about how rows of the table are stored.

Sources: https://www.sqlite.org/lang_createtable.html, datatype3.html section 3.1 (affinity),
withoutrowid.html, gencol.html, lang_altertable.html (defaults of added columns).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parsers.sqlite.record import Value
from parsers.sqlite.sql import Token, tokens

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_TABLE_CONSTRAINTS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
_COLUMN_CONSTRAINTS = (
    *("CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES"),
    *("GENERATED", "AS"),
)


def fold(name: str) -> str:
    """A name as SQLite compares names: ASCII letters in lower case, others as they are."""
    return name.lower() if name.isascii() else name.translate(_LOWER)


@dataclass(frozen=True, slots=True)
class Shape:
    """How the columns of a table lie in its records.

    `names` are the stored columns in declared order and the tuples beside it run with it: `slots` says at
    which place of the record a column stands, `affinities` is integer, text, blob, real, numeric or
    none (no type declared; SQLite treats it as blob), `not_null` tells which may not be NULL, `defaults` is
    what a record too short to hold the column means. `alias` is the position of the INTEGER PRIMARY KEY
    that is the rowid; `key` are the positions of the primary key; `reals` are those of REAL affinity.
    """

    names: tuple[str, ...]
    slots: tuple[int, ...]
    affinities: tuple[str, ...]
    not_null: tuple[bool, ...]
    defaults: tuple[Value, ...]
    alias: int | None
    key: tuple[int, ...]
    without_rowid: bool
    reals: tuple[int, ...]
    positions: Mapping[str, int]


@dataclass(slots=True)
class _Column:
    name: str
    type: str = ""
    primary: bool = False
    descending: bool = False
    not_null: bool = False
    virtual: bool = False
    default: Value = None


@dataclass(slots=True)
class _Statement:
    columns: list[_Column] = field(default_factory=list)
    primary_key: list[str] = field(default_factory=list)
    without_rowid: bool = False


def parse(sql: str) -> Shape | None:
    """The shape of the table that `sql` creates; None if it is no CREATE TABLE statement with columns."""
    words = tokens(sql)
    opening = _opening(words)
    if opening is None:
        return None
    parts, after = _parts(words, opening)
    statement = _Statement()
    for part in parts:
        if part[0].means(*_TABLE_CONSTRAINTS):
            statement.primary_key = _listed_key(part) or statement.primary_key
        elif part[0].kind in ("word", "quoted"):
            statement.columns.append(_column(part))
    for word, following in zip(words[after:], words[after + 1 :], strict=False):
        if word.means("WITHOUT") and following.means("ROWID"):
            statement.without_rowid = True
    return _shape(statement) if statement.columns else None


def _opening(words: Sequence[Token]) -> int | None:
    """Where the column list opens: CREATE [TEMP] TABLE [IF NOT EXISTS] [schema.]name ( ..."""
    if len(words) < 4 or not words[0].means("CREATE"):
        return None
    at = 2 if words[1].means("TEMP", "TEMPORARY") else 1
    if not words[at].means("TABLE"):
        return None
    for place in range(at + 1, min(at + 8, len(words))):
        if words[place] == Token("sign", "("):
            return place
    return None


def _parts(words: Sequence[Token], opening: int) -> tuple[list[list[Token]], int]:
    """The comma-separated parts inside the outer parentheses, none empty, and the place after them."""
    parts: list[list[Token]] = [[]]
    depth = 1
    at = opening + 1
    while at < len(words):
        word = words[at]
        if word.kind == "sign":
            depth += {"(": 1, ")": -1}.get(word.text, 0)
            if depth == 0:
                break
            if word.text == "," and depth == 1:
                parts.append([])
                at += 1
                continue
        parts[-1].append(word)
        at += 1
    return [part for part in parts if part], at + 1


def _outer(words: Sequence[Token]) -> list[int]:
    """The places of the tokens that stand in no parentheses, opening ones included."""
    places: list[int] = []
    depth = 0
    for at, word in enumerate(words):
        if word == Token("sign", ")"):
            depth -= 1
        elif depth == 0:
            places.append(at)
        if word == Token("sign", "("):
            depth += 1
    return places


def _listed_key(part: Sequence[Token]) -> list[str]:
    """The column names of PRIMARY KEY (a, b DESC, ...) among table constraints, each once."""
    for at in _outer(part):
        if part[at].means("PRIMARY"):
            rest = part[at:]
            opening = next((n for n, word in enumerate(rest) if word == Token("sign", "(")), None)
            if opening is None:
                return []
            inner, _ = _parts(rest, opening)
            return [column[0].text for column in inner]
    return []


def _column(part: Sequence[Token]) -> _Column:
    column = _Column(part[0].text)
    outer = [at for at in _outer(part) if at > 0]
    types: list[str] = []
    for at in outer:
        if part[at].means(*_COLUMN_CONSTRAINTS):
            break
        if part[at].kind != "sign":
            types.append(part[at].text)
    column.type = " ".join(types)
    for n, at in enumerate(outer):
        word = part[at]
        following = part[outer[n + 1]] if n + 1 < len(outer) else Token("sign", "")
        if word.means("PRIMARY"):
            column.primary = True
            column.descending = n + 2 < len(outer) and part[outer[n + 2]].means("DESC")
        elif word.means("NOT") and following.means("NULL"):
            column.not_null = True
        elif word.means("DEFAULT"):
            column.default = _literal(part[at + 1 :], _affinity(column.type))
        elif word.means("AS") and following == Token("sign", "("):
            column.virtual = not any(part[place].means("STORED") for place in outer[n + 2 :])
    return column


def _affinity(declared: str) -> str:
    """datatype3.html section 3.1, its five rules in their order; no type at all is kept apart from BLOB."""
    upper = declared.upper()
    if "INT" in upper:
        return "integer"
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return "text"
    if "BLOB" in upper or not upper:
        return "blob" if upper else "none"
    if any(word in upper for word in ("REAL", "FLOA", "DOUB")):
        return "real"
    return "numeric"


def _literal(words: Sequence[Token], affinity: str) -> Value:
    """A constant default as it would be stored; None for what is no plain constant (CURRENT_TIME, an expression)."""
    at, negative = 0, False
    while at < len(words) and words[at].kind == "sign" and words[at].text in "(+-":
        negative ^= words[at].text == "-"
        at += 1
    if at == len(words):
        return None
    word = words[at]
    if word.kind == "number":
        number = _number(word.text)
        return None if number is None else _stored(-number if negative else number, affinity)
    if word.kind == "quoted":
        return _stored(word.text, affinity)
    if word.kind == "blob":
        try:
            return bytes.fromhex(word.text)
        except ValueError:
            return None
    if word.means("TRUE", "FALSE"):
        return _stored(int(word.means("TRUE")), affinity)
    if word.kind == "sign" or word.means("NULL", "CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"):
        return None
    return _stored(word.text, affinity)


def _number(text: str) -> int | float | None:
    try:
        if text.lower().startswith("0x"):
            return int(text[2:], 16)
        if text.isdigit() and len(text) <= 19 and int(text) < 1 << 63:
            return int(text)
        return float(text)
    except ValueError:
        return None


def _stored(value: int | float | str, affinity: str) -> Value:
    if affinity == "text":
        return value if isinstance(value, str) else str(value)
    if isinstance(value, str) and affinity not in ("blob", "none"):
        number = _number(value.strip().removeprefix("-"))
        if number is None:
            return value
        value = -number if value.strip().startswith("-") else number
    if affinity in ("integer", "numeric") and isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    return float(value) if affinity == "real" and isinstance(value, int) else value


def _shape(statement: _Statement) -> Shape:
    stored = [column for column in statement.columns if not column.virtual]
    positions = {fold(column.name): at for at, column in enumerate(stored)}
    affinities = tuple(_affinity(column.type) for column in stored)
    key = statement.primary_key or [column.name for column in stored if column.primary]
    key_places = list(dict.fromkeys(positions[fold(name)] for name in key if fold(name) in positions))
    alias: int | None = None
    if not statement.without_rowid and len(key) == len(key_places) == 1:
        column = stored[key_places[0]]
        if fold(column.type) == "integer" and not column.descending:
            alias = key_places[0]
    order = list(range(len(stored)))
    if statement.without_rowid:
        order = key_places + [at for at in order if at not in key_places]
    slots = {position: slot for slot, position in enumerate(order)}
    return Shape(
        names=tuple(column.name for column in stored),
        slots=tuple(slots[at] for at in range(len(stored))),
        affinities=affinities,
        not_null=tuple(
            column.not_null or (statement.without_rowid and at in key_places) for at, column in enumerate(stored)
        ),
        defaults=tuple(column.default for column in stored),
        alias=alias,
        key=tuple(key_places),
        without_rowid=statement.without_rowid,
        reals=tuple(at for at, affinity in enumerate(affinities) if affinity == "real"),
        positions=positions,
    )
