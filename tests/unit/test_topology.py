from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.crs import LATTICE, on_lattice
from gis.shapes import densify, to_cells
from gis.topology import nesting, parents_by_union, problems
from tests.coverages import coverages

SRID = 32631


def kinds(found):
    return Counter(one.kind for one in found)


def read_cells(path: Path, *, crs: int | None = None, encoding: str | None = None):
    frame = pyogrio.read_dataframe(path, encoding=encoding)
    cells, _ = to_cells(densify(frame.geometry.values, source_crs=crs or frame.crs))
    return frame, cells


def gap_ground(cells):
    """The holes of the union, by the slow way."""
    blocks = shapely.get_parts(shapely.union_all(cells))
    filled = shapely.union_all([shapely.Polygon(block.exterior) for block in blocks])
    return shapely.difference(filled, shapely.union_all(blocks)).area


@settings(max_examples=150, deadline=None)
@given(coverages(points=3))
def test_the_gaps_and_holes_of_a_clean_coverage_are_its_missing_ground(drawn):
    found = problems(drawn.cells, metric_srid=drawn.metric_srid, labels=range(len(drawn.cells)))
    assert set(kinds(found)) <= {"gap", "hole"}
    assert sum(one.where.area for one in found) == pytest.approx(gap_ground(drawn.cells), rel=1e-9, abs=0)
    for one in found:
        assert (one.kind == "hole") == (len(one.labels) == 1)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 8)] * 4), min_size=2, max_size=5))
def test_every_pair_of_overlapping_cells_is_found_and_no_other(corners):
    scale = 0.001
    cells = [shapely.box(x * scale, y * scale, (x + w + 1) * scale, (y + h + 1) * scale) for x, y, w, h in corners]
    cells, _ = to_cells(cells)
    expected = {
        (one, other): cells[one].intersection(cells[other]).area
        for one in range(len(cells))
        for other in range(one + 1, len(cells))
        if cells[one].intersection(cells[other]).area > 0
    }
    found = {
        one.labels: one.where.area
        for one in problems(cells, metric_srid=SRID, labels=range(len(cells)))
        if one.kind == "overlap"
    }
    assert found == pytest.approx(expected)


def test_a_cell_inside_another_and_a_cell_given_twice_are_overlaps():
    cells, _ = to_cells(
        [shapely.box(0, 0, 3, 3), shapely.box(1, 1, 2, 2), shapely.box(5, 0, 6, 1), shapely.box(5, 0, 6, 1)]
    )
    found = problems(cells, metric_srid=SRID, labels=["big", "small", "once", "twice"])
    assert {one.labels for one in found} == {("big", "small"), ("once", "twice")}
    assert kinds(found) == {"overlap": 2}


def test_a_gap_between_cells_is_told_with_its_place_area_and_width():
    left, right = shapely.box(0, 0, 0.01, 0.03), shapely.box(0.02, 0, 0.03, 0.03)
    lids = [shapely.box(0.01, 0, 0.02, 0.01), shapely.box(0.01, 0.02, 0.02, 0.03)]
    cells, _ = to_cells([left, right, *lids])
    (gap,) = [one for one in problems(cells, metric_srid=SRID, labels="lrbt") if one.kind == "gap"]
    assert gap.labels == ("l", "r", "b", "t")
    assert gap.area_m2 == pytest.approx(1111 * 1107, rel=0.01)
    assert gap.width_m == pytest.approx(555, rel=0.01)
    assert gap.where.centroid.distance(shapely.Point(0.015, 0.015)) < 1e-6


def test_an_island_in_a_hole_is_not_counted_as_missing_ground():
    ring = shapely.box(0, 0, 5, 5).difference(shapely.box(1, 1, 4, 4))
    cells, _ = to_cells([ring, shapely.box(2, 2, 3, 3)])
    (gap,) = problems(cells, metric_srid=SRID, labels=["ring", "island"])
    assert (gap.kind, gap.labels, gap.where.area) == ("gap", ("ring", "island"), 8.0)


def test_a_hole_in_one_cell_is_only_for_information():
    cells, _ = to_cells([shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))])
    (hole,) = problems(cells, metric_srid=SRID, labels=["only"])
    assert (hole.kind, hole.labels) == ("hole", ("only",))


