"""Days that are over are summarised once, and again where late fixes or other boundaries touch them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Engine, Row, func, insert, select, text, update
from sqlalchemy.orm import Session

from data.session import read_only, unit_of_work
from data.sql import statement
from data.tables import Device, PatrolDay, PatrolDayDue, PatrolGridDay, PatrolVisit, Scheme
from gis.coverage import Walk
from gis.wall_clock import local_day
from layers.grids.schemes import DEFAULT_SCHEME
from layers.grids.versions import versions_of
from layers.patrols.asking import REACH_M, Asked, Meant
from layers.patrols.instants import instant_of, us_of
from layers.patrols.judged import quality_of, told
from layers.patrols.recorded import NOBODY, reaches_over, traces_of
from layers.patrols.terrains import Town, town_of
from layers.patrols.walked import Walked, WalkedDay, walked_by

# A day is summarised so long after its end: most of what is late has come by then. What is later marks its day.
CLOSED_AFTER = timedelta(hours=3)
# Hardly anything late comes by then.
_TIDIED_AFTER = timedelta(days=2)
# Fixes that are put in order at once: the live feed waits for as long as that takes.
_TIDIED_AT_ONCE = 10_000
# Days that a service which was away summarises when it is back; imports mark those that they bring by themselves.
_LOOK_BACK = 35


def mark_days_over(bind: Engine, *, now: datetime | None = None) -> bool:
    """Mark the days that are over and not summarised, and those whose boundaries are others now.

    Args:
        bind: Engine of the service role.
        now: As of when; now if not given.

    Returns:
        False: it never needs to be called again at once.
    """
    now = now or datetime.now(UTC)
    with unit_of_work(bind) as session:
        for scheme in _schemes(session):
            zone = ZoneInfo(scheme.time_zone)
            last = _last_over(zone, now)
            days = [local_day(last - timedelta(days=number), zone) for number in range(_LOOK_BACK)]
            values = {
                "tree": scheme.tree,
                "days": [day.date for day in days],
                "since": [instant_of(day.start) for day in days],
                "until": [instant_of(day.end) for day in days],
            }
            session.execute(statement("patrol_mark_over"), values)
            session.execute(statement("patrol_mark_outdated"), {"scheme_id": scheme.id})
    return False


def close_next_day(bind: Engine, *, kept_days: int, now: datetime | None = None) -> bool:
    """Summarise one day of a device that is due, in one transaction; whether there was one.

    A day whose fixes, or those around its ends, are not kept any more stays as it was summarised.

    Args:
        bind: Engine of the service role.
        kept_days: For how many days fixes are kept; 0 for ever.
        now: As of when; now if not given.
    """
    now = now or datetime.now(UTC)
    with unit_of_work(bind) as session:
        if not session.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext('patrol summaries'))")):
            return False
        for scheme in _schemes(session):
            zone = ZoneInfo(scheme.time_zone)
            oldest = now.astimezone(zone).date() - timedelta(days=kept_days - 2) if kept_days else date.min
            values = {"tree": scheme.tree, "oldest": oldest, "newest": _last_over(zone, now)}
            due = session.execute(statement("patrol_next_day"), values).first()
            if due is not None:
                _summarise(session, scheme, due, now)
                return True
    return False


def tidy_next_day(bind: Engine, *, now: datetime | None = None) -> bool:
    """Take a step towards a day whose fixes lie in the order of their key; whether there may be more.

    Args:
        bind: Engine of the service role.
        now: As of when; now if not given.
    """
    before = (now or datetime.now(UTC)).date() - _TIDIED_AFTER
    with unit_of_work(bind) as session:
        values = {"before": before, "rows": _TIDIED_AT_ONCE}
        more: bool = session.execute(text("SELECT tidy_fix_day(:before, :rows)"), values).scalar_one()
    return more


def prepare_grounds(bind: Engine) -> bool:
    """Have the ground of today's boundaries in memory before anybody asks; in a large city that takes half a minute.

    Args:
        bind: Engine of the service role.

    Returns:
        False: it never needs to be called again at once.
    """
    now = datetime.now(UTC)
    with read_only(bind) as session:
        for scheme in _schemes(session):
            for version in versions_of(session, scheme.id):
                if (version.since is None or version.since <= now) and (version.until is None or now < version.until):
                    town_of(session, scheme, version)
    return False


def _schemes(session: Session) -> list[Scheme]:
    """The schemes by which the cities with devices count patrols."""
    found = []
    for tree in session.scalars(select(Device.tree).distinct().order_by(Device.tree)).all():
        id_ = session.scalar(statement("patrol_scheme"), {"tree": tree, "preferred": DEFAULT_SCHEME})
        if id_ is not None:
            found.append(session.get_one(Scheme, id_))
    return found


def _last_over(zone: ZoneInfo, now: datetime) -> date:
    return (now - CLOSED_AFTER).astimezone(zone).date() - timedelta(days=1)


def _summarise(session: Session, scheme: Scheme, due: Row[Any], now: datetime) -> None:
    """Work a day of a device out anew; what was known of it before goes."""
    # The number is read before the versions: what is published in between counts as newer, never as known.
    judged_by, day = scheme.version, due.day
    what = Meant(scheme, [local_day(day, ZoneInfo(scheme.time_zone))], us_of(now))
    traces = traces_of(session, Asked(scheme=scheme.name, first=day, last=day, device=due.label), what)
    found = walked_by(session, what, traces)
    session.execute(select(func.forget_patrol_day(due.device_id, day)))
    for one in found.days:
        if one.day.fates:
            _store(session, found, one, judged_by)
    over = [reaches_over(trace, what.days[0]) for trace in traces] if due.spreads else []
    beside = [day - timedelta(days=1)] * any(before for before, _ in over)
    beside += [day + timedelta(days=1)] * any(after for _, after in over)
    _settle(session, due, beside)


def _settle(session: Session, due: Row[Any], beside: list[date]) -> None:
    """A day is done, and those beside it are to be done again that were summarised before it was whole."""
    mine = PatrolDayDue.device_id == due.device_id
    # Last, so that who brings late fixes waits for a moment only, and in the order in which they lock days.
    some = select(PatrolDayDue.day).where(mine, PatrolDayDue.day.in_([due.day, *beside]))
    session.execute(some.order_by(PatrolDayDue.day).with_for_update())
    # Where a mark came meanwhile the day is due still.
    seen = update(PatrolDayDue).where(mine, PatrolDayDue.day == due.day, PatrolDayDue.marked_at == due.marked_at)
    session.execute(seen.values(done_at=func.now()))
    again = update(PatrolDayDue).where(mine, PatrolDayDue.day.in_(beside), PatrolDayDue.done_at.is_not(None))
    session.execute(again.values(done_at=None, spreads=False, marked_at=func.now()))


def _store(session: Session, found: Walked, day: WalkedDay, judged_by: int) -> None:
    who = day.day.trace.who
    values = {
        "scheme_id": found.what.scheme.id,
        "day": day.day.day.date,
        "device_id": who.device_id,
        "staff_id": None if who.staff_id == NOBODY else who.staff_id,
        "judged_by": judged_by,
        "gone_m": day.effort.metres,
        "known_s": day.effort.seconds,
        "on_grid_s": day.on_grid_s,
        "quality": told(quality_of([day])),
        "fates": {fate.name: count for fate, count in day.day.fates.items()},
    }
    id_ = session.scalar(insert(PatrolDay).values(values).returning(PatrolDay.id))
    grids, visits = [], []
    for walk, part in zip(day.walks, found.parts, strict=True):
        grids += [{"patrol_day_id": id_, "version": part.version.number, **row} for row in _grids(walk, part.town)]
        visits += [{"patrol_day_id": id_, **row} for row in _visits(walk, part.town)]
    if grids:
        session.execute(insert(PatrolGridDay), grids)
    if visits:
        session.execute(insert(PatrolVisit), visits)


def _grids(walk: Walk, town: Town) -> Iterator[dict[str, Any]]:
    """What was covered of each grid that anything was covered of."""
    reached = town.terrain.reached(walk.legs, walk.stops, reach_m=REACH_M)
    street, of_street = town.terrain.street_grids
    visited = np.isin(street, reached.streets)
    street, of_street = street[visited], of_street[visited]
    of_building = town.terrain.building_grid[reached.buildings]
    touched = (reached.area_m2 > 0) | (reached.street_m > 0) | (reached.passed > 0) | (walk.inside_s > 0)
    for place in np.flatnonzero(touched).tolist():
        mine = walk.visits.grid_no == town.grids.grid_no[place]
        yield {
            "grid_id": int(town.grids.grid_id[place]),
            "area_m2": float(reached.area_m2[place]),
            "street_m": float(reached.street_m[place]),
            "on_grid_s": float(walk.inside_s[place]),
            "visits": int(np.count_nonzero(mine)),
            "dwell_s": float(walk.visits.dwell_s[mine].sum()),
            "street_ids": town.street_id[street[of_street == place]].tolist(),
            "building_ids": town.building_id[reached.buildings[of_building == place]].tolist(),
        }


def _visits(walk: Walk, town: Town) -> Iterator[dict[str, Any]]:
    seen = walk.visits
    place = np.searchsorted(town.grids.grid_no, seen.grid_no)
    columns = (town.grids.grid_id[place], seen.entered_at, seen.left_at, seen.dwell_s, seen.interpolated)
    for grid_id, entered_at, left_at, dwell_s, interpolated in zip(*(one.tolist() for one in columns), strict=True):
        yield {
            "grid_id": grid_id,
            "entered_at": instant_of(entered_at),
            "left_at": instant_of(left_at),
            "dwell_s": dwell_s,
            "interpolated": interpolated,
        }
