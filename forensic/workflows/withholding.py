"""What still tells of entries that an export withholds."""

from collections.abc import Iterator, Sequence

from chain_of_custody import bundle
from chain_of_custody.case import Case
from chain_of_custody.finding import Finding, Severity


def remarks(case: Case, withheld: Sequence[int]) -> Iterator[Finding]:
    """Names the sessions that entered what is withheld and are not withheld themselves: their entries hold the command
    lines that were typed."""
    bodies = (case.ledger.entry(seq).body for seq in withheld)
    shown = {int(body["sess"]) for body in bodies if "sess" in body} - set(withheld)
    if shown:
        yield Finding("bundle-session-shown", Severity.NOTE, {"sessions": bundle.ranges(sorted(shown))})
