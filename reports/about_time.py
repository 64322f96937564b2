"""Which heads left the laboratory, and between which outside clocks each entry was made."""

from collections.abc import Iterator

from reports.annex import Annex
from reports.blocks import Block, Cell, Column, Heading, Kind, Para, Row, Table
from reports.story import Story
from reports.story_trust import Bracket, Clock, Outside
from reports.words import Words

CLAIMED = "claimed"


def outside(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    """The heads that left; and apart from them what is only claimed, which proves nothing."""
    left = [one for one in story.head.outside if one.standing != CLAIMED]
    claims = [one for one in story.head.outside if one.standing == CLAIMED]
    yield Heading(words("outside-heads"))
    if left:
        yield annex.fit(words("outside-heads"), _heads(left, words))
    else:
        yield Para(words("outside-none"), "strong")
    if claims:
        yield Heading(words("outside-claims"))
        yield Para(words("outside-claims-note"))
        yield annex.fit(words("outside-claims"), _heads(claims, words))


def _heads(heads: list[Outside], words: Words) -> Table:
    columns = (
        Column(words("time"), 1.5),
        Column(words("outside-size"), 0.6, Kind.NUMBER),
        Column(words("root"), 1.9, Kind.HASH),
        Column(words("how"), 2.3),
    )

    def rows() -> Iterator[Row]:
        for one in heads:
            yield words.time(one.at), f"{one.size:,}", one.root, (one.how, words.term("standing", one.standing))

    return Table(columns, rows)


def brackets(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    head = story.head
    if any(one.after or one.before for one in head.brackets):
        yield Para(words("time-note"))
        columns = (
            Column(words("bracket-entries"), 0.8),
            Column(words("bracket-after"), 1.9),
            Column(words("bracket-before"), 1.9),
            Column(words("bracket-claimed"), 1.5),
        )
        yield annex.fit(words("time-list"), Table(columns, lambda: (_row(one, words) for one in head.brackets)))
    else:
        yield Para(words("time-unproved"), "strong")
    last = max((one.size for one in head.outside if one.standing != CLAIMED), default=0)
    if 0 < last < head.size:
        yield Para(words("time-behind", size=f"{last:,}", behind=f"{head.size - last:,}"))


def _row(one: Bracket, words: Words) -> Row:
    entries = str(one.first) if one.first == one.last else f"{one.first}–{one.last}"
    after = _clock(one.after, words) if one.after else words("bracket-open-after")
    before = _clock(one.before, words) if one.before else words("bracket-open-before")
    return entries, after, before, tuple(words.time(time) for time in one.claimed)


def _clock(clock: Clock, words: Words) -> Cell:
    told = words("bracket-clock", kind=words.term("clock", clock.kind), by=words.told(clock.by), seq=clock.seq)
    return words.time(clock.at), told
