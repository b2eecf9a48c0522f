from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.cover_near import Buildings, Lines

REACH_M = 30.0


def walk(rng: np.random.Generator, count: int, across_m: float = 800.0) -> np.ndarray:
    """A walk with stops that goes beyond a square of ground."""
    moves = rng.normal(0, rng.choice([6.0, 60.0, 400.0]), (count, 2)) * rng.choice([0, 1, 1], (count, 1))
    at = rng.uniform(0, across_m, 2) + np.vstack([[0, 0], np.cumsum(moves, axis=0)])
    return np.hstack([at[:-1], at[1:]])


def streets(rng: np.random.Generator, count: int) -> np.ndarray:
    """Lines of several edges, some of several parts, at places of a projected CRS."""
    corners = rng.uniform(0, 800, (count, 1, 2)) + np.cumsum(rng.normal(0, 60, (count, 6, 2)), axis=1)
    lines = shapely.linestrings(corners)
    lines[::5] = [shapely.MultiLineString([list(xy[:3]), list(xy[3:])]) for xy in corners[::5]]
    return lines


def away(ends: np.ndarray, leg: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Metres from the leg to the place t (n,) of the way between each pair of ends (n, 4)."""
    points = shapely.points(ends[:, :2] + t[:, None] * (ends[:, 2:] - ends[:, :2]))
    return shapely.distance(points, shapely.LineString(leg.reshape(2, 2)))


def halved(low: np.ndarray, high: np.ndarray, goes_up) -> np.ndarray:
    for _ in range(60):
        middle = (low + high) / 2
        up = goes_up(middle)
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    return (low + high) / 2


def lengths_by_distance(lines: np.ndarray, legs: np.ndarray, reach_m: float) -> np.ndarray:
    """The distance to a leg is convex along an edge, so what is near is one stretch whose ends can be closed in on."""
    parts, line_of = shapely.get_parts(lines, return_index=True)
    xy, part_of = shapely.get_coordinates(parts, return_index=True)
    same = part_of[1:] == part_of[:-1]
    ends, owner = np.hstack([xy[:-1][same], xy[1:][same]]), line_of[part_of[:-1][same]]
    stretches = []
    for leg in legs:
        low, high = np.zeros(len(ends)), np.ones(len(ends))
        for _ in range(120):
            third = (high - low) / 3
            left = away(ends, leg, low + third) <= away(ends, leg, high - third)
            low, high = np.where(left, low, low + third), np.where(left, high - third, high)
        nearest = (low + high) / 2
        near = away(ends, leg, nearest) < reach_m
        first = halved(np.zeros(len(ends)), nearest, lambda t, leg=leg: away(ends, leg, t) > reach_m)
        last = halved(nearest, np.ones(len(ends)), lambda t, leg=leg: away(ends, leg, t) <= reach_m)
        stretches.append(np.where(near[:, None], np.c_[first, last], np.nan))
    total = np.zeros(len(lines))
    for edge, of in enumerate(np.stack(stretches, axis=1)):
        pieces = shapely.linestrings([[[a, 0], [b, 0]] for a, b in of[~np.isnan(of[:, 0])]] or np.empty((0, 2, 2)))
        total[owner[edge]] += shapely.length(shapely.union_all(pieces)) * math.dist(ends[edge, :2], ends[edge, 2:])
    return total


def reached(lines: np.ndarray, legs: np.ndarray, reach_m: float = REACH_M, **how: int) -> np.ndarray:
    found = Lines(lines, **how).reached(legs, reach_m=reach_m)
    every = np.zeros(len(lines))
    every[found.line] = found.length_m
    return every


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_lengths_are_those_of_exact_geometry_to_a_thousandth_of_a_millimetre(seed):
    rng = np.random.default_rng(seed)
    lines, legs = streets(rng, 12), walk(rng, 6)
    assert reached(lines, legs) == pytest.approx(lengths_by_distance(lines, legs, REACH_M), abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_lengths_are_those_of_buffers_at_places_of_a_city_grid(seed):
    rng = np.random.default_rng(seed)
    there = np.array([487_000.0, 3_848_000.0])
    lines = shapely.transform(streets(rng, 60), lambda xy: xy + there)
    legs = walk(rng, 40) + np.tile(there, 2)
    around = shapely.union_all(shapely.buffer(shapely.linestrings(legs.reshape(-1, 2, 2)), REACH_M, quad_segs=128))
    expected = shapely.length(shapely.intersection(lines, around))
    assert reached(lines, legs) == pytest.approx(expected, abs=0.5)
    assert reached(lines, legs).sum() == pytest.approx(expected.sum(), rel=2e-4, abs=0.01)


def test_streets_along_and_across_a_leg_have_the_lengths_of_plane_geometry():
    lines = shapely.linestrings(
        [[[0, 0], [500, 0]], [[0, 18], [500, 18]], [[100, -90], [100, 90]], [[0, 31], [500, 31]], [[0, 0], [0, 0]]]
    )
    found = Lines(lines).reached([[100, 0, 200, 0], [180, 0, 300, 0]], reach_m=REACH_M)
    assert found.line.tolist() == [0, 1, 2]
    assert found.length_m == pytest.approx([260, 248, 60], abs=1e-9)
    assert found.share == pytest.approx([0.52, 0.496, 1 / 3], abs=1e-12)


def test_a_street_walked_twice_counts_once_and_a_closed_one_whole():
    ring = shapely.LineString([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)])
    legs = np.array([[0, 0, 100, 0], [100, 0, 100, 100], [100, 100, 0, 100], [0, 100, 0, 0]] * 3, dtype=float)
    found = Lines([ring]).reached(legs, reach_m=5)
    assert found.length_m == pytest.approx([400], abs=1e-9)
    assert found.share.tolist() == [pytest.approx(1.0, abs=1e-12)]
    assert found.share[0] <= 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_each_group_reaches_what_it_reaches_alone_by_any_number_of_threads(seed):
    rng = np.random.default_rng(seed)
    lines, legs = streets(rng, 40), np.repeat(walk(rng, 120), 20, axis=0)
    group = rng.choice([-3, 8, 2**40], len(legs))
    shapes = np.concatenate([shapely.buffer(lines[:20], 3), shapely.points(rng.uniform(0, 800, (20, 2)))])
    together, houses = Lines(lines).reached(legs, group, reach_m=REACH_M), Buildings(shapes)
    both = houses.reached(legs, group, reach_m=REACH_M)
    for one in np.unique(group):
        rows = together.group == one
        alone = Lines(lines, threads=1).reached(legs[group == one], reach_m=REACH_M)
        assert together.line[rows].tolist() == alone.line.tolist()
        assert together.length_m[rows] == pytest.approx(alone.length_m, abs=1e-9)
        assert both[1][both[0] == one].tolist() == houses.reached(legs[group == one], reach_m=REACH_M)[1].tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_buildings_are_those_that_shapely_has_within_the_distance(seed):
    rng = np.random.default_rng(seed)
    legs = walk(rng, 40)
    at = rng.uniform(-50, 850, (90, 2))
    shapes = shapely.points(at)
    shapes[:60] = shapely.buffer(shapes[:60], rng.choice([4.0, 15.0, 90.0], 60), quad_segs=2)
    shapes[:10] = shapely.difference(shapes[:10], shapely.buffer(shapely.points(at[:10]), 2.0))
    shapes[10] = shapely.MultiPolygon([shapes[11], shapely.box(2000, 0, 2010, 10)])
    tracks = shapely.linestrings(legs.reshape(-1, 2, 2))
    metres = shapely.distance(shapes[:, None], tracks).min(axis=1)
    found = Buildings(shapes).reached(legs, reach_m=REACH_M)[1]
    clear = np.abs(metres - REACH_M) > 1e-6
    assert np.isin(np.arange(90), found)[clear].tolist() == (metres <= REACH_M)[clear].tolist()


def test_somebody_inside_a_large_building_reaches_it_and_in_its_yard_does_not():
    mall = shapely.box(0, 0, 400, 400)
    around_a_yard = mall.difference(shapely.box(100, 100, 300, 300))
    inside = [[200, 200, 205, 200]]
    assert Buildings([mall, around_a_yard]).reached(inside, reach_m=REACH_M)[1].tolist() == [0]


def test_a_leg_across_a_whole_city_finds_what_lies_along_it_only():
    rng = np.random.default_rng(4)
    points = rng.uniform(0, 20_000, (20_000, 2))
    leg = np.array([[-5_000, -4_000, 26_000, 23_000.0]])
    near = shapely.distance(shapely.points(points), shapely.linestrings(leg.reshape(2, 2))) <= REACH_M
    assert Buildings(shapely.points(points)).reached(leg, reach_m=REACH_M)[1].tolist() == np.flatnonzero(near).tolist()


def test_what_is_empty_is_never_reached():
    nothing = np.array([None, shapely.LineString(), shapely.LineString([(0, 0), (10, 0)])], dtype=object)
    assert Lines(nothing).reached([[0, 0, 5, 5]], reach_m=REACH_M).line.tolist() == [2]
    assert Lines([]).reached([[0, 0, 5, 5]], reach_m=REACH_M).line.tolist() == []
    assert Buildings([]).reached([[0, 0, 5, 5]], reach_m=REACH_M)[1].tolist() == []
    assert Buildings([None, shapely.Point(0, 0)]).reached([[math.nan, 0, 5, 5], [0, 1, 0, 1]], reach_m=9)[
        1
    ].tolist() == [1]
    assert Lines(nothing).reached(np.empty((0, 4)), reach_m=REACH_M).line.tolist() == []
