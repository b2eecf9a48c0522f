"""Working calendars, and deadlines by them: in whole microseconds, the same whatever the zone of the machine.

A calendar says for each day at which times of its wall clock people work. The time of day is turned into an instant day
by day, by the zone of the calendar: one that the clock shows twice, when summer time ends, means the first showing; one
that it skips, when summer time begins, means the instant of the change (`gis.wall_clock`). So a span over the doubled
hour is an hour longer, one over the skipped hour an hour shorter, and one within the skipped hour is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis.errors import BadInput, GridError
from gis.wall_clock import DAY_US, HOUR_US, check_days, first_shown, microseconds, moment, spans_of_day

UNITS = ("hours", "working_hours", "working_days")
"""hours pass day and night; working_hours pass within working spans; working_days end at closing time."""
BEYOND = -1
"""Stands among the deadlines in bulk where the calendar does not reach."""
MOST = 1_000_000
"""No limit is longer, in any unit."""

Int64 = NDArray[np.int64]
Instants = Int64 | int
Pause = tuple[datetime, datetime | None]
"""From when to when clocks stand still; without an end, they still do."""

# After the last span nothing opens any more.
_NEVER = 2**62


class BeyondCalendar(GridError):
    """A deadline would need days that the calendar does not know.

    Args:
        day: The first day that would have to be known.
    """

    def __init__(self, day: date) -> None:
        super().__init__(
            "beyond_calendar",
            f"The calendar does not know {day}; import its days to get a deadline.",
            field="day",
            value=day.isoformat(),
        )
        self.day = day


@dataclass(frozen=True, eq=False)
class WorkingTime:
    """The working spans of a calendar; instants are microseconds since 1970 in UTC.

    Attributes:
        zone: The IANA name of its time zone.
        first, last: The days that it knows, all between them included.
        starts: Int64 (days + 1,), where each day begins, and where the last one ends.
        opens, closes: Int64 (spans,), ascending, none overlaps another; `opens` has a further one that never comes.
        before: Int64 (spans + 1,), the working time before each span.
        workdays: Int64 (working days,), their places among the days.
        closings: Int64 (working days + 1,), the end of the last span of each, and one that never comes.
    """

    zone: str
    first: date
    last: date
    starts: Int64 = field(repr=False)
    opens: Int64 = field(repr=False)
    closes: Int64 = field(repr=False)
    before: Int64 = field(repr=False)
    workdays: Int64 = field(repr=False)
    closings: Int64 = field(repr=False)

    @classmethod
    def of(cls, days: Mapping[date, Sequence[int]], zone: str) -> WorkingTime:
        """The calendar of some days, none of them missing between the first and the last.

        Args:
            days: Minutes of the local day by day, at which work begins, ends, begins, ends; none on a day of rest.
            zone: The IANA name of the time zone.

        Raises:
            BadInput: A day is missing, or its minutes do not ascend from 0 to 1440 in pairs.

        >>> WorkingTime.of({date(2026, 5, 4): (510, 720, 870, 1080)}, "Asia/Shanghai")
        WorkingTime(zone='Asia/Shanghai', first=datetime.date(2026, 5, 4), last=datetime.date(2026, 5, 4))
        """
        known = sorted(days)
        check_days(known)
        clock = ZoneInfo(zone)
        ends = [*known, known[-1] + timedelta(days=1)]
        starts = [first_shown(datetime.combine(day, time()), clock) for day in ends]
        spans: list[tuple[int, int]] = []
        workdays: list[int] = []
        closings: list[int] = []
        for at, (day, start, end) in enumerate(zip(known, starts[:-1], starts[1:], strict=True)):
            found = spans_of_day(day, days[day], clock, start=start, is_even=end - start == DAY_US)
            if found:
                spans += found
                workdays.append(at)
                closings.append(found[-1][1])
        lengths = [closing - opening for opening, closing in spans]
        return cls(
            zone,
            known[0],
            known[-1],
            starts=np.array(starts, np.int64),
            opens=np.array([*(opening for opening, _ in spans), _NEVER], np.int64),
            closes=np.array([closing for _, closing in spans], np.int64),
            before=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            workdays=np.array(workdays, np.int64),
            closings=np.array([*closings, _NEVER], np.int64),
        )

    def worked(self, at: Instants) -> Int64:
        """The working time from the beginning of the calendar up to instants, in microseconds.

        >>> day = WorkingTime.of({date(1970, 1, 1): (60, 120)}, "UTC")
        >>> (day.worked(np.array([0, 90 * 60_000_000, 86_400_000_000])) // 60_000_000).tolist()
        [0, 30, 60]
        """
        done = np.searchsorted(self.closes, at, side="right")
        return np.asarray(self.before[done] + np.maximum(np.asarray(at) - self.opens[done], 0), np.int64)

    def due(self, start: Instants, amount: Instants, unit: str) -> Int64:
        """When working hours (as microseconds) or working days from known instants are used up; `BEYOND` if never.

        >>> day = WorkingTime.of({date(1970, 1, 1): (60, 120)}, "UTC")
        >>> half_an_hour, an_hour = 1_800_000_000, 3_600_000_000
        >>> (day.due(np.array([0, 0]), np.array([half_an_hour, an_hour + 1]), "working_hours") // 60_000_000).tolist()
        [90, -1]
        """
        if unit == "working_days":
            nth = self.closings_before(start) + amount - 1
            return np.where(nth < len(self.workdays), self.closings[np.minimum(nth, len(self.workdays))], BEYOND)
        target = self.worked(start) + amount
        span = np.searchsorted(self.before[1:], target, side="left")
        return np.where(span < len(self.closes), self.opens[span] + target - self.before[span], BEYOND)

    def closings_before(self, start: Instants) -> Int64:
        """How many working days there are up to the local day of instants, that day included: they do not count.

        >>> days = WorkingTime.of({date(1970, 1, 1): (60, 120), date(1970, 1, 2): (60, 120)}, "UTC")
        >>> days.closings_before(np.array([0, 86_400_000_000])).tolist()
        [1, 2]
        """
        day = np.searchsorted(self.starts, start, side="right") - 1
        return np.asarray(np.searchsorted(self.workdays, day, side="right"), np.int64)

    def knows(self, at: Instants) -> NDArray[np.bool_]:
        """Whether instants lie within the known days.

        >>> day = WorkingTime.of({date(1970, 1, 1): ()}, "UTC")
        >>> day.knows(np.array([-1, 0, 86_399_999_999, 86_400_000_000])).tolist()
        [False, True, True, False]
        """
        return np.asarray((self.starts[0] <= np.asarray(at)) & (np.asarray(at) < self.starts[-1]))


def deadline(
    calendar: WorkingTime | None, start: datetime, amount: float, unit: str, *, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """The first instant at which a limit is used up, in UTC; None where an open pause holds it.

    Hours of either kind do not pass in a pause. A working day counts if the clock was running as it closed; a pause
    that begins at that very instant comes too late to take the day, one that ends at it takes it.

    Args:
        calendar: The working times; `hours` need none.
        start: When the clock starts, with its zone. The local day of it is not counted as a working day.
        amount: How many of the unit; working days are whole.
        unit: One of `UNITS`.
        pauses: When the clock stands still; what lies before the start has no say.

    Raises:
        BadInput: A time without a zone, or an amount or unit that is none.
        BeyondCalendar: The start or the deadline lies outside the known days.

    >>> days = {date(2026, 5, 8 + n): (540, 1020) if n in (0, 3) else () for n in range(4)}
    >>> calendar, friday = WorkingTime.of(days, "Europe/London"), datetime(2026, 5, 8, 10, tzinfo=ZoneInfo("UTC"))
    >>> [str(deadline(calendar, friday, amount, unit)) for amount, unit in ((8, "working_hours"), (1, "working_days"))]
    ['2026-05-11 10:00:00+00:00', '2026-05-11 16:00:00+00:00']
    """
    at, left = microseconds(start), int(_counted(amount, unit))
    stops = _stops(pauses, since=at)
    if unit == "hours":
        return _used_up(None, at, left, stops)
    if calendar is None or not calendar.knows(at):
        raise BeyondCalendar(_local_day(calendar, start))
    if unit == "working_days":
        return _nth_closing(calendar, at, left, stops)
    return _used_up(calendar, at, left, stops)


def deadlines(calendar: WorkingTime | None, start_us: Int64, amount: ArrayLike, unit: str) -> Int64:
    """`deadline` of many starts without pauses, as microseconds; `BEYOND` where the calendar does not reach.

    Args:
        calendar: The working times; `hours` need none. Without one, nothing can be told in another unit.
        start_us: Int64 (n,), microseconds since 1970 in UTC.
        amount: Float64 (n,), or one number for all.
        unit: One of `UNITS`.

    Raises:
        BadInput: An amount or unit that is none.

    >>> days = {date(1970, 1, 1): (60, 120), date(1970, 1, 2): (60, 120)}
    >>> starts = np.array([0, 5_400_000_000, -1], np.int64)
    >>> (deadlines(WorkingTime.of(days, "UTC"), starts, 1.0, "working_hours") // 60_000_000).tolist()
    [120, 1530, -1]
    """
    left = _counted(amount, unit)
    if unit == "hours":
        return np.asarray(start_us + left, np.int64)
    if calendar is None:
        return np.full(len(start_us), BEYOND, np.int64)
    return np.where(calendar.knows(start_us), calendar.due(start_us, left, unit), BEYOND)


def elapsed(
    calendar: WorkingTime | None, start: datetime, end: datetime, unit: str, *, pauses: Sequence[Pause] = ()
) -> float:
    """How much of a unit a clock ran between two instants; nothing if the end does not come after the start.

    Working days are those whose closing the clock saw, the day of the start excepted. Arguments as for `deadline`.

    Raises:
        BadInput: A time without a zone, or a unit that is none.
        BeyondCalendar: The start or the end lies outside the known days.

    >>> noon = datetime(2026, 5, 8, 12, tzinfo=ZoneInfo("UTC"))
    >>> lunch = (noon, noon + timedelta(minutes=45))
    >>> elapsed(None, noon - timedelta(hours=1), noon + timedelta(hours=1), "hours", pauses=[lunch])
    1.25
    """
    _check_unit(unit)
    at, until = microseconds(start), microseconds(end)
    if until <= at:
        return 0.0
    ends = [(begin, until if end is None else min(end, until)) for begin, end in _stops(pauses, since=at)]
    stops = [(begin, end) for begin, end in ends if begin < end]
    if unit == "hours":
        return (until - at - sum(stop - begin for begin, stop in stops)) / HOUR_US
    # The end of the last day belongs to the next, and closing time may be then.
    if calendar is None or not calendar.knows(at):
        raise BeyondCalendar(_local_day(calendar, start))
    if not calendar.knows(until - 1):
        raise BeyondCalendar(_local_day(calendar, end))
    parts = [(at, until), *stops]
    if unit == "working_hours":
        whole, *idle = (int(calendar.worked(stop) - calendar.worked(begin)) for begin, stop in parts)
        return (whole - sum(idle)) / HOUR_US
    seen = int(calendar.closings_before(at))
    whole, *idle = (max(_closed(calendar, stop) - max(_closed(calendar, begin), seen), 0) for begin, stop in parts)
    return float(whole - sum(idle))


def _used_up(
    calendar: WorkingTime | None, at: int, left: int, stops: Sequence[tuple[int, int | None]]
) -> datetime | None:
    """When hours, as microseconds, have passed outside the pauses: working hours, where there is a calendar."""
    for begin, end in stops:
        passed = begin - at if calendar is None else int(calendar.worked(begin) - calendar.worked(at))
        if passed >= left:
            break
        if end is None:
            return None
        at, left = end, left - passed
    if calendar is None:
        return moment(at + left)
    if not calendar.knows(at):
        raise BeyondCalendar(_local_day(calendar, moment(at)))
    return _known(calendar, int(calendar.due(at, left, "working_hours")))


def _nth_closing(calendar: WorkingTime, at: int, nth: int, stops: Sequence[tuple[int, int | None]]) -> datetime | None:
    """The n-th closing after the day of the start that no pause takes."""
    seen = int(calendar.closings_before(at))
    found = seen + nth - 1
    for begin, end in stops:
        taken_from = max(_closed(calendar, begin), seen)
        if taken_from > found:
            break
        if end is None:
            return None
        found += max(_closed(calendar, end) - taken_from, 0)
    return _known(calendar, int(calendar.closings[found]) if found < len(calendar.workdays) else BEYOND)


def _closed(calendar: WorkingTime, at: int) -> int:
    """How many working days have closed by an instant, one that closes at it included."""
    return int(np.searchsorted(calendar.closings, at, side="right"))


def _known(calendar: WorkingTime, due: int) -> datetime:
    if due == BEYOND:
        raise BeyondCalendar(calendar.last + timedelta(days=1))
    return moment(due)


def _local_day(calendar: WorkingTime | None, instant: datetime) -> date:
    return (instant if calendar is None else instant.astimezone(ZoneInfo(calendar.zone))).date()


def _stops(pauses: Sequence[Pause], *, since: int) -> list[tuple[int, int | None]]:
    """Pauses in order, from a start on, none touching another; only the last may have no end."""
    found: list[tuple[int, int | None]] = []
    ends = [(microseconds(begin), None if end is None else microseconds(end)) for begin, end in pauses]
    for begin, end in sorted(ends, key=lambda pause: pause[0]):
        begin = max(begin, since)
        if end is not None and end <= begin:
            continue
        if not found or (found[-1][1] is not None and begin > found[-1][1]):
            found.append((begin, end))
        elif found[-1][1] is not None:
            found[-1] = (found[-1][0], None if end is None else max(found[-1][1], end))
    return found


def _check_unit(unit: str) -> None:
    if unit not in UNITS:
        raise BadInput("bad_duration", f"{unit} is no unit; there are {', '.join(UNITS)}.", field="unit", value=unit)


def _counted(amount: ArrayLike, unit: str) -> Int64:
    """Amounts in what is counted: microseconds, or whole days."""
    _check_unit(unit)
    values = np.asarray(amount, np.float64)
    counted = np.rint(values if unit == "working_days" else values * HOUR_US)
    usable = (counted > 0) & (values <= MOST)
    if unit == "working_days":
        usable &= values == counted
    if not usable.all():
        raise BadInput(
            "bad_duration",
            f"A limit is more than 0 and at most {MOST:,} {unit}; working days are whole.",
            field="amount",
            value=values[~usable].flat[0],
        )
    return counted.astype(np.int64)
