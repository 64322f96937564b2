"""`ledger doctor`: what broke in a case, what still holds and up to which head that left, and what to do."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain_of_custody import case as cases
from chain_of_custody import doctor, heads, laboratory, ledger_file, proof
from chain_of_custody.case import LEDGER, Case
from chain_of_custody.doctor import Known, Survey
from chain_of_custody.errors import CaseError, ForensicError, IntegrityError
from chain_of_custody.heads_out import Standing
from chain_of_custody.ledger import Ledger
from chain_of_custody.messages import Lang, say
from chain_of_custody.progress import Progress
from chain_of_custody.verify import Breach, Verdict, verify_files, verify_ledger
from forensic.workflows import proving, qr_heads
from forensic.workflows.verification import Outside, check_shown, trusted
from forensic.workflows.work import Order

ENTRY, FILE, HEAD, ANCHOR = "entry", "file", "head", "anchor"
PERSON, OUTSIDE, DATABASE = "person", "outside", "database"
WORKSTATION, LABORATORY = "workstation", "laboratory"  # heads that were seen here before
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
        if not survey.left:
            said.append(say("doctor-no-outside", lang))
        return [*said, *self._ranges(lang), self._next(lang)]

    def _next(self, lang: Lang) -> str:
        needed = max((head.size for head in self.survey.lost), default=self.survey.entries)
        if self.advice() == "ledger" and not needed:
            return say("doctor-next-ruin", lang)
        return say(f"doctor-next-{self.advice()}", lang, size=needed)

    def _ranges(self, lang: Lang) -> list[str]:
        survey, said = self.survey, []
        for first, last, under in self.ranges():
            text = _under(under, lang) if under else say("doctor-sealed", lang, size=survey.sealed)
            said.append(_run("doctor-range", lang, first, last, under=text))
        said += [_run("doctor-beyond", lang, first, last) for first, last in self.broken()]
        return said or [say("doctor-range-none", lang)]

    def ranges(self) -> list[tuple[int, int, Known | None]]:
        """(first, last, head) of the runs of entries that hold, under the surest head: one from outside, one that left
        by the ledger's own word, one that the laboratory remembers; None under the ledger's own alone."""
        heads = [self.survey.outside, self.survey.told, self.survey.own]
        runs: list[tuple[int, int, Known | None]] = []
        for first, stop in self.survey.whole:
            for head in heads:
                if head and first < min(stop, head.size):
                    runs.append((first, min(stop, head.size) - 1, head))
                    first = min(stop, head.size)
            if first < stop:
                runs.append((first, stop - 1, None))
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
            {"first": first, "last": last, "under": _told(under) if under else None}
            for first, last, under in self.ranges()
        ]
        return {
            "holds": self.holds,
            "breaches": breaches,
            "entries": survey.entries,
            "sealed": survey.sealed,
            "outside": survey.left,
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
    if breach.code.startswith(("verify-person", "verify-key-change")):
        return PERSON
    return _KINDS.get(breach.code, ENTRY)


def _run(message_id: str, lang: Lang, first: int, last: int, **facts: object) -> str:
    return say(f"{message_id}-one" if first == last else message_id, lang, first=first, last=last, **facts)


def _under(head: Known, lang: Lang) -> str:
    return say(f"doctor-under-{head.standing}", lang, source=_source(head, lang), size=head.size)


def _source(head: Known, lang: Lang) -> str:
    """In words, but for what was brought from outside: that is as it was typed."""
    if head.standing is Standing.OWN or head.entry is not None:
        return say(f"doctor-from-{head.source}", lang, entry=head.entry)
    return head.source


def _told(head: Known) -> dict[str, object]:
    told = {"source": head.source, "standing": head.standing, "entry": head.entry}
    return {**told, "size": head.size, "root": head.root.hex()}


def diagnose(order: Order, progress: Progress, outside: Outside) -> Diagnosis:
    """Reads the case and what was brought from outside; enters and remembers nothing."""
    expected = [proof.parse_head(text) for text in outside.expect]
    shown = [(path, qr_heads.read(path)) for path in outside.qr]
    folder = cases.find(order.case)
    if not ledger_file.is_there(folder / LEDGER):
        raise CaseError("case-none", path=str(folder))
    verdict = Verdict()
    known = [Known("--expect", *head) for head in expected]
    known += [Known(path.name, one.head.size, one.head.root) for path, one in shown]
    try:
        with Ledger.open(folder / LEDGER) as ledger:
            known += _kept_here(ledger.origin)
            trust = trusted(ledger, outside)
            verify_ledger(ledger, ledger.verifier_key, verdict, progress, trust)
            expected += check_shown(ledger, shown, trust, verdict)
            proving.check_expected(ledger, expected, verdict)
    except IntegrityError as error:
        verdict.stopped(error)
    _check_files(folder, outside, verdict, progress)
    return Diagnosis(verdict, doctor.survey(folder / LEDGER, known, verdict.proved, verdict.refuted))


def _check_files(folder: Path, outside: Outside, verdict: Verdict, progress: Progress) -> None:
    try:
        with Case.open(folder) as case:
            verify_files(case, verdict, quick=False, progress=progress, elsewhere=outside.files)
    except IntegrityError as error:
        verdict.stopped(error)


def _kept_here(origin: str) -> Iterator[Known]:
    """What this workstation saw last, and what the laboratory's ledger says."""
    with suppress(ForensicError):
        if seen := heads.of_workstation().last(origin):
            yield Known(WORKSTATION, seen.head.size, seen.head.root, standing=Standing.OWN)
    with suppress(ForensicError):
        if recorded := laboratory.last_of(origin):
            yield Known(LABORATORY, *recorded[:2], standing=Standing.OWN)
