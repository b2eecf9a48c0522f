"""Which grids lie beside which: those that share a piece of border, or also those that meet in a corner.

From one table of all edges, where each edge of a border stands twice; no two polygons are ever held against each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from shapely import STRtree

from gis.edges import Floats
from gis.linework import TOUCH
from gis.sides import Ints, Sides, alone, along, equals, sides_of, twins

# Lattice units that edges with unequal vertices must run along each other; less is a corner that was rounded.
_LEAST_ALONG = 16.0


@dataclass(frozen=True)
class Neighbours:
    """For each of n grids the places of those beside it, never its own.

    Attributes:
        indptr: Where the neighbours of each grid begin, and the end (n + 1,).
        indices: Their places, ascending within a grid.

    >>> row = shared_edges(shapely.box([0, 1, 2, 9], 0, [1, 2, 3, 10], 1))
    >>> row.indptr.tolist(), row.indices.tolist()
    ([0, 1, 3, 4, 4], [1, 0, 2, 1])
    >>> row.count.tolist(), row.islands.tolist(), row.sums([1.0, 10.0, 100.0, 5.0]).tolist()
    ([1, 2, 1, 0], [False, False, False, True], [10.0, 101.0, 10.0, 0.0])
    """

    indptr: Ints
    indices: Ints

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def count(self) -> Ints:
        """How many neighbours each grid has (n,)."""
        return np.asarray(np.diff(self.indptr))

    @property
    def islands(self) -> NDArray[np.bool_]:
        """The grids without any (n,)."""
        return np.asarray(self.count == 0)

    def sums(self, values: ArrayLike) -> Floats:
        """What the neighbours of each grid have together (n,); 0 for islands.

        Args:
            values: One for each grid (n,), or columns of them (n, k).
        """
        ones = np.ones(len(self.indices))
        table = csr_array((ones, self.indices, self.indptr), shape=(len(self), len(self)))
        return np.asarray(table @ np.asarray(values, dtype=np.float64))

    def among(self, some: ArrayLike) -> Neighbours:
        """The same for some of the grids alone, in their order: the others are as if they were not there.

        Args:
            some: Which of them (n,), true or false.

        >>> shared_edges(shapely.box([0, 1, 2], 0, [1, 2, 3], 1)).among([True, False, True]).islands.tolist()
        [True, True]
        """
        kept = np.asarray(some, dtype=np.bool_)
        one = np.repeat(np.arange(len(self)), self.count)
        both = kept[one] & kept[self.indices]
        place = np.cumsum(kept) - 1
        return neighbours_of(place[np.column_stack([one, self.indices])[both]], int(kept.sum()))


def neighbours_of(pairs: ArrayLike, grids: int) -> Neighbours:
    """Neighbours from pairs, in whichever direction and however often each is told.

    Args:
        pairs: Places (m, 2) of two grids; a grid beside itself is left out.
        grids: How many grids there are.

    >>> neighbours_of([[2, 0], [0, 2], [1, 1]], 3).indices.tolist()
    [2, 0]
    >>> neighbours_of([], 0).count.tolist()
    []
    """
    told = np.reshape(np.asarray(pairs, dtype=np.int64), (-1, 2))
    told = told[told[:, 0] != told[:, 1]]
    once = np.unique(told.min(axis=1) * grids + told.max(axis=1))
    low, high = np.divmod(once, max(grids, 1))
    one, other = np.divmod(np.sort(np.append(once, high * grids + low)), max(grids, 1))
    return Neighbours(np.searchsorted(one, np.arange(grids + 1)).astype(np.int64), other)


def shared_edges(cells: ArrayLike) -> Neighbours:
    """Grids that share a piece of border of some length ("rook").

    Edges that both grids have are found to the bit. What is left, where one grid has vertices that the other lacks or
    where grids overlap, counts as shared where it runs along the other for a decimetre, never farther from it than a
    vertex is moved by rounding.

    Args:
        cells: Polygons (n,) of EPSG:4326 on the lattice; one that is None or empty is an island.

    >>> shared_edges(shapely.box([0, 1, 0, 1], [0, 0, 1, 1], [1, 2, 1, 2], [1, 1, 2, 2])).count.tolist()
    [2, 2, 2, 2]
    >>> shared_edges(shapely.box([0, 1, 1], [0, 0, 1], [1, 2, 2], [2, 1, 2])).indices.tolist()
    [1, 2, 0, 2, 0, 1]
    >>> shared_edges([]).islands.tolist()
    []
    """
    sides, grids = sides_of(cells), len(np.asarray(cells, dtype=np.object_))
    one, other, _ = _paired(sides)
    return neighbours_of(np.column_stack([sides.cell[one], sides.cell[other]]), grids)


def shared_corners(cells: ArrayLike) -> Neighbours:
    """Grids that share a piece of border or a single point of it ("queen").

    Args:
        cells: Polygons (n,) of EPSG:4326 on the lattice; one that is None or empty is an island.

    >>> shared_corners(shapely.box([0, 1, 0, 1], [0, 0, 1, 1], [1, 2, 1, 2], [1, 1, 2, 2])).count.tolist()
    [3, 3, 3, 3]
    >>> shared_corners(shapely.box([0, 1, -1], [0, 0, 1], [1, 2, 2], [1, 1, 2])).count.tolist()
    [2, 2, 2]
    """
    sides, grids = sides_of(cells), len(np.asarray(cells, dtype=np.object_))
    one, other, left = _paired(sides)
    spots = np.unique(np.append(sides.start[left], sides.end[left]))
    points = shapely.points(spots.real, spots.imag)
    spot, edge = STRtree(sides.lines(left)).query(points, predicate="dwithin", distance=TOUCH)
    _, point = np.unique(np.append(sides.start, spots[spot]), return_inverse=True)
    holder = np.append(sides.cell, sides.cell[left[edge]])
    # Each point with each cell that has it, once; then every two cells of one point.
    point, holder = np.divmod(np.unique(point * grids + holder), grids)
    first, second = equals(point)
    pairs = np.column_stack([np.append(sides.cell[one], holder[first]), np.append(sides.cell[other], holder[second])])
    return neighbours_of(pairs, grids)


def _paired(sides: Sides) -> tuple[Ints, Ints, Ints]:
    """Two sides each of every shared piece of border, and the sides that have no twin."""
    one, other = twins(sides)
    left = alone(sides, one, other)
    first, second, share = along(sides, left)
    long = share * np.abs(sides.end[first] - sides.start[first]) >= _LEAST_ALONG
    return np.append(one, first[long]), np.append(other, second[long]), left
