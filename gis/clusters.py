"""Clusters of cases by their density (DBSCAN), exact, and the ground that each of them covers.

Cases fall into square cells so small that those of one cell are within reach of each other. A cell that holds enough of
them needs no look around, so crowds on one place cost nothing more; the loops are C (`gis/kernel/clusters.c`).
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial.distance import pdist
from shapely.geometry.base import BaseGeometry

from gis.contours import ground_above
from gis.edges import Floats, Geometries
from gis.errors import BadInput
from gis.kernel import PLACE, CellsStruct, address, kernel

Labels = NDArray[np.int64]

# Side of a cell to the reach: a little less than makes its corners that far apart, so that rounding never matters.
_SIDE = 0.7071
_MOST_COLUMNS = 1 << 30
# An outline is made on squares: so many to the reach, unless they were too many in all. Then they are larger, and where
# they were too large to tell what lies within reach, the reach is so many of them.
_SQUARES = 6
_MOST_SQUARES = 1_000_000
_FEWEST = 4
_SLACK = 0.2


@dataclass(frozen=True)
class Outlines:
    """What clusters cover, by their numbers.

    Attributes:
        polygons: One (k,) each, in metres; with holes where no case is near.
        n: Cases (k,) of each.
        diameter_m: The longest way (k,) between two cases of each, in a straight line.
    """

    polygons: Geometries
    n: NDArray[np.int64]
    diameter_m: Floats


def dbscan(x: ArrayLike, y: ArrayLike, *, within_m: float, least: int) -> Labels:
    """Numbers (n,) of the clusters that cases belong to, -1 for those in none.

    A core is a case that has `least` cases within `within_m`, itself included. Cores within `within_m` of each other
    are of one cluster. Any other case belongs to the cluster of its nearest core, if that one is within `within_m`; of
    two as near it is the western one, then the southern. So it makes no difference in which order the cases come.

    Args:
        x: Metres (n,).
        y: Metres (n,).
        within_m: How far a neighbour may be, more than 0; that distance itself is near.
        least: Cases that make a core, from 1 up.

    Returns:
        0 for the cluster of most cases, then 1 and so on; two as large are numbered by where they lie.

    Raises:
        BadInput: `bad_distance`, `bad_threshold`, `position_not_finite`.

    >>> dbscan([0, 10, 20, 500, 505, 900], [0, 0, 0, 0, 0, 0], within_m=10, least=2).tolist()
    [0, 0, 0, 1, 1, -1]
    >>> dbscan([7] * 1000, [7] * 1000, within_m=10, least=1000).max()
    np.int64(0)
    >>> dbscan([], [], within_m=10, least=1).tolist()
    []
    """
    at = metres(x, y)
    _checked(at, within_m, least)
    root = np.full(len(at), -1, dtype=np.int32)
    if len(at):
        line_of = np.floor((at - at.min(axis=0)) / (_SIDE * within_m)).astype(np.int64)
        # Two columns to look into lie on either side of every column that somebody is in.
        across = int(line_of[:, 0].max()) + 5
        keys = line_of[:, 1] * across + line_of[:, 0]
        order = np.argsort(keys, kind="stable")
        places = np.empty(len(at), dtype=PLACE)
        places["x"], places["y"], places["at"] = at[order, 0], at[order, 1], order
        key, first = np.unique(keys[order], return_index=True)
        start = np.append(first, len(at)).astype(np.int64)
        cells = CellsStruct(address(key), address(start), len(key), across)
        if not kernel.cluster_points(address(places), ctypes.byref(cells), within_m, least, address(root)):
            raise MemoryError("the clusters do not fit into memory")
    return _by_size(root)


def outlines(x: ArrayLike, y: ArrayLike, labels: ArrayLike, *, within_m: float) -> Outlines:
    """The ground of each cluster: about half of `within_m` around its cases, with gaps and bays within reach filled.

    Every case lies inside the outline of its cluster; cases on one place have a disc.

    Args:
        x: Metres (n,).
        y: Metres (n,).
        labels: Clusters (n,) as `dbscan` numbers them; -1 is left out.
        within_m: What they were made with.

    Raises:
        BadInput: `bad_distance`, `position_not_finite`.

    >>> found = outlines([0, 10, 20, 90], [0, 0, 0, 0], [0, 0, 0, -1], within_m=10)
    >>> found.n.tolist(), found.diameter_m.tolist(), [round(value) for value in found.polygons[0].bounds]
    ([3], [20.0], [-5, -5, 26, 6])
    """
    at, of = metres(x, y), np.asarray(labels, dtype=np.int64)
    _checked(at, within_m, 1)
    order = np.argsort(of, kind="stable")
    ends = np.searchsorted(of[order], np.arange(int(of.max(initial=-1)) + 2))
    crowds = [at[order[a:b]] for a, b in pairwise(ends)]
    return Outlines(
        np.array([_outline(crowd, within_m) for crowd in crowds], dtype=np.object_),
        np.diff(ends).astype(np.int64),
        np.array([_longest(crowd) for crowd in crowds], dtype=np.float64),
    )


def metres(x: ArrayLike, y: ArrayLike) -> Floats:
    """Positions (n, 2) of two arrays of one length.

    Raises:
        BadInput: `position_not_finite`.

    >>> metres([1, 2], [3, 4]).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    at_x, at_y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if at_x.ndim != 1 or at_x.shape != at_y.shape:
        raise ValueError("x and y must be two arrays of one length")
    bad = np.flatnonzero(~np.isfinite(at_x + at_y))
    if len(bad):
        detail = f"{len(bad)} of {len(at_x)} positions are not finite; leave them out."
        raise BadInput("position_not_finite", detail, field="x, y", value=f"{at_x[bad[0]]}, {at_y[bad[0]]}")
    return np.column_stack([at_x, at_y])


