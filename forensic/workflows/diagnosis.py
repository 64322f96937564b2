"""`ledger doctor`: what broke in a case, what still holds and up to which outside head, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain_of_custody import case as cases
from chain_of_custody import doctor, heads, proof
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.doctor import Known, Survey
from chain_of_custody.errors import CaseError, IntegrityError
from chain_of_custody.ledger import Ledger
from chain_of_custody.messages import Lang, say
from chain_of_custody.progress import Progress
from chain_of_custody.verify import Breach, Verdict, verify_files, verify_ledger
from forensic.workflows import proving, qr_heads
from forensic.workflows.verification import Outside, check_shown, trusted
from forensic.workflows.work import Order

ENTRY, FILE, HEAD, ANCHOR = "entry", "file", "head", "anchor"
PERSON, OUTSIDE, DATABASE = "person", "outside", "database"
REMEMBERED = "workstation"  # a head that was seen here before
_KINDS = {
    **dict.fromkeys(("verify-missing", "verify-hash", "verify-size", "verify-not-a-file", "verify-unreadable"), FILE),
    **dict.fromkeys(("verify-stranger", "verify-no-volume"), FILE),
    **dict.fromkeys(("verify-root", "verify-origin", "verify-signature", "verify-unsealed", "verify-truncated"), HEAD),
    **dict.fromkeys(("verify-head-malformed", "verify-head-out-of-order", "verify-policy-log"), HEAD),
    **dict.fromkeys(("verify-expected", "verify-expected-more", "verify-qr-signature"), OUTSIDE),
    **dict.fromkeys(("heads-rolled-back", "heads-forked"), OUTSIDE),
    **dict.fromkeys(("ledger-damaged", "ledger-head-malformed", "verify-key-malformed"), DATABASE),
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What verification says, and what the survey of the rows finds."""

    verdict: Verdict
    survey: Survey

    @property
    def holds(self) -> bool:
        return self.verdict.holds and not self.survey.against and not self.survey.lost

    def lines(self, lang: Lang) -> list[str]:
        """In words, the most important first."""
        verdict, survey = self.verdict, self.survey
        said = []
        if self.holds:
            facts = {"entries": verdict.entries, "heads": verdict.heads, "files": verdict.files}
            said.append(say("doctor-holds", lang, **facts))
        elif verdict.breaches:
            first = verdict.breaches[0]
            said.append(
                say("doctor-first", lang, kind=say(f"doctor-kind-{kind_of(first)}", lang), text=first.text(lang))
            )
            if len(verdict.breaches) > 1:
                said.append(say("doctor-more", lang, number=len(verdict.breaches) - 1))
        said += [say("doctor-against", lang, size=head.size, source=_source(head, lang)) for head in survey.against]
        for head in survey.lost:
            said.append(say("doctor-lost", lang, source=_source(head, lang), size=head.size, entries=survey.entries))
        said += list(self._ranges(lang))
        return [
            *said,
            say(f"doctor-next-{self.advice()}", lang, size=max([h.size for h in survey.lost] or [survey.entries])),
        ]

    def _ranges(self, lang: Lang) -> list[str]:
        survey, said = self.survey, []
        for first, last, under in self.ranges():
            if under:
                text = say("doctor-outside", lang, source=_source(under, lang), size=under.size)
            else:
                text = say("doctor-sealed", lang, size=survey.sealed)
            said.append(say("doctor-range", lang, first=first, last=last, under=text))
        said += [say("doctor-beyond", lang, first=first, last=last) for first, last in self.broken()]
        return said or [say("doctor-range-none", lang)]

    def ranges(self) -> list[tuple[int, int, Known | None]]:
        """(first, last, outside head) of the runs of entries that hold, None under the ledger's own head alone."""
        edge = self.survey.outside.size if self.survey.outside else 0
        runs: list[tuple[int, int, Known | None]] = []
        for first, stop in self.survey.whole:
            if first < edge:
                runs.append((first, min(stop, edge) - 1, self.survey.outside))
            if stop > edge:
                runs.append((max(first, edge), stop - 1, None))
        return runs

    def broken(self) -> list[tuple[int, int]]:
        """(first, last) of the runs of entries that are not to be relied on."""
        gaps, here = [], 0
        for first, stop in [*self.survey.whole, (self.survey.entries, self.survey.entries)]:
            if first > here:
                gaps.append((here, first - 1))
            here = stop
        return gaps

    def advice(self) -> str:
        if self.holds:
            return "nothing"
        kinds = {kind_of(breach) for breach in self.verdict.breaches}
        if self.survey.against or (kinds == {OUTSIDE} and not self.survey.lost):
            return "outside"
        return "file" if kinds == {FILE} else "ledger"

    def as_json(self, lang: Lang) -> dict[str, Any]:
        survey = self.survey
        breaches = [{"code": b.code, "kind": kind_of(b), "facts": b.facts} for b in self.verdict.breaches]
        ranges = [
            {"first": first, "last": last, "outside": _told(under) if under else None}
            for first, last, under in self.ranges()
        ]
        return {
            "holds": self.holds,
            "breaches": breaches,
            "entries": survey.entries,
            "sealed": survey.sealed,
            "ranges": ranges,
            "broken": [{"first": first, "last": last} for first, last in self.broken()],
            "against": [_told(head) for head in survey.against],
            "lost": [_told(head) for head in survey.lost],
            "advice": self.advice(),
            "text": self.lines(lang),
        }