@pytest.mark.parametrize("aside", [-1, 0, 1])
def test_a_vertex_that_the_neighbour_lacks_is_a_t_junction_even_one_lattice_unit_aside(aside):
    vertex = (1 + aside * LATTICE, 1.0)
    left = shapely.Polygon([(0, 0), (1, 0), vertex, (1, 2), (0, 2)])
    right = shapely.box(1, 0, 2, 2)
    found = problems(to_cells([left, right])[0], metric_srid=SRID, labels=["left", "right"])
    assert [(one.kind, one.labels, one.where.wkt) for one in found] == [
        ("t_junction", ("left", "right"), shapely.MultiPoint([vertex]).wkt)
    ]


def test_an_invalid_cell_is_told_with_its_place_and_the_others_are_checked():
    bow_tie = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    found = problems([bow_tie, shapely.box(5, 5, 7, 7), shapely.box(6, 5, 8, 7)], metric_srid=SRID, labels="abc")
    assert [(one.kind, one.labels) for one in found] == [("invalid", ("a",)), ("overlap", ("b", "c"))]
    assert found[0].where.wkt == "POINT (1 1)"


def test_no_cells_have_no_problems():
    assert problems([], metric_srid=SRID, labels=[]) == []


def test_a_parent_that_is_not_its_children_is_listed_with_the_ground_in_question():
    children = shapely.box([0.0, 0.01, 1.0], 0, [0.01, 0.02, 1.01], 0.01)
    parents = [shapely.box(0, 0, 0.02, 0.01), shapely.box(1, 0, 1.0101, 0.01), shapely.box(7, 7, 8, 8)]
    (excess,) = nesting(children, [0, 0, 1], parents, metric_srid=SRID)
    assert (excess.parent, excess.outside_m2) == (1, 0.0)
    assert excess.uncovered_m2 == pytest.approx(0.0001 * 0.01 * 111_320**2, rel=0.01)
    assert excess.ratio_m == pytest.approx(excess.uncovered_m2 / 4_440, rel=0.01)
    assert "of it are in no part" in excess.detail


@settings(max_examples=60, deadline=None)
@given(coverages(points=3), st.integers(1, 3))
def test_parents_made_by_union_nest_and_share_their_borders(drawn, count):
    codes = [str(row % count) for row in range(len(drawn.cells))]
    made = parents_by_union(drawn.cells, codes)
    parents = np.array(list(made.values()), dtype=object)
    assert list(made) == sorted(set(codes))
    assert on_lattice(shapely.get_coordinates(parents)).all()
    assert shapely.coverage_is_valid(parents)
    order = [list(made).index(code) for code in codes]
    assert nesting(drawn.cells, order, parents, metric_srid=drawn.metric_srid) == []


@pytest.mark.shared_data
def test_chicago_beats_tile_and_make_their_districts(shared_data: Path):
    frame, cells = read_cells(shared_data / "boundaries/chicago_beats.gpkg")
    assert problems(cells, metric_srid=32616, labels=frame.beat_num) == []
    assert len(parents_by_union(cells, frame.district.tolist())) == frame.district.nunique()


@pytest.mark.shared_data
def test_zhengzhou_districts_tile(shared_data: Path):
    frame, cells = read_cells(shared_data / "boundaries/zhengzhou_districts_datav.geojson")
    assert problems(cells, metric_srid=4547, labels=frame.name) == []


@pytest.mark.shared_data
def test_denver_has_ten_holes_of_which_three_lie_between_precincts(shared_data: Path):
    frame, cells = read_cells(shared_data / "bad/DenverCo_precincts2018_orig.zip")
    found = problems(cells, metric_srid=32613, labels=frame.PRECID)
    assert kinds(found) == {"gap": 3, "hole": 7}
    # The outlines of the ten holes hold 3,193,067 m²; one of them has a precinct of 41,337 m² as an island.
    assert sum(one.area_m2 for one in found) == pytest.approx(3_193_067 - 41_337, rel=0.001)


@pytest.mark.shared_data
def test_tainan_villages_have_slivers_and_one_real_gap(shared_data: Path):
    frame, cells = read_cells(shared_data / "bad/tainan_villages_big5_twd97.zip", crs=3826, encoding="big5")
    found = problems(cells, metric_srid=3826, labels=frame.V_ID)
    gaps = [one for one in found if one.kind == "gap"]
    assert gaps[0].area_m2 == pytest.approx(17_215.6, rel=0.001)
    assert sum(one.area_m2 for one in gaps[1:]) < 5
    assert 0 < sum(one.area_m2 for one in found if one.kind == "overlap") < 14.3
    towns = parents_by_union(cells, frame.TOWN_ID.tolist())
    order = [list(towns).index(code) for code in frame.TOWN_ID]
    worst = nesting(cells, order, list(towns.values()), metric_srid=3826)
    assert len(towns) == 37
    assert all(one.ratio_m < 0.1 for one in worst)
