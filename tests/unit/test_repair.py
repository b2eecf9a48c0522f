"""Coverages that were broken on purpose, and two real ones, are whole again; what was whole is as it was."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from gis.crs import LATTICE, on_lattice
from gis.errors import BadInput
from gis.metric import to_metric
from gis.repair import Repaired, repair
from gis.shapes import densify, to_cells
from gis.topology import overlapping, problems
from tests.breakages import Broken, broken

SRID = 4547
# Breakages are up to 2.7 m wide; the ground of nobody in the truth is some 200 m wide.
LIMIT_M = 3.0
U = LATTICE


def repaired(cells, *, limit_m: float = 1.0, srid: int = SRID) -> Repaired:
    return repair(cells, metric_srid=srid, labels=range(len(cells)), gap_limit_m=limit_m)


def units(*boxes):
    """Boxes in lattice units north-east of Zhengzhou's lattice point (113.5, 34.5), as cells."""
    return to_cells([box(113.5 + w * U, 34.5 + s * U, 113.5 + e * U, 34.5 + n * U) for w, s, e, n in boxes])[0]


def kinds(found) -> Counter:
    return Counter(one.kind for one in found)


def holes_of(cells):
    return [shapely.Polygon(ring) for part in shapely.get_parts(shapely.union_all(cells)) for ring in part.interiors]


def require_as_before_elsewhere(made: Broken, done: Repaired) -> None:
    """Cells differ from the truth on broken ground, or by a lattice step along a border that now has a new vertex."""
    stray = shapely.difference(shapely.symmetric_difference(done.cells, made.truth), made.ground)
    steps = shapely.boundary(made.truth[shapely.area(stray) > 0]).tolist()
    left = shapely.difference(stray[shapely.area(stray) > 0], shapely.buffer(steps, U))
    assert not shapely.area(left).any()
    for before, after in zip(made.truth, done.cells, strict=True):
        were, are = (shapely.points(shapely.get_coordinates(cell)) for cell in (before, after))
        untouched = [{p.wkt for p in points[~shapely.intersects(made.ground, points)]} for points in (were, are)]
        assert untouched[0] == untouched[1]


