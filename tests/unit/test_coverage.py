"""What a trace comes to on the ground: against sums by hand and against an independent geometry engine."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely

from gis.coverage import STREET_SHARE, Terrain, walk
from gis.effort import effort, metres_gone
from gis.tracks import tracked
from gis.wall_clock import HOUR_US, SECOND_US
from tests.traces import EAST_DEG, NORTH_DEG, trace

# On the equator in its own zone: a metre to the east and one to the north are a metre of the plane, to 4 in 10,000.
SIDE = 2.0**-9
SIDE_M = SIDE / EAST_DEG
WEST = 3.0
SRID = 32631
ALWAYS = (-HOUR_US, 100 * HOUR_US)


def squares(count: int = 2) -> np.ndarray:
    """Squares of 217 m side by side."""
    return shapely.box(
        *(WEST + np.arange(count) * SIDE, np.zeros(count)),
        *(WEST + np.arange(1, count + 1) * SIDE, np.full(count, SIDE)),
    )


def line(*places: tuple[float, float]) -> shapely.LineString:
    """A line through places in squares."""
    return shapely.LineString([(WEST + x * SIDE, y * SIDE) for x, y in places])


def gone(seconds, x, y):
    """The trace of fixes at seconds and places in squares."""
    seconds, x, y = np.broadcast_arrays(np.asarray(seconds, dtype=np.float64), x, y)
    at = np.rint(seconds * SECOND_US).astype(np.int64)
    return tracked(at, WEST + x * SIDE, y * SIDE, np.full(len(at), 5.0))


def test_a_street_on_a_border_belongs_to_the_lowest_number_and_to_no_other():
    roads = [line((1, 0.1), (1, 0.9)), line((0.2, 0.5), (1.7, 0.5)), line((0.5, 0.2), (0.5, 1.5))]
    terrain = Terrain(squares(), [9, 4], streets=roads, metric_srid=SRID)
    assert terrain.grids.grid_no.tolist() == [4, 9]
    assert terrain.street_m == pytest.approx(np.array([0.8 + 0.7, 0.8 + 0.8]) * SIDE_M, rel=1e-2)
    street, grid = terrain.street_grids
    assert list(zip(street.tolist(), grid.tolist(), strict=True)) == [(0, 0), (1, 0), (1, 1), (2, 1)]


def test_pieces_of_streets_add_up_to_the_streets_in_the_grids():
    rng = np.random.default_rng(3)
    roads = [line(*rng.uniform(-0.3, 3.3, (12, 2)).tolist()) for _ in range(40)]
    terrain = Terrain(squares(3), [1, 2, 3], streets=roads, metric_srid=SRID)
    town = shapely.union_all(squares(3))
    within = sum(shapely.intersection(road, town).length for road in roads) / EAST_DEG
    assert terrain.street_m.sum() == pytest.approx(within, rel=5e-3)


def test_a_building_belongs_to_the_grid_that_owns_a_point_inside_it():
    houses = [
        line((0.2, 0.2), (0.3, 0.3)).envelope,
        line((0.9, 0.5), (1.5, 0.6)).envelope,
        line((5, 5), (5.1, 5.1)).envelope,
    ]
    terrain = Terrain(squares(), [1, 2], buildings=houses, metric_srid=SRID)
    assert (terrain.building_grid.tolist(), terrain.building_count.tolist()) == ([0, 1, -1], [1, 1])


def test_what_is_reached_is_what_another_engine_says():
    roads = [line((0.1, 0.5), (1.9, 0.5)), line((0.5, 0.1), (0.5, 0.9)), line((1.5, 0.1), (1.5, 0.95))]
    houses = [line((x, 0.55), (x + 0.05, 0.6)).envelope for x in (0.1, 0.6, 1.2, 1.7)]
    terrain = Terrain(squares(), [1, 2], streets=roads, buildings=houses, metric_srid=SRID)
    track = gone(np.arange(10) * 20, np.linspace(0.3, 1.3, 10), 0.5)
    found = terrain.reached(*_both(walk(track, terrain, during=ALWAYS)), reach_m=25)
    reach = line((0.3, 0.5), (1.3, 0.5)).buffer(25 * EAST_DEG, quad_segs=64)
    assert found.area_m2 == pytest.approx(
        [shapely.intersection(cell, reach).area / EAST_DEG / NORTH_DEG for cell in squares()], rel=2e-2
    )
    lengths = [
        sum(shapely.intersection(shapely.intersection(road, cell), reach).length for road in roads) / EAST_DEG
        for cell in squares()
    ]
    assert found.street_m == pytest.approx(lengths, rel=2e-2)
    assert found.buildings.tolist() == [row for row, house in enumerate(houses) if house.intersects(reach)]
    assert (found.passed.tolist(), found.dwelled.tolist()) == ([1, 1], [0, 0])
    assert found.streets.tolist() == [0]  # the other two are crossed


def test_a_street_counts_as_visited_from_half_of_its_length_on():
    terrain = Terrain(squares(), [1, 2], streets=[line((0, 0.5), (2, 0.5))], metric_srid=SRID)
    for share, visited in ((STREET_SHARE - 0.02, []), (STREET_SHARE + 0.02, [0])):
        legs = _metres(0, 0.5, 2 * share, 0.5)
        assert terrain.reached(legs, np.empty((0, 4)), reach_m=1).streets.tolist() == visited


def test_a_building_is_dwelled_at_only_where_a_stop_is_near():
    houses = [line((0.5, 0.5), (0.55, 0.55)).envelope, line((0.9, 0.5), (0.95, 0.55)).envelope]
    terrain = Terrain(squares(), [1, 2], buildings=houses, metric_srid=SRID)
    stop, on = np.full(10, 0.52), np.linspace(0.6, 1.1, 8)
    track = gone(np.arange(18) * 20, np.append(stop, on), 0.52)
    found = terrain.reached(*_both(walk(track, terrain, during=ALWAYS)), reach_m=15)
    assert (found.passed.tolist(), found.dwelled.tolist()) == ([2, 0], [1, 0])


def test_days_and_versions_share_out_what_there_is_and_nothing_counts_twice():
    terrain = Terrain(squares(), [1, 2], metric_srid=SRID)
    track = gone(np.arange(60) * 20, np.linspace(0.05, 1.95, 60), 0.5)
    cuts = [0, 333 * SECOND_US, 700 * SECOND_US, HOUR_US]
    parts = [walk(track, terrain, during=during) for during in pairwise(cuts)]
    whole = walk(track, terrain, during=ALWAYS)
    assert sum(part.inside_s for part in parts) == pytest.approx(whole.inside_s)
    legs = np.vstack([part.legs for part in parts])
    assert terrain.reached(legs, whole.stops, reach_m=20).area_m2 == pytest.approx(
        terrain.reached(*_both(whole), reach_m=20).area_m2
    )
    sums = np.sum([effort(track, during) for during in pairwise(cuts)], axis=0)
    assert sums == pytest.approx(effort(track, ALWAYS))


def test_a_visit_over_midnight_is_whole_and_belongs_to_the_day_on_which_it_begins():
    terrain = Terrain(squares(), [1, 2], metric_srid=SRID)
    track = gone(np.arange(60) * 20, np.linspace(0.05, 1.95, 60), 0.5)
    midnight = 200 * SECOND_US
    before, after = (
        walk(track, terrain, during=during, holds=ALWAYS) for during in ((-HOUR_US, midnight), (midnight, HOUR_US))
    )
    assert (before.visits.grid_no.tolist(), after.visits.grid_no.tolist()) == ([1], [2])
    assert before.visits.dwell_s[0] > before.inside_s[0] == 200


def test_a_gap_covers_nothing_and_takes_no_time():
    terrain = Terrain(squares(), [1, 2], metric_srid=SRID)
    found = walk(gone([0, 20, 1000, 1020], [0.1, 0.2, 1.8, 1.9], 0.5), terrain, during=ALWAYS)
    assert (len(found.legs), found.inside_s.tolist()) == (2, [20, 20])


@pytest.mark.parametrize(("every_s", "error_m"), [(1, 5), (5, 5), (20, 5), (1, 8), (5, 8), (20, 8), (5, 12), (20, 12)])
def test_a_walk_round_blocks_is_as_long_as_it_is_though_its_fixes_are_not_exact(every_s, error_m):
    rng = np.random.default_rng(2)
    turns = rng.choice([-1, 0, 1], 120)
    course = np.cumsum(turns) * np.pi / 2
    corners = np.vstack([[0, 0], np.cumsum(np.column_stack([np.cos(course), np.sin(course)]) * 100, axis=0)])
    gone_m = np.arange(0, 12_000, every_s * 1.3)
    true = [np.interp(gone_m, np.arange(121) * 100.0, corners[:, axis]) for axis in (0, 1)]
    # Errors of a receiver go on for some seconds; the accuracy is the radius that holds in two cases of three.
    keep = np.exp(-every_s / 10)
    noise = rng.normal(0, error_m / 1.51, (len(gone_m), 2))
    for row in range(1, len(noise)):
        noise[row] = keep * noise[row - 1] + np.sqrt(1 - keep**2) * noise[row]
    track = trace(np.arange(len(gone_m)) * every_s, true[0] + noise[:, 0], true[1] + noise[:, 1], accuracy_m=error_m)
    found = metres_gone(track).sum()
    assert found == pytest.approx(gone_m[-1], rel=0.05)


def test_who_stays_goes_nowhere():
    rng = np.random.default_rng(1)
    track = trace(np.arange(600) * 5, *rng.normal(0, 5, (2, 600)))
    assert effort(track, (0, HOUR_US)) == (pytest.approx(0, abs=60), 2995)


def _both(found):
    return found.legs, found.stops


def _metres(x0, y0, x1, y1):
    """A leg in squares as one in metres of the plane."""
    return walk(gone([0, 250], [x0, x1], [y0, y1]), Terrain(squares(), [1, 2], metric_srid=SRID), during=ALWAYS).legs
