"""Fixes to legs and stops: what is kept, what is left out and why, and that the order of arrival plays no part."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import BadInput
from gis.stops import still_runs
from gis.strays import believable
from gis.tracks import EARTH, SENTENCES, SPEEDS_MS, Fate, Kind, Limits, tracked
from gis.wall_clock import SECOND_US
from tests.forms import forms
from tests.traces import EAST_DEG, UNKNOWN, fates, fixes, trace

TEN_S = np.arange(0, 200, 10)


def kinds(track):
    return [Kind(code).name for code in track.legs.kind]


def all_of(track):
    """Everything that a trace says and that does not speak of the order of arrival."""
    return [track.at, track.lon, track.lat, track.accuracy_m, *vars(track.legs).values(), *vars(track.stops).values()]


def is_same(one, other):
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(all_of(one), all_of(other), strict=True))


def test_legs_have_their_length_on_the_ellipsoid_and_their_speed():
    found = trace([0, 60, 90], [0, 90, 120])
    assert found.legs.length_m == pytest.approx([90, 30], abs=1e-6)
    assert found.legs.seconds.tolist() == [60, 30]
    assert found.legs.speed_ms == pytest.approx([1.5, 1.0])
    assert kinds(found) == ["moved", "moved"]


def test_a_trace_over_the_antimeridian_is_as_long_as_any_other():
    at = np.arange(3) * 60 * SECOND_US
    over = tracked(at, [179.9995, -179.9998, -179.999], [-17.0, -17.0, -17.0], [8.0] * 3)
    here = tracked(at, [30.0, 30.0007, 30.0015], [-17.0, -17.0, -17.0], [8.0] * 3)
    assert over.legs.length_m == pytest.approx(here.legs.length_m)
    assert kinds(over) == ["moved", "moved"]


def test_a_single_fix_that_jumps_away_and_back_is_left_out_and_no_other():
    east = TEN_S * 1.2
    east[7] = 900
    found = trace(TEN_S, east)
    assert np.flatnonzero(found.fate).tolist() == [7]
    assert fates(found)[7] == "too_fast"
    assert found.legs.length_m.sum() == pytest.approx(190 * 1.2)


def test_a_first_fix_from_somewhere_else_is_left_out():
    east = TEN_S * 1.2
    east[0] = -4000
    assert np.flatnonzero(trace(TEN_S, east).fate).tolist() == [0]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_up_to_four_stray_fixes_in_the_middle_are_left_out(count):
    east = TEN_S * 1.2
    east[5 : 5 + count] += 3000
    assert np.flatnonzero(trace(TEN_S, east).fate).tolist() == list(range(5, 5 + count))


def test_more_fixes_elsewhere_are_believed_and_the_ways_there_and_back_are_gaps():
    east = TEN_S * 1.2
    east[5:10] += 3000
    found = trace(TEN_S, east)
    assert not found.fate.any()
    assert np.flatnonzero(found.legs.kind == Kind.gap).tolist() == [4, 9]


def test_whoever_is_far_away_after_a_silence_is_believed_at_once():
    found = trace([0, 10, 20, 400, 410], [0, 12, 24, 6000, 6012])
    assert not found.fate.any()
    assert kinds(found) == ["moved", "moved", "gap", "moved"]


def test_a_short_ride_of_a_walker_loses_the_ride_and_keeps_the_walks_before_and_after():
    seconds = np.arange(0, 1000, 10)
    east = np.where(seconds < 400, seconds, np.where(seconds < 600, 400 + (seconds - 400) * 15, 3400 + seconds - 600))
    found = trace(seconds, east)
    gone = seconds[found.fate == Fate.too_fast]
    assert 15 <= len(gone) <= 20
    assert (gone >= 400).all()
    assert (gone <= 600).all()
    assert np.count_nonzero(found.legs.kind == Kind.gap) == 1
    assert not trace(seconds, east, max_speed_ms=SPEEDS_MS["car"]).fate.any()


def test_a_ride_told_every_second_counts_for_nothing_and_the_walks_around_it_do():
    seconds = np.arange(900)
    pace = np.where((seconds >= 300) & (seconds < 600), 10.0, 1.2)
    found = trace(seconds, np.cumsum(pace), accuracy_m=5)
    credited = found.legs.kind != Kind.gap
    assert not found.fate.any()
    assert found.legs.length_m[credited & (found.legs.speed_ms > 9)].sum() < 0.02 * 3000
    assert found.legs.length_m[credited].sum() == pytest.approx(600 * 1.2, abs=60)


def test_each_of_two_fixes_may_be_off_by_twice_its_accuracy():
    assert trace([0, 10], [0, 61], accuracy_m=[10, 5]).legs.kind.tolist() == []
    assert trace([0, 10], [0, 59], accuracy_m=[10, 5]).legs.kind.tolist() == [Kind.moved]


def test_fixes_that_jitter_by_their_own_error_every_second_are_not_too_fast():
    rng = np.random.default_rng(5)
    seconds = np.arange(600)
    found = trace(seconds, seconds * 1.2 + rng.normal(0, 5, 600), rng.normal(0, 5, 600), accuracy_m=15)
    assert not found.fate.any()


def test_of_two_places_in_turns_the_one_with_more_fixes_stays():
    east = np.where(np.arange(21) % 2 == 0, 0.0, 8000.0)
    found = trace(np.arange(21) * 10, east)
    assert np.flatnonzero(found.fate == Fate.too_fast).tolist() == list(range(1, 21, 2))


def test_a_fix_that_says_it_is_inexact_is_left_out_and_one_that_says_nothing_is_not():
    found = trace([0, 10, 20, 30], 0, accuracy_m=[50, 51, UNKNOWN, -1])
    assert fates(found) == ["kept", "inaccurate", "kept", "inaccurate"]


def test_of_two_positions_at_one_instant_the_more_accurate_one_is_taken():
    found = trace([0, 10, 10, 10, 10, 20], [0, 40, 12, 12, 11, 24], accuracy_m=[8, 20, 5, 9, UNKNOWN, 8])
    assert fates(found) == ["kept", "contradicted", "kept", "repeated", "contradicted", "kept"]


def test_an_accuracy_of_zero_is_an_accuracy_that_the_device_does_not_know():
    """Otherwise its own jitter would make it too fast, and it would win over every fix that tells the truth."""
    seconds, east = np.arange(20), np.arange(20) * 1.2 + np.where(np.arange(20) % 2 == 0, 4, -4)
    found = trace(seconds, east, accuracy_m=0)
    assert is_same(found, trace(seconds, east, accuracy_m=UNKNOWN))
    assert found.counts() == {Fate.kept: 20}
    assert fates(trace([0, 0], [500, 0], accuracy_m=[0, 20])) == ["contradicted", "kept"]


def test_a_fix_without_a_position_is_left_out():
    found = tracked([0, 1, 2, 3], [0.0, UNKNOWN, 181.0, 0.0], [0.0, 0.0, 0.0, -90.5], [8.0] * 4)
    assert fates(found) == ["kept", "no_position", "no_position", "no_position"]


def test_a_position_that_does_not_change_at_all_for_hours_counts_once():
    minutes = np.arange(0, 130)
    found = trace(minutes * 60, np.where(minutes < 125, 7.0, 7.0 + (minutes - 124) * 60))
    assert found.counts() == {Fate.kept: 6, Fate.frozen: 124}
    assert kinds(found)[0] == "gap"
    assert Fate.frozen in trace(minutes[:121] * 60, 7.0).counts()
    almost = trace(minutes[:120] * 60, 7.0)
    assert almost.counts() == {Fate.kept: 120}
    assert almost.stops.dwell_s.tolist() == [119 * 60]


def test_a_stop_has_its_centre_its_radius_and_its_dwell():
    seconds = np.arange(0, 900, 30)
    east = np.select([seconds < 300, seconds <= 600], [seconds * 1.5, 450 + (seconds // 30) % 2 * 10], seconds * 1.5)
    found = trace(seconds, east)
    assert len(found.stops.first) == 1
    first, last = found.stops.first[0], found.stops.last[0]
    assert (seconds[first], seconds[last]) == (270, 600)
    assert found.stops.dwell_s.tolist() == [330]
    inside = east[first : last + 1]
    assert found.stops.lon[0] / EAST_DEG == pytest.approx(inside.mean(), abs=1e-3)
    assert found.stops.radius_m[0] == pytest.approx(np.abs(inside - inside.mean()).max(), abs=1e-3)
    assert np.flatnonzero(found.legs.kind == Kind.still).tolist() == list(range(first, last))


def test_no_stop_reaches_over_a_silence():
    found = trace([0, 100, 200, 1000, 1100, 1200], 0)
    assert kinds(found) == ["still", "still", "gap", "still", "still"]
    assert found.stops.dwell_s.tolist() == [200, 200]


def test_whoever_walks_on_does_not_stop_and_neither_does_whoever_waits_for_a_light():
    seconds = np.arange(0, 600, 10)
    waits = np.where(seconds < 200, seconds * 1.2, np.where(seconds < 270, 240, 240 + (seconds - 270) * 1.2))
    assert len(trace(seconds, seconds * 0.8).stops.first) == 0
    assert len(trace(seconds, waits).stops.first) == 0


def test_the_course_of_a_leg_of_more_than_a_minute_is_a_guess_and_a_gap_has_none():
    found = trace([0, 60, 121, 500], [0, 60, 120, 180])
    assert found.legs.interpolated.tolist() == [False, True, False]


@pytest.mark.parametrize("count", [0, 1])
def test_a_trace_of_no_leg_is_a_trace(count):
    found = trace(np.arange(count) * 10, np.zeros(count))
    assert (len(found.kept), len(found.legs.kind), len(found.stops.first)) == (count, 0, 0)


def test_what_became_of_a_fix_is_told_in_both_languages():
    assert set(SENTENCES) == set(Fate)
    assert all(set(said) == {"zh", "en"} and all(said.values()) for said in SENTENCES.values())


@pytest.mark.parametrize("value", [-1.0, UNKNOWN, float("inf")])
def test_a_threshold_that_makes_no_sense_is_refused_by_its_name(value):
    with pytest.raises(BadInput) as caught:
        Limits(gap_s=value)
    assert (caught.value.code, caught.value.field) == ("bad_threshold", "gap_s")


def test_instants_that_are_not_whole_microseconds_are_refused():
    with pytest.raises(ValueError, match="microseconds"):
        tracked([0.5], [0.0], [0.0], [8.0])
    with pytest.raises(ValueError, match="one length"):
        tracked([0, 1], [0.0], [0.0], [8.0])


@settings(max_examples=200, deadline=None)
@given(fixes(), st.randoms(use_true_random=False))
def test_neither_the_order_of_arrival_nor_repeats_change_a_trace(drawn, random):
    order = [*range(len(drawn)), *random.choices(range(max(len(drawn), 1)), k=min(len(drawn), 5))]
    random.shuffle(order)
    once, again = trace(*drawn[:3], accuracy_m=drawn[3]), trace(*drawn.rows(order)[:3], accuracy_m=drawn[3][order])
    assert is_same(once, again)
    assert sum(again.counts().values()) == len(order)


@settings(max_examples=200, deadline=None)
@given(fixes())
def test_every_leg_that_counts_can_have_been_gone_in_its_time(drawn):
    found = trace(*drawn[:3], accuracy_m=drawn[3])
    legs, limits = found.legs, found.limits
    counts = legs.kind != Kind.gap
    error = 2 * np.where(np.isnan(found.accuracy_m), limits.assumed_accuracy_m, found.accuracy_m)
    assert (legs.seconds > 0).all()
    assert (legs.seconds[counts] <= limits.gap_s).all()
    assert (legs.length_m <= limits.max_speed_ms * legs.seconds + error[1:] + error[:-1])[counts].all()
    assert legs.length_m == pytest.approx(
        [EARTH.line_length(found.lon[i : i + 2], found.lat[i : i + 2]) for i in range(len(legs.kind))]
    )


CHAIN = {"max_speed_ms": 3.0, "gap_s": 300.0, "stray_fixes": 2}
JUMP = 2.4


def cost_of_a_chain(kept, seconds, east, count):
    """What a chain costs: 1 for each fix left out, and for each step that is too far for its time."""
    far = [
        abs(east[b] - east[a]) > CHAIN["max_speed_ms"] * (seconds[b] - seconds[a]) + 16
        and seconds[b] - seconds[a] <= CHAIN["gap_s"]
        for a, b in pairwise(kept)
    ]
    return count - len(kept) + JUMP * sum(far)


def found_chain(seconds, east):
    at = np.asarray(seconds, dtype=np.int64) * SECOND_US
    lon = np.asarray(east, dtype=np.float64) * EAST_DEG
    return np.flatnonzero(believable(at, lon, np.zeros(len(at)), np.full(len(at), 8.0), **CHAIN)).tolist()


def least_cost(seconds, east):
    """The cost of the cheapest chain over all fixes, step by step from every fix to every later one."""
    costs = []
    for b in range(len(seconds)):
        ways = [cost_of_a_chain([a, b], seconds, east, b - a + 1) + costs[a] for a in range(b)]
        costs.append(min([b, *ways]))
    return min(cost + len(seconds) - 1 - b for b, cost in enumerate(costs))


def drawn_steps(most):
    times = st.sampled_from([5, 10, 60, 200, 320])
    places = st.sampled_from([0, 30, 60, 500, 530, 3000])
    return st.lists(st.tuples(times, places), min_size=1, max_size=most)


@settings(max_examples=150, deadline=None)
@given(drawn_steps(9))
def test_no_choice_of_fixes_is_cheaper_than_the_one_that_stays(steps):
    seconds, east = np.cumsum([step for step, _ in steps]).tolist(), [place for _, place in steps]
    places = range(len(steps))
    every = [kept for size in range(1, len(steps) + 1) for kept in combinations(places, size)]
    least = min(cost_of_a_chain(kept, seconds, east, len(steps)) for kept in every)
    assert least_cost(seconds, east) == pytest.approx(least)
    assert cost_of_a_chain(found_chain(seconds, east), seconds, east, len(steps)) == pytest.approx(least)


@pytest.mark.parametrize("examples", forms(short=60, long=5_000))
def test_judging_stretch_by_stretch_costs_no_more_than_judging_the_whole(examples):
    @settings(max_examples=examples, deadline=None)
    @given(st.integers(0, 2**32), st.integers(2, 80), st.floats(0.0, 0.3))
    def each(seed, count, share):
        rng = np.random.default_rng(seed)
        seconds = np.cumsum(rng.choice([5, 10, 60, 320], count, p=[0.4, 0.5, 0.08, 0.02])).tolist()
        away = np.repeat(rng.random(count) < share, rng.integers(1, 7, count))[:count] * 2000
        east = (np.arange(count) * 5 + away).tolist()
        cost = cost_of_a_chain(found_chain(seconds, east), seconds, east, count)
        assert cost == pytest.approx(least_cost(seconds, east))

    each()


def stops_one_by_one(seconds, east, north, gap, width_m, least_s):
    """Stops as they are defined, by looking at each run of fixes."""
    found, start = [], 0
    while start < len(seconds):
        last = start
        while last + 1 < len(seconds) and not gap[last]:
            run = slice(start, last + 2)
            far = np.hypot(east[run] - east[last + 1], north[run] - north[last + 1]).max()
            if far > width_m:
                break
            last += 1
        if last > start and seconds[last] - seconds[start] >= least_s:
            found.append((start, last))
            start = last
        start += 1
    return found


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 60))
def test_stops_are_the_runs_that_looking_at_every_run_finds(seed, count):
    rng = np.random.default_rng(seed)
    seconds = np.cumsum(rng.choice([10, 30, 60], count))
    # Along a line that is one of the directions in which widths are measured, the widths are exact.
    east = np.cumsum(rng.choice([0, 3, 40, -3, 0, 0], count)).astype(float)
    gap = rng.random(count - 1) < 0.05
    first, last = still_runs(seconds * SECOND_US, east, np.zeros(count), gap, width_m=60, least_us=120 * SECOND_US)
    expected = stops_one_by_one(seconds, east, np.zeros(count), gap, 60, 120)
    assert list(zip(first.tolist(), last.tolist(), strict=True)) == expected


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_no_two_fixes_of_a_stop_are_farther_apart_than_its_width_and_two_percent(seed):
    rng = np.random.default_rng(seed)
    seconds, x, y = np.arange(300) * 10, *np.cumsum(rng.normal(0, 4, (2, 300)), axis=1)
    first, last = still_runs(seconds * SECOND_US, x, y, np.zeros(299, dtype=bool), width_m=60, least_us=120 * SECOND_US)
    for a, b in zip(first, last, strict=True):
        points = shapely.points(x[a : b + 1], y[a : b + 1])
        assert max(shapely.distance(one, points).max() for one in points) <= 60 * 1.02
        if b + 1 < len(x):
            assert shapely.distance(shapely.points(x[b + 1], y[b + 1]), points).max() > 60
