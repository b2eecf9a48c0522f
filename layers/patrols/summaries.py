"""Days whose fixes are not kept any more, as far as they were summarised: what was done, and no share of anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.tables import PatrolDay, PatrolGridDay, PatrolVisit
from gis.coverage import Walk
from gis.effort import Effort
from gis.tracks import Fate
from gis.visits import Visits
from layers.patrols.asking import Day
from layers.patrols.instants import instant_of, us_of
from layers.patrols.recorded import NOBODY, Who
from layers.patrols.walked import Part, Walked, WalkedDay


def with_summaries(session: Session, found: Walked) -> Walked:
    """The same with what is known of days of which fixes are gone.

    Their traces stay unknown, so no rate rests on them; but nobody is told to have done nothing.
    """
    known = _summaries(session, found)
    return replace(found, days=[_recalled(session, day, known.get(_key(day)), found.parts) for day in found.days])


def _key(day: WalkedDay) -> tuple[Who, date]:
    return day.day.trace.who, day.day.day.date


def _summaries(session: Session, found: Walked) -> dict[tuple[Who, date], PatrolDay]:
    """The summaries of the days of which fixes are gone."""
    dates = _gone(session, found.what.days)
    if not dates:
        return {}
    asked = select(PatrolDay).where(
        PatrolDay.scheme_id == found.what.scheme.id,
        PatrolDay.device_id.in_({day.day.trace.who.device_id for day in found.days}),
        PatrolDay.day.in_(dates),
    )
    return {(Who(row.device_id, row.staff_id or NOBODY), row.day): row for row in session.scalars(asked)}


def _gone(session: Session, days: Sequence[Day]) -> list[date]:
    """The local days in which a day of UTC begins or goes on whose fixes are not there."""
    names = {day.date: {f"fixes_{instant_of(us):%Y_%m_%d}" for us in (day.start, day.end - 1)} for day in days}
    asked = text("SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(name) IS NULL")
    missing = set(session.scalars(asked, {"names": sorted(set().union(*names.values()))}))
    return [one for one, some in names.items() if missing & some]


def _recalled(session: Session, day: WalkedDay, row: PatrolDay | None, parts: Sequence[Part]) -> WalkedDay:
    """A day as it was summarised, where more was known then than is now."""
    if row is None or sum(row.fates.values()) <= sum(day.day.fates.values()):
        return day
    grids = session.scalars(select(PatrolGridDay).where(PatrolGridDay.patrol_day_id == row.id)).all()
    asked = select(PatrolVisit).where(PatrolVisit.patrol_day_id == row.id)
    visits = session.scalars(asked.order_by(PatrolVisit.entered_at)).all()
    walks = [
        _walk(walk, part, [one for one in grids if one.version == part.version.number], _within(visits, part))
        for walk, part in zip(day.walks, parts, strict=True)
    ]
    fates = {Fate[name]: count for name, count in row.fates.items()}
    return WalkedDay(replace(day.day, fates=fates), walks, Effort(row.gone_m, row.known_s))


def _within(visits: Sequence[PatrolVisit], part: Part) -> list[PatrolVisit]:
    """The visits that began while a part held, of grids that it has."""
    ids = set(part.town.grids.grid_id.tolist())
    return [one for one in visits if part.holds[0] <= us_of(one.entered_at) < part.holds[1] and one.grid_id in ids]


def _walk(walk: Walk, part: Part, grids: Sequence[PatrolGridDay], visits: Sequence[PatrolVisit]) -> Walk:
    """A walk with the times that were summarised; legs are those of which there are fixes."""
    town = part.town.grids
    place = {id_: number for number, id_ in enumerate(town.grid_id.tolist())}
    inside_s = np.zeros(len(place))
    for one in grids:
        inside_s[place[one.grid_id]] = one.on_grid_s
    seen = Visits(
        grid_no=np.array([town.grid_no[place[one.grid_id]] for one in visits], dtype=np.int32),
        entered_at=np.array([us_of(one.entered_at) for one in visits], dtype=np.int64),
        left_at=np.array([us_of(one.left_at) for one in visits], dtype=np.int64),
        dwell_s=np.array([one.dwell_s for one in visits], dtype=np.float64),
        interpolated=np.array([one.interpolated for one in visits], dtype=np.float64),
    )
    return replace(walk, inside_s=inside_s, visits=seen)
