"""A draft's ground lies over its base: what an edit can reach is found without a look at the rest of the city."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep
from uuid import uuid4

import numpy as np
import pytest
import shapely
from shapely import STRtree

from gis.crs import LATTICE
from gis.kept import Kept
from layers.grids.versions import Grids, Version
from layers.rezoning.ground import Base, Ground
from tests.meshes import Mesh


def base_over(cells: dict[int, shapely.MultiPolygon]) -> Base:
    """A base that no database holds."""
    number = np.array(list(cells), dtype=np.int64)
    names = np.array([f"P{one}" for one in cells], dtype=object)
    return Base(
        scheme_id=1,
        tree="town",
        metric_srid=4547,
        version=Version(1, None, None, uuid4()),
        grids=Grids(number, number, names, names),
        cells=cells,
        boxes=STRtree(list(cells.values())),
        highest_no=int(number.max()),
    )


def meets(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Whether boxes meet, up to two lattice steps."""
    return (
        shapely.box(*one.bounds)
        .buffer(2 * LATTICE, cap_style="square", join_style="mitre")
        .intersects(shapely.box(*other.bounds))
    )


@pytest.mark.parametrize("seed", range(8))
def test_around_are_the_grids_whose_box_is_met_and_their_neighbours(seed):
    rng = np.random.default_rng(seed)
    mesh = Mesh(rng, across=14, owners=60)
    geoms, numbers = mesh.cells()
    cells = dict(zip(numbers.tolist(), geoms.tolist(), strict=True))
    ended, moved, new = numbers[3], numbers[7], max(numbers) + 5
    far = shapely.transform(cells[moved], lambda xy: xy + 3 * LATTICE * mesh.size)
    ground = Ground(base_over(cells), {ended: None, moved: far, new: cells[ended]})
    assert ground.numbers == sorted(set(numbers) - {ended} | {new})
    assert dict(ground) == {**{n: cell for n, cell in cells.items() if n != ended}, moved: far, new: cells[ended]}
    assert len(ground) == len(ground.numbers)
    assert ground.next_no == new + 1
    west, south, east, north = shapely.total_bounds(geoms)
    for _ in range(20):
        x, y = rng.uniform((west, south), (east, north))
        shape = shapely.box(x, y, x + rng.exponential(20) * LATTICE * 256, y + rng.exponential(20) * LATTICE * 256)
        met = [cell for cell in ground.values() if meets(cell, shape)]
        expected = [number for number, cell in ground.items() if any(meets(cell, one) for one in met)]
        assert list(ground.around([shape])) == expected
        assert all(ground.around([shape])[number] is ground[number] for number in expected)


def test_around_nothing_is_nothing():
    ground = Ground(base_over({1: shapely.box(0, 0, 1, 1)}), {})
    assert ground.around([]) == {}
    assert ground.around([shapely.Point(5, 5)]) == {}
    assert ground.beside([7]) == {}


def test_a_thing_is_made_once_however_many_ask_at_once():
    kept, made, start = Kept[int](most=2), [], Barrier(8)

    def make() -> int:
        made.append(1)
        sleep(0.05)
        return 42

    def ask(_: int) -> int:
        start.wait()
        return kept.get("answer", make)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [42] * 8
    assert made == [1]


def test_what_could_not_be_made_is_made_when_asked_again():
    kept = Kept[int](most=2)
    with pytest.raises(ZeroDivisionError):
        kept.get("answer", lambda: 1 // 0)
    assert kept.get("answer", lambda: 42) == 42


def test_what_was_used_longest_ago_is_forgotten_first():
    kept, made = Kept[str](most=2), []

    def get(key: str) -> str:
        return kept.get(key, lambda: made.append(key) or key)

    assert [get(key) for key in "abacab"] == list("abacab")
    assert made == ["a", "b", "c", "b"]
