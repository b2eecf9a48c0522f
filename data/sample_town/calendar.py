"""The working days of the sample town: summer and winter hours, lunch, fixed holidays, shifted workdays.

The rules are made up in the likeness of real ones; which days are free is set by the State Council each autumn.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

# From May to September the afternoon begins and ends later.
_SUMMER = range(5, 10)
_WINTER_HOURS, _SUMMER_HOURS = "08:30-12:00 14:00-17:30", "08:30-12:00 15:00-18:30"
# Month and day on which free days begin, how many there are, and what they are for.
_HOLIDAYS = (
    (1, 1, 1, "元旦"),
    (2, 10, 7, "春节"),
    (4, 5, 1, "清明节"),
    (5, 1, 3, "劳动节"),
    (6, 20, 1, "端午节"),
    (10, 1, 7, "国庆节"),
)
# For these holidays the Saturday before is worked.
_SHIFTED = {"春节", "国庆节"}


def calendar(first_year: int, last_year: int) -> pd.DataFrame:
    """All days of some years: day, spans, note; no spans on a free day.

    >>> days = calendar(2026, 2026).set_index("day")
    >>> days.loc[["2026-09-30", "2026-10-01", "2026-10-09"], "spans"].tolist()
    ['08:30-12:00 15:00-18:30', '', '08:30-12:00 14:00-17:30']
    """
    free = {day: what for year in range(first_year, last_year + 1) for day, what in _free(year)}
    worked = {day: what for year in range(first_year, last_year + 1) for day, what in _shifted(year)}
    first, after = date(first_year, 1, 1), date(last_year + 1, 1, 1)
    rows = [_day(first + timedelta(days=k), free, worked) for k in range((after - first).days)]
    return pd.DataFrame(rows, columns=["day", "spans", "note"])


def _day(day: date, free: dict[date, str], worked: dict[date, str]) -> tuple[str, str, str]:
    rests = day in free or (day.weekday() >= 5 and day not in worked)
    spans = "" if rests else _SUMMER_HOURS if day.month in _SUMMER else _WINTER_HOURS
    note = free.get(day) or (f"{worked[day]}调休上班" if day in worked else "")
    return day.isoformat(), spans, note


def _free(year: int) -> Iterator[tuple[date, str]]:
    for month, day, days, what in _HOLIDAYS:
        for k in range(days):
            yield date(year, month, day) + timedelta(days=k), what


def _shifted(year: int) -> Iterator[tuple[date, str]]:
    for month, day, _, what in _HOLIDAYS:
        if what in _SHIFTED:
            begin = date(year, month, day)
            # The Saturday of the week before, weekday 5.
            yield begin - timedelta(days=(begin.weekday() - 5) % 7 or 7), what
