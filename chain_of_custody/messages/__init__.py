"""The words of every message, Chinese and English, by stable id.

One table in several files, a file a room: `[id]` with `zh` and `en`. A template names its facts in
braces; the facts are put in as text and are never themselves read as templates.
"""

import tomllib
from functools import cache
from importlib import resources
from typing import Literal

Lang = Literal["zh", "en"]


@cache
def table() -> dict[str, dict[str, str]]:
    """The whole table, id to its words by language. An id that stands twice raises `ValueError`."""
    words: dict[str, dict[str, str]] = {}
    files = sorted((f for f in resources.files(__name__).iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    for file in files:
        for message_id, by_lang in tomllib.loads(file.read_text("utf-8")).items():
            if message_id in words:
                raise ValueError(f"message id {message_id} stands twice, again in {file.name}")
            words[message_id] = by_lang
    return words


def say(message_id: str, lang: Lang = "en", /, **facts: object) -> str:
    """The message in `lang` with its facts filled in. An unknown id raises `KeyError`."""
    return table()[message_id][lang].format(**facts)
