"""The findings of one database: each fault once, and not more of a kind than a person would read."""

from collections import Counter

from chain_of_custody.finding import Fact, Finding, Severity

MOST_OF_A_KIND = 100


class Findings:
    """Collects faults; from the hundred-and-first of a kind on it only counts, repeats included."""

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], Finding] = {}
        self._kinds: Counter[str] = Counter()
        self._beyond: Counter[str] = Counter()

    def add(
        self,
        code: str,
        severity: Severity = Severity.WARNING,
        *,
        facts: dict[str, Fact] | None = None,
        **where: Fact,
    ) -> None:
        key = (code, *sorted(where.items()))
        if key in self._seen:
            return
        if self._kinds[code] >= MOST_OF_A_KIND:
            self._beyond[code] += 1
            return
        self._kinds[code] += 1
        self._seen[key] = Finding(code, severity, facts=where | (facts or {}), where=where)

    def all(self) -> list[Finding]:
        """In the order found; last, how many of each kind were left out."""
        more = [
            Finding("sqlite-more-findings", facts={"code": code, "count": count})
            for code, count in self._beyond.items()
        ]
        return [*self._seen.values(), *more]
