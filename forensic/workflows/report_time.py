"""What the report tells of heads that left the laboratory, and of the outside times that its entries lie between."""

from chain_of_custody import anchors, heads_out
from chain_of_custody.anchors import Anchor
from chain_of_custody.case import Case
from chain_of_custody.heads_out import HeadOut, Standing
from chain_of_custody.messages import Lang, say
from reports import story_trust


def outside(case: Case, lang: Lang) -> tuple[story_trust.Outside, ...]:
    """Heads that left the laboratory, and those of which that is only claimed; one that the ledger differs from is
    claimed at most."""
    return tuple(
        story_trust.Outside(head.at, head.size, head.root.hex(), _how(head, lang), _standing(head))
        for head in heads_out.told(case.ledger, case.register.size)
    )


def _standing(head: HeadOut) -> str:
    return str(head.standing if head.agrees else Standing.CLAIMED)


def _how(head: HeadOut, lang: Lang) -> str:
    if head.kind == anchors.PRINT:
        signed = say("outside-no-scan", lang) if head.scan is None else say("outside-scan", lang, seq=head.scan)
        return say("outside-print", lang, seq=head.paper, signed=signed)
    if head.kind in (heads_out.REPORT, heads_out.DISC):
        return say(f"outside-{head.kind}", lang, seq=head.seq, to=head.by or say("outside-nobody", lang))
    doubt = say("outside-unchecked", lang) if head.standing is Standing.CLAIMED else ""
    return say(f"outside-{head.kind}", lang, by=head.by, seq=head.seq, doubt=doubt)


def adopted(case: Case) -> tuple[tuple[int, str], ...]:
    """Entry and verifier key of each workstation that took the case over."""
    taken = (entry for entry in case.ledger.entries_without_located() if entry.kind == "case.adopt")
    return tuple((entry.seq, str(entry.body["vkey"])) for entry in taken if entry.seq < case.register.size)


def brackets(case: Case, size: int) -> tuple[story_trust.Bracket, ...]:
    """The first `size` entries between outside clocks."""
    return tuple(
        story_trust.Bracket(
            run.first,
            run.last,
            _clock(run.after),
            _clock(run.before),
            (case.ledger.entry(run.first).time, case.ledger.entry(run.last).time),
        )
        for run in anchors.brackets(case.register.anchors.all, size)
    )


def _clock(anchor: Anchor | None) -> story_trust.Clock | None:
    if anchor is None:
        return None
    return story_trust.Clock(anchor.time or "", anchor.type, anchor.by, anchor.seq)
