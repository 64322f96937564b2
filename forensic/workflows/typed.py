"""Times as examiners type them: in the case's zone, and never later than now where they tell what has happened."""

from zoneinfo import ZoneInfo

from chain_of_custody import clock
from chain_of_custody.clock import SystemClock
from chain_of_custody.errors import UsageError


def moment(text: str, zone: ZoneInfo) -> str:
    """As entries keep it, in UTC. Raises `UsageError` for what is no time."""
    try:
        entered = clock.iso(clock.typed(text, zone))
        clock.local(entered, zone)
    except (ValueError, OverflowError) as error:  # the last day of the calendar may have no local form
        raise UsageError("time-wrong", given=text) from error
    return entered


def past(text: str, zone: ZoneInfo) -> str:
    """As `moment`, of something that has happened: a time in the future raises `UsageError`."""
    entered = moment(text, zone)
    if clock.parse_iso(entered) > SystemClock().read().utc:
        raise UsageError("time-in-the-future", time=clock.local(entered, zone))
    return entered
