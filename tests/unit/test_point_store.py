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
    follows_every_move(edits=500, points=3000)


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


def test_no_points_are_fine():
    locator = Locator(shapely.box([0, 1], 0, [1, 2], 1), [1, 2])
    store = PointStore(locator, [], [])
    moved = locator.replace([shapely.box(1, 0, 2, 1)], [shapely.box(1, 0, 1.5, 1)], [2])
    assert store.reassign(moved).key.tolist() == []
