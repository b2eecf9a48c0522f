"""Planned patrols beside what was done: in time, late, in part, not at all, or nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.tables import Absence, Boundary, Device, Grid, PatrolPlan, RequiredPoint, Shift, Staff
from gis.edges import Geometries
from gis.planned import Demand, Verdict, together
from gis.quality import Period, quality
from gis.windows import Window
from layers.patrols.asking import Asked, Meant, meant
from layers.patrols.instants import instant_of, us_of
from layers.patrols.judged import withheld
from layers.patrols.points import Followed, Opening, Visitors, circles_of, followed, points_done, whole_days
from layers.patrols.recorded import Trace, traces_of

UNKNOWN = "unknown"
"""The state of a plan of which the traces cannot tell whether it was carried out."""


@dataclass(frozen=True)
class _Place:
    """A grid while one boundary of it holds, or a required point."""

    kind: str
    id: int
    code: str
    name: str
    valid: Range[Any]
    dwell_s: int = 0


@dataclass(frozen=True, eq=False)
class _Done:
    """All that plans are judged by."""

    what: Meant
    people: Sequence[Followed]
    places: list[_Place]
    visitors: Visitors
    # Places of the list by kind and id: a grid has one for each of its boundaries.
    numbers: Mapping[tuple[str, int], list[int]]
    shifts: Mapping[str, list[tuple[int, int, Period]]]
    away: Mapping[int, list[Range[Any]]]


def points_and_plans(
    session: Session, asked: Asked, traces: Sequence[Trace] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The parts `points` and `plans` of the answer of `GET /api/v1/patrols/coverage`.

    Args:
        session: An open session.
        asked: Whose ways, of which days.
        traces: The traces asked for, where they were read already.

    Raises:
        NotFound: `unknown_scheme`, `unknown_staff`.
        BadInput: `bad_period`, `too_many_fixes`.
    """
    what = meant(session, asked)
    people = followed(traces_of(session, asked, what) if traces is None else traces, what)
    return {"points": points_done(session, asked, what, people), "plans": plans_done(session, asked, what, people)}


