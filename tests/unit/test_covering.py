from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings

from gis.covering import Covering
from gis.crs import LATTICE
from gis.locator import OUTSIDE, Locator
from gis.point_store import PointStore
from tests.coverages import coverages


@settings(max_examples=60, deadline=None)
@given(coverages())
def test_hostile_points_have_the_owners_that_the_locator_finds(drawn):
    covering, locator = Covering(drawn.cells, drawn.grid_no), Locator(drawn.cells, drawn.grid_no)
    assert covering.ranks(drawn.lon, drawn.lat).tolist() == locator.ranks(drawn.lon, drawn.lat).tolist()


def test_where_grids_overlap_the_lowest_number_owns_the_point():
    covering = Covering(shapely.box([0, 1, 1], [0, 0, 5], [2, 3, 2], [1, 1, 6]), [7, 3, 5], also=[4])
    assert covering.grid_no.tolist() == [3, 4, 5, 7]
    assert covering.ranks([0.5, 1.5, 1.5, 9], [0.5, 0.5, 5.5, 9]).tolist() == [3, 0, 2, OUTSIDE]


def test_a_store_of_points_takes_it_for_a_locator():
    covering = Covering(shapely.box([10, 11], 20, [12, 13], 21), [2, 1])
    lon, lat = np.random.default_rng(5).integers(10 * 2**24, 13 * 2**24, 50) * LATTICE, np.full(50, 20.5)
    store = PointStore(covering, lon, lat)
    held = store.within([1, 2], (10, 20, 13, 21))
    assert sorted(held.key.tolist()) == list(range(50))
    assert (held.grid_no == np.where(held.lon >= 11, 1, 2)).all()
    assert (held.lat == 20.5).all()


def test_cells_that_others_look_at_too_are_left_as_they_are():
    cells = shapely.box([0, 1], 0, [2, 3], 1)
    Covering(cells, [7, 3]).ranks([0.5, 1.5], [0.5, 0.5])
    assert not shapely.is_prepared(cells).any()
