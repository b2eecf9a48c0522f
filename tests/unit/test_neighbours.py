"""Who lies beside whom: from the edge table, equal to what geometry says pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.crs import LATTICE
from gis.neighbours import Neighbours, neighbours_of, shared_corners, shared_edges
from tests.meshes import Mesh


def pairs_of(found: Neighbours) -> set[tuple[int, int]]:
    one = np.repeat(np.arange(len(found)), found.count)
    return set(zip(one.tolist(), found.indices.tolist(), strict=True))


def pairs_by_geometry(cells: np.ndarray) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Those that share a line and those that share anything, by predicates on every two."""
    one, other = np.nonzero(~np.eye(len(cells), dtype=bool))
    touch = shapely.intersects(cells[one], cells[other])
    line = shapely.length(shapely.intersection(cells[one], cells[other])) > 0
    together = np.column_stack([one, other])
    return set(map(tuple, together[line].tolist())), set(map(tuple, together[touch].tolist()))


def in_degrees(*polygons: list[tuple[int, int]]) -> np.ndarray:
    """Polygons from lattice units."""
    return np.array([shapely.Polygon(np.array(one) * LATTICE) for one in polygons], dtype=object)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 6))
def test_cells_with_holes_islands_and_touching_corners_have_the_neighbours_that_geometry_says(seed, edits):
    mesh = Mesh(np.random.default_rng(seed), across=5, owners=7)
    for _ in range(edits):
        mesh.edit()
    cells, _ = mesh.cells()
    edges, anything = pairs_by_geometry(cells)
    assert pairs_of(shared_edges(cells)) == edges
    assert pairs_of(shared_corners(cells)) == anything


def test_a_vertex_that_only_one_side_has_hides_no_neighbour_even_where_it_was_rounded_off_the_edge():
    # From (0, 0) to (30001, 10000) no lattice point lies on the line: (15000, 5000) is a third of a unit beside it.
    whole = [(0, 0), (30001, 10000), (0, 10000)]
    lower, upper = [(0, 0), (15000, 0), (15000, 5000)], [(15000, 0), (30001, 10000), (15000, 5000)]
    cells = in_degrees(whole, lower, upper)
    assert pairs_of(shared_edges(cells)) == {(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)}
    # A cell that ends with its tip in the middle of such an edge shares a point of it and no more.
    tip = in_degrees(whole, [(0, 0), (14000, 0), (15000, 5000)], [(14000, 0), (16000, 0), (15000, 5000)])
    tip = np.append(tip, in_degrees([(16000, 0), (30001, 10000), (15000, 5000)]))
    assert pairs_of(shared_corners(tip)) - pairs_of(shared_edges(tip)) == {(0, 2), (2, 0), (1, 3), (3, 1)}


def test_neighbours_may_share_one_lattice_unit_of_border_and_a_corner_is_none():
    unit = [(0, 0), (9, 0), (9, 9), (0, 9)], [(9, 9), (9, 8), (20, 8), (20, 9)], [(9, 9), (20, 20), (9, 20)]
    cells = in_degrees([*unit[0][:2], (9, 8), *unit[0][2:]], *unit[1:])
    assert pairs_of(shared_edges(cells)) == {(0, 1), (1, 0)}
    assert pairs_of(shared_corners(cells)) == {(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)}


def test_grids_on_the_same_ground_are_all_beside_each_other_and_missing_ones_are_islands():
    box = shapely.box(0, 0, 1, 1)
    found = shared_edges([box, box, None, box, shapely.Polygon(), shapely.box(5, 5, 6, 6)])
    assert found.count.tolist() == [2, 2, 0, 2, 0, 0]
    assert found.islands.tolist() == [False, False, True, False, True, True]
    assert shared_corners([box, None]).islands.tolist() == [True, True]
    assert [len(one) for one in (shared_edges([]), shared_corners([]), shared_edges([None]))] == [0, 0, 1]


def test_columns_are_summed_each_by_itself_and_some_grids_stand_alone_without_the_others():
    ring = neighbours_of([(0, 1), (1, 2), (2, 3), (3, 0)], 4)
    columns = np.array([[1.0, 0.0], [2.0, 1.0], [4.0, 0.0], [8.0, 5.0]])
    assert ring.sums(columns).tolist() == [[10.0, 6.0], [5.0, 0.0], [10.0, 6.0], [5.0, 0.0]]
    assert pairs_of(ring.among([True, True, False, True])) == {(0, 1), (1, 0), (0, 2), (2, 0)}
    assert len(ring.among([False] * 4)) == 0
    with pytest.raises(ValueError, match="dimension"):
        ring.sums([1.0])
