"""Traces as they are told: the fixes used, the legs between them, stops, and what was left out with its reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.tables import Boundary, Grid
from gis.errors import BadInput
from gis.tracks import Kind
from gis.wall_clock import Day
from layers.patrols.asking import Asked, Meant, meant
from layers.patrols.fixes import Bools, Ints
from layers.patrols.instants import instant_of
from layers.patrols.recorded import PersonDay, days_of, traces_of

__all__ = ["Asked", "grid_of", "traces_told"]

_KINDS = [kind.name for kind in Kind]
_MILLISECOND_US = 1000


def traces_told(session: Session, asked: Asked) -> dict[str, Any]:
    """The answer of `GET /api/v1/patrols/traces`: one trace for each device, person and local day.

    Returns:
        `{"scheme", "time_zone", "from", "to", "traces": [{"device", "staff_no", "name", "team", "day",
        "at": [epoch ms], "lon", "lat", "accuracy_m": [null where unknown], "kind": ["moved" | "still" | "gap" per leg],
        "stops": [{"from", "to", "lon", "lat", "radius_m", "dwell_s"}], "dropped": [{"at", "lon", "lat", "fate"}]}]}`.

    Raises:
        NotFound: `unknown_scheme`, `unknown_staff`.
        BadInput: `bad_period`, `bad_distance`, `unknown_grid`, `too_many_fixes`.
    """
    what = meant(session, asked)
    ground = None if asked.grid is None else _ground(session, what, asked.grid)
    days = [day for trace in traces_of(session, asked, what) for day in days_of(trace, what.days, now_us=what.now_us)]
    return {
        "scheme": what.scheme.name,
        "time_zone": what.scheme.time_zone,
        "from": asked.first.isoformat(),
        "to": asked.last.isoformat(),
        "traces": [_told(day) for day in days if ground is None or _leads_through(day, ground)],
    }


def _told(day: PersonDay) -> dict[str, Any]:
    track, trace = day.track, day.trace
    mine = _of_day(track.at, day.day)
    stops = np.flatnonzero(_of_day(track.at[track.stops.first], day.day))
    accuracy = track.accuracy_m[mine].astype(object)
    accuracy[np.isnan(track.accuracy_m[mine])] = None
    return {
        "device": trace.device,
        "staff_no": trace.staff_no,
        "name": trace.name,
        "team": trace.team,
        "day": day.day.date.isoformat(),
        "at": (track.at[mine] // _MILLISECOND_US).tolist(),
        "lon": track.lon[mine].tolist(),
        "lat": track.lat[mine].tolist(),
        "kind": [_KINDS[kind] for kind in track.legs.kind[mine[:-1] & mine[1:]].tolist()],
        "accuracy_m": accuracy.tolist(),
        "stops": [
            {
                "from": int(track.at[track.stops.first[row]]) // _MILLISECOND_US,
                "to": int(track.at[track.stops.last[row]]) // _MILLISECOND_US,
                "lon": float(track.stops.lon[row]),
                "lat": float(track.stops.lat[row]),
                "radius_m": round(float(track.stops.radius_m[row]), 1),
                "dwell_s": float(track.stops.dwell_s[row]),
            }
            for row in stops.tolist()
        ],
        "dropped": [
            {
                "at": int(trace.at[row]) // _MILLISECOND_US,
                "lon": float(trace.lon[row]),
                "lat": float(trace.lat[row]),
                "fate": fate.name,
            }
            for row, fate in day.dropped
        ],
    }


def _of_day(at: Ints, day: Day) -> Bools:
    return np.asarray((at >= day.start) & (at < day.end))


def _ground(session: Session, what: Meant, code: str) -> Any:
    """The ground of a grid in the days asked for."""
    since, until = (instant_of(us) for us in (what.days[0].start, what.days[-1].end))
    grid_id = grid_of(session, what, code)
    asked = select(func.ST_AsBinary(Boundary.geom)).where(
        Boundary.grid_id == grid_id, Boundary.valid.overlaps(Range(since, until))
    )
    return shapely.union_all(shapely.from_wkb([bytes(one) for one in session.scalars(asked)]))


def grid_of(session: Session, what: Meant, code: str) -> int:
    """The id of the grid of a code.

    Raises:
        BadInput: `unknown_grid`.
    """
    asked = select(Grid.id).where(Grid.scheme_id == what.scheme.id, Grid.code == code)
    found = session.scalar(asked)
    if found is None:
        detail = f"Scheme '{what.scheme.name}' has no grid of the code {code[:100]}."
        raise BadInput("unknown_grid", detail, field="grid", value=code)
    return found


def _leads_through(day: PersonDay, ground: Any) -> bool:
    mine = _of_day(day.track.at, day.day)
    places = np.column_stack([day.track.lon[mine], day.track.lat[mine]])
    return bool(
        shapely.intersects(ground, shapely.linestrings(np.vstack([places, places[-1:]]))) if len(places) else False
    )
