"""Streets and buildings that nobody came near in some days, and for how long nobody has."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Building, Scheme, Street
from gis.errors import BadInput
from gis.locator import OUTSIDE
from layers.patrols.asking import Asked
from layers.patrols.concerned import concerned, holders_of
from layers.patrols.fixes import Ints
from layers.patrols.instants import instant_of
from layers.patrols.terrains import Town
from layers.patrols.traces import grid_of
from layers.patrols.walked import Walked, walked

_TABLES: dict[str, type[Street] | type[Building]] = {"streets": Street, "buildings": Building}
# What lies farther back is told as nothing: it is long enough.
LOOK_BACK = timedelta(days=92)
MOST_TOLD = 20_000


def unvisited(session: Session, asked: Asked, *, what: str) -> dict[str, Any]:
    """The answer of `GET /api/v1/patrols/unvisited`: GeoJSON with `id`, `name` and `days_since` of each feature.

    `days_since` counts from the last day, among those that are summarised, on which anybody was near; None is beyond
    `LOOK_BACK`. Of more than `MOST_TOLD` features the rest is left out, and `left_out` says how many.

    Args:
        session: An open session.
        asked: As of `coverage`; with a grid, what lies in it, else what lies in any grid that is told there.
        what: `streets` or `buildings`.

    Raises:
        NotFound: `unknown_scheme`, `unknown_staff`.
        BadInput: `unknown_word`, `bad_period`, `bad_distance`, `unknown_grid`, `too_many_fixes`.
    """
    if what not in _TABLES:
        detail = f"'{what[:40]}' is nothing to visit. Known: {', '.join(_TABLES)}."
        raise BadInput("unknown_word", detail, field="what", value=what)
    found = walked(session, asked)
    within = None
    if asked.grid is not None:
        within = [grid_of(session, found.what, asked.grid)]
    elif asked.of_somebody:
        within = concerned(found, holders_of(session, found))
    missed = _missed(found, what, within, reach_m=asked.reach_m)
    today = instant_of(found.what.period[1] - 1).astimezone(ZoneInfo(found.what.scheme.time_zone)).date()
    days = _last_days(session, found.what.scheme, what, before=today + timedelta(days=1), since=today - LOOK_BACK)
    table = _TABLES[what]
    told = missed[:MOST_TOLD].tolist()
    rows = session.execute(
        select(table.id, table.name, func.ST_AsBinary(table.geom)).where(table.id.in_(told)).order_by(table.id)
    )
    features = [
        {
            "type": "Feature",
            "id": id_,
            "geometry": shapely.geometry.mapping(shapely.from_wkb(bytes(shape))),
            "properties": {"id": id_, "name": name, "days_since": (today - days[id_]).days if id_ in days else None},
        }
        for id_, name, shape in rows
    ]
    return {"type": "FeatureCollection", "features": features, "left_out": len(missed) - len(told)}


def _missed(found: Walked, what: str, within: list[int] | None, *, reach_m: float) -> Ints:
    """The ids of what lies in the grids of the last part, or in some of them, and was reached in none."""
    if not found.parts:
        return np.empty(0, dtype=np.int64)
    missed = _in_grids(found.parts[-1].town, what, within)
    for number, part in enumerate(found.parts):
        reached = found.reached(number, number, reach_m=reach_m)
        ids = part.town.street_id[reached.streets] if what == "streets" else part.town.building_id[reached.buildings]
        missed = np.setdiff1d(missed, ids)
    return missed


def _in_grids(town: Town, what: str, within: list[int] | None) -> Ints:
    if what == "streets":
        place, grid = town.terrain.street_grids
        ids, grid_id = town.street_id[place], town.grids.grid_id[grid]
    else:
        inside = np.flatnonzero(town.terrain.building_grid != OUTSIDE)
        ids, grid_id = town.building_id[inside], town.grids.grid_id[town.terrain.building_grid[inside]]
    return np.unique(ids if within is None else ids[np.isin(grid_id, within)])


def _last_days(session: Session, scheme: Scheme, what: str, *, before: date, since: date) -> dict[int, date]:
    values = {"scheme_id": scheme.id, "streets": what == "streets", "before": before, "since": since}
    return dict(session.execute(statement("patrol_last_days"), values).all())
