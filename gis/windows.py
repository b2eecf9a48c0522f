"""Times of the local day at which something is asked for, as instants."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gis.quality import Period
from gis.wall_clock import SECOND_US, first_shown

EVERY_DAY = range(1, 8)
"""The days of the week: 1 is Monday."""


class Window(NamedTuple):
    """One time at which something is asked for; instants in microseconds since 1970.

    Attributes:
        day: The local day on which it opens, and to which it belongs.
        opens: From when on.
        closes: Until when, that excluded.
        late_until: Until when it counts as late: not once the next window is open.
    """

    day: date
    opens: int
    closes: int
    late_until: int


def windows(
    days: Iterable[date],
    opens: time,
    closes: time,
    zone: ZoneInfo,
    *,
    weekdays: Collection[int] = EVERY_DAY,
    late_s: float,
) -> list[Window]:
    """The windows that open on some days, by the wall clock of a zone.

    A window that closes no later than it opens does so on the next day. A time that the clock skips is the instant of
    the change, one that it shows twice is the first showing; a window that falls into what is skipped is left out.

    Args:
        days: Local days.
        opens: Time of the day.
        closes: The same.
        zone: The zone of the clock.
        weekdays: Days of the week on which there is a window: 1 is Monday.
        late_s: For how many seconds after it has closed somebody is late.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> [night] = windows([date(2026, 3, 28)], time(22), time(6), berlin, late_s=7200)
    >>> (night.closes - night.opens) / SECOND_US / 3600, (night.late_until - night.closes) / SECOND_US
    (7.0, 7200.0)
    >>> windows([date(2026, 3, 29)], time(2, 10), time(2, 50), berlin, late_s=0)
    []
    """

    def on(day: date) -> Period:
        begin, end = ((day, opens), (day + timedelta(days=int(closes <= opens)), closes))
        return first_shown(datetime.combine(*begin), zone), first_shown(datetime.combine(*end), zone)

    found: list[Window] = []
    for day in days:
        begin, end = on(day)
        if day.isoweekday() in weekdays and begin < end:
            following = (day + timedelta(days=ahead) for ahead in EVERY_DAY)
            next_opens = on(next(one for one in following if one.isoweekday() in weekdays))[0]
            late_until = min(end + int(late_s * SECOND_US), next_opens)
            found.append(Window(day, begin, end, max(end, late_until)))
    return found
