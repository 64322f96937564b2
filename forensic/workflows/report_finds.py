"""What the report tells of what was found: files, conversations, payments."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chain_of_custody.artifact import Artifact
from chain_of_custody.case import Case
from chain_of_custody.messages import Lang, say, table
from forensic.workflows import finds, payments, recordset, views
from forensic.workflows.chats import PLACEHOLDER
from forensic.workflows.payments import Group, Source
from forensic.workflows.views import Period
from parsers.money import Money
from parsers.records import Direction, State
from reports import rows, story_finds


def files(case: Case, step: str, lang: Lang) -> story_finds.Files:
    """Every file with an entry; objects of which nothing is left are counted by status alone."""
    statuses: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    for _, line in finds.files(case, step=step):
        statuses[line["status"]] += 1
        if line["seq"] is not None:
            formats[line["suffix"]] += 1
    return story_finds.Files(
        by_status=tuple(sorted(statuses.items())),
        by_format=tuple(sorted(formats.items())),
        rows=lambda: _rows(case, step, lang),
    )


def _rows(case: Case, step: str, lang: Lang) -> Iterator[story_finds.FileRow]:
    for find in finds.finds(case, step=step):
        line = find.line
        if line["seq"] is None:
            continue
        image = int(find.list.facts["image"])
        yield story_finds.FileRow(
            seq=line["seq"],
            exhibit=find.exhibit,
            name=line["path"] or f"+{line.get('offset', '')}",
            size=line["size"],
            status=line["status"],
            evidence="; ".join(_evidence(line, lang)),
            sha256=line["sha256"],
            times=tuple(_times(line)),
            image=image,
            runs=tuple(story_finds.Run(*run) for run in line["runs"]),
        )


def _evidence(line: dict[str, Any], lang: Lang) -> Iterator[str]:
    for word in line.get("evidence", ()):
        yield say(f"recover-why-{word}", lang)
    for word in line.get("checked", ()):
        yield say(f"carve-checked-{word}", lang) if f"carve-checked-{word}" in table() else word
    if line.get("reason"):
        yield say(line["reason"], lang)


def _times(line: dict[str, Any]) -> Iterator[tuple[str, rows.Time]]:
    """Times that name no zone are the device's own clock and stay out of columns that are printed with an offset."""
    times = line.get("times") or {}
    if times.get("zone") == "utc":
        yield from ((name, times[name]) for name in ("modified", "accessed", "changed", "created") if times[name])


@dataclass(slots=True)
class _Talk:
    """One conversation while it is gathered: where its messages' lines begin, in which set."""

    title: str = ""
    live: int = 0
    deleted: int = 0
    other: int = 0
    first: str | None = None
    last: str | None = None
    people: dict[str, None] = field(default_factory=dict)
    sets: "array[int]" = field(default_factory=lambda: array("q"))
    offsets: "array[int]" = field(default_factory=lambda: array("q"))


Key = tuple[str, str, str]


def conversations(case: Case) -> list[story_finds.Conversation]:
    """One pass over the record sets gathers them all; the rows are read again from where they stand."""
    talks: dict[Key, _Talk] = {}
    for artifact in views.record_sets(case):
        if artifact.facts["counts"].get("message"):
            for offset, line in recordset.placed(case, artifact):
                if line["kind"] == "message" and line["content"] != PLACEHOLDER:
                    key = (line["app"], line["account"] or "", line["conversation"])
                    _add(talks.setdefault(key, _Talk()), artifact.seq, offset, line)
    return [_conversation(case, key, talks[key]) for key in sorted(talks)]


def _add(talk: _Talk, seq: int, offset: int, line: dict[str, Any]) -> None:
    talk.title = talk.title or line["title"] or ""
    talk.live += line["state"] == State.LIVE
    talk.deleted += line["state"] == State.DELETED
    talk.other += line["state"] not in (State.LIVE, State.DELETED)
    when = line["time"]["utc"]
    if when:
        talk.first = min(talk.first or when, when)
        talk.last = max(talk.last or when, when)
    if line["sender"]:
        talk.people.setdefault(line["sender_name"] or line["sender"])
    talk.sets.append(seq)
    talk.offsets.append(offset)


def _conversation(case: Case, key: Key, talk: _Talk) -> story_finds.Conversation:
    app, account, name = key
    return story_finds.Conversation(
        app=app,
        account=account,
        title=talk.title or name,
        participants=tuple(talk.people),
        live=talk.live,
        deleted=talk.deleted,
        first=talk.first,
        last=talk.last,
        other=talk.other,
        rows=lambda: _messages(case, talk),
    )


