"""Finding lines in the index."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from chain_of_custody.errors import IntegrityError
from forensic.index.characters import narrowing


class Hit(NamedTuple):
    """Where a line stands: the record set's ledger number and the byte where the line begins."""

    set: int
    offset: int


def search(path: Path, words: str, exhibit: str | None = None) -> Iterator[Hit]:
    """Lines whose text contains `words` exactly as written, oldest set first. Case is ignored for ASCII letters.

    Raises `IntegrityError` for an index that SQLite cannot read.
    """
    phrase = narrowing(words)
    source = "words JOIN line ON line.id = words.rowid WHERE words MATCH :phrase AND" if phrase else "line WHERE"
    query = f"""
        SELECT line."set", line."offset" FROM {source}
        instr(lower(line.text), lower(:words)) AND (:exhibit IS NULL OR line.exhibit = :exhibit)
        ORDER BY line."set", line."offset"
    """  # noqa: S608 - both sources are ours
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            for row in connection.execute(query, {"phrase": phrase, "words": words, "exhibit": exhibit}):
                yield Hit(*row)
    except sqlite3.Error as error:
        raise IntegrityError("index-damaged", hint="index-damaged-hint", path=str(path), reason=str(error)) from error
