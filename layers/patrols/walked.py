"""What the traces asked for come to on the ground: each day by itself, each version of the boundaries for its part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gis.coverage import Reached, Walk, walk
from gis.effort import Effort, effort
from gis.quality import Period
from gis.visits import Hysteresis
from layers.grids.versions import Version, versions_of
from layers.patrols.asking import Asked, Meant, meant
from layers.patrols.fixes import Bools
from layers.patrols.instants import us_of
from layers.patrols.recorded import PersonDay, Trace, days_of, traces_of
from layers.patrols.terrains import Town, town_of

_ALWAYS = (-(2**62), 2**62)
_NO_LEGS = np.empty((0, 4))


@dataclass(frozen=True, eq=False)
class Part:
    """A version of the boundaries that holds in some of the time asked for.

    Attributes:
        version: The version.
        holds: From when until when it does.
        town: Its ground.
    """

    version: Version
    holds: Period
    town: Town


@dataclass(frozen=True, eq=False)
class WalkedDay:
    """A day of a trace on the ground.

    Attributes:
        day: The day.
        walks: What it comes to in each part.
        effort: Metres gone and seconds known, whatever boundaries there were.
    """

    day: PersonDay
    walks: list[Walk]
    effort: Effort

    @property
    def on_grid_s(self) -> float:
        """Seconds in any of the grids."""
        return float(sum(one.inside_s.sum() for one in self.walks))


@dataclass(frozen=True, eq=False)
class Walked:
    """All that was asked for.

    Attributes:
        what: What was meant.
        parts: Versions in order of time.
        days: By device, person and day.
    """

    what: Meant
    parts: list[Part]
    days: list[WalkedDay]

    @cached_property
    def same_since(self) -> list[list[int]]:
        """For each part, for each of its grids, the first part since which its ground has been the same."""
        if len(self.parts) == 1:
            return [[0] * len(self.parts[0].town.grids.grid_id)]
        found: list[list[int]] = []
        known: dict[int, tuple[bytes, int]] = {}
        for number, part in enumerate(self.parts):
            ids, shapes = part.town.grids.grid_id.tolist(), shapely.to_wkb(part.town.terrain.grids.cells)
            known = {
                id_: (shape, known[id_][1] if id_ in known and known[id_][0] == shape else number)
                for id_, shape in zip(ids, shapes, strict=True)
            }
            found.append([known[id_][1] for id_ in ids])
        return found

    def reached(self, first: int, last: int, *, reach_m: float) -> Reached:
        """What all of them together reached while some parts held, on the ground of the last of them."""
        walks = [one for day in self.days for one in day.walks[first : last + 1]]
        legs, stops = (np.vstack([_NO_LEGS, *some]) for some in ([w.legs for w in walks], [w.stops for w in walks]))
        return self.parts[last].town.terrain.reached(legs, stops, reach_m=reach_m)

    def ends_with(self, number: int) -> Bools:
        """Which grids of a part have other ground, or none, in the next one; all of the last part's."""
        ids = self.parts[number].town.grids.grid_id
        if number == len(self.parts) - 1:
            return np.ones(len(ids), dtype=np.bool_)
        after = self.parts[number + 1].town.grids.grid_id.tolist()
        go_on = {id_ for id_, since in zip(after, self.same_since[number + 1], strict=True) if since <= number}
        return np.array([id_ not in go_on for id_ in ids.tolist()], dtype=np.bool_)


def walked(session: Session, asked: Asked, traces: Sequence[Trace] | None = None) -> Walked:
    """What is asked for, worked out from fixes.

    Args:
        session: An open session.
        asked: Whose ways, of which days.
        traces: The traces asked for, where they were read already.

    Raises:
        NotFound: `unknown_scheme`, `unknown_staff`.
        BadInput: `bad_period`, `bad_distance`, `too_many_fixes`.
    """
    what = meant(session, asked)
    return walked_by(session, what, traces_of(session, asked, what) if traces is None else traces, rule=asked.rule)


def walked_by(session: Session, what: Meant, traces: Sequence[Trace], *, rule: Hysteresis | None = None) -> Walked:
    """What traces come to in the days meant."""
    parts = _parts(session, what)
    days = [day for trace in traces for day in days_of(trace, what.days, now_us=what.now_us)]
    return Walked(what, parts, [_on_ground(day, parts, rule) for day in days])


def _on_ground(day: PersonDay, parts: Sequence[Part], rule: Hysteresis | None) -> WalkedDay:
    during = (day.day.start, day.day.end)
    walks = [walk(day.track, part.town.terrain, during=during, holds=part.holds, rule=rule) for part in parts]
    return WalkedDay(day, walks, effort(day.track, during))


def _parts(session: Session, what: Meant) -> list[Part]:
    found = []
    for version in versions_of(session, what.scheme.id):
        since = _ALWAYS[0] if version.since is None else us_of(version.since)
        until = _ALWAYS[1] if version.until is None else us_of(version.until)
        if since < what.days[-1].end and until > what.days[0].start:
            found.append(Part(version, (since, until), town_of(session, what.scheme, version)))
    return found
