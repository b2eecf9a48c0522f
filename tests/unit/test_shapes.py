from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.crs import LATTICE, on_lattice, transformer
from gis.errors import BadInput
from gis.shapes import densify, merge_code_parts, to_cells, to_lines, to_points


def codes(notes):
    return [(note.row, note.code, note.refused) for note in notes]


def farthest_m(source: shapely.LineString, dense: shapely.LineString, srid: int) -> float:
    """How far the straight source edge, brought to degrees point by point, is from the dense line."""
    along = shapely.get_coordinates(shapely.line_interpolate_point(source, np.linspace(0, 1, 4001), normalized=True))
    lon, lat = transformer(srid, 4326).transform(along[:, 0], along[:, 1])
    squeeze = np.array([np.cos(np.radians(lat.mean())), 1.0]) * 111_320
    flat = shapely.transform(dense, lambda xy: xy * squeeze)
    return float(shapely.distance(shapely.points(np.column_stack([lon, lat]) * squeeze), flat).max())


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([4547, 32616, 3826, 2263, 3857]),
    st.floats(-1, 1),
    st.floats(-1, 1),
    st.floats(0, 2 * np.pi),
    st.sampled_from([30.0, 1000.0, 20_000.0]),
)
def test_a_straight_edge_stays_within_a_centimetre_of_its_stored_form(srid, east, north, angle, length):
    middle = {4547: (5e5, 3.8e6), 32616: (5e5, 4.6e6), 3826: (2.5e5, 2.6e6), 2263: (1e6, 2e5), 3857: (1.26e7, 4.1e6)}
    start = np.array(middle[srid]) + np.array([east, north]) * 50_000
    end = start + length * np.array([np.cos(angle), np.sin(angle)])
    edge = shapely.LineString([start, end])
    dense = densify([edge], source_crs=srid)
    assert farthest_m(edge, to_lines(dense)[0][0], srid) < 0.01


@given(st.lists(st.tuples(st.floats(3e5, 7e5), st.floats(3.5e6, 4e6)), min_size=2, max_size=6, unique=True))
def test_both_sides_of_an_edge_get_the_same_bits(corners):
    line = shapely.LineString(corners)
    there, back = densify([line, line.reverse()], source_crs=4547)
    assert list(there.coords) == list(back.coords)[::-1]


def test_neighbours_in_a_projected_crs_stay_neighbours():
    edges = np.arange(0, 60_000, 20_000)
    cells = [shapely.box(x, y, x + 20_000, y + 20_000) for x in edges + 4e5 for y in edges + 3.8e6]
    stored, notes = to_cells(densify(cells, source_crs=4547))
    assert notes == []
    assert shapely.coverage_is_valid(stored)
    assert shapely.get_num_coordinates(stored).min() >= 100


def test_stored_degrees_pass_through_and_heights_are_dropped():
    high = shapely.from_wkt("POLYGON Z ((0 0 5, 40 0 5, 40 40 5, 0 0 5))")
    assert densify([high], source_crs="OGC:CRS84")[0].wkt == "POLYGON ((0 0, 40 0, 40 40, 0 0))"


def test_a_legacy_system_is_refused():
    with pytest.raises(BadInput) as refused:
        densify([shapely.box(0, 0, 1, 1)], source_crs=2343)
    assert refused.value.code == "legacy_datum"


def test_every_unusable_shape_is_refused_by_name_and_the_others_are_kept():
    with np.errstate(invalid="ignore"):
        no_number = shapely.polygons([(0, 0), (1, 0), (np.nan, 1), (0, 0)])
    shapes, notes = to_cells(
        [
            shapely.box(113, 34, 114, 35),
            None,
            shapely.Polygon(),
            shapely.LineString([(0, 0), (1, 1)]),
            shapely.Point(113, 34).buffer(0.1, quad_segs=64),
            no_number,
            shapely.box(400_000, 3_800_000, 400_100, 3_800_100),
            shapely.box(113, 34, 113 + LATTICE / 8, 34 + LATTICE / 8),
            shapely.GeometryCollection([shapely.box(0, 0, 1, 1)]),
        ],
        max_vertices=200,
    )
    assert codes(notes) == [
        (1, "shape_missing", True),
        (2, "shape_missing", True),
        (3, "shape_wrong_type", True),
        (4, "shape_too_large", True),
        (5, "shape_not_finite", True),
        (6, "shape_out_of_range", True),
        (7, "shape_collapsed", True),
        (8, "shape_wrong_type", True),
    ]
    assert shapely.is_missing(shapes).tolist() == [False] + [True] * 8


def test_a_cell_is_rounded_flat_counter_clockwise_and_without_repeats():
    raw = shapely.from_wkt("POLYGON Z ((0.1 0.1 9, 0.1 0.9 9, 0.1 0.9 9, 0.9 0.9 9, 0.9 0.1 9, 0.1 0.1 9))")
    (cell,), notes = to_cells([raw])
    assert (notes, cell.geom_type, cell.has_z) == ([], "MultiPolygon", False)
    xy = shapely.get_coordinates(cell)
    assert (len(xy), bool(on_lattice(xy).all())) == (5, True)
    assert shapely.is_ccw(cell.geoms[0].exterior)


