"""When a trace was in which grid: where legs are cut, when a visit ends, and for how long nobody came."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import BadInput
from gis.locator import OUTSIDE
from gis.metric import points_to_metric, to_metric
from gis.tracks import SPEEDS_MS, Kind, Limits, tracked
from gis.visits import Grids, Hysteresis, cut, revisit_gaps, visits
from gis.wall_clock import SECOND_US
from tests.coverages import coverages
from tests.traces import EAST_DEG, fixes, trace

SIDE = 2**-10
SIDE_M = SIDE / EAST_DEG
BY_CAR = Limits(max_speed_ms=SPEEDS_MS["car"])
AT_ONCE = Hysteresis(away_s=0, away_m=0, dwell_s=0)


def grids_of(cells, grid_no):
    return Grids(cells, grid_no, metric_srid=32631)


def row_of(*grid_no):
    """Square grids side by side from the origin to the east, some 109 m wide."""
    west = np.arange(len(grid_no)) * SIDE
    return grids_of(shapely.box(west, -SIDE, west + SIDE, SIDE), list(grid_no))


def told(found):
    """Visits as grid, seconds of entry and of exit, and dwell."""
    seconds = (found.entered_at / SECOND_US, found.left_at / SECOND_US, found.dwell_s)
    return list(zip(found.grid_no.tolist(), *(one.round(3).tolist() for one in seconds), strict=True))


def seen(way, grids, rule=None):
    return told(visits(cut(way, grids), grids, rule=rule))


def test_a_walk_through_grids_enters_and_leaves_each_at_its_border():
    seconds = np.arange(0, 301, 10)
    way = trace(seconds, seconds * SIDE_M / 100)
    assert seen(way, row_of(5, 2, 9)) == [(5, 0, 100, 100), (2, 100, 200, 100), (9, 200, 300, 100)]


def test_a_grid_without_a_fix_in_it_was_passed_all_the_same():
    way = trace([0, 240], [SIDE_M / 2, SIDE_M * 2.5], accuracy_m=50)
    found = cut(way, row_of(5, 2, 9))
    assert found.grid_no.tolist() == [5, 2, 9]
    assert (found.end / SECOND_US).tolist() == [60, 180, 240]
    assert found.length_m == pytest.approx(np.array([0.5, 1, 0.5]) * SIDE_M)
    assert found.interpolated.all()


def test_the_share_of_the_dwell_on_long_legs_is_told():
    way = trace([0, 50, 100, 200], np.array([0.1, 0.2, 0.3, 0.5]) * SIDE_M)
    assert visits(cut(way, row_of(5)), row_of(5)).interpolated.tolist() == [0.5]


@pytest.mark.parametrize("slant", [0, 1, 3])
@pytest.mark.parametrize("grid_no", [[5, 2], [2, 5]])
def test_a_walk_along_a_border_belongs_to_the_lowest_number(slant, grid_no):
    """Also where a leg begins on the border and goes beyond its end."""
    foot, top = (0.0, 0.0), (slant * SIDE / 4, SIDE)
    cells = [shapely.Polygon([foot, top, (far, SIDE), (far, 0)]) for far in (-SIDE, 2 * SIDE)]
    up = np.array([0.125, 0.25, 0.75, 1.25])
    way = tracked(np.arange(4) * 60 * SECOND_US, up * top[0], up * top[1], np.full(4, 8.0))
    found = cut(way, grids_of(cells, grid_no))
    assert found.grid_no.tolist() == [2, 2, 2, OUTSIDE]
    assert (found.end / SECOND_US).tolist() == [60, 120, 150, 180]


def test_a_grid_around_another_is_left_while_in_the_other():
    hole = shapely.box(SIDE, -SIDE / 4, 2 * SIDE, SIDE / 4)
    around = shapely.difference(shapely.box(0, -SIDE, 3 * SIDE, SIDE), hole)
    way = trace([0, 100, 200, 300], np.arange(4) * SIDE_M, accuracy_m=20)
    rule = Hysteresis(away_s=60, away_m=5, dwell_s=0)
    assert seen(way, grids_of([around, hole], [1, 2]), rule) == [
        (1, 0, 100, 100),
        (2, 100, 200, 100),
        (1, 200, 300, 100),
    ]


def test_ground_of_nobody_is_no_visit():
    cells = shapely.box([0, 2 * SIDE], -SIDE, [SIDE, 3 * SIDE], SIDE)
    way = trace(np.arange(0, 301, 10), np.arange(0, 301, 10) * SIDE_M / 100)
    assert [one[0] for one in seen(way, grids_of(cells, [1, 2]))] == [1, 2]
    assert cut(way, grids_of(cells, [1, 2])).grid_no.tolist().count(OUTSIDE) == 10
    nowhere = grids_of(np.empty(0, dtype=object), [])
    assert seen(way, nowhere) == []
    assert seen(trace([], []), row_of(5)) == []


def test_of_grids_that_overlap_the_lowest_number_has_the_common_ground():
    cells = shapely.box([0, SIDE], -SIDE, [2 * SIDE, 3 * SIDE], SIDE)
    way = trace(np.arange(0, 301, 10), np.arange(0, 301, 10) * SIDE_M / 100)
    assert seen(way, grids_of(cells, [7, 3])) == [(7, 0, 100, 100), (3, 100, 300, 200)]


def there_and_back(outside_m, outside_s):
    """Ten minutes in the first grid, a while so far beyond its border, ten minutes in it again."""
    inside, turns = SIDE_M - 10, 30
    seconds = np.cumsum([0, 300, 300, turns, *[30] * round(outside_s / 30 - 2), turns, 300, 300])
    east = np.full(len(seconds), SIDE_M + outside_m)
    east[:3] = east[-3:] = inside
    return trace(seconds, east, accuracy_m=30, gap_s=400)


@pytest.mark.parametrize(
    ("outside_m", "outside_s", "visits_of_it"),
    [(60, 90, 1), (60, 300, 2), (10, 300, 1), (25, 300, 2)],
)
def test_a_visit_ends_for_who_is_away_for_long_enough_and_far_enough(outside_m, outside_s, visits_of_it):
    way = there_and_back(outside_m, outside_s)
    grids = row_of(5, 2)
    of_it = [one for one in seen(way, grids) if one[0] == 5]
    assert len(of_it) == visits_of_it
    inside = cut(way, grids)
    inside_s = (inside.end - inside.start)[inside.grid_no == 5].sum() / SECOND_US
    assert sum(one[3] for one in of_it) == pytest.approx(inside_s)


def test_a_long_silence_ends_a_visit_and_counts_for_nothing():
    way = trace([0, 100, 200, 900, 1000], 20)
    assert seen(way, row_of(5)) == [(5, 0, 200, 200), (5, 900, 1000, 100)]


def test_a_moment_that_nobody_knows_does_not_end_a_visit_as_a_silence_does():
    """Beside a border, fixes jump along it: too fast, and still a few metres from the grid."""
    seconds = np.arange(0, 1380, 10)
    outside = (seconds >= 600) & (seconds < 780)
    way = trace(seconds, np.where(outside, SIDE_M + 5, SIDE_M - 5), np.where(seconds < 690, -65, 65), accuracy_m=3)
    assert way.legs.seconds[way.legs.kind == Kind.gap].tolist() == [10]
    assert [(one[0], one[1], one[2]) for one in seen(way, row_of(5, 2)) if one[0] == 5] == [(5, 0, 1370)]


def test_whoever_was_last_seen_far_away_before_such_a_moment_has_left():
    seconds = np.arange(0, 1380, 10)
    away_m = np.interp(seconds, [599, 600, 680, 690, 779, 780], [-5, 5, 25, 5, 5, -5])
    north = np.where(seconds < 690, -65, 65)
    way = trace(seconds, SIDE_M + away_m, north, accuracy_m=3)
    assert way.legs.seconds[way.legs.kind == Kind.gap].tolist() == [10]
    assert len([one for one in seen(way, row_of(5, 2)) if one[0] == 5]) == 2


@pytest.mark.parametrize(("outside_m", "visits_of_it"), [(25, 2), (15, 1)])
def test_whoever_was_far_away_early_in_an_absence_and_near_in_its_middle_has_left(outside_m, visits_of_it):
    seconds = np.arange(0, 1380, 10)
    away_m = np.interp(seconds, [599, 600, 610, 630, 779, 780], [-5, 5, outside_m, 5, 5, -5])
    way = trace(seconds, SIDE_M + away_m, accuracy_m=3)
    assert len([one for one in seen(way, row_of(5, 2)) if one[0] == 5]) == visits_of_it


def visits_one_by_one(found, grids, rule):
    """Entries and exits as they are defined, by looking at every absence from every grid."""
    entries = []
    metric = [np.column_stack(points_to_metric(*one.T, srid=32631)) for one in halves(found.ends)]
    for number, cell in zip(grids.grid_no, to_metric(grids.cells, srid=32631), strict=True):
        own = np.flatnonzero(found.grid_no == number).tolist()
        away_m = np.max([shapely.distance(cell, shapely.points(one)) for one in metric], axis=0)
        for before, row in pairwise([None, *own]):
            if before is not None:
                absent = slice(before + 1, row)
                away_us = int(found.start[row] - found.end[before])
                silent_us = away_us - int((found.end - found.start)[absent].sum())
                is_far = away_m[absent].max(initial=-1.0) >= rule.away_m
                least_us = max(rule.away_s * SECOND_US, 1)
                if not (silent_us >= least_us or (away_us >= least_us and is_far)):
                    continue
            entries.append((int(found.start[row]), int(number)))
    return sorted(entries)


def halves(ends):
    return ends[:, :2], (ends[:, :2] + ends[:, 2:]) / 2, ends[:, 2:]


@settings(max_examples=150, deadline=None)
@given(fixes(), st.sampled_from([Hysteresis(dwell_s=0), Hysteresis(30, 5, 0), Hysteresis(0, 30, 0), AT_ONCE]))
def test_visits_begin_where_looking_at_every_absence_says(drawn, rule):
    way, grids = trace(*drawn[:3], accuracy_m=drawn[3], max_speed_ms=12), row_of(5, 2, 9)
    found = cut(way, grids)
    began = visits(found, grids, rule=rule)
    assert list(zip(began.entered_at.tolist(), began.grid_no.tolist(), strict=True)) == visits_one_by_one(
        found, grids, rule
    )


def test_rounds_through_many_grids_are_not_looked_at_once_for_each_grid():
    """Whoever drives in a circle is away from each grid for as long as the circle takes."""
    rounds, size = 60, 20
    corners = np.tile(np.array([[0.5, 0.5], [size, 0.5], [size, size], [0.5, size]]), (rounds, 1)) * SIDE
    east, north = np.mgrid[:size, :size].reshape(2, -1) * SIDE
    grids = grids_of(shapely.box(east, north, east + SIDE, north + SIDE), np.arange(1, size**2 + 1))
    way = tracked(np.arange(len(corners)) * 250 * SECOND_US, *corners.T, np.full(len(corners), 8.0), limits=BY_CAR)
    found = cut(way, grids)
    tracemalloc.start()
    came = visits(found, grids, rule=Hysteresis(dwell_s=0))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(came.grid_no) > 50 * rounds
    assert most < 1000 * len(found.leg)


def test_who_was_there_too_briefly_has_not_visited():
    seconds = np.arange(0, 301, 10)
    way = trace(seconds, seconds * SIDE_M / 100)
    assert seen(way, row_of(5, 2, 9), Hysteresis(dwell_s=100.001)) == []
    assert len(seen(way, row_of(5, 2, 9), Hysteresis(dwell_s=100))) == 3


def test_what_lies_outside_of_a_period_is_left_out_and_the_parts_make_up_the_whole():
    seconds = np.arange(0, 301, 10)
    way, grids = trace(seconds, seconds * SIDE_M / 100), row_of(5, 2, 9)
    at = 137 * SECOND_US + 500_001
    before, after, whole = cut(way, grids, during=(0, at)), cut(way, grids, during=(at, 10**9)), cut(way, grids)
    assert (before.end.max(), after.start.min()) == (at, at)
    assert before.length_m.sum() + after.length_m.sum() == pytest.approx(whole.length_m.sum())
    assert len(cut(way, grids, during=(10**9, 10**10)).leg) == 0


def test_whoever_crosses_the_antimeridian_is_in_no_grid_on_the_way():
    way = tracked([0, 10 * SECOND_US], [179.9999, -179.9999], [0.0, 0.0], [8.0, 8.0])
    assert way.legs.kind.tolist() == [Kind.moved]
    assert len(cut(way, row_of(5)).leg) == 0


def test_a_rule_that_makes_no_sense_is_refused():
    with pytest.raises(BadInput) as caught:
        Hysteresis(away_m=-1)
    assert (caught.value.code, caught.value.field) == ("bad_threshold", "away_m")


@settings(max_examples=150, deadline=None)
@given(coverages(), st.integers(0, 2**32))
def test_each_point_of_a_piece_lies_in_its_grid_and_the_pieces_make_up_the_legs(drawn, seed):
    count = len(drawn.lon)
    everything = Limits(max_speed_ms=1e6, gap_s=1e6, stop_min_s=1e6)
    way = tracked(np.arange(count) * 10 * SECOND_US, drawn.lon, drawn.lat, np.full(count, 8.0), limits=everything)
    found = cut(way, Grids(drawn.cells, drawn.grid_no, metric_srid=drawn.metric_srid))
    assert np.array_equal(np.append(found.start, way.at[-1]), np.insert(found.end, 0, way.at[0]))
    assert np.bincount(found.leg, found.length_m, len(way.legs.kind)) == pytest.approx(way.legs.length_m)
    share = np.random.default_rng(seed).random(len(found.leg))[:, None]
    points = shapely.points(found.ends[:, :2] * (1 - share) + found.ends[:, 2:] * share)
    cell_of = dict(zip(drawn.grid_no.tolist(), drawn.cells, strict=True))
    for point, number in zip(points, found.grid_no.tolist(), strict=True):
        if number == OUTSIDE:
            deep = [cell for cell in drawn.cells if shapely.covers(cell, point)]
            assert all(shapely.distance(shapely.boundary(cell), point) < 1e-8 for cell in deep)
        else:
            assert shapely.distance(cell_of[number], point) < 1e-8


@settings(max_examples=100, deadline=None)
@given(fixes())
def test_every_second_that_is_known_counts_once_for_one_grid_or_for_nobody(drawn):
    way, grids = trace(*drawn[:3], accuracy_m=drawn[3]), row_of(5, 2, 9)
    found = cut(way, grids)
    known_s = way.legs.seconds[way.legs.kind != Kind.gap].sum()
    assert (found.end - found.start).sum() / SECOND_US == pytest.approx(known_s)
    inside_s = (found.end - found.start)[found.grid_no != OUTSIDE].sum() / SECOND_US
    for rule in (AT_ONCE, Hysteresis(dwell_s=0)):
        assert visits(found, grids, rule=rule).dwell_s.sum() == pytest.approx(inside_s)
    strict = visits(found, grids)
    assert (strict.dwell_s >= 60).all()
    assert (strict.left_at - strict.entered_at >= strict.dwell_s * SECOND_US - 1).all()
    assert ((strict.interpolated >= 0) & (strict.interpolated <= 1)).all()


def test_a_grid_is_unvisited_from_the_last_who_left_to_the_next_who_came():
    grid, seconds = revisit_gaps(
        [7, 7, 7, 7, 3, 3],
        np.array([0, 10, 300, 900, 0, 50]) * SECOND_US,
        np.array([200, 20, 310, 910, 60, 70]) * SECOND_US,
    )
    assert (grid.tolist(), seconds.tolist()) == ([7, 7], [100, 590])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60), st.integers(0, 20)), max_size=12))
def test_the_time_without_a_visit_is_what_no_visit_covers(drawn):
    some = np.array(drawn, dtype=np.int64).reshape(-1, 3)
    entered, left = some[:, 1] * SECOND_US, (some[:, 1] + some[:, 2]) * SECOND_US
    grid, seconds = revisit_gaps(some[:, 0], entered, left)
    for number in np.unique(some[:, 0]).tolist():
        own = some[some[:, 0] == number]
        covered = {second for _, begin, lasts in own for second in range(begin, begin + lasts)}
        whole = range(own[:, 1].min(), (own[:, 1] + own[:, 2]).max())
        assert seconds[grid == number].sum() == len(set(whole) - covered)