def require_restored(seed: int) -> None:
    made = broken(seed)
    truth = problems(made.truth, metric_srid=SRID, labels=range(len(made.truth)))
    assert set(kinds(truth)) <= {"gap", "hole"}
    faults = problems(made.cells, metric_srid=SRID, labels=range(len(made.cells)))
    assert any(one.kind in ("overlap", "t_junction") or one.width_m <= LIMIT_M for one in faults), made.told
    done = repaired(made.cells, limit_m=LIMIT_M)
    assert shapely.coverage_is_valid(done.cells)
    assert shapely.is_valid(done.cells).all()
    assert not shapely.is_empty(done.cells).any()
    assert on_lattice(shapely.get_coordinates(done.cells)).all()
    # What is kept is the ground of nobody that was there before.
    assert set(kinds(done.kept)) <= {"gap", "hole"}
    assert len(done.kept) == len(truth)
    require_as_before_elsewhere(made, done)
    again = repaired(done.cells, limit_m=LIMIT_M)
    assert all(one is other for one, other in zip(again.cells, done.cells, strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_a_broken_coverage_is_restored_and_nothing_else_moves(seed: int):
    require_restored(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20, 200))
def test_many_broken_coverages_are_restored(seed: int):
    require_restored(seed)


@pytest.mark.parametrize(("dx", "dy"), [(1, 0), (-1, 1), (0, -1), (2, 0), (0, 2)])
def test_a_corner_that_one_of_three_cells_has_some_steps_aside_goes_back_to_where_the_others_have_it(dx: int, dy: int):
    truth = units((0, 0, 5000, 5000), (5000, 0, 9000, 5000), (0, 5000, 9000, 9000))
    # The long side of the third cell has the corner too.
    corner = (113.5 + 5000 * U, 34.5 + 5000 * U)
    third = shapely.get_coordinates(truth[2])
    at = next(k for k in range(len(third) - 1) if (third[k : k + 2, 1] == corner[1]).all())
    truth[2] = shapely.MultiPolygon([shapely.Polygon(np.insert(third, at + 1, corner, axis=0))])
    cells = truth.copy()
    step = np.array([dx, dy]) * U
    cells[0] = shapely.transform(truth[0], lambda xy: xy + (xy == corner).all(axis=1)[:, None] * step)
    done = repaired(cells)
    assert done.kept == []
    assert len(done.closed) > 0
    assert all(one.normalize().wkb == other.normalize().wkb for one, other in zip(done.cells, truth, strict=True))


def test_a_t_junction_gets_the_missing_vertex_and_no_ground_moves():
    done = repaired(units((0, 0, 500, 500), (500, 0, 900, 500), (0, 500, 900, 900)))
    assert (kinds(done.closed), done.kept) == ({"t_junction": 2}, [])
    assert done.moved_m2.tolist() == [0, 0, 0]
    assert shapely.get_num_coordinates(done.cells).tolist() == [5, 5, 6]


def test_an_overlap_goes_to_the_cell_with_the_longer_border_along_it():
    # The second cell pokes 20 units into the first, 100 units high: three sides border the first, one the second.
    first, second = units((0, 0, 500, 500), (500, 0, 900, 500))
    poking = shapely.union(second, units((480, 200, 500, 300))[0])
    done = repaired(to_cells([first, poking])[0])
    assert kinds(done.closed)["overlap"] == 1
    assert done.kept == []
    assert [one.area for one in done.cells] == [first.area, second.area]
    assert done.moved_m2[0] == 0
    assert done.moved_m2[1] == pytest.approx(to_metric(units((480, 200, 500, 300)), srid=SRID)[0].area, rel=1e-6)


def test_an_equal_overlap_and_an_equal_gap_go_to_the_lower_index():
    overlap = repaired(units((0, 0, 500, 400), (480, 0, 980, 400)))
    assert shapely.bounds(overlap.cells[0])[2] == 113.5 + 500 * U
    ring = units((0, 0, 1000, 20), (0, 420, 1000, 440))
    gap = repaired([*units((0, 20, 490, 420), (510, 20, 1000, 420)), *ring], limit_m=LIMIT_M)
    assert (kinds(gap.closed)["gap"], gap.kept) == (1, [])
    assert shapely.bounds(gap.cells[0])[2] == 113.5 + 510 * U


def test_a_gap_wider_than_the_limit_is_kept_and_listed_and_a_narrower_one_is_closed():
    walls = units((0, 0, 400, 1000), (600, 0, 1000, 1000), (400, 0, 600, 100), (400, 900, 600, 1000))
    (gap,) = [one for one in problems(walls, metric_srid=SRID, labels=range(4)) if one.kind == "gap"]
    kept = repaired(walls, limit_m=gap.width_m - 0.001)
    assert [(one.kind, one.where.equals(gap.where)) for one in kept.kept] == [("gap", True)]
    closed = repaired(walls, limit_m=gap.width_m + 0.001)
    assert (closed.kept, kinds(closed.closed)["gap"]) == ([], 1)
    assert closed.moved_m2.sum() == pytest.approx(gap.area_m2, rel=1e-6)


def test_a_hole_in_one_cell_is_no_gap_however_narrow():
    cell = shapely.difference(units((0, 0, 500, 500)), units((100, 100, 400, 103)))
    done = repaired(cell)
    assert (kinds(done.kept), done.closed) == ({"hole": 1}, [])
    assert done.cells[0] is cell[0]


def test_cells_that_repaired_ones_enclose_stay_as_they_are():
    # The middle of the two inner cells together lies on the border between them.
    inner = units((0, 0, 100, 100), (100, 0, 200, 100))
    shapes = [
        [(-500, -500), (0, -500), (0, -100), (0, 0), (0, 100), (0, 600), (-500, 600)],
        [(200, -500), (700, -500), (700, 600), (200, 600), (200, 200), (200, 100), (200, 0)],
        [(0, -500), (200, -500), (200, 0), (100, 0), (0, 0), (0, -100), (-20, -300)],
        [(0, 100), (100, 100), (200, 100), (200, 200), (220, 400), (200, 600), (0, 600)],
    ]
    around, _ = to_cells([shapely.Polygon(np.array(shape) * U + (113.5, 34.5)) for shape in shapes])
    cells = np.concatenate([inner, around])
    assert {one.labels for one in problems(cells, metric_srid=SRID, labels=range(6))} == {(2, 4), (3, 5)}
    done = repaired(cells)
    assert done.kept == []
    assert len(done.closed) == 2
    assert all(done.cells[row] is inner[row] for row in (0, 1))


def test_a_cell_inside_another_keeps_its_ground():
    done = repaired(units((0, 0, 900, 900), (200, 200, 500, 500)))
    assert done.kept == []
    assert len(overlapping(done.cells)) == 0
    assert [round(one.area / U**2) for one in done.cells] == [900**2 - 300**2, 300**2]


def test_a_cell_given_twice_is_kept_and_named():
    cells = units((0, 0, 500, 500), (0, 0, 500, 500), (500, 0, 900, 500))
    done = repair(cells, metric_srid=SRID, labels=["once", "twice", "beside"])
    assert [(one.kind, one.labels) for one in done.kept] == [("overlap", ("once", "twice"))]
    assert all(one is other for one, other in zip(done.cells, cells, strict=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 20)] * 4), min_size=2, max_size=6))
