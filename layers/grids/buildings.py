"""Where the buildings of a city are, and how many households and people live there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Atom, Building
from gis.crs import to_lattice
from gis.edges import Floats
from gis.kept import Kept
from gis.point_store import Keys, Owners, PointStore
from layers.batches import imported

_AT_ONCE = 50_000
_MOST_KNOWN = 3


@dataclass(frozen=True)
class Buildings:
    """The buildings of a city, arrays (n,); a building belongs to the grid that owns its place.

    Where a city has no buildings its blocks stand in, so that people who were counted by blocks count.

    Attributes:
        id: Their ids; 0 for a block that stands in.
        lon, lat: A place inside each, on the lattice.
        households, people: As counted; 0 where nobody counted.
        counted: Where somebody counted people.
        households_counted: Where somebody counted households.
    """

    id: Keys
    lon: Floats
    lat: Floats
    households: Keys
    people: Keys
    counted: NDArray[np.bool_]
    households_counted: NDArray[np.bool_]

    def held_by(self, owners: Owners) -> PointStore:
        """The buildings as points whose keys are their rows here."""
        return PointStore(owners, self.lon, self.lat)


_KNOWN = Kept[Buildings](most=_MOST_KNOWN)


def buildings_of(session: Session, tree: str) -> Buildings:
    """All buildings of a city, or its blocks; they are read once, until an import brings others."""
    state = imported(session, tree, Building.__tablename__, Atom.__tablename__)
    if state is None:
        return _all(session, tree)
    return _KNOWN.get((tree, state), lambda: _all(session, tree))


def _all(session: Session, tree: str) -> Buildings:
    found = _read(session, tree, Building)
    if len(found.id):
        return found
    blocks = _read(session, tree, Atom)
    return replace(blocks, id=np.zeros_like(blocks.id))


def _read(session: Session, tree: str, table: type[Building] | type[Atom]) -> Buildings:
    found = select(table.id, table.households, table.people, func.ST_AsBinary(table.geom))
    counts: list[tuple[int, int, int, bool, bool]] = []
    places = [np.empty((0, 2))]
    rows = session.execute(found.where(table.tree == tree).order_by(table.id).execution_options(yield_per=_AT_ONCE))
    for some in rows.partitions():
        ids, households, people, shapes = zip(*some, strict=True)
        numbers = [[one or 0 for one in column] for column in (households, people)]
        known = [[one is not None for one in column] for column in (people, households)]
        counts += zip(ids, *numbers, *known, strict=True)
        inside = shapely.point_on_surface(shapely.from_wkb([bytes(one) for one in shapes]))
        places.append(to_lattice(shapely.get_coordinates(inside)))
    id_, households_, people_, *counted = np.array(counts, dtype=np.int64).reshape(-1, 5).T
    lon, lat = np.concatenate(places).T.copy()
    return Buildings(id_, lon, lat, households_, people_, *(one > 0 for one in counted))
