"""Blocks that plans are made of: which lie beside each other and with how much border, and whose ground each is.

An atom is never cut by a plan. Two are beside each other where they share border, not where they meet in a corner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import STRtree

from gis.contiguity import Beside, pieces
from gis.crs import LATTICE
from gis.edges import Floats
from gis.metric import points_to_metric
from gis.sides import alone, along, sides_of, twins

Ints = NDArray[np.int64]

# A shared border shorter than this is a corner that two files place a little differently.
_CORNER_M = 0.1


@dataclass(frozen=True)
class Links:
    """Atoms that lie beside each other.

    Attributes:
        pairs: Two atoms each (m, 2), the lower first; no pair twice.
        border_m: How much border they share (m,), in metres; 0 for two that stand in for ground that nobody joins.
    """

    pairs: Ints
    border_m: Floats

    def beside(self, count: int) -> Beside:
        """For each of so many atoms, those beside it and the border shared with them.

        >>> Links(np.array([[0, 1]]), np.array([5.0])).beside(3)
        [{1: 5.0}, {0: 5.0}, {}]
        """
        found: Beside = [{} for _ in range(count)]
        for (one, other), metres in zip(self.pairs.tolist(), self.border_m.tolist(), strict=True):
            found[one][other] = metres
            found[other][one] = metres
        return found


def links(atoms: ArrayLike, *, metric_srid: int) -> Links:
    """Which atoms share border, also where one has vertices that the other lacks.

    Args:
        atoms: Polygons (n,) of EPSG:4326 on the lattice, none missing.
        metric_srid: EPSG code of the metric CRS.

    >>> squares = shapely.box([0, 1, 1, 5], [0, 0, 1, 5], [1, 2, 3, 6], [2, 1, 2, 6])
    >>> found = links(squares, metric_srid=32631)
    >>> found.pairs.tolist(), (found.border_m / 1000).round().tolist()
    ([[0, 1], [0, 2], [1, 2]], [111.0, 111.0, 111.0])
    """
    sides = sides_of(atoms)
    one, other = twins(sides)
    first, second, share = along(sides, alone(sides, one, other))
    one, other = np.append(one, first), np.append(other, second)
    share = np.append(np.ones(len(one) - len(share)), share)
    pairs = np.column_stack([sides.cell[one], sides.cell[other]])
    ends = np.stack([sides.start[one], sides.end[one]]) * LATTICE
    x, y = points_to_metric(ends.real, ends.imag, srid=metric_srid)
    return summed(pairs, share * np.hypot(x[1] - x[0], y[1] - y[0]))


def summed(pairs: Ints, border_m: Floats, *, shortest_m: float = _CORNER_M) -> Links:
    """Pieces of border between atoms, each pair once with all its border.

    Args:
        pairs: Atoms (m, 2) on the two sides of each piece.
        border_m: Its length (m,).
        shortest_m: Pairs with less border than this are left out.

    >>> summed(np.array([[1, 0], [0, 1], [2, 2]]), np.array([2.0, 3.0, 9.0]))
    Links(pairs=array([[0, 1]]), border_m=array([5.]))
    """
    other = pairs[:, 0] != pairs[:, 1]
    both, row = np.unique(np.sort(pairs[other], axis=1).astype(np.int64), axis=0, return_inverse=True)
    total = np.bincount(row.ravel(), border_m[other], minlength=len(both)).astype(np.float64)
    enough = total >= shortest_m
    return Links(both.reshape(-1, 2)[enough], total[enough])


def bridged(found: Links, atoms: ArrayLike) -> Links:
    """Links, and between pieces that do not hang together one more, of no length, from an atom to the nearest other.

    Args:
        found: Which atoms share border.
        atoms: Polygons (n,) of EPSG:4326.

    >>> bridged(Links(np.empty((0, 2), dtype=np.int64), np.empty(0)), shapely.box([0, 5, 8], 0, [1, 6, 9], 1))
    Links(pairs=array([[1, 2],
           [0, 1]]), border_m=array([0., 0.]))
    """
    shapes = np.asarray(atoms, dtype=np.object_)
    apart = pieces(found.beside(len(shapes)), set(range(len(shapes))))
    while len(apart) > 1:
        small = apart.pop(min(range(len(apart)), key=lambda row: (len(apart[row]), -row)))
        others = np.array(sorted(set().union(*apart)), dtype=np.int64)
        ours = np.array(sorted(small), dtype=np.int64)
        (one, other), far = STRtree(shapes[others]).query_nearest(shapes[ours], all_matches=False, return_distance=True)
        nearest = int(far.argmin())
        pair = ours[one[nearest]], others[other[nearest]]
        found = Links(np.concatenate([found.pairs, [sorted(pair)]]), np.append(found.border_m, 0.0))
        home = next(piece for piece in apart if int(pair[1]) in piece)
        home |= small
    return found


def homes(atoms: ArrayLike, cells: ArrayLike) -> Ints:
    """The cell that has more than half of each atom, as its place among the cells; -1 where none has.

    Args:
        atoms: Polygons (n,) of EPSG:4326.
        cells: Polygons (m,) of EPSG:4326.

    >>> homes(shapely.box([0, 1, 2, 9], 0, [1, 2.2, 4, 10], 1), shapely.box([0, 2], 0, [2, 3], 1)).tolist()
    [0, 0, -1, -1]
    """
    some, ground = np.asarray(atoms, dtype=np.object_), np.asarray(cells, dtype=np.object_)
    home = np.full(len(some), -1, dtype=np.int64)
    cell, inside = STRtree(some).query(ground, predicate="covers")
    home[inside] = cell
    astride = np.flatnonzero(home < 0)
    cell, row = STRtree(some[astride]).query(ground, predicate="intersects")
    atom = astride[row]
    common = shapely.area(shapely.intersection(some[atom], ground[cell]))
    most = common > shapely.area(some[atom]) / 2
    home[atom[most]] = cell[most]
    return home


def nearest(atoms: ArrayLike, home: ArrayLike, lon: ArrayLike, lat: ArrayLike, owner: ArrayLike) -> Ints:
    """Of the atoms at home in a point's grid, the one nearest to the point; -1 where the grid has none.

    Args:
        atoms: Polygons (n,) of EPSG:4326.
        home: The grid of each atom (n,), any number.
        lon: Degrees (m,).
        lat: The same.
        owner: The grid of each point (m,).

    >>> two = shapely.box([0, 1], 0, [1, 2], 1)
    >>> nearest(two, [7, 8], [0.2, 1.5, 1.5, 0.2], [0.5, 0.5, 0.5, 0.5], [7, 8, 7, 9]).tolist()
    [0, 1, 0, -1]
    """
    xy = np.column_stack([lon, lat])
    squeeze = np.array([np.cos(np.radians(xy[:, 1].mean())) if len(xy) else 1.0, 1.0])
    flat = shapely.transform(np.asarray(atoms, dtype=np.object_), lambda xy: xy * squeeze)
    points = shapely.points(xy * squeeze)
    at_home, grid = np.asarray(home), np.asarray(owner)
    found = np.full(len(points), len(flat), dtype=np.int64)
    point, atom = STRtree(flat).query(points, predicate="intersects")
    own = at_home[atom] == grid[point]
    # Where a point lies on the border of two, the lower one has it.
    np.minimum.at(found, point[own], atom[own])
    found[found == len(flat)] = -1
    for number in np.unique(grid[found < 0]):
        rows, left = np.flatnonzero(at_home == number), np.flatnonzero((found < 0) & (grid == number))
        if len(rows):
            found[left] = rows[STRtree(flat[rows]).query_nearest(points[left], all_matches=False)[1]]
    return found
