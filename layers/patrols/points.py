"""Required points beside where people were: in their windows, too late, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.tables import Boundary, Grid, RequiredPoint
from gis.edges import Geometries
from gis.planned import STATES, Demand, Patience, Verdict, circles, judged, presence
from gis.quality import Period
from gis.tracks import Track
from gis.visits import Grids
from gis.wall_clock import local_day
from gis.windows import Window, windows
from layers.patrols.asking import Asked, Meant
from layers.patrols.instants import instant_of
from layers.patrols.recorded import NOBODY, Trace, days_of

_PATIENCE = Patience()


@dataclass(frozen=True, eq=False)
class Followed:
    """The days of a trace, each with the time for which it counts.

    Attributes:
        trace: Whose.
        ways: The tracks of the days, and of the night after them.
        watched: When it should be known, beside the track that tells.
    """

    trace: Trace
    ways: list[tuple[Track, Period]]
    watched: list[tuple[Track, Period]]


class Visitors:
    """Who was when at which of some places.

    Args:
        people: The traces.
        places: The ground of each place.
        what: What is asked for.
    """

    def __init__(self, people: Sequence[Followed], places: Geometries, what: Meant) -> None:
        shapes = Grids(places, np.arange(1, len(places) + 1), metric_srid=what.scheme.metric_srid)
        self._seen = [presence(one.ways, shapes) for one in people]
        self._now_us = what.now_us
        # Most people were never at most places, and need not be asked about them.
        self._at: dict[int, list[int]] = {}
        for number, one in enumerate(self._seen):
            for place in np.unique(one.place).tolist():
                self._at.setdefault(place, []).append(number)

    def judged(
        self, place: int, window: Window, demand: Demand, *, among: Container[int] | None = None
    ) -> tuple[Verdict, list[int]]:
        """What became of a demand by what some of the people did, or all; and which of them were there."""
        there = [number for number in self._at.get(place, []) if among is None or number in among]
        verdict = judged(
            [self._seen[number] for number in there], place, window, demand, now=self._now_us, patience=_PATIENCE
        )
        return verdict, [there[number] for number in verdict.people]


@dataclass(eq=False)
class Opening:
    """The windows of some days, worked out once for all that open and close at the same times."""

    days: Sequence[date]
    zone: ZoneInfo
    _known: dict[tuple[Any, ...], list[Window]] = field(default_factory=dict)

    def windows(
        self, opens: time, closes: time, weekdays: Sequence[int], valid: Range[Any], *, only: date | None = None
    ) -> list[Window]:
        """The windows of a demand that open while it holds."""
        key = (opens, closes, *weekdays, only)
        if key not in self._known:
            days = self.days if only is None else [day for day in self.days if day == only]
            self._known[key] = windows(days, opens, closes, self.zone, weekdays=weekdays, late_s=_PATIENCE.late_s)
        return [one for one in self._known[key] if instant_of(one.opens) in valid]

    @classmethod
    def of(cls, what: Meant) -> Opening:
        """Those of the days asked for."""
        return cls([day.date for day in what.days], ZoneInfo(what.scheme.time_zone))


def followed(traces: Iterable[Trace], what: Meant) -> list[Followed]:
    """Traces as they are looked at here: day by day, and the night after, into which windows may reach."""
    last = what.days[-1]
    days = [*what.days, local_day(last.date + timedelta(days=1), ZoneInfo(what.scheme.time_zone))]
    found = []
    for trace in traces:
        each = list(days_of(trace, days, now_us=what.now_us))
        watched = [(one.track, period) for one in each for period in one.watched]
        found.append(Followed(trace, [(one.track, one.period) for one in each], watched))
    return found


def whole_days(what: Meant) -> Range[datetime]:
    """The days asked for, to their end, whatever of them is still to come."""
    return Range(instant_of(what.days[0].start), instant_of(what.days[-1].end))


def points_of(session: Session, tree: str, during: Range[datetime]) -> list[RequiredPoint]:
    """The required points of a city that hold at any instant of some time, by label."""
    asked = select(RequiredPoint).where(RequiredPoint.tree == tree, RequiredPoint.valid.op("&&")(during))
    return list(session.scalars(asked.order_by(RequiredPoint.label)))


def points_done(session: Session, asked: Asked, what: Meant, people: Sequence[Followed]) -> list[dict[str, Any]]:
    """What became of each required point in the days asked for.

    Where a team, a person or a device is chosen, only what these did is told: a point is nobody's in particular, so
    that nobody in particular has missed it.

    Args:
        session: An open session.
        asked: Whose ways, of which days.
        what: What that comes to.
        people: The traces.

    Returns:
        Rows of `label`, `name`, `lon`, `lat`, `radius_m`, how many windows are `due`, and of these `done`, `late`,
        `partial` and `missed`; `not_yet`, which are not due; `visits`; `people` with `staff_no`, `device` and `name`.
    """
    points = _in_grid(session, asked, what, points_of(session, what.scheme.tree, whole_days(what)))
    if not points:
        return []
    is_narrow = (asked.team, asked.staff, asked.device) != (None, None, None)
    visitors = Visitors(people, circles_of(points, what.scheme.metric_srid), what)
    opening, rows = Opening.of(what), []
    for place, point in enumerate(points):
        demand = Demand(point.times, point.dwell_s)
        open_at = opening.windows(point.opens, point.closes, point.weekdays, point.valid)
        found = [visitors.judged(place, window, demand) for window in open_at]
        if is_narrow:
            found = [(verdict, there) for verdict, there in found if there]
        if found:
            count = Counter(verdict.state for verdict, _ in found)
            rows.append(
                {
                    **{name: getattr(point, name) for name in ("label", "name", "lon", "lat", "radius_m")},
                    "due": len(found) - count["not_yet"],
                    **{state: count[state] for state in STATES},
                    "visits": sum(verdict.visits for verdict, _ in found),
                    "people": _people(people[number].trace for _, there in found for number in there),
                }
            )
    return rows


def circles_of(points: Sequence[RequiredPoint], srid: int) -> Geometries:
    """The ground on which somebody is at each point."""
    return circles(
        [one.lon for one in points], [one.lat for one in points], [one.radius_m for one in points], metric_srid=srid
    )


def _in_grid(session: Session, asked: Asked, what: Meant, points: list[RequiredPoint]) -> list[RequiredPoint]:
    """The points in the grid that is asked for, wherever its borders ran in that time."""
    if asked.grid is None:
        return points
    cells = session.scalars(
        select(Boundary.geom)
        .join(Grid, Grid.id == Boundary.grid_id)
        .where(Grid.scheme_id == what.scheme.id, Grid.code == asked.grid, Boundary.valid.op("&&")(whole_days(what)))
    ).all()
    ground = shapely.union_all(list(cells))
    shapely.prepare(ground)
    return [one for one in points if shapely.intersects_xy(ground, one.lon, one.lat)]


def _people(traces: Iterable[Trace]) -> list[dict[str, Any]]:
    found = {(one.who.staff_id, one.device if one.who.staff_id == NOBODY else ""): one for one in traces}
    return [
        {"staff_no": one.staff_no, "device": one.device, "name": one.name or one.device}
        for one in sorted(found.values(), key=lambda one: (one.staff_no or "", one.device))
    ]
