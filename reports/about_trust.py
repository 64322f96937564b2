"""The sections on how far the report can be trusted: findings, changes, limits, the ledger and its verification."""

from collections import Counter
from collections.abc import Iterator

from chain_of_custody.finding import Finding, Severity
from reports import about_signatures, about_time
from reports.annex import INLINE, Annex
from reports.blocks import Block, Code, Column, Field, Fields, Heading, Kind, Para, Qr, Row, Signatures, Steps, Table
from reports.qr import matrix
from reports.story import Story
from reports.story_trust import Head
from reports.words import Words

_CANNOT = ("true", "unrecorded", "tail", "collusion", "destruction", "time", "ageing")


def findings(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    yield Para(words("findings-note"))
    counts = Counter((finding.severity, finding.code) for finding in story.findings())
    if not counts:
        yield Para(words("none"))
        return
    if counts.total() > INLINE:
        yield annex.fit(words("section-findings"), _counted(counts, words))
    yield Para(words("findings-list"), "caption")
    columns = (
        Column(words("severity"), 0.8),
        Column(words("finding"), 3.4),
        Column(words("where"), 2.2),
        Column(words("code"), 1.8, Kind.CODE),
    )
    yield annex.fit(
        words("findings-list"), Table(columns, lambda: (_finding(finding, words) for finding in story.findings()))
    )


def _counted(counts: Counter[tuple[Severity, str]], words: Words) -> Table:
    columns = (
        Column(words("severity"), 1),
        Column(words("code"), 3, Kind.CODE),
        Column(words("count"), 1, Kind.NUMBER),
    )

    def rows() -> Iterator[Row]:
        for (severity, code), count in sorted(counts.items()):
            yield words.term("severity", severity), code, f"{count:,}"

    return Table(columns, rows)


def _finding(finding: Finding, words: Words) -> Row:
    where = tuple(_place(name, value, words) for name, value in finding.where.items())
    severity = words.term("severity", finding.severity)
    return severity, words.long(finding.text(words.lang)), where or words("unknown"), finding.code


def _place(name: str, value: object, words: Words) -> str:
    """Where a finding was made. An artifact is told by its entry, or by its hash where it has none of its own."""
    told = "hash" if name == "artifact" and not isinstance(value, int) else name
    return words("at", name=words.term("at", told), value=value)


def changes(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    yield Para(words("changes-note"))
    columns = (
        Column(words("entry-head"), 0.6, Kind.NUMBER),
        Column(words("what"), 0.9),
        Column(words("subject-entry"), 0.6, Kind.NUMBER),
        Column(words("old"), 1.2),
        Column(words("new"), 1.7),
        Column(words("reason"), 1.4),
        Column(words("signed-by"), 2.2),
    )

    def rows() -> Iterator[Row]:
        for one in story.changes():
            what = tuple(part for part in (words.term("change", one.kind), words.term("field", one.field)) if part)
            who = (*about_signatures.signed(one.signed, words), words.time(one.at))
            subject = "" if one.subject is None else str(one.subject)
            yield str(one.seq), what, subject, words.long(one.old), words.long(one.new), one.reason, who

    yield annex.fit(words("changes-list"), Table(columns, rows))


def alone(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    yield Para(words("alone-note"))
    columns = (
        Column(words("entry-head"), 0.6, Kind.NUMBER),
        Column(words("act"), 2.4),
        Column(words("person"), 1.4),
        Column(words("time"), 1.6),
    )
    yield annex.fit(
        words("alone-list"),
        Table(
            columns,
            lambda: ((str(a.seq), words.term("custody", a.act), a.person, words.time(a.at)) for a in story.alone()),
        ),
    )


def limitations(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    yield Para(words("limitations-note"))
    columns = (Column(words("subject"), 1), Column(words("limitation"), 3))
    rows = Table(columns, lambda: ((one.subject, one.text) for one in story.limitations))
    yield annex.fit(words("section-limitations"), rows)


def software(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    columns = (
        Column(words("software"), 1.4),
        Column(words("version"), 0.8, Kind.CODE),
        Column("SHA-256", 2, Kind.HASH),
    )
    rows = Table(columns, lambda: ((s.name, s.version, s.sha256 or words("unknown")) for s in story.software))
    yield annex.fit(words("section-software"), rows)


def ledger(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    yield Para(words("ledger-proves"))
    yield Para(words("ledger-cannot"), "strong")
    yield Steps(tuple(words(f"cannot-{point}") for point in _CANNOT))
    yield from about_time.outside(story, words, annex)


def verification(story: Story, words: Words, annex: Annex) -> Iterator[Block]:
    head = story.head
    yield Para(words("verify-note"))
    yield Fields(
        (
            Field(words("origin"), story.case.origin, Kind.CODE),
            Field(words("head-size"), f"{head.size:,}"),
            Field(words("head-root"), head.root, Kind.HASH),
            Field(words("head-time"), words.time(head.at)),
            Field(words("public-key"), head.public_key, Kind.CODE),
            *(Field(words("adopted-key", seq=seq), vkey, Kind.CODE) for seq, vkey in head.adopted),
        )
    )
    yield Heading(words("signed-note"))
    yield Code(head.note)
    yield head_qr(head, words)
    yield Heading(words("commands"))
    if not story.checks:
        yield Para(words("none"))
    for check in story.checks:
        yield Para(check.purpose)
        yield Code(check.command)
    yield from about_signatures.signatures(story, words, annex)


def head_qr(head: Head, words: Words, text: str = "qr-text") -> Block:
    """The signed note as a QR code, or the remark that it is too long for one."""
    payload = head.note.encode()
    return Qr(payload, words(text)) if matrix(payload) else Para(words("qr-too-large"), "remark")


def signatures(story: Story, words: Words) -> tuple[Block, ...]:
    examiners = tuple(words("sign-examiner", name=person.name) for person in story.case.examiners)
    others = (words("sign-reviewer"), words("sign-party"), words("sign-agency"))
    signed = (
        Field(words("document-number"), words.told(story.case.document)),
        Field(words("case-number"), story.case.number),
        Field(words("head-size"), f"{story.head.size:,}"),
        Field(words("head-root"), story.head.root, Kind.HASH),
    )
    return Para(words("signatures-note")), Fields(signed), Signatures(examiners + others, words("sign-date"))
