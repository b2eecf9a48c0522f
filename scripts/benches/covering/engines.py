"""Ours and the forms of shapely: each has its index built first and is then asked for the share of every grid.

Shapely buffers what is near a grid, grid by grid, without a loop in Python. The legs are buffered one by one and
united, or joined to walks first, which are buffered as one: faster by far, and a little off, because GEOS simplifies a
line before it buffers it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import shapely

from covering.town import Floats, Ints, Shapes, Town
from gis.cover import Ground
from gis.cover_near import Buildings, Lines

REACH_M = 30.0
_CELLS_AT_ONCE = 100
EXACT_SEGMENTS = 64


class Ours:
    """The rows."""

    def __init__(self, town: Town) -> None:
        self.town, self.ground = town, Ground(town.cells)

    def run(self) -> None:
        self.found = self.ground.covered(self.town.legs, reach_m=REACH_M)

    def shares(self) -> Floats:
        every = np.zeros(len(self.town.cells))
        every[self.found.cell] = self.found.share
        return every


class OfLegs:
    """Shapely: each leg buffered, united grid by grid."""

    def __init__(self, town: Town, *, threads: int, segments: int = 8) -> None:
        self.town, self.threads, self.segments = town, threads, segments
        self.lines = shapely.linestrings(town.legs.reshape(-1, 2, 2))
        self.tree = shapely.STRtree(self.lines)
        self.tree.query(town.cells[:1])
        self.area = shapely.area(town.cells)

    def run(self) -> None:
        count = len(self.town.cells)
        spans = [slice(start, start + _CELLS_AT_ONCE) for start in range(0, count, _CELLS_AT_ONCE)]
        with ThreadPoolExecutor(self.threads) as pool:
            self.found = np.concatenate(list(pool.map(lambda span: self._share(self.town.cells[span]), spans)))

    def shares(self) -> Floats:
        return self.found / self.area

    def _share(self, cells: Shapes) -> Floats:
        cell, leg = self.tree.query(cells, predicate="dwithin", distance=REACH_M)
        order = np.lexsort((leg, cell))
        cell, leg = cell[order], leg[order]
        area = np.zeros(len(cells))
        if len(cell):
            some, around = self._around(cell, leg)
            area[some] = shapely.area(shapely.intersection(around, cells[some]))
        return area

    def _around(self, cell: Ints, leg: Ints) -> tuple[Ints, Shapes]:
        """Cells, and what lies within reach of the legs near each."""
        each = shapely.buffer(self.lines[leg], REACH_M, quad_segs=self.segments)
        some, first = np.unique(cell, return_index=True)
        return some, np.array([shapely.union_all(part) for part in np.split(each, first[1:])], dtype=object)


class OfWalks(OfLegs):
    """Shapely: legs that follow each other joined to walks, all walks near a grid buffered as one."""

    def _around(self, cell: Ints, leg: Ints) -> tuple[Ints, Shapes]:
        of = self.town.track[leg]
        new = (np.diff(cell, prepend=-1) != 0) | (np.diff(leg, prepend=-2) != 1) | (np.diff(of, prepend=-1) != 0)
        last = np.cumsum(1 + new) - 1
        xy = np.empty((last[-1] + 1, 2))
        xy[last], xy[last[new] - 1] = self.town.legs[leg, 2:], self.town.legs[leg[new], :2]
        walks = shapely.linestrings(xy, indices=np.repeat(np.cumsum(new) - 1, 1 + new))
        some, place = np.unique(cell[new], return_inverse=True)
        return some, shapely.buffer(shapely.multilinestrings(walks, indices=place), REACH_M, quad_segs=self.segments)


def exact(town: Town) -> Floats:
    """What both are held against."""
    engine = OfLegs(town, threads=2, segments=EXACT_SEGMENTS)
    engine.run()
    return engine.shares()


class OurStreets:
    """Ours, by the metre."""

    def __init__(self, town: Town) -> None:
        self.town, self.lines = town, Lines(town.streets)

    def run(self) -> None:
        self.found = self.lines.reached(self.town.legs, reach_m=REACH_M)

    def metres(self) -> Floats:
        every = np.zeros(len(self.town.streets))
        every[self.found.line] = self.found.length_m
        return every


class TheirStreets(OfWalks):
    """Shapely: each street cut by the buffered walks near it."""

    def run(self) -> None:
        self.found = self.metres_of(self.town.streets)

    def metres_of(self, streets: Shapes) -> Floats:
        street, leg = self.tree.query(streets, predicate="dwithin", distance=REACH_M)
        order = np.lexsort((leg, street))
        metres = np.zeros(len(streets))
        if len(street):
            some, around = self._around(street[order], leg[order])
            metres[some] = shapely.length(shapely.intersection(around, streets[some]))
        return metres


class ExactStreets(TheirStreets):
    """Each street cut by the legs near it, buffered one by one with many segments."""

    def _around(self, cell: Ints, leg: Ints) -> tuple[Ints, Shapes]:
        return OfLegs._around(self, cell, leg)


class OurBuildings:
    """Ours, reached or not."""

    def __init__(self, town: Town) -> None:
        self.town, self.houses = town, Buildings(town.buildings)

    def run(self) -> None:
        self.found = self.houses.reached(self.town.legs, reach_m=REACH_M)[1]


class TheirBuildings(OfLegs):
    """Shapely: buildings asked of a tree of the legs."""

    def run(self) -> None:
        self.found = np.unique(self.tree.query(self.town.buildings, predicate="dwithin", distance=REACH_M)[0])
