"""One border moves: a vertex that grids share goes to another place, and their points are assigned anew."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import shapely

from gis.crs import to_lattice
from gis.locator import OUTSIDE, Locator
from gis.point_store import PointStore
from locating.ground import Floats, Ground, Ints, Shapes

_FAR_M = 15.0
_METRE = 1 / 110_940.0


@dataclass(frozen=True)
class Moved:
    """What the moves took.

    Attributes:
        seconds: Of each move: the locator's update and the points' re-assignment.
        flips: Points that changed hands in all.
        bytes_a_point: The store's, without the locator.
        mismatches: Points that a locator and a store made anew from the moved grids place elsewhere.
    """

    seconds: list[float]
    flips: int
    bytes_a_point: float
    mismatches: int


class Borders:
    """Grids whose shared vertices are moved one after the other, so that they go on to tile the same ground."""

    def __init__(self, cells: Shapes) -> None:
        self.cells = cells.copy()
        self.tree = shapely.STRtree(cells)
        self.rng = np.random.default_rng(11)

    def next_move(self) -> tuple[Ints, Shapes, Shapes]:
        """Which grids share a random vertex, and their ground before and after it moved."""
        while True:
            ring = shapely.get_coordinates(self.cells[self.rng.integers(len(self.cells))])
            vertex = ring[self.rng.integers(len(ring))]
            to = to_lattice(vertex + self.rng.uniform(-_FAR_M, _FAR_M, 2) * _METRE)
            # The tree knows the grids as they were; no border has moved farther than a few times.
            near = self.tree.query(shapely.box(*vertex, *vertex).buffer(10 * _FAR_M * _METRE))
            at = np.array([one for one in near if (shapely.get_coordinates(self.cells[one]) == vertex).all(1).any()])
            before = self.cells[at]
            after = _with_vertex_moved(before, vertex, to)
            if len(at) > 1 and _same_ground(before, after):
                self.cells[at] = after
                return at, before, after


def _with_vertex_moved(cells: Shapes, vertex: Floats, to: Floats) -> Shapes:
    return np.asarray(shapely.transform(cells, lambda xy: np.where((xy == vertex).all(1)[:, None], to, xy)))


def _same_ground(before: Shapes, after: Shapes) -> bool:
    """Whether cells still tile what they tiled, to the last vertex of its rim."""
    if not (shapely.is_valid(after).all() and shapely.coverage_is_valid(after)):
        return False
    rims = [shapely.normalize(shapely.coverage_union_all(cells)) for cells in (before, after)]
    return bool(shapely.equals_exact(*rims))


def move(ground: Ground, count: int) -> Moved:
    """Move so many vertices under a store of all points."""
    locator = Locator(ground.cells, ground.grid_no)
    store = PointStore(locator, ground.lon, ground.lat)
    borders = Borders(ground.cells)
    seconds: list[float] = []
    flips = 0
    for _ in range(count):
        at, before, after = borders.next_move()
        touched = ground.grid_no[at]
        start = time.perf_counter()
        moved = locator.replace(before, after, touched)
        changed = store.reassign(moved)
        seconds.append(time.perf_counter() - start)
        flips += len(changed.key)
    kept = np.full(len(ground.lon), OUTSIDE)
    for number in ground.grid_no.tolist():
        kept[store.keys_in(number)] = number
    anew = Locator(borders.cells, ground.grid_no).locate(ground.lon, ground.lat)
    return Moved(seconds, flips, store.nbytes / len(ground.lon), int((kept != anew).sum()))
