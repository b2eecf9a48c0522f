"""What was asked of patrols beside what they did: windows of the wall clock, visits, and what becomes of a demand."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.planned import Demand, circles, judged, presence, stays, together
from gis.tracks import Kind
from gis.visits import Grids
from gis.wall_clock import SECOND_US, moment
from gis.windows import Window, windows
from tests.traces import EAST_DEG, NORTH_DEG, fixes, trace

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 5, 4)
MINUTE = 60
SRID = 32631
LONG_AFTER = 10**6


def at(east_m, radius_m=30.0):
    """Circles on the equator, so many metres to the east."""
    east = np.atleast_1d(np.asarray(east_m, dtype=np.float64))
    shapes = circles(east * EAST_DEG, np.zeros(len(east)), np.full(len(east), radius_m), metric_srid=SRID)
    return Grids(shapes, np.arange(1, len(east) + 1), metric_srid=SRID)


def seen(*ways, places=None):
    """When somebody was at the place 0, or where it is said."""
    everything = (-(2**60), 2**60)
    return presence([(way, everything) for way in ways], places or at(0.0))


def visits(minutes, east_m, **more):
    """A trace of fixes each minute."""
    return trace(np.asarray(minutes) * MINUTE, east_m, **more)


def window(opens, closes, late_until=None):
    """A window by minutes since 1970."""
    opens, closes, late_until = (int(one * MINUTE * SECOND_US) for one in (opens, closes, late_until or closes + 120))
    return Window(date(1970, 1, 1), opens, closes, late_until)


def state(people, asked, *, times=1, dwell_s=0, now=LONG_AFTER):
    return judged(people, 0, asked, Demand(times, dwell_s), now=int(now * MINUTE * SECOND_US)).state


def utc(us):
    return f"{moment(us):%d %H:%M}"


def test_a_window_is_a_time_of_the_wall_clock_on_its_days_of_the_week():
    week = [MONDAY + timedelta(days=number) for number in range(7)]
    found = windows(week, time(8), time(9, 30), SHANGHAI, weekdays=[2, 7], late_s=0)
    assert [one.day.isoweekday() for one in found] == [2, 7]
    assert [(utc(one.opens), utc(one.closes)) for one in found] == [("05 00:00", "05 01:30"), ("10 00:00", "10 01:30")]


@pytest.mark.parametrize(("opens", "closes", "hours"), [(22, 6, 8), (0, 0, 24), (9, 9, 24)])
def test_a_window_that_closes_no_later_than_it_opens_does_so_on_the_next_day(opens, closes, hours):
    [found] = windows([MONDAY], time(opens), time(closes), SHANGHAI, late_s=0)
    assert found.day == MONDAY
    assert found.closes - found.opens == hours * 3600 * SECOND_US


@pytest.mark.parametrize(
    ("day", "opens", "closes", "minutes"),
    [
        (date(2026, 3, 28), time(22), time(6), 7 * 60),  # the night is an hour shorter
        (date(2026, 10, 24), time(22), time(6), 9 * 60),
        (date(2026, 3, 29), time(), time(), 23 * 60),
        (date(2026, 10, 25), time(), time(), 25 * 60),
        (date(2026, 3, 29), time(2, 30), time(4), 60),  # it opens at 03:00, when the clock is put forward
        (date(2026, 3, 29), time(1), time(2, 30), 60),
        (date(2026, 10, 25), time(1), time(2, 30), 90),  # until 02:30 is shown first
        (date(2026, 10, 25), time(2, 30), time(3), 90),
    ],
)
def test_windows_follow_the_wall_clock_when_it_changes(day, opens, closes, minutes):
    [found] = windows([day], opens, closes, BERLIN, late_s=0)
    assert (found.closes - found.opens) // (MINUTE * SECOND_US) == minutes


def test_nobody_is_late_any_more_when_the_next_window_is_open():
    hours = ((time(), time()), (time(8), time(9)))
    whole, morning = (windows([MONDAY], *one, SHANGHAI, late_s=7200)[0] for one in hours)
    assert whole.late_until == whole.closes
    assert morning.late_until - morning.closes == 7200 * SECOND_US
    weekly = windows([MONDAY], time(23), time(1), SHANGHAI, weekdays=[1], late_s=8 * 86_400)[0]
    assert moment(weekly.late_until) == datetime(2026, 5, 11, 23, tzinfo=SHANGHAI)


@given(
    days=st.lists(st.dates(date(2024, 1, 1), date(2027, 12, 31)), min_size=1, max_size=4, unique=True).map(sorted),
    opens=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    closes=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "Asia/Beirut"]),
)
def test_windows_of_a_day_are_the_same_whatever_days_are_asked_for_and_do_not_overlap(days, opens, closes, zone):
    found = windows(days, opens, closes, ZoneInfo(zone), late_s=7200)
    assert found == [one for day in days for one in windows([day], opens, closes, ZoneInfo(zone), late_s=7200)]
    assert all(one.opens < one.closes <= one.late_until for one in found)
    assert all(before.late_until <= after.opens for before, after in pairwise(found))


def test_somebody_is_there_while_a_leg_leads_through_the_circle():
    found = seen(visits([0, 1, 2], [-100, 0, 100]))
    [stay] = stays(found, 0, (0, 2**60))
    assert (stay.entered_at / SECOND_US, stay.left_at / SECOND_US) == pytest.approx((42, 78), abs=0.5)
    assert stay.dwell_s == pytest.approx(36, abs=0.5)
    # As near as the radius on the way past it, though no fix was.
    assert stays(seen(trace([0, 60], [-60, 60], 29.0)), 0, (0, 2**60))
    assert not stays(seen(trace([0, 60], [-60, 60], 31.0)), 0, (0, 2**60))


def test_circles_may_overlap_and_each_is_visited():
    found = seen(visits([0, 2], [0, 10]), places=at([0.0, 10.0]))
    assert [len(stays(found, place, (0, 2**60))) for place in (0, 1)] == [1, 1]


def test_what_is_spent_in_a_silence_counts_for_nothing():
    way = visits([0, 1, 11, 12], [0, 0, 0, 0])
    assert Kind.gap in way.legs.kind
    [stay] = stays(seen(way), 0, (0, 2**60))
    assert stay.dwell_s == 2 * MINUTE


@pytest.mark.parametrize(("away", "count"), [(4, 1), (8, 2)])
def test_two_visits_are_two_where_somebody_was_seen_elsewhere_in_between(away, count):
    minutes = [0, 1, *range(2, 2 + away), 2 + away, 3 + away]
    way = visits(minutes, [0, 0, *[120] * away, 0, 0])
    assert len(stays(seen(way), 0, (0, 2**60))) == count


def test_a_visit_counts_for_a_window_as_far_as_it_lies_in_it():
    way = visits(np.arange(31), np.zeros(31))
    [stay] = stays(seen(way), 0, (20 * MINUTE * SECOND_US, 25 * MINUTE * SECOND_US))
    assert stay.dwell_s == 5 * MINUTE
    assert state([seen(way)], window(20, 25), dwell_s=300) == "done"
    assert state([seen(way)], window(20, 25), dwell_s=301) == "late"
    assert state([seen(way)], window(20, 25), dwell_s=601) == "partial"


STANDING = visits(np.arange(10, 21), np.zeros(11))


@pytest.mark.parametrize(
    ("asked", "times", "dwell_s", "now", "becomes"),
    [
        (window(0, 15), 1, 0, LONG_AFTER, "done"),
        (window(0, 15), 1, 300, 5, "done"),
        (window(0, 15), 2, 0, LONG_AFTER, "partial"),
        (window(0, 15), 2, 0, 14, "not_yet"),
        (window(0, 9), 1, 0, LONG_AFTER, "late"),
        (window(0, 9), 1, 601, LONG_AFTER, "partial"),
        (window(0, 9, 9.5), 1, 0, LONG_AFTER, "missed"),
        (window(0, 10), 1, 0, LONG_AFTER, "late"),  # at the closing minute it is closed
        (window(20, 30), 1, 0, LONG_AFTER, "missed"),
        (window(30, 40), 1, 0, LONG_AFTER, "missed"),
        (window(30, 40), 1, 0, 39, "not_yet"),
        (window(30, 40), 1, 0, 40, "missed"),
    ],
)
def test_what_becomes_of_a_demand(asked, times, dwell_s, now, becomes):
    assert state([seen(STANDING)], asked, times=times, dwell_s=dwell_s, now=now) == becomes


def test_nobody_sent_is_nobody_there():
    assert state([], window(0, 15)) == "missed"
    assert judged([seen(visits([0], [500]))], 0, window(0, 15), Demand(), now=2**60) == ("missed", 0, 0.0, None, ())


def test_people_at_one_time_are_one_visit_and_at_two_times_two():
    early, later = (seen(visits(np.arange(a, a + 6), np.zeros(6))) for a in (0, 10))
    meanwhile = seen(visits(np.arange(3, 9), np.zeros(6)))
    assert judged([early, later], 0, window(0, 20), Demand(2), now=2**60) == ("done", 2, 300.0, 0, (0, 1))
    assert judged([early, meanwhile], 0, window(0, 20), Demand(2), now=2**60)[:2] == ("partial", 1)


def test_time_of_several_people_does_not_add_up_to_one_long_visit():
    first, second = (seen(visits(np.arange(a, a + 6), np.zeros(6))) for a in (0, 5))
    assert state([first, second], window(0, 20), dwell_s=300) == "done"
    assert state([first, second], window(0, 20), dwell_s=400) == "partial"


@pytest.mark.parametrize(
    ("states", "becomes"),
    [
        (["done", "done"], "done"),
        (["done", "late"], "late"),
        (["late", "missed"], "partial"),
        (["done", "partial"], "partial"),
        (["missed", "missed"], "missed"),
        (["missed", "not_yet"], "not_yet"),
        (["partial", "not_yet", "done"], "not_yet"),
    ],
)
def test_a_whole_is_done_when_all_of_its_parts_are(states, becomes):
    assert together(states) == becomes


@settings(max_examples=40)
@given(given_fixes=fixes(), share=st.floats(0, 1))
def test_a_trace_cut_in_two_at_any_instant_is_the_same_presence(given_fixes, share):
    way = trace(*given_fixes[:3], accuracy_m=given_fixes.accuracy_m)
    places = at([0.0, 70.0, 300.0], radius_m=25.0)
    last = int(way.at[-1]) if len(way.at) else 0
    middle = int(share * last)
    whole = presence([(way, (0, last))], places)
    halves = presence([(way, (0, middle)), (way, (middle, last))], places)
    for place in range(3):
        one, other = (stays(found, place, (0, last)) for found in (whole, halves))
        assert [(a, b) for a, b, _ in one] == [(a, b) for a, b, _ in other]
        assert [dwell for *_, dwell in one] == pytest.approx([dwell for *_, dwell in other])
        assert all(0 < stay.dwell_s <= (stay.left_at - stay.entered_at) / SECOND_US + 1e-6 for stay in one)


@pytest.mark.parametrize("seed", range(4))
def test_time_inside_is_what_looking_every_tenth_of_a_second_finds(seed):
    rng = np.random.default_rng(seed)
    seconds, places = np.cumsum(rng.uniform(5, 60, 40)), rng.uniform(-80, 80, (6, 2))
    east, north = np.cumsum(rng.normal(0, 12, (2, 40)), axis=1)
    way = trace(seconds, east, north)
    # As the trace has it: fixes that it leaves out, and gaps, are none of this test's business.
    moments = np.arange(seconds[0], seconds[-1], 0.1)
    leg = np.searchsorted(way.at, moments * SECOND_US, side="right") - 1
    known = (leg >= 0) & (leg < len(way.legs.kind))
    known[known] = way.legs.kind[leg[known]] != Kind.gap
    lon, lat = (np.interp(moments * SECOND_US, way.at, axis) for axis in (way.lon, way.lat))
    shapes = circles(*(places * (EAST_DEG, NORTH_DEG)).T, np.full(6, 25.0), metric_srid=SRID)
    found = seen(way, places=Grids(shapes, np.arange(1, 7), metric_srid=SRID))
    for place, (x, y) in enumerate(places):
        inside = known & (np.hypot(lon / EAST_DEG - x, lat / NORTH_DEG - y) <= 25)
        dwell_s = sum(one.dwell_s for one in stays(found, place, (0, 2**60)))
        assert dwell_s == pytest.approx(inside.sum() / 10, rel=0.02, abs=1)


def test_a_circle_is_as_wide_as_it_is_said_anywhere():
    [around] = circles([113.65], [34.75], [50.0], metric_srid=4547)
    west, _, east, _ = shapely.bounds(around)
    assert (east - west) / 2 * 111_319.5 * np.cos(np.radians(34.75)) == pytest.approx(50, rel=0.004)
    assert shapely.bounds(circles([0.0], [0.0], [50.0], metric_srid=SRID))[0, 3] / NORTH_DEG == pytest.approx(
        50, rel=0.02
    )
