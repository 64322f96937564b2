"""Turns a story into the blocks of a whole report in one language."""

from collections.abc import Callable, Iterator

from chain_of_custody.messages import Lang
from reports import about_case, about_finds, about_secrets, about_time, about_trust
from reports.annex import Annex
from reports.blocks import Block, Cover, Field, Fields, Kind, Margin, Outline, Section
from reports.story import Story
from reports.story_case import Case, Person
from reports.story_trust import Head
from reports.words import Words

_Writer = Callable[[Story, Words, Annex], Iterator[Block]]

SECTIONS: tuple[tuple[str, _Writer], ...] = (
    ("request", about_case.request),
    ("exhibits", about_case.exhibits),
    ("secrets", about_secrets.secrets),
    ("acquisitions", about_case.acquisitions),
    ("recovered", about_finds.recovered),
    ("carved", about_finds.carved),
    ("conversations", about_finds.conversations),
    ("payments", about_finds.payments),
    ("findings", about_trust.findings),
    ("changes", about_trust.changes),
    ("alone", about_trust.alone),
    ("limitations", about_trust.limitations),
    ("software", about_trust.software),
    ("ledger", about_trust.ledger),
    ("time", about_time.brackets),
    ("verify", about_trust.verification),
)
"""Every section of a report in its order; one without content says so and never vanishes."""

_SHORT_ROOT = 16


def outline(story: Story, lang: Lang) -> Outline:
    """The report as blocks. An unknown zone raises `UsageError`."""
    words = Words(lang, story.case.zone)
    annex = Annex(words)
    sections = tuple(
        Section(words.numeral(number), words(f"section-{name}"), tuple(write(story, words, annex)))
        for number, (name, write) in enumerate(SECTIONS, 1)
    )
    last = len(SECTIONS) + 2
    return Outline(
        lang,
        story.case.number,
        story.head.at,
        _cover(story, words),
        margin_of(story.case, story.head, words, words("report-title")),
        sections,
        tuple(annex.appendices),
        (words.numeral(last - 1), words("section-appendices")),
        Section(words.numeral(last), words("section-signatures"), about_trust.signatures(story, words)),
    )


def _cover(story: Story, words: Words) -> Cover:
    case, head = story.case, story.head
    fields = (
        Field(words("document-number"), words.told(case.document)),
        Field(words("case-number"), case.number),
        Field(words("case-title"), case.title),
        Field(words("client"), words.told(story.request.client)),
        Field(words("agency"), words.told(case.agency)),
        Field(words("examiners"), tuple(_person(one, words) for one in case.examiners) or words("none")),
        Field(words("date"), words.time(head.at)),
        Field(words("zone"), words("zone-text", zone=case.zone)),
        Field(words("origin"), case.origin, Kind.CODE),
        Field(words("head-size"), f"{head.size:,}"),
        Field(words("head-root"), head.root, Kind.HASH),
    )
    qr = about_trust.head_qr(head, words, "cover-qr")
    return Cover(case.agency, words("report-title"), case.title, Fields(fields), _remarks(case, words), qr)


def _person(person: Person, words: Words) -> str:
    certificate = words("certificate", number=person.certificate) if person.certificate else ""
    details = words.comma(person.role, person.unit, certificate)
    return words("person-line", name=person.name, details=details) if details else person.name


def _remarks(case: Case, words: Words) -> tuple[str, ...]:
    draft = (words("cover-draft"),) if case.draft else ()
    return (*draft, words("cover-training")) if case.training else draft


def margin_of(case: Case, head: Head, words: Words, title: str) -> Margin:
    """What stands on every page of a paper with this title."""
    marks = [words(f"mark-{name}") for name, on in (("draft", case.draft), ("training", case.training)) if on]
    return Margin(
        words("margin-case", number=case.number),
        title,
        words("margin-head", size=f"{head.size:,}", root=head.root[:_SHORT_ROOT]),
        words("margin-pages", page="{page}", total="{total}"),
        tuple(marks),
        words("continued"),
    )