@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON ((0 0, 2 0, 2 2, 3 3, 2 2, 0 2, 0 0))",
        "POLYGON ((0 0, 4 0, 4 4, 2 4, 3 2, 1 2, 2 4, 0 4, 0 0))",
        "MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((2 0, 3 0, 3 2, 2 2, 2 0)))",
    ],
)
def test_an_outline_that_touches_itself_is_repaired_and_keeps_its_area(wkt):
    raw = shapely.from_wkt(wkt)
    (cell,), notes = to_cells([raw])
    assert codes(notes) == [(0, "shape_repaired", False)]
    assert (cell.is_valid, cell.area) == (True, raw.area)


@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))",
        "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 1 6, 2 6, 2 1, 1 1))",
        "MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((1 1, 3 1, 3 3, 1 3, 1 1)))",
        "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1), (1 1, 2 1, 2 2, 1 2, 1 1))",
    ],
)
def test_an_outline_with_two_readings_is_refused_with_its_place(wkt):
    shapes, notes = to_cells([shapely.from_wkt(wkt)])
    assert codes(notes) == [(0, "shape_ambiguous", True)]
    assert shapes[0] is None
    assert notes[0].where is not None


def test_a_million_vertices_are_the_most():
    angle = np.linspace(0, 2 * np.pi, 1_000_001)
    huge = shapely.polygons(np.column_stack([np.cos(angle), np.sin(angle)]))
    assert codes(to_cells([huge])[1]) == [(0, "shape_too_large", True)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=9))
def test_whatever_comes_in_a_cell_is_valid_on_the_lattice_or_refused(corners):
    raw = shapely.polygons(np.array([*corners, corners[0]]) * LATTICE * 0.7)
    shapes, notes = to_cells([raw])
    refused = [note for note in notes if note.refused]
    assert (shapes[0] is None) == (len(refused) == 1)
    if shapes[0] is not None:
        assert shapely.is_valid(shapes[0])
        assert on_lattice(shapely.get_coordinates(shapes[0])).all()


def test_rows_of_one_code_become_one_shape_unless_they_overlap():
    cells, _ = to_cells([shapely.box(x, 0, x + 1, 1) for x in (0, 5, 1, 4.5, 9, 9)] + [None, shapely.box(20, 0, 21, 1)])
    first, shapes, notes = merge_code_parts(["a", "b", "a", "b", "c", "d", "e", "e"], cells)
    assert first.tolist() == [0, 1, 4, 5, 6]
    assert codes(notes) == [
        (0, "shape_merged", False),
        (1, "shape_parts_overlap", True),
        (6, "shape_part_refused", True),
    ]
    assert shapes[0].equals(shapely.box(0, 0, 2, 1))
    assert notes[1].where is not None
    assert notes[1].where.equals(shapely.box(5, 0, 5.5, 1))


def test_streets_and_positions_are_flat_and_on_the_lattice():
    street = shapely.from_wkt("MULTILINESTRING Z ((0.1 0.1 3, 0.1 0.1 3, 0.2 0.3 3), (5 5 5, 5 5 5))")
    (line, gone), notes = to_lines([street, shapely.LineString([(1, 1), (1, 1)])])
    assert (len(line.geoms), len(line.geoms[0].coords), gone) == (1, 2, None)
    assert codes(notes) == [(1, "shape_collapsed", True)]
    (point, no_point), notes = to_points([shapely.Point(0.1, 0.2, 9), shapely.Point()])
    assert (bool(on_lattice(shapely.get_coordinates(point)).all()), point.has_z, no_point) == (True, False, None)
    assert codes(notes) == [(1, "shape_missing", True)]


@pytest.mark.shared_data
def test_chicago_beats_277_rows_become_275_cells(shared_data: Path):
    beats = pyogrio.read_dataframe(shared_data / "boundaries/chicago_beats.gpkg")
    cells, notes = to_cells(densify(beats.geometry.values, source_crs=beats.crs))
    first, shapes, merged = merge_code_parts(beats.beat_num.tolist(), cells)
    assert (len(cells), notes, len(first), shapely.is_missing(shapes).any()) == (277, [], 275, False)
    assert {note.code for note in merged} == {"shape_merged"}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["beijing_districts_datav", "henan_cities_datav", "nyc_police_precincts"])
def test_real_outlines_that_touch_themselves_are_all_repaired(shared_data: Path, name: str):
    cells, notes = to_cells(pyogrio.read_dataframe(shared_data / f"boundaries/{name}.geojson").geometry.values)
    assert notes
    assert {note.code for note in notes} == {"shape_repaired"}
    assert shapely.is_valid(cells).all()
