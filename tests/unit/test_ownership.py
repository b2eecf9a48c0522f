from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings

from gis.crs import LATTICE, to_lattice
from gis.metric import points_to_metric, round_m, to_metric
from gis.ownership import Coverage
from gis.shapes import to_cells
from tests.coverages import Coverage as Drawn
from tests.coverages import coverages, owner_by_integers

NEAR_M, FAR_M = 10.0, 150.0


def indexed(drawn: Drawn) -> Coverage:
    return Coverage(drawn.cells, drawn.grid_no, metric_srid=drawn.metric_srid)


@settings(max_examples=100, deadline=None)
@given(coverages())
def test_every_point_has_the_owner_that_exact_integers_say(drawn):
    expected = [owner_by_integers(drawn, x, y) for x, y in zip(drawn.lon, drawn.lat, strict=True)]
    assert indexed(drawn).owners(drawn.lon, drawn.lat).tolist() == expected


@settings(max_examples=80, deadline=None)
@given(coverages(points=24))
def test_a_judgement_is_what_the_written_rule_says_cell_by_cell(drawn):
    judged = indexed(drawn).judge(drawn.lon, drawn.lat, near_limit_m=NEAR_M, far_limit_m=FAR_M)
    metric = to_metric(drawn.cells, srid=drawn.metric_srid)
    for row, (x, y) in enumerate(np.column_stack(points_to_metric(drawn.lon, drawn.lat, srid=drawn.metric_srid))):
        own = owner_by_integers(drawn, drawn.lon[row], drawn.lat[row])
        away_m = round_m(shapely.distance(metric, shapely.Point(x, y))) if len(metric) else np.empty(0)
        ranked = sorted(range(len(metric)), key=lambda cell: (away_m[cell], drawn.grid_no[cell]))
        assert judged.own[row] == own
        if own >= 0:
            on_border = drawn.cells[own].boundary.intersects(shapely.Point(drawn.lon[row], drawn.lat[row]))
            edge_m = 0.0 if on_border else round_m(shapely.distance(metric[own].boundary, shapely.Point(x, y)))
            near_others = [cell for cell in ranked if cell != own and away_m[cell] <= NEAR_M]
            assert judged.edge_distance_m[row] == edge_m
            assert judged.near_border[row] == (edge_m <= NEAR_M)
            assert judged.second[row] == (near_others[0] if near_others else -1)
            assert (judged.nearest[row], judged.far[row], np.isnan(judged.outside_m[row])) == (-1, False, True)
        else:
            outside_m = away_m[ranked[0]] if ranked else np.inf
            assert judged.outside_m[row] == outside_m
            assert judged.far[row] == (outside_m > FAR_M)
            assert judged.far[row] or judged.nearest[row] == ranked[0]
            assert (judged.second[row], judged.near_border[row]) == (-1, False)
            assert np.isnan(judged.edge_distance_m[row])


def test_a_point_where_four_cells_meet_belongs_to_the_lowest_number():
    cells = shapely.box([0, 1, 0, 1], [0, 0, 1, 1], [1, 2, 1, 2], [1, 1, 2, 2])
    coverage = Coverage(cells, [40, 30, 20, 10], metric_srid=32631)
    judged = coverage.judge([1.0], [1.0], near_limit_m=10, far_limit_m=5000)
    assert (judged.own[0], judged.second[0], judged.edge_distance_m[0]) == (3, 2, 0.0)


def test_a_point_on_the_edge_of_a_hole_is_inside_and_one_unit_further_is_not():
    ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    owners = Coverage([ring], [1], metric_srid=32631).owners([1.0, 1.0 + LATTICE], [1.5, 1.5])
    assert owners.tolist() == [0, -1]


def test_a_point_which_the_metric_crs_cannot_reach_is_far_and_has_no_nearest():
    judged = Coverage([shapely.box(0, 0, 1, 1)], [1], metric_srid=32631).judge(
        [113.65, 93.0], [34.75, 0.5], near_limit_m=10, far_limit_m=5000
    )
    assert judged.far.all()
    assert np.isinf(judged.outside_m[1])
    assert judged.nearest[1] == -1


