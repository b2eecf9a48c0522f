"""Points to grids, exactly and in bulk.

A coverage is cut into small square cells of ground. Most cells lie wholly in one grid: a look at a table answers for
their points. A cell on a border keeps the few edges that touch it, and a point in it walks to the cell's centre,
whose grid is known, swapping one grid for the other at each edge it crosses. All of that is arithmetic on whole
numbers of lattice units, so the answer is that of `ST_Covers` and the border rule, bit for bit. docs/locator.md has
the proof.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from gis.crs import LATTICE
from gis.edges import Geometries
from gis.errors import GridError
from gis.kernel import address, kernel
from gis.raster import Ints, Raster, changed_claims, claims_of, edges_of, raster_of
from gis.topology import overlapping

Cells = Iterable[BaseGeometry | None]

OUTSIDE = -1
WIDEST_DEG = 4.0
_POINTS_A_THREAD = 1 << 16


class Moved(NamedTuple):
    """What a move of borders touched: only points within it can have changed hands.

    Attributes:
        ranks: Places (k,) in `Locator.grid_no` of the grids that changed, and of those beside them: where a lower
            number comes to a border, it takes the points that lie on it.
        box: West, south, east, north in lattice units from the raster's origin, its edge included.
        outside: Whether ground may have changed hands between a grid and nobody; false when the outline of all
            grids concerned has the same edges as before.
    """

    ranks: Ints
    box: tuple[int, int, int, int]
    outside: bool


class Locator:
    """A coverage, ready to tell the grid of any number of points.

    Args:
        cells: Valid polygons (n,) of EPSG:4326 on the lattice, none empty.
        grid_no: Distinct positive numbers (n,).
        also: Further numbers, of grids that have no ground yet and may be given some by `replace`.
        threads: How many processors one question may use.

    Raises:
        GridError: `cells_overlap` or `too_wide`: such a coverage is assigned in SQL. `off_lattice`: a vertex lies
            between lattice values.

    >>> two = Locator(shapely.box([0, 1], 0, [1, 2], 1), [7, 3])
    >>> two.locate([0.5, 1.0, 1.5, 2.5], [0.5, 0.5, 0.5, 0.5]).tolist()
    [7, 3, 3, -1]
    >>> Locator([], []).locate([0.5], [0.5]).tolist()
    [-1]
    """

    def __init__(self, cells: ArrayLike, grid_no: ArrayLike, *, also: ArrayLike = (), threads: int = 2) -> None:
        ground: Geometries = np.asarray(cells, dtype=np.object_)
        numbers = np.asarray(grid_no, dtype=np.int32)
        if len(np.unique(numbers)) != len(ground) or (numbers <= 0).any():
            raise ValueError("each cell needs a positive grid_no of its own")
        origin, size = _frame(ground)
        self._know(np.union1d(numbers, np.asarray(also, dtype=np.int32)), threads)
        claims = claims_of(ground, self._ids(numbers), origin=origin)
        edges, taken = edges_of(claims)
        if taken or len(overlapping(ground)):
            raise _overlap(ground, numbers)
        del claims
        self.raster: Raster = raster_of(edges, size=size, origin=origin)

    @classmethod
    def of_raster(cls, raster: Raster, grid_no: Ints, *, threads: int = 2) -> Locator:
        """A locator whose raster is there already.

        Args:
            raster: As of another locator.
            grid_no: That locator's `grid_no`.
            threads: How many processors one question may use.
        """
        one = cls.__new__(cls)
        one._know(grid_no, threads)
        one.raster = raster
        return one

    def _know(self, grid_no: Ints, threads: int) -> None:
        self.threads = threads
        # Ids are ranks by grid_no, from 1 on, so that the border rule is the lowest id.
        self.grid_no: Ints = grid_no
        self._numbers = np.concatenate([np.array([OUTSIDE], dtype=np.int32), grid_no])
        self._ranks = np.arange(-1, len(grid_no), dtype=np.int32)

    def _ids(self, grid_no: Ints) -> Ints:
        return np.asarray(np.searchsorted(self.grid_no, grid_no) + 1, dtype=np.int32)

    @property
    def origin(self) -> tuple[int, int]:
        """Lattice units from which points count."""
        return self.raster.origin

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.raster.nbytes + self.grid_no.nbytes + self._numbers.nbytes + self._ranks.nbytes

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> Ints:
        """Numbers (m,) of the grids that own points, `OUTSIDE` for nobody.

        Args:
            lon: Degrees (m,), rounded to the lattice here; what is not finite is outside.
            lat: The same.
        """
        return self._ask(lon, lat, self._numbers, None)

    def ranks(self, lon: ArrayLike, lat: ArrayLike) -> Ints:
        """Places (m,) of the owners in the sorted `grid_no`, `OUTSIDE` for nobody; arguments as for `locate`."""
        return self._ask(lon, lat, self._ranks, None)

    def on_border(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
        """Whether each point (m,) lies exactly on an edge; arguments as for `locate`."""
        flags = np.zeros(len(np.atleast_1d(lon)), dtype=np.bool_)
        self._ask(lon, lat, self._ranks, flags)
        return flags

    def _ask(self, lon: ArrayLike, lat: ArrayLike, label: Ints, on_border: NDArray[np.bool_] | None) -> Ints:
        x, y = np.ascontiguousarray(lon, dtype=np.float64), np.ascontiguousarray(lat, dtype=np.float64)
        if x.ndim != 1 or x.shape != y.shape:
            raise ValueError("lon and lat must be two arrays of one length")
        out = np.empty(len(x), dtype=np.int32)

        def work(start: int, stop: int) -> None:
            flags = None if on_border is None else address(on_border[start:stop])
            arrays = (address(x[start:stop]), address(y[start:stop]), stop - start, address(label))
            kernel.locate(self.raster.pointer, *arrays, address(out[start:stop]), flags)

        threads = min(self.threads, len(x) // _POINTS_A_THREAD)
        if threads < 2:
            work(0, len(x))
            return out
        ends = np.linspace(0, len(x), threads + 1).astype(np.int64).tolist()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, ends[:-1], ends[1:]))
        return out

    def replace(self, before: Cells, after: Cells, grid_no: Iterable[int]) -> Moved:
        """Move the borders of some grids, in a time that depends on what moved and not on the size of the city.

        The grids must go on to tile their ground; that they do not overlap is checked along common edges only.

        Args:
            before: Their ground until now (k,); nothing but that may be given.
            after: Their ground from now on (k,), None or empty for a grid that ends.
            grid_no: Their numbers (k,), all known to this locator.

        Raises:
            GridError: `outside_the_frame`: the ground reaches out of the raster, so build a new locator.
                `cells_overlap`: two grids claim one side of an edge. `not_its_ground`: `before` is wrong. Nothing has
                changed then.
        """
        ids = [self._id_of[int(number)] for number in grid_no]
        had = [(cell, id_) for cell, id_ in zip(before, ids, strict=True) if cell is not None]
        has = [(cell, id_) for cell, id_ in zip(after, ids, strict=True) if cell is not None]
        ground = np.array([cell for cell, _ in had + has], dtype=np.object_)
        ids_of = np.array([id_ for _, id_ in had + has], dtype=np.int32)
        changed = changed_claims(ground, ids_of, len(had), origin=self.raster.origin)
        box, (width, height) = changed.box, self.raster.size
        if box[0] < 0 or box[1] < 0 or box[2] >= width or box[3] >= height:
            raise GridError("outside_the_frame", "The ground reaches out of the raster of the coverage.")
        wrong = self.raster.change(changed)
        if 0 < wrong <= changed.going:
            raise GridError("not_its_ground", "What was said to be the grids' ground until now is not.")
        if wrong:
            raise _overlap(ground[len(had) :], self.grid_no[ids_of[len(had) :] - 1])
        return Moved(self.raster.beside(changed, ids, len(self.grid_no)) - 1, box, changed.outline)

    @cached_property
    def _id_of(self) -> dict[int, int]:
        return {number: rank + 1 for rank, number in enumerate(self.grid_no.tolist())}


def _frame(cells: Geometries) -> tuple[tuple[int, int], tuple[int, int]]:
    """Lower left corner and size of a coverage in lattice units."""
    if not len(cells):
        return (0, 0), (0, 0)
    west, south, east, north = shapely.total_bounds(cells)
    if max(east - west, north - south) > WIDEST_DEG:
        raise GridError(
            "too_wide",
            f"The grids reach over {max(east - west, north - south):.2f} degrees; the locator takes {WIDEST_DEG:.0f}.",
            values={"widest_deg": WIDEST_DEG},
        )
    corner = int(np.floor(west / LATTICE)), int(np.floor(south / LATTICE))
    return corner, (int(np.ceil((east - west) / LATTICE)), int(np.ceil((north - south) / LATTICE)))


def _overlap(cells: Geometries, grid_no: Ints) -> GridError:
    pairs = overlapping(cells)
    some = ", ".join(f"{grid_no[one]} and {grid_no[other]}" for one, other in pairs[:3].tolist())
    return GridError(
        "cells_overlap",
        f"{len(pairs)} pairs of grids overlap ({some}…); points in them are assigned in SQL.",
        where=None if not len(pairs) else shapely.intersection(*cells[pairs[0]]),
        values={"pairs": len(pairs)},
    )
