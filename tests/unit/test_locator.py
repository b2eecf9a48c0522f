from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from data.sample_town.tessellation import tessellation
from gis.crs import LATTICE, to_lattice
from gis.errors import GridError
from gis.locator import OUTSIDE, Locator
from gis.raster import Raster
from tests.coverages import coverages, owner_by_integers
from tests.meshes import Mesh


def owners_by_geos(cells: np.ndarray, grid_no: np.ndarray, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    point, cell = shapely.STRtree(cells).query(shapely.points(lon, lat), predicate="intersects")
    lowest = np.full(len(lon), np.iinfo(np.int64).max)
    np.minimum.at(lowest, point, np.asarray(grid_no, dtype=np.int64)[cell])
    return np.where(lowest == np.iinfo(np.int64).max, OUTSIDE, lowest)


def what_its_raster_says(locator: Locator) -> tuple[object, ...]:
    """The frame of a raster, and of each of its cells the number at the centre and the edges, in no order."""
    raster, number = locator.raster, [0, *locator.grid_no.tolist()]
    said = []
    for value in raster.table[:-1].tolist():
        start, count, _, at_centre = raster.border[-value - 1].tolist() if value < 0 else (0, 0, 0, value)
        edges = [
            (*ends, number[left], number[right]) for *ends, left, right in raster.edges[start : start + count].tolist()
        ]
        assert len(set(edges)) == count
        said.append((number[at_centre], frozenset(edges)))
    return raster.origin, raster.shift, raster.columns, said


def corners_of_raster_cells(raster: Raster, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points on the lines between raster cells, many of them where four meet, some one unit aside."""
    size = 1 << raster.shift
    x = rng.integers(0, raster.columns, count) * size + rng.choice([0, 0, 0, -1, 1, 7], count)
    y = rng.integers(0, raster.rows, count) * size + rng.choice([0, 0, 0, -1, 1, 7], count)
    return (x + raster.origin[0]) * LATTICE, (y + raster.origin[1]) * LATTICE


@settings(max_examples=150, deadline=None)
@given(coverages())
def test_hostile_points_have_the_owner_that_exact_integers_say(drawn):
    expected = [owner_by_integers(drawn, x, y) for x, y in zip(drawn.lon, drawn.lat, strict=True)]
    numbers = [OUTSIDE if row < 0 else drawn.grid_no[row] for row in expected]
    assert Locator(drawn.cells, drawn.grid_no).locate(drawn.lon, drawn.lat).tolist() == numbers


@settings(max_examples=40, deadline=None)
@given(coverages())
def test_points_on_the_borders_of_raster_cells_have_the_owner_that_exact_integers_say(drawn):
    if not len(drawn.cells):
        return
    locator = Locator(drawn.cells, drawn.grid_no)
    lon, lat = corners_of_raster_cells(locator.raster, np.random.default_rng(1), 150)
    near = (np.abs(lon - drawn.lon.mean()) < 0.1) & (np.abs(lat - drawn.lat.mean()) < 0.1)
    expected = [owner_by_integers(drawn, x, y) for x, y in zip(lon[near], lat[near], strict=True)]
    numbers = [OUTSIDE if row < 0 else drawn.grid_no[row] for row in expected]
    assert locator.locate(lon[near], lat[near]).tolist() == numbers


def agrees_with_geos(points: int) -> None:
    rng = np.random.default_rng(11)
    cells = tessellation(400, seed=5, holes=30, islands=30)
    # Every third grid gets a second part elsewhere, and some parts touch in a corner only.
    owner = np.where(np.arange(400) % 3 == 0, rng.permutation(400), np.arange(400))
    grouped = [shapely.multipolygons(shapely.get_parts(cells[owner == one])) for one in np.unique(owner)]
    merged = np.array([shapely.coverage_union_all(shapely.get_parts(one)) for one in grouped], dtype=object)
    numbers = rng.permutation(len(merged)) + 1
    locator = Locator(merged, numbers)
    vertices = shapely.get_coordinates(merged)
    west, south, east, north = shapely.total_bounds(merged)
    lon, lat = to_lattice(rng.uniform([west - 0.01, south - 0.01], [east + 0.01, north + 0.01], (points, 2))).T
    on = (
        vertices[rng.integers(len(vertices), size=points // 4)]
        + rng.integers(-1, 1, (points // 4, 2), endpoint=True) * LATTICE
    )
    edge = corners_of_raster_cells(locator.raster, rng, points // 8)
    lon, lat = np.concatenate([lon, on[:, 0], edge[0]]), np.concatenate([lat, on[:, 1], edge[1]])
    assert (shapely.get_num_interior_rings(shapely.get_parts(merged)) > 0).any()
    assert (shapely.get_num_geometries(merged) > 1).any()
    np.testing.assert_array_equal(locator.locate(lon, lat), owners_by_geos(merged, numbers, lon, lat))


def test_holes_islands_and_touching_corners_agree_with_geos():
    agrees_with_geos(60_000)


@pytest.mark.long
def test_holes_islands_and_touching_corners_agree_with_geos_on_a_million_points():
    agrees_with_geos(1_000_000)


def test_grids_of_three_and_of_a_hundred_thousand_vertices():
    angle = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    wave = 0.2 + 0.01 * np.sin(angle * 900)
    star = shapely.Polygon(to_lattice(np.c_[113 + wave * np.cos(angle), 34 + wave * np.sin(angle)]))
    three = shapely.Polygon(to_lattice([(113.5, 34), (113.6, 34), (113.5, 34.1)]))
    assert star.is_valid
    rng = np.random.default_rng(2)
    lon, lat = to_lattice(np.c_[rng.uniform(112.7, 113.7, 2_000), rng.uniform(33.7, 34.3, 2_000)]).T
    cells = np.array([star, three])
    np.testing.assert_array_equal(
        Locator(cells, [2, 1]).locate(lon, lat), owners_by_geos(cells, np.array([2, 1]), lon, lat)
    )


def test_positions_are_rounded_to_the_lattice_before_they_are_placed():
    locator = Locator(shapely.box([0, 1], 0, [1, 2], 1), [2, 1])
    below, above = 1 - LATTICE * 0.49, 1 - LATTICE * 0.51
    assert locator.locate([below, above], [0.5, 0.5]).tolist() == [1, 2]


def test_what_is_no_number_or_far_away_is_outside():
    locator = Locator([shapely.box(0, 0, 1, 1)], [1])
    assert locator.locate([np.nan, np.inf, -np.inf, 179.9, 0.5], [0.5, 0.5, 0.5, 0.5, 1e300]).tolist() == [OUTSIDE] * 5


def test_only_points_exactly_on_an_edge_are_on_the_border():
    locator = Locator(shapely.box([0, 1], 0, [1, 2], 1), [1, 2])
    assert locator.on_border([1, 1 - LATTICE, 0, 2, 2.5], [0.5, 0.5, 0.25, 1, 0.5]).tolist() == [
        True,
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (shapely.box([0, 0.5], 0, [1, 2], 1), "cells_overlap"),
        ([shapely.box(0, 0, 3, 3), shapely.box(1, 1, 2, 2)], "cells_overlap"),
        ([shapely.box(0, 0, 3, 3), shapely.box(0, 0, 3, 3)], "cells_overlap"),
        (shapely.box([0, 4], 0, [1, 4.5], 1), "too_wide"),
        ([shapely.box(0, 0, 1.1, 1)], "off_lattice"),
    ],
)
def test_a_coverage_it_cannot_be_exact_about_is_refused(cells, code):
    with pytest.raises(GridError) as refused:
        Locator(cells, np.arange(len(cells)) + 1)
    assert refused.value.code == code


def test_a_vertex_that_the_neighbour_lacks_does_no_harm():
    tiles = shapely.box([0, 1, 0], [0, 0, 1], [1, 2, 2], [1, 1, 2])
    assert Locator(tiles, [3, 2, 1]).locate([1, 1, 0.5, 1.5], [1, 0.5, 0.5, 1.0]).tolist() == [1, 2, 3, 1]


def stays_equal_to_a_rebuild(*, edits: int, looks: int) -> None:
    mesh = Mesh(np.random.default_rng(edits), across=14, owners=25)
    locator = Locator(*mesh.cells())
    cells = {owner: mesh.cell(owner) for owner in range(1, mesh.owners + 1)}
    for number in range(1, edits + 1):
        touched = mesh.edit()
        before = [cells[owner] for owner in touched]
        cells |= {owner: mesh.cell(owner) for owner in touched}
        locator.replace(before, [cells[owner] for owner in touched], touched)
        if number % (edits // looks) == 0:
            rebuilt = Locator(*mesh.cells())
            assert what_its_raster_says(locator) == what_its_raster_says(rebuilt)
            lon, lat = mesh.points(2000)
            np.testing.assert_array_equal(locator.locate(lon, lat), owners_by_geos(*mesh.cells(), lon, lat))


def test_after_two_thousand_edits_the_locator_equals_a_rebuild():
    stays_equal_to_a_rebuild(edits=2000, looks=10)


@pytest.mark.long
def test_after_a_hundred_thousand_edits_the_locator_equals_a_rebuild():
    stays_equal_to_a_rebuild(edits=100_000, looks=100)


def two_boxes() -> tuple[Locator, np.ndarray]:
    cells = shapely.box([0, 1], 0, [1, 2], 1)
    return Locator(cells, [7, 3]), cells


def test_a_move_that_would_overlap_is_refused_and_changes_nothing():
    locator, cells = two_boxes()
    said = what_its_raster_says(locator)
    with pytest.raises(GridError) as refused:
        locator.replace(cells[:1], [shapely.box(0, 0, 2, 1)], [7])
    assert refused.value.code == "cells_overlap"
    assert what_its_raster_says(locator) == said


def test_a_move_from_ground_that_is_not_the_grids_is_refused_and_changes_nothing():
    locator, cells = two_boxes()
    said = what_its_raster_says(locator)
    with pytest.raises(GridError) as refused:
        locator.replace([shapely.box(0, 0, 0.5, 1)], cells[:1], [7])
    assert refused.value.code == "not_its_ground"
    assert what_its_raster_says(locator) == said


def test_a_move_out_of_the_frame_is_refused_and_changes_nothing():
    locator, cells = two_boxes()
    with pytest.raises(GridError) as refused:
        locator.replace(cells[:1], [shapely.box(-3, 0, 1, 1)], [7])
    assert refused.value.code == "outside_the_frame"
    assert locator.locate([-1, 0.5], [0.5, 0.5]).tolist() == [OUTSIDE, 7]


def test_a_grid_can_end_and_give_all_its_ground_away():
    locator, cells = two_boxes()
    both = shapely.coverage_union_all(cells)
    moved = locator.replace(cells, [shapely.segmentize(both, 1), None], [7, 3])
    assert locator.locate([0.5, 1.0, 1.5], [0.5, 0.5, 0.5]).tolist() == [7, 7, 7]
    assert not moved.outside


def test_ground_given_up_to_nobody_is_told():
    locator, cells = two_boxes()
    assert locator.replace(cells[:1], [shapely.box(0.5, 0, 1, 1)], [7]).outside
    assert locator.locate([0.25, 0.75], [0.5, 0.5]).tolist() == [OUTSIDE, 7]


def test_a_number_without_ground_is_nobodys_owner_until_it_gets_some():
    locator = Locator(shapely.box([0, 1], 0, [1, 2], 1), [4, 6], also=[5, 6, 8])
    assert locator.locate([0.5, 1, 1.5], [0.5, 0.5, 0.5]).tolist() == [4, 4, 6]
    right, halves = shapely.box(1, 0, 2, 1), shapely.box([1, 1.5], 0, [1.5, 2], 1)
    locator.replace([right, None], halves, [6, 5])
    assert locator.locate([0.5, 1, 1.25, 1.5, 1.75], [0.5] * 5).tolist() == [4, 4, 6, 5, 5]
    locator.replace(halves, [right, None], [6, 5])
    assert locator.locate([1.25, 1.5, 1.75], [0.5] * 3).tolist() == [6, 6, 6]


def test_the_memory_that_a_move_of_many_borders_takes_goes_by_the_borders():
    lines, numbers = np.arange(31) * 2.0**-8, np.arange(1, 901)
    column, row = (some.ravel() for some in np.meshgrid(np.arange(30), np.arange(30)))

    def cells(aside: float) -> Any:
        moved = np.concatenate([lines[:1], lines[1:-1] + aside, lines[-1:]])
        return shapely.box(moved[column], lines[row], moved[column + 1], lines[row + 1])

    before, after = cells(0), cells(2.0**-12)
    locator = Locator(before, numbers)
    held = locator.nbytes
    locator.replace(before, after, numbers)
    assert locator.nbytes < held + 50_000_000
    lon, lat = np.random.default_rng(9).integers(0, 30 * 2**16, (2, 20_000)) * LATTICE
    assert (locator.locate(lon, lat) == Locator(after, numbers).locate(lon, lat)).all()
