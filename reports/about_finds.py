"""The sections on what was found: files, conversations and payments."""

from collections.abc import Iterator

from reports.annex import Annex
from reports.blocks import Block, Column, Field, Fields, Group, Heading, Kind, Para, Row, Table
from reports.story import Story
from reports.story_finds import Conversation, Counts, FileRow, Files, MessageRow, PaymentRow, PaymentSource, Sum, Total
from reports.words import Words

_MOST_RUNS = 6
_MOST_PARTICIPANTS = 8


def recovered(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    yield Para(words("recovered-note"))
    yield from _files(story.recovered, words("section-recovered"), words, annex)


def carved(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    yield Para(words("carved-note"))
    yield from _files(story.carved, words("section-carved"), words, annex)


def _files(files: Files, title: str, words: Words, annex: Annex) -> Iterator[Block]:
    for family, counts in (("status", files.by_status), ("format", files.by_format)):
        yield Para(words(f"by-{family}"), "caption")
        yield _counts(counts, family, words)
    for remark in files.remarks:
        yield Para(remark, "remark")
    columns = (
        Column(words("entry-head"), 0.6, Kind.NUMBER),
        Column(words("exhibit"), 0.7, Kind.CODE),
        Column(words("name"), 2.6),
        Column(words("size"), 1.1),
        Column(words("times"), 1.9),
        Column(words("status-evidence"), 1.8),
        Column("SHA-256", 2.4, Kind.HASH),
        Column(words("runs"), 1.9),
    )
    yield Para(words("one-by-one"), "caption")
    yield annex.append(title, Table(columns, lambda: (_file(row, words) for row in files.rows())))


def _counts(counts: Counts, family: str, words: Words) -> Block:
    if not counts:
        return Para(words("none"))
    columns = (Column(words(family), 3), Column(words("count"), 1, Kind.NUMBER))
    return Table(columns, lambda: ((words.term(family, code), f"{count:,}") for code, count in counts))


def _file(row: FileRow, words: Words) -> Row:
    times = tuple(f"{words.term('time', code)} {words.time(at)}" for code, at in row.times) or words("none")
    runs = [f"{run.offset:,}+{run.length:,}" for run in row.runs[:_MOST_RUNS]]
    if len(row.runs) > _MOST_RUNS:
        runs.append(words("runs-more", count=f"{len(row.runs) - _MOST_RUNS:,}"))
    if runs and row.image is not None:
        runs.insert(0, words("runs-image", seq=row.image))
    status = tuple(part for part in (words.term("status", row.status), row.evidence) if part)
    return (
        str(row.seq),
        row.exhibit,
        words.long(row.name),
        words.size(row.size),
        times,
        status,
        row.sha256,
        tuple(runs) or words("none"),
    )


def conversations(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    yield Para(words("conversations-note"))
    columns = (
        Column(words("app"), 0.8),
        Column(words("account"), 1.5),
        Column(words("conversation"), 1.6),
        Column(words("participants"), 1.9),
        Column(words("live"), 0.7, Kind.NUMBER),
        Column(words("deleted"), 0.8, Kind.NUMBER),
        Column(words("other"), 0.6, Kind.NUMBER),
        Column(words("first-last"), 2.3),
    )
    yield Para(words("conversation-list"), "caption")
    yield annex.fit(
        words("conversation-list"),
        Table(columns, lambda: (_conversation(one, words) for one in story.conversations())),
    )

    def messages() -> Iterator[Row | Group]:
        for one in story.conversations():
            yield Group(
                words("conversation-group", app=words.term("app", one.app), account=one.account, title=one.title)
            )
            for row in one.rows():
                yield _message(row, words)

    yield Para(words("messages"), "caption")
    yield annex.append(words("messages"), Table(_message_columns(words), messages))


def _conversation(one: Conversation, words: Words) -> Row:
    people = one.participants[:_MOST_PARTICIPANTS]
    if len(one.participants) > _MOST_PARTICIPANTS:
        people += (words("participants-more", count=len(one.participants)),)
    counts = (f"{one.live:,}", f"{one.deleted:,}", f"{one.other:,}")
    return (
        words.term("app", one.app),
        one.account,
        one.title,
        people,
        *counts,
        (words.time(one.first), words.time(one.last)),
    )


def _message_columns(words: Words) -> tuple[Column, ...]:
    return (
        Column(words("time"), 1.3),
        Column(words("sender"), 1.2),
        Column(words("direction"), 0.6),
        Column(words("content"), 0.7),
        Column(words("text"), 4.2),
        Column(words("state"), 0.6),
        Column(words("where"), 1.9),
    )


def _message(row: MessageRow, words: Words) -> Row:
    return (
        words.time(row.time, row.stored),
        row.sender,
        words.term("sent", row.direction),
        words.term("content", row.content),
        words("no-text") if row.text is None else words.long(row.text),
        words.term("state", row.state),
        row.where,
    )


def payments(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    yield Para(words("payments-apart"), "strong")
    yield Para(words("payments-terms"))
    if not story.payments:
        yield Para(words("none"))
    for source in story.payments:
        yield from _source(source, words, annex)


def _source(source: PaymentSource, words: Words, annex: Annex) -> Iterator[Block]:
    yield Heading(words("payment-source", name=source.name))
    yield Fields(
        (
            Field(words("payment-account"), words.told(source.account)),
            Field(words("source-entry"), words.entry(source.seq)),
            Field(words("rules"), source.rules or words("none")),
        )
    )
    whole = Total(words("overall"), *_sums(source.overall), source.overall.unknown)
    yield Para(words("by-year"), "caption")
    yield _totals(words("year"), "", (*source.by_year, whole), words)
    yield Para(words("by-channel"), "caption")
    yield _totals(words("channel"), "channel", source.by_channel, words) if source.by_channel else Para(words("none"))
    yield Para(words("by-counterparty"), "caption")
    columns = _total_columns(words("counterparty"), words)
    yield annex.fit(
        words("counterparties-of", name=source.name),
        Table(columns, lambda: (_total(total, total.label, words) for total in source.by_counterparty())),
    )
    yield Para(words("one-by-one"), "caption")
    yield annex.append(words("payments-of", name=source.name), _payment_table(source, words))


def _sums(total: Total) -> tuple[Sum, Sum, Sum, Sum, Sum]:
    return total.inward, total.outward, total.neutral, total.unsettled, total.unclear


def _total_columns(head: str, words: Words) -> tuple[Column, ...]:
    return (
        Column(head, 1.0),
        Column(words("inward"), 1.6, Kind.NUMBER),
        Column(words("outward"), 1.5, Kind.NUMBER),
        Column(words("neutral"), 1.4, Kind.NUMBER),
        Column(words("unsettled"), 1.1, Kind.NUMBER),
        Column(words("unclear"), 1.1, Kind.NUMBER),
        Column(words("unknown-amount"), 0.8, Kind.NUMBER),
    )


def _totals(head: str, family: str, totals: tuple[Total, ...], words: Words) -> Table:
    rows = [_total(total, words.term(family, total.label), words) for total in totals]
    return Table(_total_columns(head, words), lambda: iter(rows))


def _total(total: Total, label: str, words: Words) -> Row:
    def cell(part: Sum) -> tuple[str, ...]:
        return (*map(str, part.amounts), words("times-count", count=f"{part.count:,}"))

    return (label, *map(cell, _sums(total)), words("times-count", count=f"{total.unknown:,}"))


def _payment_table(source: PaymentSource, words: Words) -> Table:
    columns = (
        Column(words("time"), 1.6),
        Column(words("direction"), 0.6),
        Column(words("amount"), 1.4, Kind.NUMBER),
        Column(words("channel-type"), 1.3),
        Column(words("counterparty"), 1.7),
        Column(words("item"), 1.7),
        Column(words("status-order"), 2.0),
        Column(words("state"), 0.6),
        Column(words("source-where"), 1.4),
    )
    return Table(columns, lambda: (_payment(row, words) for row in source.rows()))


def _payment(row: PaymentRow, words: Words) -> Row:
    return (
        words.time(row.time, row.stored),
        words.term("direction", row.direction),
        words("amount-unknown") if row.amount is None else str(row.amount),
        tuple(part for part in (words.term("channel", row.channel), row.type) if part),
        words.long(row.counterparty),
        words.long(row.item),
        tuple(part for part in (row.status, row.order) if part) or "",
        words.term("state", row.state),
        (words.entry(row.seq), row.where),
    )