def test_no_points_and_no_cells_are_fine():
    empty = Coverage([], [], metric_srid=32631)
    assert empty.owners([], []).shape == (0,)
    judged = empty.judge([1.0], [1.0], near_limit_m=10, far_limit_m=5000)
    assert (judged.own[0], judged.nearest[0], bool(judged.far[0])) == (-1, -1, True)


def test_a_cell_among_very_many_neighbours_has_the_second_choices_that_a_look_at_all_of_them_gives():
    few_m = 2**-14  # degrees, about 7 m
    west = to_lattice(np.arange(300) * few_m)
    cells = np.append(shapely.box(west, -few_m, west + few_m, 0), shapely.box(0, 0, 300 * few_m, few_m))
    rng = np.random.default_rng(5)
    lon, lat = to_lattice(rng.uniform(0, 300 * few_m, 2_000)), to_lattice(rng.uniform(0, few_m, 2_000))
    judged = Coverage(cells, np.arange(301) + 1, metric_srid=32631).judge(lon, lat, near_limit_m=5, far_limit_m=None)
    points = shapely.points(*points_to_metric(lon, lat, srid=32631))
    away_m = round_m(shapely.distance(points[:, None], to_metric(cells[:300], srid=32631)))
    closest = away_m.argmin(axis=1)
    assert judged.second.tolist() == np.where(away_m.min(axis=1) <= 5, closest, -1).tolist()
    assert (judged.second >= 0).sum() > 500


def test_two_cells_of_one_number_are_refused():
    with pytest.raises(ValueError, match="grid_no of its own"):
        Coverage(shapely.box([0, 1], 0, [1, 2], 1), [1, 1], metric_srid=32631)


def test_many_chunks_on_threads_give_the_same_as_one():
    cells = shapely.box(*(np.indices((10, 10)).reshape(2, -1) / 64), *((np.indices((10, 10)).reshape(2, -1) + 1) / 64))
    coverage = Coverage(cells, np.arange(100) + 1, metric_srid=32631)
    lon, lat = to_lattice(np.random.default_rng(3).uniform(-0.02, 0.18, (2, 120_000)))
    whole = coverage.judge(lon, lat, near_limit_m=50, far_limit_m=5000)
    some = np.arange(0, len(lon), 97)
    part = coverage.judge(lon[some], lat[some], near_limit_m=50, far_limit_m=5000)
    for name in ("own", "edge_distance_m", "near_border", "second", "nearest", "outside_m", "far"):
        np.testing.assert_array_equal(getattr(whole, name)[some], getattr(part, name))


@pytest.mark.shared_data
def test_chicago_crimes_agree_with_the_beats_that_the_city_wrote_down(shared_data: Path):
    beats = pyogrio.read_dataframe(shared_data / "boundaries/chicago_beats.gpkg")
    cells, _ = to_cells(beats.geometry.values)
    crimes = pd.read_csv(shared_data / "incidents/chicago_crimes_2019_sample50k.csv.gz", dtype={"beat": str})
    crimes = crimes[crimes.longitude.notna() & (crimes.latitude > 41)]
    coverage = Coverage(cells, np.arange(len(cells)) + 1, metric_srid=32616)
    lon, lat = to_lattice(crimes.longitude), to_lattice(crimes.latitude)
    judged = coverage.judge(lon, lat, near_limit_m=10, far_limit_m=5000)
    owned = np.where(judged.own >= 0, beats.beat_num.to_numpy()[judged.own], "")
    agree = owned == crimes.beat.str.zfill(4).to_numpy()
    assert abs(agree.sum() - 45_341) <= 100
    assert abs((judged.own < 0).sum() - 139) <= 100
    assert abs(judged.near_border.mean() - 0.172) <= 0.002
    assert abs((~agree & ~judged.near_border & (judged.own >= 0)).sum() - 78) <= 100
