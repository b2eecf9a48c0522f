"""Times of a wall clock as instants, in whole microseconds since 1970 in UTC."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gis.errors import BadInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
SECOND_US, _MINUTE_US, HOUR_US, DAY_US = (
    timedelta(**{name: 1}) // _US for name in ("seconds", "minutes", "hours", "days")
)
_MINUTES_OF_A_DAY = 24 * 60
# No zone has ever changed its clock within a quarter of an hour of the clock of UTC.
_QUARTER_US = HOUR_US // 4
_EARLIEST, _LATEST = date(1980, 1, 1), date(2199, 1, 1)


class Day(NamedTuple):
    """A day of the calendar of a city, from when until when."""

    date: date
    start: int
    end: int


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970; a time without a zone is refused.

    >>> microseconds(datetime(1970, 1, 1, 8, tzinfo=ZoneInfo("Asia/Shanghai")))
    0
    """
    if instant.utcoffset() is None:
        raise BadInput("bad_instant", f"{instant} has no time zone.", field="instant", value=instant)
    return (instant - _EPOCH) // _US


def moment(us: int) -> datetime:
    """The instant of microseconds since 1970, in UTC.

    >>> moment(-1).isoformat()
    '1969-12-31T23:59:59.999999+00:00'
    """
    return _EPOCH + us * _US


def first_shown(wall: datetime, zone: ZoneInfo) -> int:
    """The instant at which the clock of a zone first shows a time, or passes over it when it is put forward.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> shown = [first_shown(datetime(2026, month, day, 2, 30), berlin) for month, day in ((3, 29), (10, 25))]
    >>> [f"{moment(us):%H:%M}" for us in shown]
    ['01:00', '00:30']
    """
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return microseconds(found)
    # Read by the offsets before and after the change, the time lies after and before it.
    seconds = range(microseconds(wall.replace(tzinfo=zone, fold=1)), microseconds(found) + 1, SECOND_US)
    change = bisect_left(seconds, True, key=lambda us: moment(us).astimezone(zone).replace(tzinfo=None) > wall)
    return seconds[change]


def local_day(day: date, zone: ZoneInfo) -> Day:
    """A day of a time zone.

    >>> spring = local_day(date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    >>> (spring.end - spring.start) / HOUR_US
    23.0
    """
    start, end = (first_shown(datetime.combine(one, time()), zone) for one in (day, day + timedelta(days=1)))
    return Day(day, start, end)


def local_days(first: date, last: date, zone: ZoneInfo, *, most: int) -> list[Day]:
    """The days of a period, both ends included.

    Args:
        first, last: The first and the last day.
        zone: Whose days.
        most: How many there may be.

    Raises:
        BadInput: `bad_period`.

    >>> [str(day.date) for day in local_days(date(2026, 5, 1), date(2026, 5, 2), ZoneInfo("UTC"), most=2)]
    ['2026-05-01', '2026-05-02']
    """
    count = (last - first).days + 1
    if not (_EARLIEST <= first <= last <= _LATEST and count <= most):
        raise BadInput(
            "bad_period",
            f"{first} to {last} is no period of 1 to {most} days.",
            field="from",
            value=first.isoformat(),
            values={"most_days": most},
        )
    return [local_day(first + timedelta(days=number), zone) for number in range(count)]


def shown_hours(at: NDArray[np.int64], days: Sequence[Day], zone: ZoneInfo) -> NDArray[np.int64]:
    """What hour the clock of a zone shows at some instants (n,), each within one of some days, in order.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> [day] = local_days(date(2026, 3, 29), date(2026, 3, 29), berlin, most=1)
    >>> shown_hours(day.start + np.array([0, 1, 2, 22]) * HOUR_US, [day], berlin).tolist()
    [0, 1, 3, 23]
    """
    start = np.array([day.start for day in days], dtype=np.int64)
    is_odd = np.array([day.end - day.start != DAY_US for day in days], dtype=np.bool_)
    of = np.searchsorted(start, at, side="right") - 1
    hours = (at - start[of]) // HOUR_US
    odd = np.flatnonzero(is_odd[of])
    quarters, which = np.unique(at[odd] // _QUARTER_US, return_inverse=True)
    shown = [moment(quarter * _QUARTER_US).astimezone(zone).hour for quarter in quarters.tolist()]
    hours[odd] = np.array(shown, dtype=np.int64)[which]
    return hours


def check_days(days: Sequence[date]) -> None:
    """Refuse days, in order, of which there is none or between which one is missing.

    >>> check_days([date(2026, 5, 1), date(2026, 5, 3)])
    Traceback (most recent call last):
    gis.errors.BadInput: The calendar leaves 2026-05-02 out; a day of rest is a day without spans.
    """
    if not days:
        raise BadInput("bad_calendar", "A calendar without days says nothing; give at least one.", field="day")
    for before, after in pairwise(days):
        if after - before != timedelta(days=1):
            missing = before + timedelta(days=1)
            raise BadInput(
                "bad_calendar",
                f"The calendar leaves {missing} out; a day of rest is a day without spans.",
                field="day",
                value=missing,
            )


def spans_of_day(
    day: date, minutes: Sequence[int], zone: ZoneInfo, *, start: int, is_even: bool
) -> list[tuple[int, int]]:
    """The spans of a day as instants, without those that a change of the clock leaves empty.

    Args:
        day: The local day.
        minutes: When spans begin and end, in turn.
        zone: The zone of the clock.
        start: When the day begins.
        is_even: Whether it has 24 hours, so that no change of the clock is in it.

    >>> spans_of_day(date(1970, 1, 1), (0, 1, 1, 3), ZoneInfo("UTC"), start=0, is_even=True)
    [(0, 60000000), (60000000, 180000000)]
    """
    if len(minutes) % 2 or list(minutes) != sorted(minutes) or not all(0 <= m <= _MINUTES_OF_A_DAY for m in minutes):
        raise BadInput(
            "bad_calendar",
            f"The working minutes of {day} must ascend from 0 to {_MINUTES_OF_A_DAY}, each begin with its end.",
            field="spans",
            value=list(minutes),
        )
    midnight = datetime.combine(day, time())
    instants = [
        start + minute * _MINUTE_US if is_even else first_shown(midnight + timedelta(minutes=minute), zone)
        for minute in minutes
    ]
    return [(begin, end) for begin, end in zip(instants[::2], instants[1::2], strict=True) if begin < end]
