"""The section on time: between which outside clocks each entry was made."""

from collections.abc import Iterator

from reports.annex import Annex
from reports.blocks import Block, Cell, Column, Para, Row, Table
from reports.story import Bracket, Clock, Story
from reports.words import Words


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
    last = max((one.size for one in head.outside), default=0)
    if 0 < last < head.size:
        yield Para(words("time-behind", size=f"{last:,}", behind=f"{head.size - last:,}"))


def _row(one: Bracket, words: Words) -> Row:
    entries = str(one.first) if one.first == one.last else f"{one.first}–{one.last}"
    after = _clock(one.after, words) if one.after else words("bracket-open-after")
    before = _clock(one.before, words) if one.before else words("bracket-open-before")
    return entries, after, before, tuple(words.time(time) for time in one.claimed)


def _clock(clock: Clock, words: Words) -> Cell:
    told = words("bracket-clock", kind=words.term("clock", clock.kind), by=words.told(clock.by), seq=clock.seq)
    doubt = () if clock.checked else (words("bracket-unchecked"),)
    return words.time(clock.at), told, *doubt
