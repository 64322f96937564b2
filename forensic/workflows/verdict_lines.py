"""What a verification found, in few lines: what broke first in full, what only follows from it counted."""

from collections.abc import Iterator, Sequence

from chain_of_custody.messages import Lang, say
from chain_of_custody.verify import Breach

MOST = 20


def lines(found: Sequence[Breach], lang: Lang) -> list[str]:
    """Breaches or remarks in the order in which they were found, at most `MOST` lines and one that says how many more
    there are. The first of a kind stands in full; the others, where they differ by numbers alone, in one line."""
    groups = list(_grouped(found))
    said = [_line(group, lang) for group in groups[:MOST]]
    if rest := groups[MOST:]:
        said.append(say("verify-more", lang, number=sum(map(len, rest))))
    return said


def _grouped(found: Sequence[Breach]) -> Iterator[Sequence[Breach]]:
    """Each alone, but two and more that differ from the first of their kind by numbers alone, together."""
    kinds: dict[object, list[Breach]] = {}
    for one in found:
        kinds.setdefault(_kind(one), []).append(one)
    for kind in kinds.values():
        if len(kind) < 3 or not _number(kind[0]):
            yield from ([one] for one in kind)
        else:
            yield kind[:1]
            yield kind[1:]


def _kind(one: Breach) -> object:
    return one.code, tuple((name, fact) for name, fact in one.facts.items() if not isinstance(fact, int))


def _number(one: Breach) -> str:
    """The name of the fact that numbers it: the entry, or the entries that a head counts."""
    return next((name for name in ("seq", "size") if name in one.facts), "")


def _line(group: Sequence[Breach], lang: Lang) -> str:
    if len(group) == 1:
        return group[0].text(lang)
    name = _number(group[0])
    first, last = group[0].facts[name], group[-1].facts[name]
    return say(f"verify-same-{name}", lang, number=len(group), first=first, last=last)