def _messages(case: Case, talk: _Talk) -> Iterator[story_finds.MessageRow]:
    lines = []
    for seq, offset in zip(talk.sets, talk.offsets, strict=True):
        artifact = case.register.artifacts[seq]
        lines.append((artifact, recordset.at(case, artifact, offset)))
    lines.sort(key=lambda item: (item[1]["time"]["utc"] is None, item[1]["time"]["utc"] or ""))
    for artifact, line in lines:
        yield story_finds.MessageRow(
            time=line["time"]["utc"],
            sender=line["sender_name"] or line["sender"] or "",
            direction=Direction(line["direction"]),
            content=line["content"],
            text=line["text"],
            where=where(artifact, line),
            state=State(line["state"]),
            stored="" if line["time"]["stored"] is None else str(line["time"]["stored"]),
        )


def where(artifact: Artifact, line: dict[str, Any]) -> str:
    """Which bytes a record was read from: the entry of its file, the table and row, the byte offset."""
    place = line["where"]
    parts = [f"#{artifact.facts['input']}", place["table"], str(place["row"])]
    if place["offset"] is not None:
        parts.append(f"@{place['offset']}" + (f" ({place['file']})" if place["file"] != "main" else ""))
    if place["basis"]:
        parts.append(f"[{place['basis']}]")
    return " ".join(part for part in parts if part)


def sources(case: Case, lang: Lang) -> tuple[story_finds.PaymentSource, ...]:
    whole = Period()
    by = {name: {s.set.seq: s for s in payments.totals(case, name, whole)} for name in ("", *payments.GROUPS)}
    told = []
    for seq, source in by[""].items():
        apart = Counter[str]()
        for group in source.groups:
            apart.update(not_live=group.not_live, repeats=group.repeats)
        told.append(
            story_finds.PaymentSource(
                name=_named(source, lang),
                account=_account(case, source),
                seq=int(source.set.facts["input"]),
                rules=(say("payments-rules", lang), say("payments-apart", lang, **apart)),
                overall=next(iter(_totals(source.groups)), story_finds.Total("all")),
                by_year=tuple(_totals(by["year"][seq].groups)),
                by_channel=tuple(_totals(by["channel"][seq].groups)),
                by_counterparty=_later(by["counterparty"][seq].groups),
                rows=_payment_rows(case, source.set),
            )
        )
    return tuple(told)


def _named(source: Source, lang: Lang) -> str:
    """The file's name in the evidence, with how it was found where it was not simply there."""
    name = source.header["path"] or source.set.facts["parser"]
    origin = source.set.facts["origin"]
    return name if origin in ("live", "taken") else f"{name} ({say(f'origin-{origin}', lang)})"


def _account(case: Case, source: Source) -> str:
    first = next(payments.rows(case, source.set, Period()), None)
    return (first or {}).get("account") or ""


def _later(groups: tuple[Group, ...]) -> Callable[[], Iterator[story_finds.Total]]:
    return lambda: _totals(groups)


def _totals(groups: Iterable[Group]) -> Iterator[story_finds.Total]:
    """Groups of one name in several currencies become one line."""
    by_name: dict[str, list[Group]] = {}
    for group in groups:
        by_name.setdefault(group.name, []).append(group)
    for name, same in by_name.items():
        yield story_finds.Total(
            name,
            inward=_sum(same, "in"),
            outward=_sum(same, "out"),
            neutral=_sum(same, "neutral"),
            unsettled=_sum(same, "unsettled"),
            unclear=_sum(same, "unclear"),
            unknown=sum(group.no_amount for group in same),
        )


def _sum(groups: list[Group], column: str) -> story_finds.Sum:
    filled = [(group.sums[column], group.currency) for group in groups if group.sums[column].rows]
    amounts = tuple(Money(total.minor, currency) for total, currency in filled)
    return story_finds.Sum(sum(total.rows for total, _ in filled), amounts)


def _payment_rows(case: Case, artifact: Artifact) -> Callable[[], Iterator[story_finds.PaymentRow]]:
    def rows() -> Iterator[story_finds.PaymentRow]:
        for line in payments.rows(case, artifact, Period()):
            amount = line["amount"]
            yield story_finds.PaymentRow(
                time=line["time"]["utc"],
                direction=Direction(line["direction"]),
                amount=Money(amount["minor"], amount["currency"]) if amount else None,
                channel=line["channel"],
                type=line["type"],
                counterparty=line["counterparty"],
                item=line["item"],
                status=line["status"],
                order=line["order"],
                seq=int(artifact.facts["input"]),
                where=where(artifact, line),
                state=State(line["state"]),
                stored="" if line["time"]["stored"] is None else str(line["time"]["stored"]),
            )

    return rows
