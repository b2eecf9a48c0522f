"""What is built on a city's ground, in memory: buildings as points with their people, streets as lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import STRtree
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Atom, Building, Street
from gis.crs import LATTICE, to_lattice
from gis.edges import Floats, Geometries
from gis.metric import to_metric
from gis.point_store import Keys, Owners, PointStore

_AT_ONCE = 50_000
# Two lattice steps, more than rounding moves a border.
_HAIR_DEG = 2 * LATTICE


@dataclass(frozen=True)
class Buildings:
    """The buildings of a city, arrays (n,); a building belongs to the grid that owns its place.

    Where a city has no buildings its blocks stand in, so that people who were counted by blocks count.

    Attributes:
        id: Their ids; 0 for a block that stands in.
        lon, lat: A place inside each, on the lattice.
        households, people: As counted; 0 where nobody counted.
    """

    id: Keys
    lon: Floats
    lat: Floats
    households: Keys
    people: Keys

    def held_by(self, owners: Owners) -> PointStore:
        """The buildings as points whose keys are their rows here."""
        return PointStore(owners, self.lon, self.lat)


def buildings_of(session: Session, tree: str) -> Buildings:
    """All buildings of a city, or its blocks."""
    found = _read(session, tree, Building)
    if len(found.id):
        return found
    blocks = _read(session, tree, Atom)
    return replace(blocks, id=np.zeros_like(blocks.id))


def _read(session: Session, tree: str, table: type[Building] | type[Atom]) -> Buildings:
    found = select(table.id, table.households, table.people, func.ST_AsBinary(table.geom))
    counts: list[tuple[int, int, int]] = []
    places = [np.empty((0, 2))]
    rows = session.execute(found.where(table.tree == tree).order_by(table.id).execution_options(yield_per=_AT_ONCE))
    for some in rows.partitions():
        ids, households, people, shapes = zip(*some, strict=True)
        counts += zip(ids, (one or 0 for one in households), (one or 0 for one in people), strict=True)
        inside = shapely.point_on_surface(shapely.from_wkb([bytes(one) for one in shapes]))
        places.append(to_lattice(shapely.get_coordinates(inside)))
    id_, households_, people_ = np.array(counts, dtype=np.int64).reshape(-1, 3).T
    lon, lat = np.concatenate(places).T.copy()
    return Buildings(id_, lon, lat, households_, people_)


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