def kind_of(breach: Breach) -> str:
    if breach.code.startswith("verify-anchor"):
        return ANCHOR
    if breach.code.startswith(("verify-person", "verify-policy-person", "verify-act", "verify-key-change")):
        return PERSON
    return _KINDS.get(breach.code, ENTRY)


def _source(head: Known, lang: Lang) -> str:
    return say("doctor-remembered", lang) if head.source == REMEMBERED else head.source


def _told(head: Known) -> dict[str, object]:
    return {"source": head.source, "size": head.size, "root": head.root.hex()}


def diagnose(order: Order, progress: Progress, outside: Outside) -> Diagnosis:
    """Reads the case and what was brought from outside; enters and remembers nothing."""
    expected = [proof.parse_head(text) for text in outside.expect]
    shown = [(path, qr_heads.read(path)) for path in outside.qr]
    folder = cases.find(order.case)
    if not (folder / LEDGER).is_file():
        raise CaseError("case-none", path=str(folder))
    verdict = Verdict()
    known = [Known("--expect", *head) for head in expected]
    known += [Known(path.name, one.head.size, one.head.root) for path, one in shown]
    try:
        with Ledger.open(folder / LEDGER) as ledger:
            known += _remembered(ledger)
            trust = trusted(ledger, outside)
            verify_ledger(ledger, ledger.verifier_key, verdict, progress, trust)
            expected += check_shown(ledger, shown, trust, verdict)
            proving.check_expected(ledger, expected, verdict)
    except IntegrityError as error:
        _add(verdict, error)
    _check_files(folder, outside, verdict, progress)
    return Diagnosis(verdict, doctor.survey(folder / LEDGER, known))


def _check_files(folder: Path, outside: Outside, verdict: Verdict, progress: Progress) -> None:
    try:
        with Case.open(folder) as case:
            verify_files(case, verdict, quick=False, progress=progress, elsewhere=outside.files)
    except IntegrityError as error:
        _add(verdict, error)


def _add(verdict: Verdict, error: IntegrityError) -> None:
    breach = Breach(error.message_id, {name: str(fact) for name, fact in error.facts.items()})
    codes: Sequence[str] = [one.code for one in verdict.breaches]
    if breach.code not in codes:
        verdict.breaches.append(breach)


def _remembered(ledger: Ledger) -> list[Known]:
    try:
        seen = heads.of_workstation().last(ledger.origin)
    except IntegrityError:
        return []
    return [Known(REMEMBERED, seen.head.size, seen.head.root)] if seen else []
