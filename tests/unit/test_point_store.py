from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.locator import OUTSIDE, Locator
from gis.point_store import PointStore
from tests.meshes import Mesh


def follows_every_move(*, edits: int, points: int) -> None:
    mesh = Mesh(np.random.default_rng(edits), across=10, owners=12)
    locator = Locator(*mesh.cells())
    lon, lat = mesh.points(points)
    store = PointStore(locator, lon, lat)
    number = locator.locate(lon, lat)
    cells = {owner: mesh.cell(owner) for owner in range(1, mesh.owners + 1)}
    for _ in range(edits):
        touched = mesh.edit()
        before = [cells[owner] for owner in touched]
        cells |= {owner: mesh.cell(owner) for owner in touched}
        flips = store.reassign(locator.replace(before, [cells[owner] for owner in touched], touched))
        assert (number[flips.key] == flips.before).all()
        number[flips.key] = flips.after
        assert len(set(flips.key.tolist())) == len(flips.key)
    np.testing.assert_array_equal(number, Locator(*mesh.cells()).locate(lon, lat))
    for owner in [*range(1, mesh.owners + 1), OUTSIDE]:
        assert sorted(store.keys_in(owner).tolist()) == np.flatnonzero(number == owner).tolist()


def test_after_five_hundred_moves_every_point_lies_where_a_rebuild_puts_it():
    follows_every_move(edits=500, points=10_000)


@pytest.mark.long
def test_after_twenty_thousand_moves_every_point_lies_where_a_rebuild_puts_it():
    follows_every_move(edits=20_000, points=30_000)


def test_a_point_takes_at_most_forty_bytes():
    locator = Locator(shapely.box([0, 1], 0, [1, 2], 1), [1, 2])
    lon, lat = np.random.default_rng(1).uniform(0, 2, (2, 100_000))
    assert PointStore(locator, lon, lat).nbytes <= 40 * 100_000


def test_points_keep_their_keys_and_those_of_nobody_can_be_won():
    locator = Locator(shapely.box([0, 1], 0, [1, 2], 1), [1, 2])
    store = PointStore(locator, [0.5, 2.01, 2.01, np.nan], [0.5, 0.5, 1.5, 0.5], keys=[40, 30, 20, 10])
    assert sorted(store.keys_in(OUTSIDE).tolist()) == [10, 20, 30]
    flips = store.reassign(locator.replace([shapely.box(1, 0, 2, 1)], [shapely.box(1, 0, 2.0625, 1)], [2]))
    assert (flips.key.tolist(), flips.before.tolist(), flips.after.tolist()) == ([30], [OUTSIDE], [2])
    assert store.keys_in(2).tolist() == [30]


def test_points_get_other_keys_where_they_lie():
    locator = Locator(shapely.box([0, 1], 0, [1, 2], 1), [1, 2])
    store = PointStore(locator, [0.5, 1.5, 1.5, 5.0], [0.5, 0.5, 0.25, 0.5], keys=[40, 30, 20, 10])
    lon, lat = np.array([1.5, 5.0, 0.5]), np.array([0.5, 0.5, 0.5])
    grids, known = store.rename(lon, lat, np.array([30, 10, 99]), np.array([31, 11, 98]))
    assert (grids.tolist(), known.tolist()) == ([2, OUTSIDE, 1], [True, True, False])
    assert [sorted(store.keys_in(number).tolist()) for number in (1, 2, OUTSIDE)] == [[40], [20, 31], [11]]


def test_no_points_are_fine():
    locator = Locator(shapely.box([0, 1], 0, [1, 2], 1), [1, 2])
    store = PointStore(locator, [], [])
    moved = locator.replace([shapely.box(1, 0, 2, 1)], [shapely.box(1, 0, 1.5, 1)], [2])
    assert store.reassign(moved).key.tolist() == []


def test_asking_who_would_flip_changes_nothing_and_says_what_the_move_does():
    before, after = shapely.box([0, 1], 0, [1, 2], 1), shapely.box([0, 0.5], 0, [0.5, 2], 1)
    locator = Locator(before, [1, 2])
    lon, lat = np.random.default_rng(2).uniform([0, -0.1], [2.1, 1], (500, 2)).T
    store = PointStore(locator, lon, lat)
    held = {number: store.keys_in(number).tolist() for number in (1, 2, OUTSIDE)}
    foretold = store.flips(locator.replace(before, after, [1, 2]))
    locator.replace(after, before, [1, 2])
    assert {number: store.keys_in(number).tolist() for number in (1, 2, OUTSIDE)} == held
    moved = store.reassign(locator.replace(before, after, [1, 2]))
    assert len(moved.key) > 50
    assert foretold.key.tolist() == moved.key.tolist()
    assert (foretold.before.tolist(), foretold.after.tolist()) == (moved.before.tolist(), moved.after.tolist())


def test_points_that_come_later_lie_where_the_first_ones_do():
    rng = np.random.default_rng(3)
    locator = Locator(shapely.box([0, 1], 0, [1, 2], 1), [5, 9])
    lon, lat = rng.uniform([-0.5, 0], [2, 1], (900, 2)).T
    whole, grown = PointStore(locator, lon, lat), PointStore(locator, lon[:100], lat[:100])
    for start in range(100, 900, 80):
        some = slice(start, start + 80)
        numbers = grown.add(lon[some], lat[some], np.arange(start, start + 80))
        assert numbers.tolist() == locator.locate(lon[some], lat[some]).tolist()
    for number in (5, 9, OUTSIDE):
        assert sorted(grown.keys_in(number).tolist()) == sorted(whole.keys_in(number).tolist())


def test_points_within_a_box_come_with_their_grids_and_their_very_places():
    locator = Locator(shapely.box([0, 1], 0, [1, 2], 1), [5, 9])
    lon, lat = np.random.default_rng(4).integers(-(2**22), 2**25, (2, 400)) * 2.0**-24
    store = PointStore(locator, lon, lat, keys=np.arange(400) + 7)
    held = store.within([9, OUTSIDE], (0.5, 0.25, 1.5, 0.75))
    inside = (lon >= 1) & (lon <= 1.5) & (lat >= 0.25) & (lat <= 0.75) & (locator.locate(lon, lat) == 9)
    assert sorted(held.key.tolist()) == (np.flatnonzero(inside) + 7).tolist()
    assert set(held.grid_no.tolist()) == {9}
    assert (held.lon == lon[held.key - 7]).all()
    assert (held.lat == lat[held.key - 7]).all()


def test_a_point_on_the_border_of_a_grid_that_stays_as_it_is_goes_to_a_lower_number_that_comes_to_the_border():
    cells = shapely.box([0, 1, 1], [0, 0, 1], [1, 2, 2], [1, 1, 2])
    locator = Locator(cells, [5, 11, 1])
    store = PointStore(locator, [1, 1, 0.5], [0.5, 0, 0.5])
    assert sorted(store.keys_in(5).tolist()) == [0, 1, 2]
    moved = locator.replace([cells[1], cells[2]], [None, shapely.box(1, 0, 2, 2)], [11, 1])
    assert sorted(store.flips(moved).key.tolist()) == [0, 1]
    flips = store.reassign(moved)
    assert (flips.before.tolist(), flips.after.tolist()) == ([5, 5], [1, 1])
    assert sorted(store.keys_in(1).tolist()) == [0, 1]
