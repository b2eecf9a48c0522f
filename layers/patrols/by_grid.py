"""What was covered of each grid. A grid whose ground changed within the time has a row for each ground it had."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from gis.coverage import Reached, Walk
from gis.quality import Quality, quality
from gis.visits import revisit_gaps
from layers.patrols.concerned import Holders, concerned, holders_of
from layers.patrols.fixes import Floats, Ints
from layers.patrols.instants import instant_of
from layers.patrols.judged import quality_of, rounded, told, withheld
from layers.patrols.recorded import Who
from layers.patrols.walked import Walked, WalkedDay

_SHARES = ("area_share", "street_share", "building_share")
_NO_SHARES = dict.fromkeys(_SHARES)


class _Visit(NamedTuple):
    """A visit on some day of `Walked.days`."""

    day: int
    entered_at: int
    left_at: int
    dwell_s: float


@dataclass
class ByGrid:
    """The rows, and what they come to together.

    Attributes:
        rows: As they are told, in the order of the grids' numbers.
        reached: Square metres, metres of street and buildings reached.
        there: The same of what there is.
        visits: How many there were.
        left_us: When each grid was left last, by its id.
        days: The places of the days on which somebody was in one of the grids.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    reached: Floats = field(default_factory=lambda: np.zeros(3))
    there: Floats = field(default_factory=lambda: np.zeros(3))
    visits: int = 0
    left_us: dict[int, int] = field(default_factory=dict)
    days: set[int] = field(default_factory=set)

    def shares(self) -> dict[str, float | None]:
        """What was reached as shares of what there is."""
        return dict(zip(_SHARES, _shared(self.reached, self.there), strict=True))


def by_grid(session: Session, found: Walked, *, reach_m: float, only: int | None, of_somebody: bool = False) -> ByGrid:
    """What was covered of each grid.

    Args:
        session: An open session.
        found: What was walked.
        reach_m: From how far away something counts as covered.
        only: The id of the one grid that is asked for; None for all.
        of_somebody: Only grids that concern those asked for.
    """
    holders = holders_of(session, found)
    out, judge = ByGrid(), _Judge(found, holders)
    wanted = concerned(found, holders) if of_somebody else []
    order: list[tuple[int, int]] = []
    for last, part in enumerate(found.parts):
        grids, since = part.town.grids, np.array(found.same_since[last], dtype=np.int64)
        mine = found.ends_with(last)
        if only is not None:
            mine &= grids.grid_id == only
        for first in np.unique(since[mine]).tolist():
            ground = _Ground(found, first, last, found.reached(first, last, reach_m=reach_m))
            rows = mine & (since == first)
            if of_somebody:
                rows &= np.isin(grids.grid_id, wanted)
            places = np.flatnonzero(rows)
            out.reached += ground.got[:, places].sum(axis=1)
            out.there += ground.there[:, places].sum(axis=1)
            for place in places.tolist():
                _add(out, ground, place, judge)
                order.append((int(grids.grid_no[place]), last))
    out.rows = [out.rows[at] for at in sorted(range(len(order)), key=order.__getitem__)]
    return out


class _Ground:
    """Parts through which the ground of some grids was the same: what was reached of it, and who was there."""

    def __init__(self, found: Walked, first: int, last: int, reached: Reached) -> None:
        part, days = found.parts[last], found.what.days
        terrain, self.grids = part.town.terrain, part.town.grids
        self.got = np.array([reached.area_m2, reached.street_m, reached.passed], dtype=np.float64)
        self.there = np.array([terrain.area_m2, terrain.street_m, terrain.building_count], dtype=np.float64)
        # Columns once, not cells ten thousand times: a city has as many grids, and a person was in few of them.
        self.shares = list(zip(*(_shared(*pair) for pair in zip(self.got, self.there, strict=True)), strict=True))
        self.sizes = list(zip(*self.there[:2].round(1).tolist(), terrain.building_count.tolist(), strict=True))
        self.houses = list(zip(reached.passed.tolist(), reached.dwelled.tolist(), strict=True))
        self.holds = {
            "version": part.version.number,
            "since": instant_of(max(found.parts[first].holds[0], days[0].start)).isoformat(),
            "until": instant_of(min(part.holds[1], days[-1].end)).isoformat(),
        }
        self.visits: dict[int, list[_Visit]] = defaultdict(list)
        self.days: dict[int, set[int]] = defaultdict(set)
        self.inside_s: dict[int, float] = defaultdict(float)
        for number, day in enumerate(found.days):
            for walk, one in zip(day.walks[first : last + 1], found.parts[first : last + 1], strict=True):
                self._add(number, walk, one.town.grids.grid_no)

    def _add(self, number: int, walk: Walk, numbers: Ints) -> None:
        inside = np.flatnonzero(walk.inside_s)
        for grid_no, seconds in zip(numbers[inside].tolist(), walk.inside_s[inside].tolist(), strict=True):
            self.days[grid_no].add(number)
            self.inside_s[grid_no] += seconds
        seen = walk.visits
        columns = (seen.grid_no, seen.entered_at, seen.left_at, seen.dwell_s)
        for grid_no, *visit in zip(*(column.tolist() for column in columns), strict=True):
            self.visits[grid_no].append(_Visit(number, *visit))


