"""What the report says of persons' keys, and of who signed which act."""

from collections.abc import Iterator

from reports.annex import Annex
from reports.blocks import Block, Cell, Column, Heading, Kind, Para, Row, Table
from reports.story import Story
from reports.story_trust import Act, PersonKey, Signed
from reports.words import Words


def signatures(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    """Persons' keys and signed acts, under headings of their own."""
    yield Heading(words("keys"))
    yield Para(words("keys-note" if story.keys else "keys-none"))
    columns = (
        Column(words("person"), 0.9),
        Column(words("key-mark"), 0.8, Kind.CODE),
        Column(words("key-algorithm"), 1.6),
        Column(words("key-from"), 2.0),
        Column(words("key-until"), 2.0),
    )
    if story.keys:
        yield annex.fit(words("keys"), Table(columns, lambda: (_key(key, words) for key in story.keys)))
    yield Heading(words("acts"))
    yield Para(words("acts-note"))
    columns = (
        Column(words("entry-head"), 0.5, Kind.NUMBER),
        Column(words("act"), 1.0),
        Column(words("act-about"), 0.9),
        Column(words("entered"), 1.9),
        Column(words("signed-by"), 2.4),
    )
    yield annex.fit(words("acts"), Table(columns, lambda: (_act(act, words) for act in story.acts)))


def signed(told: Signed, words: Words) -> tuple[str, ...]:
    """A line for each who signed, and for what is not as it should be."""
    lines = [words("signed-with", person=person, mark=mark) for person, mark in told.by]
    lines += [words("signed-keyless", person=person) for person in told.keyless]
    lines += [words("signed-missing", person=person) for person in told.missing]
    if told.holds is not True:
        lines.append(words("signed-unchecked" if told.holds is None else "signed-wrong"))
    return tuple(lines)


def _key(key: PersonKey, words: Words) -> Row:
    held = (words.term("algorithm", key.algorithm), words.term("signer", key.signer))
    until: Cell = words("key-valid")
    if key.end is not None:
        ended = words("key-replaced" if key.replaced else "key-revoked", seq=key.end)
        until = (ended, words.time(key.ended))
    return key.person, key.mark, held, (words.entry(key.seq), words.time(key.at)), until


def _act(act: Act, words: Words) -> Row:
    about = tuple(part for part in (act.subject, words.entry(act.target) if act.target is not None else "") if part)
    return str(act.seq), words.term("act", act.kind), about, words.time(act.at), signed(act.signed, words)
