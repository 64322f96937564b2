"""`forensic chats`, `payments`, `search` and `index`."""

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from chain_of_custody.clock import local
from forensic.cli import console
from forensic.cli.language import words
from forensic.cli.options import finish, order, shared
from forensic.workflows import chats as conversations
from forensic.workflows import indexing
from forensic.workflows import payments as bills
from forensic.workflows.views import Period, unparsed
from forensic.workflows.work import Outcome, reading
from parsers.money import Money

index = typer.Typer(help=words("help-index-group"), no_args_is_help=True, rich_markup_mode=None)

From = Annotated[str, typer.Option("--from", metavar="TIME", help=words("help-from"))]
To = Annotated[str, typer.Option("--to", "--until", metavar="TIME", help=words("help-to"))]
Exhibit = Annotated[str, typer.Option("--exhibit", metavar="EX-001", help=words("help-exhibit"))]


def enrol(app: typer.Typer) -> None:
    app.command("chats", help=words("help-chats"))(chats)
    app.command("payments", help=words("help-payments"))(payments)
    app.command("search", help=words("help-search"))(search)
    app.add_typer(index, name="index")


def _echo(period: Period, zone: ZoneInfo) -> None:
    if (period.start or period.end) and not shared.json:
        start, end = period.text(zone)
        console.tell("cli-period", start=start, end=end)


def chats(
    conversation: Annotated[str, typer.Option("--conversation", help=words("help-chats-conversation"))] = "",
    start: From = "",
    end: To = "",
    exhibit: Exhibit = "",
) -> None:
    with reading(order()) as case:
        zone = case.zone
        period = Period.typed(start, end, zone)
        _echo(period, zone)
        if conversation:
            messages = list(conversations.messages(case, conversation, period, exhibit or None))
            outcome = Outcome({"messages": messages}, unparsed(case, exhibit or None), head=case.head())
        else:
            listed = conversations.conversations(case, period, exhibit or None)
            outcome = Outcome(
                {"conversations": [c.as_json() for c in listed]}, unparsed(case, exhibit or None), head=case.head()
            )
    if not shared.json and conversation:
        for message in messages:
            when = local(message["time"]["utc"], zone) if message["time"]["utc"] else words("time-unknown")
            who = message["sender_name"] or message["sender"] or ""
            text = message["text"] if message["text"] is not None else f"<{message['content']}>"
            console.result(f"{when}  {message['direction']:<7} {message['state']:<8} {who}: {text}")
    elif not shared.json:
        rows = [
            (
                c.app,
                c.conversation,
                c.title or "",
                c.live,
                c.other,
                c.placeholders,
                *(local(t, zone) if t else "" for t in (c.first, c.last)),
            )
            for c in listed
        ]
        console.table(
            (
                "head-app",
                "head-conversation",
                "head-title",
                "head-live",
                "head-not-live",
                "head-placeholders",
                "head-first",
                "head-last",
            ),
            rows,
            (3, 4, 5),
        )
    finish(outcome)


def payments(
    by: Annotated[str, typer.Option("--by", metavar="year|counterparty|channel", help=words("help-payments-by"))] = "",
    start: From = "",
    end: To = "",
    exhibit: Exhibit = "",
) -> None:
    with reading(order()) as case:
        period = Period.typed(start, end, case.zone)
        _echo(period, case.zone)
        sources = bills.totals(case, by, period, exhibit or None)
        rows = []
        if shared.json:
            rows = [
                {"set": source.set.seq, **row} for source in sources for row in bills.rows(case, source.set, period)
            ]
        outcome = Outcome(
            {"rows": rows, "totals": [source.as_json() for source in sources]},
            unparsed(case, exhibit or None),
            head=case.head(),
        )
    if not shared.json:
        for source in sources:
            console.result(
                words(
                    "cli-source",
                    seq=source.set.facts["input"],
                    parser=source.set.facts["parser"],
                    path=source.header["path"],
                    origin=words(f"origin-{source.set.facts['origin']}"),
                    rows=source.rows,
                )
            )
            console.table(
                (
                    "head-group",
                    "head-in",
                    "head-out",
                    "head-neutral",
                    "head-unsettled",
                    "head-unclear",
                    "head-not-summed",
                ),
                [_money_row(group) for group in source.groups],
                (1, 2, 3, 4, 5, 6),
            )
        console.tell("cli-not-across-sources" if len(sources) > 1 else "cli-sources", number=len(sources))
    finish(outcome)


def _money_row(group: bills.Group) -> tuple[object, ...]:
    sums = [f"{Money(s.minor, group.currency)} ({s.rows})" for s in group.sums.values()]
    return (group.name, *sums, group.no_amount + group.not_live + group.repeats)


def search(
    query: Annotated[str, typer.Argument(metavar="WORDS", help=words("help-search-words"))],
    exhibit: Exhibit = "",
) -> None:
    with reading(order()) as case:
        zone = case.zone
        hits = [{"set": a.seq, **line} for a, line in indexing.search(case, query, shared.screen, exhibit or None)]
        outcome = Outcome({"query": query, "hits": hits}, unparsed(case, exhibit or None), head=case.head())
    shared.screen.finish()
    if not shared.json:
        for hit in hits:
            when = hit.get("time", {}).get("utc") if isinstance(hit.get("time"), dict) else None
            told = (
                hit.get("text")
                or hit.get("counterparty")
                or hit.get("path")
                or hit.get("name")
                or hit.get("peer")
                or ""
            )
            console.result(
                f"{hit['set']:>8}  {words('kind-' + hit['kind'])}  {local(when, zone) if when else '':<26} {told}"
            )
        console.tell("cli-hits", number=len(hits))
    finish(outcome)


@index.command("rebuild", help=words("help-index-rebuild"))
def rebuild() -> None:
    with reading(order()) as case:
        count = indexing.rebuild(case, shared.screen)
        outcome = Outcome({"lines": count, "fingerprint": indexing.fingerprint(case)}, head=case.head())
    shared.screen.finish()
    console.tell("cli-indexed", number=count)
    finish(outcome)
