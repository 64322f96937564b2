"""The section on passcodes and other secrets: whose, how they came to us, and who read them."""

from collections.abc import Iterator

from reports.annex import Annex
from reports.blocks import Block, Column, Field, Fields, Heading, Kind, Para, Table
from reports.story import Story
from reports.story_custody import Secret
from reports.words import Words


def secrets(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    yield Para(words("secrets-note"))
    if not story.secrets:
        yield Para(words("none"))
    for secret in sorted(story.secrets, key=lambda secret: (secret.exhibit, secret.seq)):
        yield from _secret(secret, words, annex)


def _secret(secret: Secret, words: Words, annex: Annex) -> Iterator[Block]:
    kind = words.term("secret", secret.kind)
    title = words("secret-title", exhibit=secret.exhibit, kind=kind, seq=secret.seq)
    yield Heading(title)
    entered = words.semicolon(words.comma(*secret.persons), words.time(secret.at), words.entry(secret.seq))
    yield Fields(
        (
            Field(words("secrets-kind"), kind),
            Field(words("secrets-part"), secret.part or words("secrets-whole")),
            Field(words("secrets-given-by"), words.told(secret.given_by)),
            Field(words("secrets-how"), words.told(secret.how)),
            Field(words("secrets-voluntary"), _stated(words, said=secret.voluntary)),
            Field(words("secrets-notice"), _stated(words, said=secret.notice)),
            Field(words("secrets-authority"), secret.authority or words("secrets-unstated")),
            Field(words("secrets-entered"), entered),
            Field(words("secrets-readers"), words.told(words.comma(*secret.readers))),
        )
    )
    for code in secret.lacking:
        yield Para(words(f"lacks-{code}"), "strong")
    yield Para(words("reveals"), "caption")
    columns = (
        Column(words("time"), 1.6),
        Column(words("person"), 1.2),
        Column(words("reason"), 2.2),
        Column(words("entry-head"), 0.5, Kind.NUMBER),
    )
    rows = Table(
        columns,
        lambda: ((words.time(r.at), words.comma(*r.persons), r.reason, str(r.seq)) for r in secret.reveals),
    )
    yield annex.fit(f"{words('reveals')} {title}", rows)


def _stated(words: Words, *, said: bool | None) -> str:
    return words("secrets-unstated") if said is None else words("yes") if said else words("no")
