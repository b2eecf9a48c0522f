"""The days that fixes are kept in, a partition each: made ahead or for an import, dropped when their time is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine, text

from data.session import unit_of_work

# A service that is away for some days finds its days made; a telephone's clock may run ahead into tomorrow.
_AHEAD = 7


def make_days(bind: Engine, days: Iterable[date]) -> int:
    """Make the partitions of some days; how many were not there.

    Its transaction is its own and short: two that make days take turns.
    """
    wanted = sorted(set(days))
    if not wanted:
        return 0
    with unit_of_work(bind) as session:
        made: int = session.execute(text("SELECT make_fix_days(:days)"), {"days": wanted}).scalar_one()
    return made


def look_after_days(bind: Engine, *, kept_days: int, now: datetime | None = None) -> bool:
    """Make the days to come and drop those whose time is over; never asks to be called again at once.

    Args:
        bind: Engine of the service role.
        kept_days: For how many days fixes are kept; 0 for ever.
        now: As of when; now if not given.
    """
    today = (now or datetime.now(UTC)).date()
    make_days(bind, (today + timedelta(days=number) for number in range(_AHEAD + 1)))
    if kept_days:
        with unit_of_work(bind) as session:
            session.execute(text("SELECT forget_fixes(:before)"), {"before": today - timedelta(days=kept_days)})
    return False
