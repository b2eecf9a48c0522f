from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.cover import Ground
from gis.cover_rows import TURN_DEG
from gis.metric import to_metric
from tests.forms import forms
from tests.meshes import Mesh

REACH_M = 30.0
# Quadrilaterals of a metre, of ten, of 50 and of 250, in lattice units.
SIZES = (150, 1500, 8192, 40000)
ALONG_ROWS = np.array([math.cos(math.radians(TURN_DEG)), -math.sin(math.radians(TURN_DEG))])


def shares_by_buffers(cells: np.ndarray, legs: np.ndarray, reach_m: float) -> np.ndarray:
    around = shapely.union_all(shapely.buffer(shapely.linestrings(legs.reshape(-1, 2, 2)), reach_m, quad_segs=64))
    return shapely.area(shapely.intersection(cells, around)) / shapely.area(cells)


def shares(cells: np.ndarray, legs: np.ndarray, reach_m: float = REACH_M, **how: float) -> np.ndarray:
    found = Ground(cells, **how).covered(legs, reach_m=reach_m)
    every = np.zeros(len(cells))
    every[found.cell] = found.share
    return every


def mesh_in_metres(seed: int, size: int) -> tuple[np.random.Generator, np.ndarray]:
    """Cells with holes, islands, several parts and corners that touch."""
    rng = np.random.default_rng(seed)
    cells, _ = Mesh(rng, across=int(rng.integers(3, 8)), owners=8, size=size).cells()
    return rng, to_metric(cells, srid=4547)


def legs_around(rng: np.random.Generator, cells: np.ndarray, count: int) -> np.ndarray:
    """A walk that leaves the ground, with stops, steps back and jumps."""
    west, south, east, north = shapely.total_bounds(cells)
    step = rng.choice([5.0, 40.0, 300.0])
    start = rng.uniform([west - REACH_M, south - REACH_M], [east + REACH_M, north + REACH_M])
    moves = rng.normal(0, step, (count, 2)) * rng.choice([0, 1, 1, 1], (count, 1))
    at = np.vstack([start, start + np.cumsum(moves, axis=0)])
    return np.hstack([at[:-1], at[1:]])


def campaign(seeds: range) -> np.ndarray:
    """The errors of all shares of random ground."""
    errors = []
    for seed in seeds:
        rng, cells = mesh_in_metres(seed, SIZES[seed % len(SIZES)])
        legs = legs_around(rng, cells, int(rng.integers(1, 40)))
        reach_m = float(rng.choice([3.0, 12.5, REACH_M]))
        errors.append(shares(cells, legs, reach_m) - shares_by_buffers(cells, legs, reach_m))
    return np.abs(np.concatenate(errors))


@pytest.mark.parametrize("count", forms(short=80, long=4000))
def test_shares_of_random_ground_are_those_of_buffers_with_64_segments(count):
    errors = campaign(range(count))
    assert errors.max() <= 0.01
    assert errors.mean() <= 0.0005


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(SIZES))
def test_order_repeats_direction_and_threads_change_no_bit(seed, size):
    rng, cells = mesh_in_metres(seed, size)
    legs = legs_around(rng, cells, 30)
    legs = np.repeat(legs, 100, axis=0)
    turned = legs[rng.permutation(len(legs))][:, [2, 3, 0, 1]]
    assert (shares(cells, legs[::100]) == shares(cells, turned)).all()
    assert (shares(cells, legs, threads=1) == shares(cells, legs, threads=3)).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(SIZES))
def test_each_group_has_what_it_has_alone(seed, size):
    rng, cells = mesh_in_metres(seed, size)
    legs = legs_around(rng, cells, 40)
    group = rng.choice([-5, 3, 2**40], len(legs))
    ground = Ground(cells)
    together = ground.covered(legs, group, reach_m=REACH_M)
    for one in np.unique(group):
        alone = ground.covered(legs[group == one], reach_m=REACH_M)
        rows = together.group == one
        assert together.cell[rows].tolist() == alone.cell.tolist()
        assert together.share[rows].tolist() == alone.share.tolist()
    assert (np.diff(together.group) >= 0).all()


def test_a_cell_that_is_covered_all_over_has_a_share_of_exactly_one_and_its_whole_area():
    _, cells = mesh_in_metres(3, 1500)
    west, south, east, north = shapely.total_bounds(cells)
    legs = np.array([[west, y, east, y] for y in np.arange(south, north + 20, 20)])
    ground = Ground(cells)
    found = ground.covered(legs, reach_m=REACH_M)
    assert found.share.tolist() == [1.0] * len(cells)
    assert found.area_m2.tolist() == shapely.area(cells).tolist()


def test_a_stop_covers_a_disc():
    found = Ground([shapely.box(0, 0, 300, 300)]).covered([[150, 150, 150, 150]], reach_m=REACH_M)
    assert found.area_m2 == pytest.approx([math.pi * REACH_M**2], rel=0.002)