def _checked(at: Floats, within_m: float, least: int) -> None:
    across_m = float(np.ptp(at, axis=0).max()) if len(at) else 0.0
    if not (0 < within_m < math.inf and across_m < _MOST_COLUMNS * _SIDE * within_m):
        detail = f"'within_m' is {within_m}; give metres above 0, and not next to nothing beside the ground."
        raise BadInput("bad_distance", detail, field="within_m", value=within_m)
    if least < 1:
        raise BadInput("bad_threshold", f"'least' is {least}; give a number from 1 up.", field="least", value=least)


def _by_size(root: NDArray[np.int32]) -> Labels:
    """Clusters numbered from the largest down; two as large stay in their order."""
    names, of, size = np.unique(root, return_inverse=True, return_counts=True)
    size[names < 0] = len(root) + 1
    number = np.empty(len(names), dtype=np.int64)
    number[np.argsort(-size, kind="stable")] = np.arange(len(names)) - (names < 0).any()
    return number[of]


def _outline(crowd: Floats, within_m: float) -> BaseGeometry:
    """Squares around the cases spread as far as a neighbour may be, and are drawn in by half: so gaps close."""
    box_m = np.ptp(crowd, axis=0) + 2 * within_m
    side_m = max(within_m / _SQUARES, math.sqrt(box_m.prod() / _MOST_SQUARES))
    reach = 0.9 * max(within_m / side_m, _FEWEST)
    square = np.floor(crowd / side_m).astype(np.int64)
    first = square.min(axis=0) - math.ceil(reach) - 2
    empty = np.ones(tuple(square.max(axis=0) - first + math.ceil(reach) + 3), dtype=np.bool_)
    empty[tuple((square - first).T)] = False
    inside = distance_transform_edt(distance_transform_edt(empty) <= reach)
    outline = shapely.simplify(ground_above(inside.T, reach / 2), _SLACK)
    return shapely.transform(outline, lambda at: (at + first + 0.5) * side_m)


def _longest(crowd: Floats) -> float:
    corners = shapely.get_coordinates(shapely.convex_hull(shapely.MultiPoint(crowd)))
    return float(pdist(corners).max(initial=0.0))
