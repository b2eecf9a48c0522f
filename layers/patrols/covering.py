"""What people covered of a city's grids in some days: the numbers of the patrol page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from data.sql import statement
from layers.patrols.asking import Asked
from layers.patrols.by_grid import ByGrid, by_grid
from layers.patrols.by_person import by_person, finds_of, per_ten_km
from layers.patrols.instants import instant_of, us_of
from layers.patrols.judged import quality_of, rounded, told, withheld
from layers.patrols.recorded import Trace
from layers.patrols.summaries import with_summaries
from layers.patrols.traces import grid_of
from layers.patrols.walked import Walked, walked


def coverage(session: Session, asked: Asked, traces: Sequence[Trace] | None = None) -> dict[str, Any]:
    """The answer of `GET /api/v1/patrols/coverage` but for `points` and `plans`, which the caller adds.

    Where a person or a device is chosen, the grids are those in which these were or have a duty.
    Shares are of what all asked for reached together. Those that the data cannot carry are None and say why in
    `withheld`; NaN never appears. `area_m2`, `street_m` and `buildings` of a grid are what there is.

    Args:
        session: An open session.
        asked: Whose ways, of which days.
        traces: The traces asked for, where they were read already.

    Raises:
        NotFound: `unknown_scheme`, `unknown_staff`.
        BadInput: `bad_period`, `bad_distance`, `unknown_grid`, `too_many_fixes`.
    """
    found = with_summaries(session, walked(session, asked, traces))
    only = None if asked.grid is None else grid_of(session, found.what, asked.grid)
    grids = by_grid(session, found, reach_m=asked.reach_m, only=only, of_somebody=asked.of_somebody)
    finds = finds_of(session, found, only=only)
    people = by_person(found, finds, chosen=None if only is None else grids.days)
    _add_last_visits(session, found, grids)
    return {
        "scheme": found.what.scheme.name,
        "tree": found.what.scheme.tree,
        "versions": [
            {
                "version": part.version.number,
                "since": part.version.since and part.version.since.isoformat(),
                "until": part.version.until and part.version.until.isoformat(),
            }
            for part in found.parts
        ],
        "from": asked.first.isoformat(),
        "to": asked.last.isoformat(),
        "time_zone": found.what.scheme.time_zone,
        "reach_m": asked.reach_m,
        "total": _total(found, grids, people, finds),
        "grids": grids.rows,
        "people": people,
    }


def _total(found: Walked, grids: ByGrid, people: list[dict[str, Any]], finds: Mapping[str, int]) -> dict[str, Any]:
    names = {(row["device"], row["staff_no"]) for row in people}
    days = [day for day in found.days if (day.day.trace.device, day.day.trace.staff_no) in names]
    known = quality_of(days)
    why = withheld(known)
    gone_m, filed = sum(day.effort.metres for day in days), sum(finds.values())
    return {
        **(dict.fromkeys(grids.shares()) if why else grids.shares()),
        "km": rounded(gone_m / 1000, 2),
        "hours": rounded(sum(day.effort.seconds for day in days) / 3600, 2),
        "visits": grids.visits,
        "grids": len(grids.rows),
        "grids_visited": len(grids.left_us),
        "people": len({row["staff_no"] or (row["device"],) for row in people}),
        "finds": filed,
        "finds_per_10km": None if why else per_ten_km(filed, gone_m),
        "quality": told(known),
        "withheld": why,
    }


def _add_last_visits(session: Session, found: Walked, grids: ByGrid) -> None:
    """Say for each grid when it was left last: by anybody on days that are summarised, or by those asked for."""
    until = found.what.period[1]
    values = {"grids": [row["grid_id"] for row in grids.rows], "until": instant_of(until)}
    left_us = {grid_id: us_of(at) for grid_id, at in session.execute(statement("patrol_last_visits"), values)}
    zone = ZoneInfo(found.what.scheme.time_zone)
    today = instant_of(until - 1).astimezone(zone).date()
    for row in grids.rows:
        last = max(left_us.get(row["grid_id"], 0), grids.left_us.get(row["grid_id"], 0))
        at = instant_of(min(last, until)).astimezone(zone) if last else None
        row["last_visit"] = at and at.isoformat()
        row["days_since"] = at and (today - at.date()).days