def test_whatever_overlaps_no_cell_is_lost_and_what_still_overlaps_is_named(corners):
    cells = units(*[(50 * x, 50 * y, 50 * (x + w + 1), 50 * (y + h + 1)) for x, y, w, h in corners])
    done = repaired(cells)
    assert shapely.is_valid(done.cells).all()
    assert not shapely.is_empty(done.cells).any()
    named = {one.labels for one in done.kept if one.kind == "overlap"}
    assert {tuple(pair) for pair in overlapping(done.cells).tolist()} == named


def test_a_sound_coverage_and_none_at_all_come_out_as_they_went_in():
    cells = units((0, 0, 500, 500), (500, 0, 900, 500))
    done = repaired(cells)
    assert all(one is other for one, other in zip(done.cells, cells, strict=True))
    assert (done.closed, done.kept, done.moved_m2.tolist()) == ([], [], [0, 0])
    assert len(repaired([]).cells) == 0


@pytest.mark.parametrize("limit_m", [-1.0, float("nan"), float("inf")])
def test_a_limit_that_is_no_distance_is_refused(limit_m: float):
    with pytest.raises(BadInput) as caught:
        repaired(units((0, 0, 5, 5)), limit_m=limit_m)
    assert (caught.value.code, caught.value.field) == ("bad_distance", "gap_limit_m")


@pytest.mark.shared_data
@pytest.mark.filterwarnings("ignore:One or several characters")
def test_tainan_loses_its_slivers_and_overlaps_and_keeps_its_one_wide_gap(shared_data: Path):
    frame = pyogrio.read_dataframe(shared_data / "bad/tainan_villages_big5_twd97.zip", encoding="big5")
    plane = np.asarray(frame.geometry.values)
    assert sum(hole.area < 1 for hole in holes_of(plane)) == 190
    assert len(overlapping(plane)) == 74
    cells, _ = to_cells(densify(plane, source_crs=3826))
    done = repair(cells, metric_srid=3826, labels=frame.V_ID.tolist())
    assert len(overlapping(done.cells)) == 0
    assert shapely.coverage_is_valid(done.cells)
    (hole,) = holes_of(done.cells)
    (gap,) = done.kept
    assert (gap.kind, len(gap.labels), hole.equals(gap.where)) == ("gap", 3, True)
    assert gap.area_m2 == pytest.approx(17_215.6, rel=0.001)
    assert not shapely.is_empty(done.cells).any()
    assert 0 < done.moved_m2.sum() < 50
    assert sum(one is not other for one, other in zip(done.cells, cells, strict=True)) < 80


@pytest.mark.shared_data
def test_denver_keeps_its_ten_enclaves_and_every_precinct_as_it_came(shared_data: Path):
    frame = pyogrio.read_dataframe(shared_data / "bad/DenverCo_precincts2018_orig.zip")
    cells, _ = to_cells(densify(frame.geometry.values, source_crs=frame.crs))
    done = repair(cells, metric_srid=32613, labels=frame.PRECID.tolist())
    assert (kinds(done.kept), done.closed) == ({"gap": 3, "hole": 7}, [])
    assert len(done.cells) == 356
    assert all(one is other for one, other in zip(done.cells, cells, strict=True))
