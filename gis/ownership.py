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

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import STRtree

from gis.edges import Floats, Geometries
from gis.metric import points_to_metric, round_m, to_metric
from gis.topology import enclosed

Indexes = NDArray[np.int64]
Flags = NDArray[np.bool_]

NOBODY = -1
_CHUNK = 50_000
_TIE_M = 0.001
# Farther than this from `M(owner)` no point can be on the border in degrees.
_BEND_M = 0.005
_Part = TypeVar("_Part")


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
    """Cells indexed once, to judge points by the border rule in chunks.

    Args:
        cells: Valid polygons (n,) of EPSG:4326 on the lattice.
        grid_no: Distinct numbers (n,).
        metric_srid: EPSG code of the scheme's metric CRS.
        threads: How many chunks are judged at once.

    >>> two = Coverage(shapely.box([0, 1], 0, [1, 2], 1), [7, 3], metric_srid=32631)
    >>> two.owners([0.5, 1.0, 2.5], [0.5, 0.5, 0.5]).tolist()
    [0, 1, -1]
    >>> found = two.judge([1.0, 2.0 + 2**-20], [0.5, 0.5], near_limit_m=10, far_limit_m=5000)
    >>> found.own.tolist(), found.second.tolist(), found.nearest.tolist(), found.outside_m.tolist()
    ([1, -1], [0, -1], [-1, 1], [nan, 0.106])
    """

    def __init__(self, cells: ArrayLike, grid_no: ArrayLike, *, metric_srid: int, threads: int = 2) -> None:
        self.cells: Geometries = np.asarray(cells, dtype=np.object_)
        self.grid_no: Indexes = np.asarray(grid_no, dtype=np.int64)
        if len(np.unique(self.grid_no)) != len(self.cells):
            raise ValueError("each cell needs a grid_no of its own")
        self._by_rank = np.append(np.argsort(self.grid_no), NOBODY)
        self._rank = np.argsort(self._by_rank[:-1])
        self._srid = metric_srid
        self._threads = threads
        self._tree = STRtree(self.cells)
        self._metric = to_metric(self.cells, srid=metric_srid)
        self._metric_tree = STRtree(self._metric)
        self._bounds = shapely.bounds(self._metric)
        self._border = np.asarray(shapely.boundary(self._metric), dtype=np.object_)
        self._tiled = bool(shapely.coverage_is_valid(self.cells)) and not len(enclosed(self.cells))

    def owners(self, lon: ArrayLike, lat: ArrayLike) -> Indexes:
        """Index (n,) of the owning cell of each point, -1 outside; lon and lat are lattice degrees (n,)."""
        return np.concatenate(self._in_chunks(self._owners, lon, lat))

    def judge(self, lon: ArrayLike, lat: ArrayLike, *, near_limit_m: float, far_limit_m: float | None) -> Judgement:
        """Judge points, lattice degrees (n,), by the rule of this module.

        Without a far limit nobody asks what lies nearest to the points outside, as in a partial coverage where
        most points are: `nearest` is -1 and `outside_m` NaN for them.
        """

        def work(x: Floats, y: Floats) -> Judgement:
            return self._judge(x, y, near_limit_m, far_limit_m)

        parts = self._in_chunks(work, lon, lat)
        columns = ([getattr(part, field.name) for part in parts] for field in fields(Judgement))
        return Judgement(*(np.concatenate(column) for column in columns))

    def _in_chunks(self, work: Callable[[Floats, Floats], _Part], lon: ArrayLike, lat: ArrayLike) -> list[_Part]:
        x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        spans = [slice(start, start + _CHUNK) for start in range(0, max(len(x), 1), _CHUNK)]
        if len(spans) == 1:
            return [work(x, y)]
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(lambda span: work(x[span], y[span]), spans))

    def _owners(self, lon: Floats, lat: Floats) -> Indexes:
        row, cell = self._tree.query(shapely.points(lon, lat))
        by_cell = np.argsort(cell, kind="stable")
        row, cell = row[by_cell], cell[by_cell]
        covered = shapely.intersects_xy(self.cells[cell], lon[row], lat[row])
        lowest = np.full(len(lon), len(self.cells))
        np.minimum.at(lowest, row[covered], self._rank[cell[covered]])
        return np.asarray(self._by_rank[lowest], dtype=np.int64)

    def _judge(self, lon: Floats, lat: Floats, near_limit_m: float, far_limit_m: float | None) -> Judgement:
        own = self._owners(lon, lat)
        x, y = points_to_metric(lon, lat, srid=self._srid)
        inside, outside = np.flatnonzero(own != NOBODY), np.flatnonzero(own == NOBODY)
        edge_m, second = np.full(len(own), np.nan), np.full(len(own), NOBODY)
        edge_m[inside] = self._edge_m(own[inside], x[inside], y[inside])
        close = np.flatnonzero(edge_m <= _BEND_M)
        on_border = shapely.intersects(shapely.boundary(self.cells[own[close]]), shapely.points(lon[close], lat[close]))
        edge_m[close[on_border]] = 0.0
        near = edge_m <= near_limit_m
        asked = np.flatnonzero(edge_m <= near_limit_m + _TIE_M) if self._tiled else inside
        second[asked] = self._second(own[asked], x[asked], y[asked], near_limit_m)
        nearest, outside_m = np.full(len(own), NOBODY), np.full(len(own), np.nan)
        if far_limit_m is None:
            return Judgement(own, edge_m, near, second, nearest, outside_m, np.zeros(len(own), dtype=np.bool_))
        nearest[outside], outside_m[outside] = self._nearest(x[outside], y[outside], far_limit_m)
        return Judgement(own, edge_m, near, second, nearest, outside_m, outside_m > far_limit_m)

    def _edge_m(self, own: Indexes, x: Floats, y: Floats) -> Floats:
        by_cell = np.argsort(own, kind="stable")
        edge_m = np.empty(len(own))
        points = shapely.points(x[by_cell], y[by_cell])
        edge_m[by_cell] = shapely.distance(points, self._border[own[by_cell]])
        return round_m(edge_m)

    def _second(self, own: Indexes, x: Floats, y: Floats, limit_m: float) -> Indexes:
        row, cell, away_m = self._around(x, y, np.full(len(x), limit_m + _TIE_M))
        other = (cell != own[row]) & (away_m <= limit_m)
        second, _ = self._closest(row[other], cell[other], away_m[other], count=len(own))
        return second

    def _nearest(self, x: Floats, y: Floats, far_limit_m: float) -> tuple[Indexes, Floats]:
        points = shapely.points(x, y)
        points[~(np.isfinite(x) & np.isfinite(y))] = None
        (row, cell), away_m = self._metric_tree.query_nearest(points, return_distance=True)
        nearest, outside_m = self._closest(row, cell, away_m, count=len(x))
        outside_m = round_m(outside_m)
        tie = np.flatnonzero(outside_m <= far_limit_m)
        row, cell, away_m = self._around(x[tie], y[tie], outside_m[tie] + _TIE_M)
        nearest[tie], outside_m[tie] = self._closest(row, cell, away_m, count=len(tie))
        return nearest, outside_m

    def _around(self, x: Floats, y: Floats, reach_m: Floats) -> tuple[Indexes, Indexes, Floats]:
        """Pairs of a point and a cell within its reach (and some beyond), with the rounded distance."""
        row, cell = self._metric_tree.query(shapely.box(x - reach_m, y - reach_m, x + reach_m, y + reach_m))
        west, south, east, north = self._bounds[cell].T
        aside_m = np.maximum(np.maximum(west - x[row], x[row] - east), 0)
        apart_m = np.maximum(np.maximum(south - y[row], y[row] - north), 0)
        possible = np.hypot(aside_m, apart_m) <= reach_m[row]
        row, cell = row[possible], cell[possible]
        return row, cell, round_m(shapely.distance(shapely.points(x[row], y[row]), self._metric[cell]))

    def _closest(self, row: Indexes, cell: Indexes, away_m: Floats, *, count: int) -> tuple[Indexes, Floats]:
        """Of each row's cells the closest, then the lowest grid_no; -1 and infinity for a row without any."""
        order = np.lexsort((self._rank[cell], away_m, row))
        rows, first = np.unique(row[order], return_index=True)
        best, best_m = np.full(count, NOBODY), np.full(count, np.inf)
        best[rows], best_m[rows] = cell[order][first], away_m[order][first]
        return best, best_m
