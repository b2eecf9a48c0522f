"""The answer of `GET /api/v1/reach/building`: the walk from one building."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Building
from gis.crs import STORED_SRID
from gis.ownership import NOBODY
from layers.reach.asking import Asked, meant
from layers.reach.city import Reached, reached
from layers.reach.counted import minutes_told


def building_at(session: Session, asked: Asked, *, lon: float, lat: float) -> dict[str, Any]:
    """How far it is from the building that stands at a place.

    Args:
        session: An open session.
        asked: To which service, how far.
        lon, lat: The place, in degrees.

    Returns:
        `building` is None where none stands there; else with its `minutes`, None where there is no way, whether that is
        `within` the limit, and the `station` and the `grid`.

    Raises:
        NotFound: `unknown_scheme`, `unknown_service`.
        BadInput: `bad_walk`.
    """
    what = meant(session, asked)
    place = func.ST_SetSRID(func.ST_MakePoint(lon, lat), STORED_SRID)
    wanted = select(
        Building.id, Building.source_id, Building.name, Building.address, Building.households, Building.people
    )
    here = wanted.where(Building.tree == what.scheme.tree, func.ST_Intersects(Building.geom, place))
    row = session.execute(here.order_by(Building.id).limit(1)).mappings().one_or_none()
    return {**what.told(), "building": None if row is None else _told(reached(session, what), dict(row))}


def _told(found: Reached, row: dict[str, Any]) -> dict[str, Any]:
    city, stations = found.city, found.stations
    at = int(np.searchsorted(city.buildings.id, row.pop("id")))
    by, grid, minutes = int(found.by[at]), int(city.grid[at]), float(found.minutes[at])
    grids = city.grids
    return {
        **row,
        "lon": float(city.buildings.lon[at]),
        "lat": float(city.buildings.lat[at]),
        "grid": None if grid == NOBODY else {"code": grids.code[grid], "name": grids.name[grid]},
        "minutes": minutes_told(minutes),
        "within": minutes <= found.what.asked.minutes,
        "station": None if by < 0 else {"id": int(stations.id[by]), "name": stations.name[by]},
    }
