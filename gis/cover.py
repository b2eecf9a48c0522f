"""How much of each cell lies within reach of where somebody went: the union over a group's legs, cell by cell.

A leg is the straight piece between two fixes; within reach of it lies a capsule, a rectangle with a half disc at either
end. The cells are cut into rows (`gis.cover_rows`); on each row the capsules of a group are stretches, which are
joined and laid over what the row has of the cells. docs/coverage.md tells how near to the true share that comes.
"""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.cover_legs import Legs, found_by, legs_of
from gis.cover_rows import Sheet, sheets_of
from gis.edges import Floats, Geometries
from gis.kernel import BAND, REACHED, address, kernel
from gis.raster import Structs

ROW_M = 2.0
_LEGS_A_THREAD = 1 << 11


@dataclass(frozen=True)
class Covered:
    """What groups cover of cells, by group, then by cell; pairs of which nothing is covered are left out.

    Attributes:
        group: The caller's numbers (k,).
        cell: Places (k,) of cells in the ground.
        share: Of the cell's area (k,), above 0, at most 1.
        area_m2: Of the plane (k,).
    """

    group: NDArray[np.int64]
    cell: NDArray[np.int64]
    share: Floats
    area_m2: Floats


class Ground:
    """Cells, ready to be told how much of each is covered; built once per boundary version.

    Args:
        cells: Valid polygons (n,) in metres, as of `gis.metric.to_metric`; they may overlap.
        row_m: From row to row; half of it errs by a third.
        threads: How many processors one question may use.

    Attributes:
        area_m2: Of each cell (n,).

    >>> ground = Ground(shapely.box([0, 100], 0, [100, 200], 100))
    >>> found = ground.covered([[-50, 50, 150, 50]], reach_m=30)
    >>> found.cell.tolist(), found.share.round(3).tolist()
    ([0, 1], [0.6, 0.441])
    >>> found = ground.covered([[50, 50, 50, 50], [150, 50, 150, 50], [50, 50, 50, 50]], [7, 7, 9], reach_m=10)
    >>> found.group.tolist(), found.cell.tolist(), found.area_m2.round(-1).tolist()
    ([7, 7, 9], [0, 1, 0], [310.0, 310.0, 310.0])
    """

    def __init__(self, cells: ArrayLike, *, row_m: float = ROW_M, threads: int = 2) -> None:
        if not row_m > 0:
            raise ValueError("row_m must be positive")
        ground: Geometries = np.asarray(cells, dtype=np.object_)
        self.area_m2: Floats = np.nan_to_num(shapely.area(ground))
        self.sheets = sheets_of(ground, row_m=row_m)
        self._units = np.sum([sheet.units for sheet in self.sheets], axis=0) if self.sheets else np.empty(0)
        self.threads = threads

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(sheet.nbytes for sheet in self.sheets) + self.area_m2.nbytes

    def covered(self, legs: ArrayLike, group: ArrayLike | None = None, *, reach_m: float) -> Covered:
        """What lies within reach of the legs of each group.

        Neither the order of the legs nor the number of threads changes a bit of the answer.

        Args:
            legs: From x, y to x, y in metres (m, 4); one with an end that is not finite covers nothing.
            group: Whole numbers (m,), by which legs are taken together; without it all are one group, 0.
            reach_m: How far from a leg the ground counts as covered.
        """
        ways = legs_of(legs, group, reach_m=reach_m)
        found = np.concatenate([np.empty(0, dtype=REACHED), *(self._found(sheet, ways) for sheet in self.sheets)])
        cells = max(len(self.area_m2), 1)
        pair, part_of = np.unique(found["group"].astype(np.int64) * cells + found["place"], return_inverse=True)
        # Whole numbers below 2^53, so the order of the parts does not matter, and all of a cell is exactly 1.
        units = np.bincount(part_of, weights=found["amount"], minlength=len(pair))
        cell = pair % cells
        share = units / self._units[cell]
        return Covered(ways.names[pair // cells], cell, share, share * self.area_m2[cell])

    def _found(self, sheet: Sheet, legs: Legs) -> Structs:
        """Units of row by group and cell, in parts."""
        count = legs.struct.count
        threads = self.threads if count > _LEGS_A_THREAD else 1
        parts = list(pairwise(np.linspace(0, count, threads + 1).astype(np.int64).tolist()))
        bands = np.empty((count, 2), dtype=np.int32)
        legs_in = np.zeros((threads, -(-sheet.struct.rows // BAND) + 1), dtype=np.int64)
        with ThreadPoolExecutor(threads) as pool:
            wanted = [(sheet.pointer, legs.pointer, *part, address(bands)) for part in parts]
            list(pool.map(lambda some, into: kernel.bands_of_legs(*some, address(into)), wanted, legs_in))
            starts = np.cumsum(legs_in.sum(axis=0))
            order = np.empty(int(starts[-1]), dtype=np.int32)
            # In each band the legs of a part come after those of the parts before.
            begins = starts[:-1] + np.cumsum(legs_in[:, 1:], axis=0) - legs_in[:, 1:]
            list(pool.map(lambda part, at: _deal(bands, part, at, order), parts, begins))
        following = ctypes.c_int64(0)

        def work(found: object) -> int:
            arrays = (address(starts), address(order), ctypes.byref(following), found)
            return int(kernel.cover_bands(sheet.pointer, legs.pointer, *arrays))

        return found_by([work] * threads)


def _deal(bands: NDArray[np.int32], part: tuple[int, int], begins: NDArray[np.int64], order: NDArray[np.int32]) -> None:
    kernel.legs_of_bands(address(bands), *part, address(begins), address(order))
