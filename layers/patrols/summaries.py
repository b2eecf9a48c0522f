"""Days whose fixes are not kept any more, as far as they were summarised: what was done, and no share of anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.tables import PatrolDay, PatrolGridDay, PatrolVisit
from gis.coverage import Walk
from gis.effort import Effort
from gis.tracks import Fate
from gis.visits import Visits
from gis.wall_clock import Day
from layers.patrols.instants import instant_of, us_of
from layers.patrols.recorded import NOBODY, Who
from layers.patrols.walked import Part, Walked, WalkedDay


@dataclass(frozen=True)
class _Summary:
    """A day as it was summarised."""

    day: PatrolDay
    grids: list[PatrolGridDay] = field(default_factory=list)
    visits: list[PatrolVisit] = field(default_factory=list)


class _Places:
    """Where the grids of a part stand, by their ids."""

    def __init__(self, part: Part) -> None:
        self.part, self.grid_no = part, part.town.grids.grid_no
        self.of = {id_: place for place, id_ in enumerate(part.town.grids.grid_id.tolist())}


def with_summaries(session: Session, found: Walked) -> Walked:
    """The same with what is known of days of which fixes are gone.

    Their traces stay unknown, so no rate rests on them; but nobody is told to have done nothing.
    """
    known = _summaries(session, found)
    if not known:
        return found
    places = [_Places(part) for part in found.parts]
    return replace(found, days=[_recalled(day, known.get(_key(day)), places) for day in found.days])


def _key(day: WalkedDay) -> tuple[Who, date]:
    return day.day.trace.who, day.day.day.date


def _summaries(session: Session, found: Walked) -> dict[tuple[Who, date], _Summary]:
    """The summaries of the days of which fixes are gone, in three statements however many they are."""
    dates = _gone(session, found.what.days)
    if not dates:
        return {}
    asked = select(PatrolDay).where(
        PatrolDay.scheme_id == found.what.scheme.id,
        PatrolDay.device_id.in_({day.day.trace.who.device_id for day in found.days}),
        PatrolDay.day.in_(dates),
    )
    of = {row.id: _Summary(row) for row in session.scalars(asked)}
    for grid in session.scalars(select(PatrolGridDay).where(PatrolGridDay.patrol_day_id.in_(of))):
        of[grid.patrol_day_id].grids.append(grid)
    visits = select(PatrolVisit).where(PatrolVisit.patrol_day_id.in_(of)).order_by(PatrolVisit.entered_at)
    for visit in session.scalars(visits):
        of[visit.patrol_day_id].visits.append(visit)
    return {(Who(one.day.device_id, one.day.staff_id or NOBODY), one.day.day): one for one in of.values()}


def _gone(session: Session, days: Sequence[Day]) -> list[date]:
    """The local days in which a day of UTC begins or goes on whose fixes are not there."""
    names = {day.date: {f"fixes_{instant_of(us):%Y_%m_%d}" for us in (day.start, day.end - 1)} for day in days}
    asked = text("SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(name) IS NULL")
    missing = set(session.scalars(asked, {"names": sorted(set().union(*names.values()))}))
    return [one for one, some in names.items() if missing & some]


def _recalled(day: WalkedDay, known: _Summary | None, places: Sequence[_Places]) -> WalkedDay:
    """A day as it was summarised, where more was known then than is now."""
    if known is None or sum(known.day.fates.values()) <= sum(day.day.fates.values()):
        return day
    walks = [_walk(walk, known, one) for walk, one in zip(day.walks, places, strict=True)]
    fates = {Fate[name]: count for name, count in known.day.fates.items()}
    return WalkedDay(replace(day.day, fates=fates), walks, Effort(known.day.gone_m, known.day.known_s))


def _walk(walk: Walk, known: _Summary, places: _Places) -> Walk:
    """A walk with the times that were summarised; legs are those of which there are fixes."""
    since, until = places.part.holds
    inside_s = np.zeros(len(places.of))
    for one in known.grids:
        if one.version == places.part.version.number:
            inside_s[places.of[one.grid_id]] = one.on_grid_s
    # The visits that began while the part held, of grids that it has.
    visits = [one for one in known.visits if since <= us_of(one.entered_at) < until and one.grid_id in places.of]
    seen = Visits(
        grid_no=np.array([places.grid_no[places.of[one.grid_id]] for one in visits], dtype=np.int32),
        entered_at=np.array([us_of(one.entered_at) for one in visits], dtype=np.int64),
        left_at=np.array([us_of(one.left_at) for one in visits], dtype=np.int64),
        dwell_s=np.array([one.dwell_s for one in visits], dtype=np.float64),
        interpolated=np.array([one.interpolated for one in visits], dtype=np.float64),
    )
    return replace(walk, inside_s=inside_s, visits=seen)
