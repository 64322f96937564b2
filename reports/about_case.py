"""The sections on what was asked, what was seized and how it was acquired."""

from collections.abc import Iterator

from reports.annex import Annex
from reports.blocks import Block, Column, Field, Fields, Heading, Kind, Para, Photos, Row, Steps, Table
from reports.story import Story
from reports.story_custody import Exhibit, Photo, Transfer
from reports.story_finds import Acquisition
from reports.words import Words


def request(story: Story, words: Words, _annex: Annex) -> Iterator[Block]:
    asked = story.request
    yield Fields(
        (
            Field(words("client"), words.told(asked.client)),
            Field(words("received"), words.time(asked.received)),
            Field(words("basis"), words.told(asked.basis)),
            Field(words("approvals"), asked.approvals or words("none")),
            Field(words("question"), words.told(asked.question)),
        )
    )
    yield Heading(words("answer"))
    yield Steps(asked.answer) if asked.answer else Para(words("none"))
    yield Para(words("answer-scope"), "remark")


def exhibits(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    if not story.exhibits:
        yield Para(words("none"))
        return
    columns = (
        Column(words("exhibit"), 1.1, Kind.CODE),
        Column(words("label-number"), 1.4),
        Column(words("kind"), 1.0),
        Column(words("label"), 2.4),
        Column(words("model"), 1.8),
        Column(words("custody-now"), 1.6),
    )
    yield Table(
        columns,
        lambda: (
            (e.id, e.number, words.term("kind", e.kind), e.label, e.model, _custody_now(e, words))
            for e in story.exhibits
        ),
    )
    for exhibit in story.exhibits:
        yield from _exhibit(exhibit, words, annex)


def _exhibit(exhibit: Exhibit, words: Words, annex: Annex) -> Iterator[Block]:
    yield Heading(f"{exhibit.id} {exhibit.label}")
    pairs = [
        ("label-number", exhibit.number, Kind.TEXT),
        ("kind", words.term("kind", exhibit.kind), Kind.TEXT),
        ("model", exhibit.model, Kind.TEXT),
        ("serial", exhibit.serial, Kind.CODE),
        ("imei", exhibit.imei, Kind.CODE),
        ("capacity", exhibit.capacity, Kind.TEXT),
        ("part-of", exhibit.part_of or "", Kind.CODE),
        ("seal-at-seizure", exhibit.seal, Kind.CODE),
        ("seized-at", words.time(exhibit.seized_at), Kind.TEXT),
        ("place", exhibit.place, Kind.TEXT),
        ("seized-from", exhibit.seized_from, Kind.TEXT),
        ("seized-by", exhibit.seized_by, Kind.TEXT),
        ("as-found", exhibit.as_found, Kind.TEXT),
        ("registered", words.entry(exhibit.seq), Kind.TEXT),
        ("custody-now", _custody_now(exhibit, words), Kind.TEXT),
    ]
    optional = {"part-of", "imei", "custody-now"}  # a card has no IMEI and a phone is part of nothing
    yield Fields(
        tuple(
            Field(words(label), words.told(value), kind if value else Kind.TEXT)
            for label, value, kind in pairs
            if value or label not in optional
        )
    )
    columns = (
        Column(words("time"), 1.5),
        Column(words("act"), 0.8),
        Column(words("giver"), 1.1),
        Column(words("taker"), 1.1),
        Column(words("purpose"), 1.7),
        Column(words("seal"), 1.1),
        Column(words("entry-head"), 0.6, Kind.NUMBER),
    )
    yield Para(words("transfers"), "caption")
    rows = Table(columns, lambda: (_transfer(move, words) for move in exhibit.transfers))
    yield annex.fit(f"{words('transfers')} {exhibit.id}", rows)
    yield Para(words("photos"), "caption")
    if exhibit.photos:
        yield Photos(exhibit.photos, tuple(_under(photo, words) for photo in exhibit.photos))
        yield Para(words("photos-note"), "remark")
    else:
        yield Para(words("none"))


def _custody_now(exhibit: Exhibit, words: Words) -> str:
    return words.semicolon(words.term("custody", exhibit.custody), exhibit.seals_now)


def _transfer(move: Transfer, words: Words) -> Row:
    late = (words("late", time=words.time(move.late)),) if move.late else ()
    found = words.term("found", move.found) if move.found else ""
    seal = tuple(part for part in (move.seal, found) if part)
    seq = "" if move.seq is None else str(move.seq)
    return (
        (words.time(move.at), *late),
        words.term("custody", move.act),
        move.giver,
        move.taker,
        move.purpose,
        seal,
        seq,
    )


def _under(photo: Photo, words: Words) -> tuple[str, ...]:
    taken = words("photo-taken", time=words.time(photo.taken)) if photo.taken else ""
    return (
        photo.caption,
        words.semicolon(words.entry(photo.seq), taken),
        photo.sha256[:32],
        photo.sha256[32:],
    )


def acquisitions(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    if not story.acquisitions:
        yield Para(words("none"))
        return
    columns = (
        Column(words("exhibit"), 0.8, Kind.CODE),
        Column(words("entry-head"), 0.6, Kind.NUMBER),
        Column(words("method"), 1.6),
        Column(words("size"), 1.5),
        Column(words("verdict"), 1.6),
        Column("SHA-256", 2.9, Kind.HASH),
    )

    def rows() -> Iterator[Row]:
        for one in story.acquisitions:
            sha256 = dict(one.hashes).get("sha256", "")
            verdict = words.term("verdict", one.verdict)
            yield one.exhibit, str(one.seq), one.method, words.size(one.size), verdict, sha256 or words("unknown")

    yield Table(columns, rows)
    for one in story.acquisitions:
        yield from _acquisition(one, words, annex)


def _acquisition(one: Acquisition, words: Words, annex: Annex) -> Iterator[Block]:
    title = words("acquisition-title", exhibit=one.exhibit, seq=one.seq)
    yield Heading(title)
    yield Fields(
        (
            Field(words("method"), words.told(one.method)),
            Field(words("format"), words.told(one.format)),
            Field(words("tool"), words.told(one.tool)),
            Field(words("device"), words.told(one.device)),
            Field(words("write-protection"), words.told(one.write_protection)),
            Field(words("size"), words.size(one.size)),
            Field(words("started"), words.time(one.started)),
            Field(words("finished"), words.time(one.finished)),
            Field(words("place"), words.told(one.place)),
            Field(words("persons"), words.told(words.comma(*one.persons))),
            Field(words("clock-offset"), words.told(one.clock_offset)),
            Field(words("unreadable"), words.size(one.unreadable_bytes)),
            Field(words("read-back"), words.term("readback", one.read_back)),
            Field(words("verdict"), words.term("verdict", one.verdict)),
            *(Field(algorithm.upper(), value, Kind.HASH) for algorithm, value in one.hashes),
            Field(words("remarks"), one.remarks or words("none")),
        )
    )
    yield Para(words("stored-hashes"), "caption")
    yield annex.fit(f"{words('stored-hashes')} {title}", _stored_hashes(one, words))
    yield Para(words("unreadable-ranges"), "caption")
    yield annex.fit(f"{words('unreadable-ranges')} {title}", _unreadable(one, words))


def _stored_hashes(one: Acquisition, words: Words) -> Table:
    columns = (
        Column(words("algorithm"), 0.7, Kind.CODE),
        Column(words("stored-hash"), 2.2, Kind.HASH),
        Column(words("computed-hash"), 2.2, Kind.HASH),
        Column(words("matches"), 0.5),
    )
    return Table(
        columns,
        lambda: (
            (h.algorithm.upper(), h.stored, h.computed, words("yes") if h.matches else words("no"))
            for h in one.stored_hashes
        ),
    )


def _unreadable(one: Acquisition, words: Words) -> Table:
    columns = (Column(words("offset"), 1, Kind.NUMBER), Column(words("length"), 1, Kind.NUMBER))
    return Table(columns, lambda: ((f"{run.offset:,}", f"{run.length:,}") for run in one.unreadable()))