class _Judge:
    """How surely it is known what happened in a grid: by whom it was visited, and whose duty it is."""

    def __init__(self, found: Walked, holders: Holders) -> None:
        self._days = found.days
        self._of_who: dict[Who, list[WalkedDay]] = defaultdict(list)
        for day in found.days:
            self._of_who[day.day.trace.who].append(day)
        self._holders = holders
        self._known: dict[frozenset[Who], _Told] = {}

    def of(self, grid_id: int, days: set[int], visits: list[_Visit]) -> _Told:
        """Fixes, intervals and errors are those within the visits; silence is that of the people, wherever they were.

        A grid that nobody has a duty in and nobody visited is as surely known as everybody's traces.
        """
        people = self._holders.get(grid_id, frozenset())
        if days:
            people = people.union(self._days[day].day.trace.who for day in days)
        if people not in self._known:
            asked = [day for who in people for day in self._of_who[who]] if people else self._days
            self._known[people] = _Told(quality_of(asked))
        known = self._known[people]
        if not visits:
            return known
        inside = quality((self._days[one.day].day.track, (one.entered_at, one.left_at)) for one in visits)
        silence = known.quality
        return _Told(
            replace(inside, longest_silence_s=silence.longest_silence_s, gaps=silence.gaps, traced=silence.traced)
        )


class _Told:
    """Quality, as it is told of each of many grids."""

    def __init__(self, known: Quality) -> None:
        self.quality, self.told, self.withheld = known, told(known), withheld(known)


def _add(out: ByGrid, ground: _Ground, place: int, judge: _Judge) -> None:
    """Add the row of a grid, given by its place in the last part, and what it comes to."""
    grids = ground.grids
    grid_no, grid_id = int(grids.grid_no[place]), int(grids.grid_id[place])
    visits, days = ground.visits.get(grid_no, []), ground.days.get(grid_no, set())
    known = judge.of(grid_id, days, visits)
    area_m2, street_m, buildings = ground.sizes[place]
    passed, dwelled = ground.houses[place]
    out.rows.append(
        {
            "grid_id": grid_id,
            "code": grids.code[place],
            "name": grids.name[place],
            **ground.holds,
            **(_NO_SHARES if known.withheld else dict(zip(_SHARES, ground.shares[place], strict=True))),
            "area_m2": area_m2,
            "street_m": street_m,
            "buildings": buildings,
            "passed": passed,
            "dwelled": dwelled,
            "visits": len(visits),
            "dwell_s": rounded(float(sum(one.dwell_s for one in visits)), 0),
            "on_grid_s": rounded(ground.inside_s.get(grid_no, 0.0), 0),
            "revisit_median_s": _revisit_s(visits),
            "quality": known.told,
            "withheld": known.withheld,
        }
    )
    out.visits += len(visits)
    out.days |= days
    if visits:
        out.left_us[grid_id] = max(out.left_us.get(grid_id, 0), *(one.left_at for one in visits))


def _revisit_s(visits: list[_Visit]) -> float | None:
    """The median of the times that a grid was without anybody."""
    if len(visits) < 2:
        return None
    _, entered_at, left_at, _ = zip(*visits, strict=True)
    between_s = revisit_gaps(np.zeros(len(visits), dtype=np.int64), entered_at, left_at)[1]
    return rounded(float(np.median(between_s)), 0) if len(between_s) else None


def _shared(part: Floats, whole: Floats) -> list[float | None]:
    """Shares as they are told; None where there is nothing to have a share of."""
    shares = np.minimum(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0), 1).round(4).tolist()
    return [share if there else None for share, there in zip(shares, whole.tolist(), strict=True)]
