"""The ground of a version with its streets and buildings, kept in memory: to build it takes seconds in a large city."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Building, Scheme, Street
from gis.coverage import Terrain
from layers.batches import imported
from layers.grids.versions import Grids, Version, cells_of
from layers.patrols.fixes import Ints

_KEPT = 4


@dataclass(frozen=True, eq=False)
class Town:
    """A terrain with the names of what is in it.

    Attributes:
        terrain: Its grids in the order of `grids`, its streets and buildings in the order of their ids.
        grids: The grids of the version.
        street_id, building_id: Ids (s,) and (b,), ascending.
    """

    terrain: Terrain
    grids: Grids
    street_id: Ints
    building_id: Ints


_Key = tuple[UUID, tuple[object, ...] | None]
_towns: OrderedDict[_Key, Town] = OrderedDict()
_building = Lock()


def town_of(session: Session, scheme: Scheme, version: Version) -> Town:
    """The ground of a version; with the streets and buildings of today, which have no versions."""
    key = version.snapshot_id, imported(session, scheme.tree, Street.__tablename__, Building.__tablename__)
    if found := _towns.get(key):
        return found
    with _building:  # once, however many ask; whoever asks for another that is there does not wait
        if key not in _towns:
            _towns[key] = _built(session, scheme, version)
            while len(_towns) > _KEPT:
                _towns.popitem(last=False)
        return _towns[key]


def _built(session: Session, scheme: Scheme, version: Version) -> Town:
    cells = cells_of(session, scheme, version=version.number)
    street_id, streets = _shapes(session, scheme.tree, Street)
    building_id, buildings = _shapes(session, scheme.tree, Building)
    terrain = Terrain(cells.geom, cells.grid_no, streets=streets, buildings=buildings, metric_srid=scheme.metric_srid)
    return Town(terrain, cells, street_id, building_id)


def _shapes(session: Session, tree: str, table: type[Street] | type[Building]) -> tuple[Ints, NDArray[Any]]:
    asked = select(table.id, func.ST_AsBinary(table.geom)).where(table.tree == tree).order_by(table.id)
    rows = session.execute(asked).all()
    ids = np.fromiter((id_ for id_, _ in rows), dtype=np.int64, count=len(rows))
    return ids, np.asarray(shapely.from_wkb([bytes(shape) for _, shape in rows]), dtype=np.object_)
