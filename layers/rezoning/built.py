"""Streets of a city in memory, to be measured in grids."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import STRtree
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Street
from gis.crs import LATTICE
from gis.edges import Floats, Geometries
from gis.metric import to_metric

# Two lattice steps, more than rounding moves a border.
_HAIR_DEG = 2 * LATTICE


class Streets:
    """Street lines, to be measured in grids. A street on a border counts half on either side.

    Args:
        lines: Lines (n,) of EPSG:4326.
        metric_srid: EPSG code of the metric CRS that they are measured in.

    >>> streets = Streets([shapely.LineString([(0.5, 0), (0.5, 1)]), shapely.LineString([(1, 0), (1, 1)])], 32631)
    >>> inside, half, nothing = streets.metres(shapely.box([0, 1, 3], 0, [1, 2, 4], 1))
    >>> round(half / inside, 2), float(nothing)
    (np.float64(0.33), 0.0)
    """

    def __init__(self, lines: Geometries, metric_srid: int) -> None:
        self._lines: Geometries = np.asarray(lines, dtype=np.object_)
        self._srid = metric_srid
        self._length_m = self._measured(self._lines)
        self._tree = STRtree(self._lines)

    def metres(self, cells: Geometries) -> Floats:
        """How many metres of street lie in each of some grids (k,), by their polygons of EPSG:4326."""
        # The mean of a hair more and a hair less than the cells: what runs along a border counts half, though a vertex
        # that was rounded to the lattice has bent the border away from it.
        wide, narrow = (shapely.buffer(cells, hair, join_style="mitre") for hair in (_HAIR_DEG, -_HAIR_DEG))
        cell, street = self._tree.query(wide, predicate="intersects")
        shapely.prepare(narrow)
        whole = shapely.contains_properly(narrow[cell], self._lines[street])
        metres = np.bincount(cell[whole], weights=self._length_m[street[whole]], minlength=len(wide))
        cell, lines = cell[~whole], self._lines[street[~whole]]
        parts = [self._measured(shapely.intersection(lines, some[cell])) for some in (wide, narrow)]
        return np.asarray(metres + np.bincount(cell, weights=sum(parts) / 2, minlength=len(wide)))

    def _measured(self, lines: Geometries) -> Floats:
        return np.asarray(shapely.length(to_metric(lines, srid=self._srid)))


def streets_of(session: Session, tree: str, *, metric_srid: int) -> Streets:
    """All streets of a city."""
    found = session.scalars(select(func.ST_AsBinary(Street.geom)).where(Street.tree == tree).order_by(Street.id))
    return Streets(shapely.from_wkb([bytes(one) for one in found]), metric_srid)
