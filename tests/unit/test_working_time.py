"""Deadlines by hand, deadlines against a clock that is watched minute by minute, and what must hold for any of them."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data.tables.catalogue import TIME_UNITS
from gis.errors import BadInput
from gis.wall_clock import microseconds, moment
from gis.working_time import BEYOND, UNITS, BeyondCalendar, WorkingTime, deadline, deadlines, elapsed

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def minutes(text):
    """08:00-12:00 13:30-17:30 as minutes of the day."""
    clock = [part.split(":") for span in text.split() for part in span.split("-")]
    return [60 * int(hour) + int(minute) for hour, minute in clock]


def days_of(first, last, of_day):
    first, last = date.fromisoformat(first), date.fromisoformat(last)
    return {day: minutes(of_day(day)) for day in (first + DAY * n for n in range((last - first).days + 1))}


# The city: four hours in the morning, four after lunch; lunch is longer in summer.
WINTER, SUMMER, REST = "08:00-12:00 13:30-17:30", "08:00-12:00 14:30-18:30", ""
# Labour Day is from Friday 1 to Tuesday 5 May, National Day from Thursday 1 to Wednesday 7 October.
HOLIDAYS = {date(2026, 5, n) for n in range(1, 6)} | {date(2026, 10, n) for n in range(1, 8)}
# A Saturday, a Sunday and a Saturday are worked for them.
SHIFTED = {date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)}


def in_the_city(day):
    if day in HOLIDAYS or (day.weekday() >= 5 and day not in SHIFTED):
        return REST
    return SUMMER if 5 <= day.month <= 9 else WINTER


def office(day):
    return "09:00-17:00" if day.weekday() < 5 else REST


def always(text):
    return lambda day: text


CALENDARS = {
    "city": WorkingTime.of(days_of("2026-04-01", "2026-10-31", in_the_city), "Asia/Shanghai"),
    # Summer time in Berlin: Sunday 29 March, two o'clock is three; Sunday 25 October, three o'clock is two again.
    "Berlin": WorkingTime.of(days_of("2026-01-01", "2026-12-31", office), "Europe/Berlin"),
    "guards": WorkingTime.of(days_of("2026-01-01", "2026-12-31", always("00:00-24:00")), "Europe/Berlin"),
    "bakers": WorkingTime.of(days_of("2026-01-01", "2026-12-31", always("01:30-02:30")), "Europe/Berlin"),
    "sweepers": WorkingTime.of(days_of("2026-01-01", "2026-12-31", always("02:10-02:50")), "Europe/Berlin"),
    "drivers": WorkingTime.of(days_of("2026-01-01", "2026-12-31", always("02:30-03:30")), "Europe/Berlin"),
    # In New York: Sunday 8 March, and Sunday 1 November.
    "New York": WorkingTime.of(days_of("2026-01-01", "2026-12-31", office), "America/New_York"),
}

H, WH, WD = UNITS
HELD = "held by a pause"

# Calendar, start, limit and its extensions, pauses, deadline; times are those of the calendar's wall clock, with the
# offset where it matters. What is after the colon is the arithmetic.
BY_HAND = {
    "morning: two hours after nine": ("city", "04-29 09:00", [(2, WH)], [], "04-29 11:00"),
    "lunch: one hour to noon, one from 13:30": ("city", "04-29 11:00", [(2, WH)], [], "04-29 14:30"),
    "start within lunch: half an hour from 13:30": ("city", "04-29 12:30", [(0.5, WH)], [], "04-29 14:00"),
    "start before opening: half an hour from eight": ("city", "04-29 06:00", [(0.5, WH)], [], "04-29 08:30"),
    "over closing: half to 17:30, half from eight": ("city", "04-29 17:00", [(1, WH)], [], "04-30 08:30"),
    "after closing: a whole morning ends at noon, not at 13:30": ("city", "04-29 20:00", [(4, WH)], [], "04-30 12:00"),
    "exactly at opening: eight hours end as the day closes": ("city", "04-29 08:00", [(8, WH)], [], "04-29 17:30"),
    "exactly at closing: an hour from eight": ("city", "04-29 17:30", [(1, WH)], [], "04-30 09:00"),
    "exactly as lunch begins: an hour from 13:30": ("city", "04-29 12:00", [(1, WH)], [], "04-29 14:30"),
    "one minute, a sixtieth of an hour": ("city", "04-29 09:00", [(1 / 60, WH)], [], "04-29 09:01"),
    "a week: five days of eight hours": ("city", "05-11 08:00", [(40, WH)], [], "05-15 18:30"),
    "holiday: one hour on Thursday, one on Wednesday": ("city", "04-30 16:30", [(2, WH)], [], "05-06 09:00"),
    "season: 4 in April, then 4, and 2 after the summer's lunch": (
        "city",
        "04-30 13:30",
        [(10, WH)],
        [],
        "05-06 16:30",
    ),
    "start on a holiday: half an hour from Wednesday, eight": ("city", "05-02 10:00", [(0.5, WH)], [], "05-06 08:30"),
    "shifted Saturday: half on Friday, half on it": ("city", "05-08 18:00", [(1, WH)], [], "05-09 08:30"),
    "Sunday is free after it: one hour, one on Monday": ("city", "05-09 17:30", [(2, WH)], [], "05-11 09:00"),
    "autumn: one hour to 18:30, two after the holidays": ("city", "09-30 17:30", [(3, WH)], [], "10-08 10:00"),
    "winter closes at 17:30: one hour, one on Saturday": ("city", "10-09 16:30", [(2, WH)], [], "10-10 09:00"),
    "shifted Sunday: four hours, half after lunch": ("city", "09-19 12:00", [(4.5, WH)], [], "09-20 15:00"),
    "one day: the day of the start does not count": ("city", "04-29 09:00", [(1, WD)], [], "04-30 17:30"),
    "one day over the holidays: the next is Wednesday": ("city", "04-30 09:00", [(1, WD)], [], "05-06 18:30"),
    "any time of the day of the start is the same": ("city", "04-30 23:59", [(1, WD)], [], "05-06 18:30"),
    "from the midnight that a holiday begins": ("city", "05-01 00:00", [(1, WD)], [], "05-06 18:30"),
    "from the midnight of a working day: it is that day's": ("city", "05-06 00:00", [(1, WD)], [], "05-07 18:30"),
    "two days: Saturday is worked, Sunday is not": ("city", "05-08 10:00", [(2, WD)], [], "05-11 18:30"),
    "four days from a Sunday: Monday to Thursday": ("city", "05-10 10:00", [(4, WD)], [], "05-14 18:30"),
    "three days: 8, 9 and Saturday 10 October": ("city", "09-30 10:00", [(3, WD)], [], "10-10 17:30"),
    "15 days: 1 in April, then 4, 5 and 5": ("city", "04-29 08:00", [(15, WD)], [], "05-22 18:30"),
    "20 days: five more": ("city", "04-29 08:00", [(20, WD)], [], "05-29 18:30"),
    "natural hours pass at night": ("city", "05-08 23:30", [(1, H)], [], "05-09 00:30"),
    "natural hours pass on holidays": ("city", "04-30 16:00", [(24, H)], [], "05-01 16:00"),
    "natural half an hour": ("city", "04-29 12:00", [(0.5, H)], [], "04-29 12:30"),
    "natural hours need no calendar": ("city", "12-24 08:00", [(2, H)], [], "12-24 10:00"),
    "pause: one hour before, three after": (
        "city",
        "04-29 09:00",
        [(4, H)],
        ["04-29 10:00/04-29 13:00"],
        "04-29 16:00",
    ),
    "pause over lunch: one hour, three from 14:30": (
        "city",
        "04-29 09:00",
        [(4, WH)],
        ["04-29 10:00/04-29 14:30"],
        "04-29 17:30",
    ),
    "pause when nobody works: nothing is gained": (
        "city",
        "04-29 11:00",
        [(2, WH)],
        ["04-29 12:00/04-29 13:30"],
        "04-29 14:30",
    ),
    "pause over the holidays: nothing is gained": (
        "city",
        "04-30 16:30",
        [(2, WH)],
        ["05-01 00:00/05-06 00:00"],
        "05-06 09:00",
    ),
    "two pauses: 1, 1, 3.5 to closing, half the next day": (
        "city",
        "04-29 08:00",
        [(6, WH)],
        ["04-29 09:00/04-29 10:00", "04-29 11:00/04-29 14:00"],
        "04-30 08:30",
    ),
    "pause over two closings: Thursday, Friday, Monday": (
        "city",
        "05-11 10:00",
        [(3, WD)],
        ["05-12 09:00/05-14 09:00"],
        "05-18 18:30",
    ),
    "pause within a day: it runs as the day closes": (
        "city",
        "05-11 10:00",
        [(3, WD)],
        ["05-12 09:00/05-12 12:00"],
        "05-14 18:30",
    ),
    "pause from closing to closing: the first day counts, the second not": (
        "city",
        "05-11 10:00",
        [(2, WD)],
        ["05-12 18:30/05-13 18:30"],
        "05-14 18:30",
    ),
    "pause from before the start: half an hour is lost": (
        "city",
        "04-29 09:00",
        [(4, H)],
        ["04-29 07:00/04-29 09:30"],
        "04-29 13:30",
    ),
    "a pause at the very deadline comes too late": ("city", "04-29 09:00", [(4, H)], ["04-29 13:00/"], "04-29 13:00"),
    "a pause without an end": ("city", "04-29 09:00", [(4, H)], ["04-29 12:59/"], HELD),
    "a pause without an end holds working days": ("city", "05-11 10:00", [(2, WD)], ["05-13 10:00/"], HELD),
    "extension in its unit: 5 to Monday 18, 5 more": ("city", "05-11 10:00", [(5, WD), (5, WD)], [], "05-25 18:30"),
    "extension by hours: 14:30, then a day and a night": ("city", "04-29 09:00", [(4, WH), (24, H)], [], "04-30 14:30"),
    "extension by a day: noon on Friday, then Saturday": ("city", "05-08 10:00", [(2, H), (1, WD)], [], "05-09 18:30"),
    "spring: a day has 23 hours": ("Berlin", "03-28 12:00+01:00", [(24, H)], [], "03-29 13:00+02:00"),
    "autumn: a day has 25 hours": ("Berlin", "10-24 12:00+02:00", [(24, H)], [], "10-25 11:00+01:00"),
    "spring weekend: one hour on Friday, one on Monday": (
        "Berlin",
        "03-27 16:00+01:00",
        [(2, WH)],
        [],
        "03-30 10:00+02:00",
    ),
    "autumn weekend: Monday closes at five": ("Berlin", "10-23 12:00+02:00", [(1, WD)], [], "10-26 17:00+01:00"),
    "day and night in spring: 23 hours": ("guards", "03-29 00:00+01:00", [(23, WH)], [], "03-30 00:00+02:00"),
    "day and night in autumn: 25 hours": ("guards", "10-25 00:00+02:00", [(25, WH)], [], "10-26 00:00+01:00"),
    "half past two for the first time": ("guards", "10-25 00:00+02:00", [(2.5, WH)], [], "10-25 02:30+02:00"),
    "half past two for the second time": ("guards", "10-25 00:00+02:00", [(3.5, WH)], [], "10-25 02:30+01:00"),
    "into the skipped hour: half an hour, half on Monday": (
        "bakers",
        "03-29 00:00+01:00",
        [(1, WH)],
        [],
        "03-30 02:00+02:00",
    ),
    "all skipped: Sunday is no working day": ("sweepers", "03-28 12:00+01:00", [(1, WD)], [], "03-30 02:50+02:00"),
    "out of the doubled hour: from its first half on": (
        "drivers",
        "10-25 00:00+02:00",
        [(2, WH)],
        [],
        "10-25 03:30+01:00",
    ),
    "New York in spring: half an hour, one on Monday": (
        "New York",
        "03-06 16:30-05:00",
        [(1.5, WH)],
        [],
        "03-09 10:00-04:00",
    ),
    "New York in autumn: 48 hours end an hour earlier": (
        "New York",
        "10-31 09:00-04:00",
        [(48, H)],
        [],
        "11-02 08:00-05:00",
    ),
    "the last working hour that is known": ("city", "10-30 17:00", [(0.5, WH)], [], "10-30 17:30"),
}

BEYOND_BY_HAND = {
    "the day before the first": ("03-31 23:59", 1, WH, [], "2026-03-31"),
    "the day after the last": ("11-01 00:00", 1, WD, [], "2026-11-01"),
    "half an hour on the last Friday is not one": ("10-30 17:00", 1, WH, [], "2026-11-01"),
    "one working day is left, not two": ("10-29 10:00", 2, WD, [], "2026-11-01"),
    "resumed when nothing is known": ("10-30 16:30", 4, WH, ["10-30 17:00/11-03 08:00"], "2026-11-03"),
}


def at(text, calendar):
    """A time of the table as an instant."""
    read = datetime.fromisoformat(f"2026-{text}")
    return read.replace(tzinfo=ZoneInfo(calendar.zone)) if read.tzinfo is None else read


def paused(texts, calendar):
    ends = [text.split("/") for text in texts]
    return [(at(begin, calendar), at(end, calendar) if end else None) for begin, end in ends]


@pytest.mark.parametrize("name", BY_HAND)
def test_a_deadline_is_what_was_worked_out_by_hand(name):
    name_of_calendar, start, parts, pauses, expected = BY_HAND[name]
    calendar = CALENDARS[name_of_calendar]
    due = at(start, calendar)
    for amount, unit in parts:
        due = deadline(calendar, due, amount, unit, pauses=paused(pauses, calendar))
    assert due == (None if expected == HELD else at(expected, calendar))


@pytest.mark.parametrize("name", BEYOND_BY_HAND)
def test_beyond_the_calendar_there_is_no_deadline_and_the_day_is_named(name):
    start, amount, unit, pauses, day = BEYOND_BY_HAND[name]
    calendar = CALENDARS["city"]
    with pytest.raises(BeyondCalendar) as caught:
        deadline(calendar, at(start, calendar), amount, unit, pauses=paused(pauses, calendar))
    assert (caught.value.code, caught.value.day) == ("beyond_calendar", date.fromisoformat(day))


def test_there_are_forty_deadlines_by_hand():
    assert len(BY_HAND) >= 40


def test_without_a_calendar_only_natural_hours_are_known():
    start = datetime(2026, 5, 3, 8, tzinfo=UTC)
    assert deadline(None, start, 24, H) == start + DAY
    with pytest.raises(BeyondCalendar):
        deadline(None, start, 1, WH)
    with pytest.raises(BeyondCalendar):
        elapsed(None, start, start + DAY, WD)
    assert deadlines(None, np.array([0]), 1, WD).tolist() == [BEYOND]


def test_a_calendar_without_any_work_has_no_deadlines():
    calendar = WorkingTime.of({date(2026, 5, 1): (), date(2026, 5, 2): (5, 5)}, "UTC")
    start = datetime(2026, 5, 1, 8, tzinfo=UTC)
    for unit in (WH, WD):
        with pytest.raises(BeyondCalendar):
            deadline(calendar, start, 1, unit)
        assert deadlines(calendar, np.array([microseconds(start)]), 1, unit).tolist() == [BEYOND]
        assert elapsed(calendar, start, start + DAY, unit) == 0


def test_a_shift_to_midnight_closes_with_the_day():
    calendar = WorkingTime.of(days_of("2026-05-01", "2026-05-03", always("16:00-24:00")), "Asia/Shanghai")
    start = datetime(2026, 5, 1, 20, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert deadline(calendar, start, 2, WD) == at("05-04 00:00", calendar)
    assert deadline(calendar, start, 20, WH) == at("05-04 00:00", calendar)
    assert elapsed(calendar, start, at("05-04 00:00", calendar), WD) == 2


def test_a_day_that_a_country_left_out_is_no_working_day():
    # Samoa went from Thursday 29 to Saturday 31 December 2011.
    days = {date(2011, 12, 29): (480, 960), date(2011, 12, 30): (480, 960), date(2011, 12, 31): (480, 960)}
    calendar = WorkingTime.of(days, "Pacific/Apia")
    start = datetime(2011, 12, 29, 15, tzinfo=ZoneInfo("Pacific/Apia"))
    assert deadline(calendar, start, 2, WH) == datetime(2011, 12, 31, 9, tzinfo=ZoneInfo("Pacific/Apia"))
    assert deadline(calendar, start, 1, WD) == datetime(2011, 12, 31, 16, tzinfo=ZoneInfo("Pacific/Apia"))


def test_units_are_those_of_the_catalogue():
    assert UNITS == TIME_UNITS


@pytest.mark.parametrize("amount", [0, -1, 1e-12, float("nan"), float("inf"), 1_000_001])
@pytest.mark.parametrize("unit", UNITS)
def test_an_amount_that_is_none_is_refused(amount, unit):
    for ask in (deadline, lambda *asked: deadlines(asked[0], np.array([0]), *asked[2:])):
        with pytest.raises(BadInput) as caught:
            ask(CALENDARS["city"], datetime(2026, 5, 3, tzinfo=UTC), amount, unit)
        assert (caught.value.code, caught.value.field) == ("bad_duration", "amount")


def test_half_a_working_day_and_an_unknown_unit_are_refused():
    start = datetime(2026, 5, 3, tzinfo=UTC)
    with pytest.raises(BadInput, match="working days are whole"):
        deadline(CALENDARS["city"], start, 0.5, WD)
    for ask in (lambda: deadline(None, start, 1, "weeks"), lambda: elapsed(None, start, start, "weeks")):
        with pytest.raises(BadInput, match="weeks is no unit"):
            ask()


def test_a_time_without_a_zone_is_refused():
    bare, start = datetime(2026, 5, 3), datetime(2026, 5, 3, tzinfo=UTC)
    for ask in (
        lambda: deadline(None, bare, 1, H),
        lambda: deadline(None, start, 1, H, pauses=[(bare, None)]),
        lambda: elapsed(None, start, bare, H),
    ):
        with pytest.raises(BadInput) as caught:
            ask()
        assert caught.value.code == "bad_instant"


@pytest.mark.parametrize("spans", [(480,), (720, 480), (480, 720, 700, 900), (-1, 10), (0, 1441)])
def test_minutes_of_a_day_that_are_none_are_refused(spans):
    with pytest.raises(BadInput) as caught:
        WorkingTime.of({date(2026, 5, 3): spans}, "UTC")
    assert (caught.value.code, caught.value.field) == ("bad_calendar", "spans")


def test_a_calendar_with_a_gap_or_without_days_is_refused():
    for days in ({}, {date(2026, 5, 3): (), date(2026, 5, 5): ()}):
        with pytest.raises(BadInput) as caught:
            WorkingTime.of(days, "UTC")
        assert (caught.value.code, caught.value.field) == ("bad_calendar", "day")


# What must hold for any calendar. Its few days lie about a change of the clock, half an hour wide in Lord Howe.
CHANGES = {
    "Asia/Shanghai": [date(2026, 5, 1)],
    "Europe/Berlin": [date(2026, 3, 28), date(2026, 10, 24)],
    "America/New_York": [date(2026, 3, 7), date(2026, 10, 31)],
    "Australia/Lord_Howe": [date(2026, 4, 4), date(2026, 10, 3)],
    # At midnight: the day begins at one.
    "Asia/Beirut": [date(2026, 3, 28), date(2026, 10, 24)],
}
HOURS_OF_CALENDARS = 4 * 24
SPANS = st.lists(st.integers(0, 144), max_size=6, unique=True).map(
    lambda tens: [10 * ten for ten in sorted(tens)][: len(tens) // 2 * 2]
)


@st.composite
def calendars(draw):
    zone = draw(st.sampled_from(sorted(CHANGES)))
    first = draw(st.sampled_from(CHANGES[zone]))
    days = {first + DAY * n: draw(SPANS) for n in range(4)}
    return days, WorkingTime.of(days, zone)


def starts(calendar):
    """Instants of the calendar, in whole minutes."""
    first, end = moment(int(calendar.starts[0])), moment(int(calendar.starts[-1]))
    return st.integers(0, (end - first) // MINUTE - 1).map(lambda n: first + n * MINUTE)


@st.composite
def questions(draw, units=UNITS):
    """A calendar, a start in it, an amount, a unit and pauses that begin in it."""
    days, calendar = draw(calendars())
    start = draw(starts(calendar))
    unit = draw(st.sampled_from(units))
    amount = draw(st.integers(1, 3) if unit == WD else st.integers(1, 24 * 6).map(lambda sixths: sixths / 6))
    begins = draw(st.lists(starts(calendar), max_size=3))
    pauses = [(begin, begin + MINUTE * draw(st.integers(0, 2000))) for begin in begins]
    if pauses and draw(st.booleans()):
        pauses[-1] = (pauses[-1][0], None)
    return days, calendar, start, amount, unit, pauses


def answer(calendar, start, amount, unit, pauses=()):
    try:
        return deadline(calendar, start, amount, unit, pauses=pauses)
    except BeyondCalendar:
        return "beyond"


def shown_minutes(days, calendar):
    """Every minute of the calendar with what the wall clock shows, as somebody would see who stands before it."""
    zone = ZoneInfo(calendar.zone)
    now, seen = moment(int(calendar.starts[0])) - 2 * 60 * MINUTE, []
    while True:
        wall = now.astimezone(zone)
        if wall.date() > calendar.last:
            return seen
        if wall.date() >= calendar.first:
            seen.append((now, wall.date(), wall.hour * 60 + wall.minute))
        now += MINUTE


def watched(days, calendar, start, amount, unit, pauses):
    """The same question, answered by looking at the clock every minute."""
    seen = shown_minutes(days, calendar)
    end = seen[-1][0] + MINUTE

    def first_at(day, minute):
        return next((now for now, date_then, shown in seen if (date_then, shown) >= (day, minute)), end)

    spans = {
        day: [(first_at(day, begin), first_at(day, stop)) for begin, stop in list(pairwise(of_day))[::2]]
        for day, of_day in days.items()
    }
    spans = {day: [span for span in found if span[0] < span[1]] for day, found in spans.items()}
    if unit == WD:
        closings = [found[-1][1] for found in spans.values() if found]
        own_day = start.astimezone(ZoneInfo(calendar.zone)).date()
        counted = [
            found[-1][1]
            for day, found in spans.items()
            if found
            and day > own_day
            and not any(begin < found[-1][1] and (stop is None or found[-1][1] <= stop) for begin, stop in pauses)
        ]
        assert closings == sorted(closings)
        if len(counted) >= amount:
            return counted[amount - 1]
        return None if any(stop is None for _, stop in pauses) else "beyond"
    left, now = round(amount * 60), start
    while left:
        open_ended = [begin for begin, stop in pauses if stop is None and begin <= now]
        if open_ended:
            return None
        if unit == WH and now >= end:
            return "beyond"
        runs = not any(begin <= now < stop for begin, stop in pauses if stop is not None)
        works = unit == H or any(begin <= now < stop for found in spans.values() for begin, stop in found)
        left -= runs and works
        now += MINUTE
    return now


@settings(max_examples=60, deadline=None)
@given(questions())
def test_a_deadline_is_when_somebody_who_watches_the_clock_calls_it(question):
    assert answer(*question[1:]) == watched(*question)


@settings(max_examples=200, deadline=None)
@given(questions(), st.data())
def test_deadlines_in_bulk_are_those_of_each(question, data):
    _, calendar, start, amount, unit, _ = question
    others = data.draw(st.lists(starts(calendar), max_size=5))
    rows = [start, *others, moment(int(calendar.starts[0]) - 1), moment(int(calendar.starts[-1]))]
    found = deadlines(calendar, np.array([microseconds(one) for one in rows]), np.full(len(rows), amount), unit)
    assert ["beyond" if one == BEYOND else moment(one) for one in found.tolist()] == [
        answer(calendar, one, amount, unit) for one in rows
    ]


@settings(max_examples=300, deadline=None)
@given(questions())
def test_what_has_passed_at_the_deadline_is_the_limit(question):
    _, calendar, start, amount, unit, pauses = question
    due = answer(calendar, start, amount, unit, pauses)
    assume(isinstance(due, datetime))
    assert elapsed(calendar, start, due, unit, pauses=pauses) == pytest.approx(amount, abs=1e-9)
    if unit != H:
        just_before = elapsed(calendar, start, due - timedelta(microseconds=1), unit, pauses=pauses)
        assert just_before < amount


@settings(max_examples=200, deadline=None)
@given(questions(), st.integers(0, 3), st.integers(0, 500))
def test_who_starts_later_or_has_longer_is_not_due_earlier(question, more, later):
    _, calendar, start, amount, unit, pauses = question
    last = datetime.max.replace(tzinfo=UTC)
    due, longer, after = (
        last if one in (None, "beyond") else one
        for one in (
            answer(calendar, start, amount, unit, pauses),
            answer(calendar, start, amount + more, unit, pauses),
            answer(calendar, start + later * MINUTE, amount, unit, pauses),
        )
    )
    assert due <= longer
    assert due <= after


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 5000), st.integers(1, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_a_pause_that_is_longer_by_so_much_moves_the_deadline_by_so_much(before, limit, length, longer):
    assume(before < limit)
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    begin = start + before * MINUTE

    def due(end):
        return deadline(None, start, limit / 60, H, pauses=[(begin, end)])

    end = begin + length * MINUTE
    assert due(end + longer * MINUTE) - due(end) == longer * MINUTE


@settings(max_examples=200, deadline=None)
@given(questions(), st.randoms())
def test_the_order_of_pauses_and_their_overlaps_say_nothing(question, random):
    _, calendar, start, amount, unit, pauses = question
    cut = [piece for begin, end in pauses for piece in halves(begin, end)]
    random.shuffle(cut)
    assert answer(calendar, start, amount, unit, cut) == answer(calendar, start, amount, unit, pauses)


def halves(begin, end):
    middle = begin + (MINUTE if end is None else (end - begin) / 2)
    # Where the pieces touch, the clock does not start to run.
    return [(begin, middle), (middle, end), (begin, end)]


@pytest.fixture
def in_zone():
    before = os.environ.get("TZ")

    def put(zone):
        os.environ.pop("TZ", None)
        if zone is not None:
            os.environ["TZ"] = zone
        time.tzset()

    yield put
    put(before)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "UTC"])
def test_the_zone_of_the_machine_moves_no_deadline(zone, in_zone):
    def found():
        answers = []
        for name, start, parts, pauses, _ in BY_HAND.values():
            calendar = CALENDARS[name]
            answers += [answer(calendar, at(start, calendar), *part, paused(pauses, calendar)) for part in parts]
        return answers

    here = found()
    in_zone(zone)
    assert found() == here
    rebuilt = WorkingTime.of(days_of("2026-01-01", "2026-12-31", office), "Europe/Berlin")
    assert (rebuilt.opens == CALENDARS["Berlin"].opens).all()