def named(found: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The people of whom points and plans tell where they were, with `staff_no` and `device`."""
    who = [one for point in found["points"] for one in point["people"]]
    who += [{"staff_no": plan["staff_no"], "device": None} for plan in found["plans"] if plan["staff_no"] is not None]
    return [{"staff_no": one["staff_no"], "device": None if one["staff_no"] else one["device"]} for one in who]


def plans_done(session: Session, asked: Asked, what: Meant, people: Sequence[Followed]) -> list[dict[str, Any]]:
    """What became of each planned patrol in the days asked for, one row for each window.

    Told are the plans whose people are all asked for: those of a person where a person is chosen, those of a team and
    of people who were in no other where a team is. Of a device alone it cannot be told what its bearer did.

    Args:
        session: An open session.
        asked: Whose ways, of which days.
        what: What that comes to.
        people: The traces.

    Returns:
        Rows of `label`, `who` (a name), `staff_no` or `team`, `day`, `window`, `opens`, `closes`, `state` (one of
        `gis.planned.STATES`, or `unknown`), `places`, how many of them are `done`, what is `missing` (`kind`, `code`,
        `name`, `state`, `dwell_s`, `demand_s`), and `withheld`: why it cannot be told.
    """
    rows = _plans(session, asked, what)
    if not rows:
        return []
    places, shapes = _places(session, what, [plan for plan, _ in rows])
    numbers: dict[tuple[str, int], list[int]] = {}
    for number, place in enumerate(places):
        numbers.setdefault((place.kind, place.id), []).append(number)
    visitors = Visitors(people, shapes, what)
    done = _Done(what, people, places, visitors, numbers, _shifts(session, what), _away(session, what))
    opening = Opening.of(what)
    found = []
    for plan, person in rows:
        weekdays = [plan.day.isoweekday()] if plan.day else plan.weekdays or []
        for window in opening.windows(plan.opens, plan.closes, weekdays, plan.valid, only=plan.day):
            told = _told(plan, person, window, done)
            found += [] if told is None else [told]
    return sorted(found, key=lambda one: (one["day"], one["label"]))


def _plans(session: Session, asked: Asked, what: Meant) -> list[tuple[PatrolPlan, Staff | None]]:
    if asked.device is not None:
        return []
    first, last = what.days[0].date, what.days[-1].date
    query = (
        select(PatrolPlan, Staff)
        .outerjoin(Staff, Staff.id == PatrolPlan.staff_id)
        .where(
            PatrolPlan.tree == what.scheme.tree,
            PatrolPlan.valid.op("&&")(whole_days(what)),
            PatrolPlan.day.is_(None) | PatrolPlan.day.between(first, last),
        )
        .order_by(PatrolPlan.label)
    )
    if asked.staff is not None:
        query = query.where(Staff.staff_no == asked.staff)
    if asked.grid is not None:
        of_scheme = select(Grid.id).where(Grid.scheme_id == what.scheme.id, Grid.code == asked.grid).scalar_subquery()
        query = query.where(of_scheme == func.any(PatrolPlan.grid_ids))
    rows: list[tuple[PatrolPlan, Staff | None]] = [(plan, person) for plan, person in session.execute(query)]
    if asked.team is None:
        return rows
    teams: dict[int, set[str | None]] = {}
    for team, shifts in _shifts(session, what).items():
        for staff_id, _, _ in shifts:
            teams.setdefault(staff_id, set()).add(team)
    return [
        (plan, person)
        for plan, person in rows
        if plan.team == asked.team or (plan.staff_id and teams.get(plan.staff_id) == {asked.team})
    ]


def _places(session: Session, what: Meant, plans: Sequence[PatrolPlan]) -> tuple[list[_Place], Geometries]:
    """All places of some plans, with their shapes."""
    grid_ids = sorted({one for plan in plans for one in plan.grid_ids})
    point_ids = sorted({one for plan in plans for one in plan.point_ids})
    cells = session.execute(
        select(Grid.id, Grid.code, Grid.name, Boundary.valid, Boundary.geom)
        .join(Boundary, Boundary.grid_id == Grid.id)
        .where(Grid.id.in_(grid_ids), Boundary.valid.op("&&")(whole_days(what)))
        .order_by(Grid.code)
    ).all()
    points = session.scalars(
        select(RequiredPoint).where(RequiredPoint.id.in_(point_ids)).order_by(RequiredPoint.label)
    ).all()
    places = [_Place("grid", id_, code, name or code, valid) for id_, code, name, valid, _ in cells]
    places += [_Place("point", one.id, one.label, one.name, one.valid, one.dwell_s) for one in points]
    shapes = np.empty(len(places), dtype=np.object_)
    shapes[: len(cells)] = [geom for *_, geom in cells]
    if points:
        shapes[len(cells) :] = circles_of(points, what.scheme.metric_srid)
    return places, shapes


def _shifts(session: Session, what: Meant) -> dict[str, list[tuple[int, int, Period]]]:
    """Staff, device and time of the shifts around the days, by team."""
    first, last = what.days[0].start, what.days[-1].end + (what.days[-1].end - what.days[-1].start)
    rows = session.execute(
        select(Shift.team, Shift.staff_id, Shift.device_id, func.lower(Shift.valid), func.upper(Shift.valid))
        .join(Device, Device.id == Shift.device_id)
        .where(Device.tree == what.scheme.tree, Shift.valid.op("&&")(Range(instant_of(first), instant_of(last))))
    )
    found: dict[str, list[tuple[int, int, Period]]] = {}
    for team, staff_id, device_id, since, until in rows:
        period = us_of(since) if since else first, us_of(until) if until else last
        found.setdefault(team or "", []).append((staff_id, device_id, period))
    return found


def _away(session: Session, what: Meant) -> dict[int, list[Range[Any]]]:
    """When who was on leave."""
    rows = session.execute(
        select(Absence.staff_id, Absence.valid)
        .join(Staff, Staff.id == Absence.staff_id)
        .where(Staff.tree == what.scheme.tree, Absence.valid.op("&&")(whole_days(what)))
    )
    found: dict[int, list[Range[Any]]] = {}
    for staff_id, valid in rows:
        found.setdefault(staff_id, []).append(valid)
    return found


def _told(plan: PatrolPlan, person: Staff | None, window: Window, done: _Done) -> dict[str, Any] | None:
    """The row of one window; None where nothing was due: the person is on leave, or the places are no more."""
    opens = instant_of(window.opens)
    if plan.staff_id is not None and any(opens in one for one in done.away.get(plan.staff_id, [])):
        return None
    asked_for = [("grid", one) for one in plan.grid_ids] + [("point", one) for one in plan.point_ids]
    wanted = [
        (number, done.places[number])
        for one in asked_for
        for number in done.numbers.get(one, [])
        if opens in done.places[number].valid
    ]
    if not wanted:
        return None
    mine = _mine(plan, window, done)
    parts = [
        (place, demand, done.visitors.judged(number, window, demand, among=mine)[0])
        for number, place in wanted
        for demand in [Demand(1, max(plan.dwell_s, place.dwell_s))]
    ]
    state = together([verdict.state for *_, verdict in parts])
    why = _doubts(window, mine, done) if state in ("late", "partial", "missed") else []
    zone = ZoneInfo(done.what.scheme.time_zone)
    return {
        "label": plan.label,
        "who": person.name if person else plan.team,
        "staff_no": person and person.staff_no,
        "team": plan.team,
        "day": window.day.isoformat(),
        "window": f"{plan.opens:%H:%M}–{plan.closes:%H:%M}",
        "opens": opens.astimezone(zone).isoformat(),
        "closes": instant_of(window.closes).astimezone(zone).isoformat(),
        "state": UNKNOWN if why else state,
        "places": len(parts),
        "done": sum(verdict.state == "done" for *_, verdict in parts),
        "missing": [_missing(*one) for one in parts if one[2].state != "done"],
        "withheld": why,
    }


def _mine(plan: PatrolPlan, window: Window, done: _Done) -> list[int]:
    """Whose traces count for a plan: the person's, or of those who were on shift with the team in its window."""
    if plan.staff_id is not None:
        return [number for number, one in enumerate(done.people) if one.trace.who.staff_id == plan.staff_id]
    on_shift = {
        (device_id, staff_id)
        for staff_id, device_id, (since, until) in done.shifts.get(plan.team or "", [])
        if since < window.late_until and window.opens < until
    }
    return [number for number, one in enumerate(done.people) if tuple(one.trace.who) in on_shift]


def _doubts(window: Window, mine: Sequence[int], done: _Done) -> list[dict[str, Any]]:
    """Why the traces of a window cannot tell what was not done."""
    watched = [
        (track, (max(since, window.opens), min(until, window.closes)))
        for number in mine
        for track, (since, until) in done.people[number].watched
        if max(since, window.opens) < min(until, window.closes)
    ]
    return withheld(quality(watched))


def _missing(place: _Place, demand: Demand, verdict: Verdict) -> dict[str, Any]:
    return {
        "kind": place.kind,
        "code": place.code,
        "name": place.name,
        "state": verdict.state,
        "dwell_s": verdict.longest_s,
        "demand_s": demand.dwell_s,
    }
