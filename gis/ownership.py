"""THE border rule: which one cell owns a point, and how near it was to belonging elsewhere.

All positions are lattice values of EPSG:4326, all borders straight lines between lattice points in EPSG:4326.
`M(g)` is a geometry cut and brought to the scheme's metric CRS by `gis.metric.to_metric`, `M(p)` the point
there, and **every distance is first rounded to the millimetre** (`gis.metric.round_m`), then compared. Any
other engine must give the same:

- *owner*: of the cells that cover the point (border included), the one with the lowest `grid_no`. Cells do not
  overlap, so an interior point has one; where a broken tiling was accepted the same rule decides.
- *edge_distance_m*: distance from `M(p)` to the boundary of `M(owner)`, holes included; NaN without an owner. A
  point that is exactly on the border in degrees has distance 0, though `M` may bend the border away from it by
  some millimetres.
- *near_border*: `edge_distance_m <= near_limit_m`.
- *second*: of the other cells whose distance from `M(p)` is at most `near_limit_m`, the one with the smallest
  distance, then the lowest `grid_no`; none (-1) where there is no owner. A cell that holds `M(p)` has distance 0.
- *nearest*, *outside_m* (only without an owner): the cell with the smallest distance, then the lowest
  `grid_no`, and that distance.
- *far*: `outside_m > far_limit_m`. A far point is refused, so its `nearest` is a hint: distances that are
  equal only after rounding are not compared. A point which the metric CRS cannot reach is far at an infinite
  distance and has no `nearest`.

Two builds of PROJ may differ by a nanometre, so a verifier that uses another one should take stored and
computed distances as equal up to 2 mm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.borders import Borders, borders_of
from gis.edges import Floats, Geometries
from gis.locator import Locator
from gis.metric import points_to_metric

Indexes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Bounds = tuple[float, float, float, float]

NOBODY = -1
# Farther than this from `M(owner)` no point can be on the border in degrees.
_BEND_M = 0.005


@dataclass(frozen=True)
class Judgement:
    """What is stored with each placement; all arrays (n,). Indexes point into the cells, -1 is none.

    Attributes:
        own: The cell that owns the point.
        edge_distance_m: Metres to the edge of the own cell, NaN without one.
        near_border: Whether that is within the limit.
        second: The second choice.
        nearest: The nearest cell of a point without an owner.
        outside_m: Metres to it, NaN where there is an owner.
        far: Whether that is beyond the limit.
    """

    own: Indexes
    edge_distance_m: Floats
    near_border: Flags
    second: Indexes
    nearest: Indexes
    outside_m: Floats
    far: Flags


class Coverage:
    """Cells indexed once, to judge points by the border rule in bulk.

    Args:
        cells: Valid polygons (n,) of EPSG:4326 on the lattice.
        grid_no: Distinct positive numbers (n,).
        metric_srid: EPSG code of the scheme's metric CRS.

    Attributes:
        locator, borders: What answers.
        bounds: West, south, east, north of the cells in degrees, NaN without cells.

    Raises:
        GridError: As `Locator`: a coverage with overlaps, or a very wide one, is judged in SQL.

    >>> two = Coverage(shapely.box([0, 1], 0, [1, 2], 1), [7, 3], metric_srid=32631)
    >>> two.owners([0.5, 1.0, 2.5], [0.5, 0.5, 0.5]).tolist()
    [0, 1, -1]
    >>> found = two.judge([1.0, 2.0 + 2**-20], [0.5, 0.5], near_limit_m=10, far_limit_m=5000)
    >>> found.own.tolist(), found.second.tolist(), found.nearest.tolist(), found.outside_m.tolist()
    ([1, -1], [0, -1], [-1, 1], [nan, 0.106])
    """

    def __init__(self, cells: ArrayLike, grid_no: ArrayLike, *, metric_srid: int) -> None:
        ground: Geometries = np.asarray(cells, dtype=np.object_)
        by_rank = np.argsort(np.asarray(grid_no, dtype=np.int64))
        locator = Locator(ground, grid_no)
        west, south, east, north = shapely.total_bounds(ground).tolist() if len(ground) else [math.nan] * 4
        self.bounds: Bounds = (west, south, east, north)
        self._set(locator, borders_of(ground[by_rank], metric_srid=metric_srid), metric_srid, by_rank)

    @classmethod
    def of_parts(cls, locator: Locator, borders: Borders, *, metric_srid: int, bounds: Bounds) -> Coverage:
        """A coverage whose parts are there already, cells in the order of `grid_no`.

        Args:
            locator: Of the cells.
            borders: Of the same cells.
            metric_srid: EPSG code of the borders' CRS.
            bounds: West, south, east, north of the cells in degrees.
        """
        one = cls.__new__(cls)
        one.bounds = bounds
        one._set(locator, borders, metric_srid, np.arange(len(locator.grid_no)))
        return one

    def _set(self, locator: Locator, borders: Borders, metric_srid: int, by_rank: Indexes) -> None:
        self.locator, self.borders, self.metric_srid = locator, borders, metric_srid
        self._by_rank = np.append(by_rank, NOBODY)  # rank -1, nobody, reads the last

    def owners(self, lon: ArrayLike, lat: ArrayLike) -> Indexes:
        """Index (n,) of the owning cell of each point, -1 outside; lon and lat are lattice degrees (n,)."""
        return np.asarray(self._by_rank[self.locator.ranks(lon, lat)], dtype=np.int64)

    def judge(
        self,
        lon: ArrayLike,
        lat: ArrayLike,
        *,
        near_limit_m: float,
        far_limit_m: float | None,
        metric: tuple[Floats, Floats] | None = None,
    ) -> Judgement:
        """Judge points by the rule of this module.

        Args:
            lon: Lattice degrees (n,).
            lat: The same.
            near_limit_m: Nearer than this to an edge is near.
            far_limit_m: Farther outside than this is far. Without it nobody asks what lies nearest to the points
                outside, as in a partial coverage where most points are: `nearest` is -1 and `outside_m` NaN for them.
            metric: x and y (n,) of the points in the metric CRS, where the caller has them already.
        """
        at_lon, at_lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        own = self.locator.ranks(at_lon, at_lat)
        n = len(own)
        edge_m, outside_m = np.full(n, np.nan), np.full(n, np.nan)
        second, nearest = np.full(n, NOBODY, dtype=np.int32), np.full(n, NOBODY, dtype=np.int32)
        inside = np.flatnonzero(own != NOBODY)
        # Cell by cell, so that the borders of a cell are fetched once for all its points.
        inside = inside[_in_order(own[inside])]
        x, y = metric or points_to_metric(at_lon, at_lat, srid=self.metric_srid)
        inside_m = self.borders.edge_m(own[inside], x[inside], y[inside])
        close = np.flatnonzero(inside_m <= _BEND_M)
        inside_m[close[self.locator.on_border(at_lon[inside[close]], at_lat[inside[close]])]] = 0.0
        edge_m[inside] = inside_m
        # A neighbour's border may bend towards a point by as much as the own one bends away from it.
        rivals = inside[inside_m <= near_limit_m + 2 * _BEND_M]
        second[rivals], _ = self.borders.closest(own[rivals], x[rivals], y[rivals], reach_m=near_limit_m)
        if far_limit_m is not None:
            out = np.flatnonzero(own == NOBODY)
            nearest[out], outside_m[out] = self.borders.closest(own[out], x[out], y[out], reach_m=np.inf)
        return Judgement(
            own=self._by_rank[own],
            edge_distance_m=edge_m,
            near_border=edge_m <= near_limit_m,
            second=self._by_rank[second],
            nearest=self._by_rank[nearest],
            outside_m=outside_m,
            far=np.zeros(n, dtype=np.bool_) if far_limit_m is None else outside_m > far_limit_m,
        )


def _in_order(ranks: NDArray[np.int32]) -> Indexes:
    """Places of ranks in their order; numpy sorts numbers of 16 bits several times faster."""
    return np.argsort(ranks.astype(np.uint16) if ranks.max(initial=0) < 1 << 16 else ranks, kind="stable")
