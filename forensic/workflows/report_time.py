"""What the report tells of heads outside the laboratory, and of the outside times that its entries lie between."""

from chain_of_custody import anchors
from chain_of_custody.anchors import Anchor
from chain_of_custody.case import Case
from chain_of_custody.messages import Lang, say
from reports import story


def outside(case: Case, lang: Lang) -> tuple[story.Outside, ...]:
    """Heads that left the case: on a report or a receipt, to a witness, to a time-stamp authority."""
    reports = (
        story.Outside(
            report.time, report.facts["head"]["size"], report.facts["head"]["root"], say("outside-report", lang)
        )
        for report in case.register.held(what="report")
    )
    left = (
        story.Outside(anchor.time or anchor.entered, anchor.size, anchor.root.hex(), _how(case, anchor, lang))
        for anchor in case.register.anchors.all
    )
    return tuple(sorted((*reports, *left), key=lambda one: (one.size, one.at or "")))


def _how(case: Case, anchor: Anchor, lang: Lang) -> str:
    if anchor.receipt is not None:
        scan = case.register.anchors.scans.get(anchor.receipt)
        signed = say("outside-scan", lang, seq=scan) if scan is not None else say("outside-no-scan", lang)
        return say("outside-print", lang, seq=anchor.receipt, signed=signed)
    doubt = "" if anchor.checked else say("outside-unchecked", lang)
    return say(f"outside-{anchor.type}", lang, by=anchor.by, seq=anchor.seq, doubt=doubt)


def brackets(case: Case, size: int) -> tuple[story.Bracket, ...]:
    """The first `size` entries between outside clocks."""
    return tuple(
        story.Bracket(
            run.first,
            run.last,
            _clock(run.after),
            _clock(run.before),
            (case.ledger.entry(run.first).time, case.ledger.entry(run.last).time),
        )
        for run in anchors.brackets(case.register.anchors.all, size)
    )


def _clock(anchor: Anchor | None) -> story.Clock | None:
    if anchor is None:
        return None
    return story.Clock(anchor.time or "", anchor.type, anchor.by, anchor.seq, checked=bool(anchor.checked))
