"""Points to grids where the locator's argument does not hold: grids that overlap, or reach over more than 4 degrees.

As exact, and some hundred times slower: a geometry engine finds every grid that covers a point, and the lowest number
owns it. docs/border-rule.md tells which engine serves which scheme.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike

from gis.crs import LATTICE, to_lattice
from gis.edges import Geometries
from gis.locator import OUTSIDE
from gis.raster import Ints

_AT_ONCE = 1 << 18


class Covering:
    """Grids that may overlap, ready to tell the owners of points.

    Args:
        cells: Valid polygons (n,) of EPSG:4326.
        grid_no: Distinct positive numbers (n,).
        also: Further numbers, of grids without ground.

    >>> both = Covering(shapely.box([0, 1], 0, [2, 3], 1), [7, 3])
    >>> both.grid_no[both.ranks([0.5, 1.5, 2.5], [0.5, 0.5, 0.5])].tolist(), both.ranks([9], [9]).tolist()
    ([7, 3, 3], [-1])
    """

    def __init__(self, cells: ArrayLike, grid_no: ArrayLike, *, also: ArrayLike = ()) -> None:
        ground: Geometries = np.asarray(cells, dtype=np.object_)
        numbers = np.asarray(grid_no, dtype=np.int32)
        self.grid_no: Ints = np.union1d(numbers, np.asarray(also, dtype=np.int32))
        self._rank = np.searchsorted(self.grid_no, numbers).astype(np.int32)
        self._tree = shapely.STRtree(ground)
        west, south = shapely.total_bounds(ground)[:2].tolist() if len(ground) else (0.0, 0.0)
        self.origin: tuple[int, int] = (int(np.floor(west / LATTICE)), int(np.floor(south / LATTICE)))

    def ranks(self, lon: ArrayLike, lat: ArrayLike) -> Ints:
        """Places (m,) of the owners in the sorted `grid_no`, `OUTSIDE` for nobody.

        Args:
            lon: Degrees (m,), rounded to the lattice here.
            lat: The same.
        """
        xy = np.column_stack([to_lattice(lon), to_lattice(lat)])
        none = len(self.grid_no)
        owner = np.full(len(xy), none, dtype=np.int32)
        for first in range(0, len(xy), _AT_ONCE):
            some = xy[first : first + _AT_ONCE]
            point, cell = self._tree.query(shapely.points(some), predicate="intersects")
            np.minimum.at(owner[first : first + _AT_ONCE], point, self._rank[cell])
        owner[owner == none] = OUTSIDE
        return owner
