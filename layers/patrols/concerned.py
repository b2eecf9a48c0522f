"""Which grids concern the people asked about: those they were in, and those they have a duty in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import numpy as np
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.tables import Duty
from layers.patrols.instants import instant_of
from layers.patrols.recorded import Who
from layers.patrols.walked import Walked

Holders = dict[int, frozenset[Who]]


def holders_of(session: Session, found: Walked) -> Holders:
    """Who of those asked for has a duty in which grid, by its id, in the time asked for."""
    people = defaultdict(set)
    for day in found.days:
        people[day.day.trace.who.staff_id].add(day.day.trace.who)
    time = Range(instant_of(found.what.days[0].start), instant_of(found.what.days[-1].end))
    asked = select(Duty.grid_id, Duty.staff_id).where(Duty.staff_id.in_(people), Duty.valid.overlaps(time))
    holders: dict[int, set[Who]] = defaultdict(set)
    for grid_id, staff_id in session.execute(asked):
        if grid_id is not None:
            holders[grid_id] |= people[staff_id]
    return {grid_id: frozenset(some) for grid_id, some in holders.items()}


def concerned(found: Walked, holders: Collection[int]) -> list[int]:
    """The ids of the grids in which somebody was, and of those held."""
    ids = set(holders)
    for day in found.days:
        for walk, part in zip(day.walks, found.parts, strict=True):
            ids |= set(part.town.grids.grid_id[np.flatnonzero(walk.inside_s)].tolist())
    return sorted(ids)
