"""How much of each street, and which buildings, lie within reach of where somebody went: exact plane geometry.

Every edge that may be near a leg is cut by the capsule around it; the cuts of a group are joined edge by edge. Edges
are listed by squares of ground once, so a leg looks at those around it only.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.cover_legs import Legs, Work, found_by, legs_of
from gis.edges import Floats, Geometries
from gis.kernel import NetStruct, address, kernel
from gis.raster import Structs

_SQUARE_M = 64.0
_SQUARES_ACROSS = 1024
_LEGS_A_THREAD = 1 << 11


@dataclass(frozen=True)
class Walked:
    """What groups reach of lines, by group, then by line; pairs of which nothing is reached are left out.

    Attributes:
        group: The caller's numbers (k,).
        line: Places (k,) of lines.
        length_m: Of the plane (k,).
        share: Of the line's length (k,).
    """

    group: NDArray[np.int64]
    line: NDArray[np.int64]
    length_m: Floats
    share: Floats


class Lines:
    """Streets, or the pieces of them that lie in a cell, ready to be told how much of each is reached.

    Args:
        lines: Lines (n,) in metres; empty ones and None are never reached.
        threads: How many processors one question may use; legs of one group are never shared out.

    Attributes:
        length_m: Of each line (n,).

    >>> streets = Lines(shapely.linestrings([[[0, 0], [100, 0]], [[0, 90], [100, 90]]]))
    >>> found = streets.reached([[50, 0, 50, 10]], reach_m=30)
    >>> found.line.tolist(), found.length_m.round(9).tolist(), found.share.round(9).tolist()
    ([0], [60.0], [0.6])
    """

    def __init__(self, lines: ArrayLike, *, threads: int = 2) -> None:
        of: Geometries = np.asarray(lines, dtype=np.object_)
        self.length_m: Floats = np.nan_to_num(shapely.length(of))
        self.net = _net(*_edges(of), owners=len(of))
        self.threads = threads

    def reached(self, legs: ArrayLike, group: ArrayLike | None = None, *, reach_m: float) -> Walked:
        """What lies within reach of the legs of each group.

        Args:
            legs: From x, y to x, y in metres (m, 4); one with an end that is not finite reaches nothing.
            group: Whole numbers (m,), by which legs are taken together; without it all are one group, 0.
            reach_m: How far from a leg a place counts as reached.
        """
        ways = legs_of(legs, group, reach_m=reach_m)
        found = self.net.found(ways, whole=False, threads=self.threads)
        found = found[found["amount"] > 0]
        line = found["place"].astype(np.int64)
        share = np.minimum(found["amount"] / self.length_m[line], 1.0)
        return Walked(ways.names[found["group"]], line, found["amount"], share)


class Buildings:
    """Buildings as outlines or as points, ready to be told which are reached.

    Args:
        shapes: Polygons, lines or points (n,) in metres; empty ones and None are never reached.
        threads: How many processors one question may use; legs of one group are never shared out.

    >>> houses = Buildings([shapely.box(0, 0, 100, 100), shapely.Point(130, 50), shapely.Point(200, 50)])
    >>> houses.reached([[50, 50, 50, 50]], reach_m=10)[1].tolist()
    [0]
    >>> houses.reached([[110, 50, 110, 50], [150, 50, 170, 50]], [3, 4], reach_m=30)[1].tolist()
    [0, 1, 1, 2]
    """

    def __init__(self, shapes: ArrayLike, *, threads: int = 2) -> None:
        self._shapes: Geometries = np.asarray(shapes, dtype=np.object_)
        self.net = _net(*_edges(self._shapes), owners=len(self._shapes))
        # Of every other building the outline is reached wherever somebody is inside.
        box = np.nan_to_num(shapely.bounds(self._shapes).reshape(-1, 4))
        self._narrow_m = np.minimum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
        self.threads = threads

    def reached(
        self, legs: ArrayLike, group: ArrayLike | None = None, *, reach_m: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers (k,) of groups and places (k,) of the buildings they reach, by group, then by building.

        Args:
            legs: From x, y to x, y in metres (m, 4); one with an end that is not finite reaches nothing.
            group: Whole numbers (m,), by which legs are taken together; without it all are one group, 0.
            reach_m: How far from a leg a building counts as reached.
        """
        ways = legs_of(legs, group, reach_m=reach_m)
        found = self.net.found(ways, whole=True, threads=self.threads)
        inside_group, inside = self._around(ways)
        place = np.append(found["place"], inside).astype(np.int64)
        count = max(len(self._shapes), 1)
        pair = np.unique(np.append(found["group"], inside_group).astype(np.int64) * count + place)
        return ways.names[pair // count], pair % count

    def _around(self, legs: Legs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Groups and buildings so large that a leg may lie inside out of reach of the outline."""
        large = np.flatnonzero(self._narrow_m > 2 * legs.reach_m)
        fine = np.flatnonzero(np.isfinite(legs.xy).all(axis=1)) if len(large) else large
        building, leg = shapely.STRtree(shapely.points(legs.xy[fine, :2])).query(
            self._shapes[large], predicate="intersects"
        )
        return legs.group[fine[leg]].astype(np.int64), large[building]


@dataclass
class _Net:
    """Edges by squares; `kernel.h` says what the arrays mean."""

    edge: Floats
    owner: NDArray[np.int32]
    square_start: NDArray[np.int64]
    listed: NDArray[np.int32]
    corner: tuple[float, float]
    square_m: float
    size: tuple[int, int]
    owners: int
    struct: NetStruct = field(init=False, repr=False)

    def __post_init__(self) -> None:
        arrays = (address(array) for array in (self.edge, self.owner, self.square_start, self.listed))
        self.struct = NetStruct(*arrays, *self.corner, self.square_m, *self.size, len(self.edge), self.owners)

    def found(self, legs: Legs, *, whole: bool, threads: int) -> Structs:
        """What the legs reach, by group, then by owner."""

        def work_of(part: Legs) -> Work:
            net = ctypes.byref(self.struct)
            return lambda found: int(kernel.reach_edges(net, part.pointer, whole, found))

        parts = legs.split(threads) if len(legs.xy) > _LEGS_A_THREAD else [legs]
        return found_by([work_of(part) for part in parts])


def _edges(shapes: Geometries) -> tuple[Floats, NDArray[np.int32]]:
    """Edges (m, 4) of lines and outlines and the shape of each; a point is an edge without length."""
    parts, shape_of = shapely.get_parts(shapes, return_index=True)
    kind = shapely.get_type_id(parts)
    polygon = kind == shapely.GeometryType.POLYGON
    rings, ring_of = shapely.get_rings(parts[polygon], return_index=True)
    lines = np.concatenate([parts[~polygon], rings])
    owner = np.concatenate([shape_of[~polygon], shape_of[polygon][ring_of]])
    xy, line_of = shapely.get_coordinates(lines, return_index=True)
    single = shapely.get_num_coordinates(lines)[line_of] == 1
    same = line_of[1:] == line_of[:-1]
    edges = np.concatenate([np.hstack([xy[:-1][same], xy[1:][same]]), np.hstack([xy[single], xy[single]])])
    owners = np.concatenate([owner[line_of[:-1][same]], owner[line_of[single]]])
    order = np.argsort(owners, kind="stable")
    return np.ascontiguousarray(edges[order]), owners[order].astype(np.int32)


def _net(edge: Floats, owner: NDArray[np.int32], *, owners: int) -> _Net:
    """Edges listed by the squares of the box around each."""
    low, high = np.minimum(edge[:, :2], edge[:, 2:]), np.maximum(edge[:, :2], edge[:, 2:])
    corner = low.min(axis=0) if len(edge) else np.zeros(2)
    wide = high.max(axis=0) - corner if len(edge) else np.zeros(2)
    square_m = max(_SQUARE_M, float(wide.max()) / _SQUARES_ACROSS)
    across, down = (math.floor(metres / square_m) + 1 for metres in wide.tolist())
    first, last = (np.floor((end - corner) / square_m).astype(np.int64) for end in (low, high))
    size = last - first + 1
    count = size.prod(axis=1)
    of = np.repeat(np.arange(len(edge)), count)
    step = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    square = (first[of, 1] + step // size[of, 0]) * across + first[of, 0] + step % size[of, 0]
    order = np.argsort(square, kind="stable")
    start = np.searchsorted(square[order], np.arange(across * down + 1)).astype(np.int64)
    west, south = corner.tolist()
    return _Net(edge, owner, start, of[order].astype(np.int32), (west, south), square_m, (across, down), owners)