def test_a_leg_out_of_reach_or_far_away_or_nowhere_covers_nothing():
    ground = Ground([shapely.box(0, 0, 300, 300)])
    away = [[-31, 0, -31, 300], [1e9, 1e9, 2e9, 1e9], [math.nan, 0, 10, 10], [0, 0, math.inf, 0]]
    assert [ground.covered([leg], reach_m=REACH_M).cell.tolist() for leg in away] == [[]] * 4
    assert ground.covered(away, reach_m=REACH_M).share.tolist() == []


def test_a_leg_across_a_continent_covers_its_strip():
    cell = shapely.box(0, 0, 300, 300)
    assert shares(np.array([cell]), np.array([[-4e6, 150, 4e6, 150.0]])) == pytest.approx([0.2], abs=0.001)


@pytest.mark.parametrize("wide_m", [20, 100, 137, 300, 1000])
@pytest.mark.parametrize("along", [ALONG_ROWS, np.array([1.0, 0.0]), np.array([0.0, 1.0])], ids=["rows", "x", "y"])
def test_a_street_is_right_to_one_in_a_hundred_even_along_the_rows(wide_m, along):
    cells = np.array([shapely.box(0, 0, wide_m, wide_m)])
    middle = np.array([wide_m / 2, wide_m / 2])
    for aside in np.linspace(0, 4, 9):
        start = middle + aside * along[::-1] * [1, -1]
        legs = np.hstack([start - 2000 * along, start + 2000 * along])[None]
        reach_m = wide_m / 9 + aside / 7
        assert shares(cells, legs, reach_m) == pytest.approx(shares_by_buffers(cells, legs, reach_m), abs=0.01)


def test_cells_that_overlap_have_their_share_each():
    cells = shapely.box([0, 100, 0], 0, [300, 200, 600], 300)
    legs = np.array([[150, 150, 150, 150.0], [450, 20, 500, 80]])
    assert shares(cells, legs) == pytest.approx(shares_by_buffers(cells, legs, REACH_M), abs=0.001)


def test_a_cell_of_a_hand_is_covered_or_not():
    cells = shapely.box([0, 100, 200, 300], 0, [0.004, 100.001, 200.1, 400], [0.004, 0.001, 0.1, 100])
    found = Ground(cells).covered([[-10, 0, 210, 0]], reach_m=REACH_M)
    assert found.cell.tolist() == [0, 1, 2]
    assert found.share.tolist() == [1.0, 1.0, 1.0]


def test_cells_without_ground_are_never_covered():
    cells = np.array([None, shapely.Polygon(), shapely.box(0, 0, 10, 10)], dtype=object)
    assert Ground(cells).covered([[0, 0, 5, 5]], reach_m=REACH_M).cell.tolist() == [2]
    assert Ground(cells[:2]).covered([[0, 0, 5, 5]], reach_m=REACH_M).cell.tolist() == []
    assert Ground([]).covered([[0, 0, 5, 5]], reach_m=REACH_M).share.tolist() == []
    assert Ground(cells).covered(np.empty((0, 4)), [], reach_m=REACH_M).share.tolist() == []


def test_finer_rows_come_nearer():
    rng, cells = mesh_in_metres(8, 40000)
    legs = legs_around(rng, cells, 40)
    true = shares_by_buffers(cells, legs, REACH_M)
    coarse, fine = (np.abs(shares(cells, legs, row_m=row_m) - true).mean() for row_m in (8.0, 0.5))
    assert fine < coarse / 4


@pytest.mark.parametrize("reach_m", [0, -1, math.nan, math.inf])
def test_a_reach_that_is_no_length_is_refused(reach_m):
    with pytest.raises(ValueError, match="reach_m"):
        Ground([shapely.box(0, 0, 1, 1)]).covered([[0, 0, 1, 1]], reach_m=reach_m)


def test_groups_that_do_not_fit_the_legs_and_rows_without_a_distance_are_refused():
    with pytest.raises(ValueError, match="group"):
        Ground([shapely.box(0, 0, 1, 1)]).covered([[0, 0, 1, 1]], [1, 2], reach_m=1)
    with pytest.raises(ValueError, match="row_m"):
        Ground([shapely.box(0, 0, 1, 1)], row_m=0)
    with pytest.raises(ValueError, match="too wide"):
        Ground([shapely.box(0, 0, 1, 1), shapely.box(1e7, 0, 1e7 + 1, 1)])


@pytest.mark.parametrize("turned_deg", [0, 40, 90, 117, 180])
def test_a_leg_of_kilometres_covers_what_its_parts_do(turned_deg: float):
    # Beyond a kilometre legs are worked out with more digits.
    west, south = np.meshgrid(np.arange(-3000, 3000, 150.0), np.arange(-3000, 3000, 150.0))
    cells = shapely.box(west.ravel(), south.ravel(), west.ravel() + 150, south.ravel() + 150)
    way = np.array([math.cos(math.radians(turned_deg)), math.sin(math.radians(turned_deg))])
    corners = np.linspace(-2500, 2500, 13)[:, None] * way
    whole = shares(cells, np.hstack([corners[:1], corners[-1:]]))
    assert whole.sum() * 150**2 == pytest.approx(5000 * 2 * REACH_M + math.pi * REACH_M**2, rel=1e-3)
    assert whole == pytest.approx(shares(cells, np.hstack([corners[:-1], corners[1:]])), abs=1e-5)
