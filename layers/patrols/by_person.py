"""What each person did in some days: effort, where it was spent, and how surely that is known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from data.sql import statement
from layers.patrols.instants import instant_of
from layers.patrols.judged import quality_of, rounded, share, told, withheld
from layers.patrols.recorded import Who
from layers.patrols.walked import Walked, WalkedDay

_TEN_KM = 10_000.0
# A rate by a few steps would say anything.
_LEAST_M = 500.0


def finds_of(session: Session, found: Walked, *, only: int | None) -> dict[str, int]:
    """How many cases each person filed within the grids, by staff number; in one grid where its id is given."""
    since, until = found.what.period
    values = {
        "people": sorted({day.day.trace.staff_no for day in found.days if day.day.trace.staff_no}),
        "scheme_id": found.what.scheme.id,
        "tree": found.what.scheme.tree,
        "since": instant_of(since),
        "until": instant_of(until),
        "grid_id": only,
    }
    return dict(session.execute(statement("patrol_finds"), values).all())


def by_person(found: Walked, finds: Mapping[str, int], *, chosen: Collection[int] | None) -> list[dict[str, Any]]:
    """A row for each device and person, by name and never by how much somebody did.

    Args:
        found: What was walked.
        finds: Cases filed, by staff number.
        chosen: Places of the days on which somebody was where it is asked for; whoever was there on none is left out.
    """
    days: dict[Who, list[WalkedDay]] = defaultdict(list)
    for day in found.days:
        days[day.day.trace.who].append(day)
    there = None if chosen is None else {found.days[number].day.trace.who for number in chosen}
    rows = [_row(found, some, finds) for who, some in days.items() if there is None or who in there]
    return sorted(rows, key=lambda row: (row["name"] or "", row["staff_no"] or "", row["device"]))


def per_ten_km(finds: int, metres: float) -> float | None:
    """Finds by effort; None where hardly anything was gone.

    >>> per_ten_km(3, 5000.0), per_ten_km(3, 20.0)
    (6.0, None)
    """
    return rounded(finds * _TEN_KM / metres, 2) if metres >= _LEAST_M else None


def _row(found: Walked, days: list[WalkedDay], finds: Mapping[str, int]) -> dict[str, Any]:
    trace = days[0].day.trace
    gone_m, known_s = (sum(getattr(day.effort, name) for day in days) for name in ("metres", "seconds"))
    known = quality_of(days)
    why = withheld(known)
    filed = finds.get(trace.staff_no or "", 0)
    fates: Counter[str] = Counter()
    for day in days:
        fates.update({fate.name: count for fate, count in day.day.fates.items()})
    return {
        "device": trace.device,
        "staff_no": trace.staff_no,
        "name": trace.name,
        "team": trace.team,
        "km": rounded(gone_m / 1000, 2),
        "hours": rounded(known_s / 3600, 2),
        "on_grid_share": None if why else share(sum(day.on_grid_s for day in days), known_s),
        "grids_visited": len(_visited(found, days)),
        "visits": sum(len(walk.visits.grid_no) for day in days for walk in day.walks),
        "finds": filed,
        "finds_per_10km": None if why else per_ten_km(filed, gone_m),
        "fates": dict(sorted(fates.items())),
        "quality": told(known),
        "withheld": why,
    }


def _visited(found: Walked, days: list[WalkedDay]) -> set[int]:
    """The ids of the grids that were visited."""
    ids: set[int] = set()
    for day in days:
        for walk, part in zip(day.walks, found.parts, strict=True):
            grids = part.town.grids
            ids |= set(grids.grid_id[np.searchsorted(grids.grid_no, walk.visits.grid_no)].tolist())
    return ids
