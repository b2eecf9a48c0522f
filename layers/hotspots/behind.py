"""The cases behind a number: of a grid, of a piece of the map, of a step of the period."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Case
from gis.errors import BadInput
from gis.ownership import Bounds
from layers.grids.versions import bounds_of, version_numbered
from layers.hotspots.asking import Asked, Meant, meant
from layers.hotspots.points import Points, points_of

MOST_CASES = 1_000
USUAL_CASES = 100


def cases_behind(
    session: Session,
    asked: Asked,
    *,
    grid: str | None = None,
    bounds: Bounds | None = None,
    version: int | None = None,
    limit: int = USUAL_CASES,
) -> dict[str, Any]:
    """The cases that an answer to the same question counts, the newest first.

    Args:
        session: An open session.
        asked: The question.
        grid: Code of a grid: only the cases in it.
        bounds: West, south, east, north in degrees: only the cases in there.
        version: In the boundaries of which version; of a step of a period that of the period's end. Those at the end
            of what is asked when not given.
        limit: How many are told at most.

    Raises:
        NotFound: `unknown_scheme`, `unknown_version`.
        BadInput: `bad_period`, `bad_hours`, `unknown_grid`.
    """
    what = meant(session, asked)
    if version is not None:
        what = replace(what, version=version_numbered(session, what.scheme, version))
    around = None if grid is None else _around(session, what, grid)
    # What lies elsewhere is not read.
    points = points_of(session, what, within=around or bounds)
    chosen = points.some(_in_grid(points, grid) & _in_box(points, bounds))
    newest = np.lexsort((-chosen.number, -chosen.at))[:limit]
    rows = _rows(session, chosen.number[newest].tolist())
    grids = points.ground.grids
    cases = [
        {
            **rows[int(chosen.number[at])],
            "grid_code": grids.code[chosen.grid[at]],
            "grid_name": grids.name[chosen.grid[at]],
            "lon": float(chosen.lon[at]),
            "lat": float(chosen.lat[at]),
        }
        for at in newest.tolist()
    ]
    return {**chosen.told(), "grid": grid, "cases": cases}


def _around(session: Session, what: Meant, code: str) -> Bounds:
    found = bounds_of(session, what.scheme, code, version=what.version.number)
    if found is None:
        detail = f"Scheme '{what.scheme.name}' has no grid with the code '{code[:40]}' in the boundaries of that time."
        raise BadInput("unknown_grid", detail, field="grid", value=code)
    return found


def _in_grid(points: Points, code: str | None) -> NDArray[np.bool_]:
    if code is None:
        return np.ones(len(points), dtype=np.bool_)
    return np.asarray(points.ground.grids.code[points.grid] == code)


def _in_box(points: Points, bounds: Bounds | None) -> NDArray[np.bool_]:
    if bounds is None:
        return np.ones(len(points), dtype=np.bool_)
    west, south, east, north = bounds
    return (west <= points.lon) & (points.lon <= east) & (south <= points.lat) & (points.lat <= north)


def _rows(session: Session, numbers: list[int]) -> dict[int, dict[str, Any]]:
    asked = select(Case.id, Case.category, Case.state, Case.occurred_at, Case.occurred_precision, Case.description)
    return {
        row.id: {
            "number": str(row.id),
            "category": row.category,
            "state": row.state,
            "occurred_at": row.occurred_at.isoformat(),
            "occurred_precision": row.occurred_precision,
            "description": row.description,
        }
        for row in session.execute(asked.where(Case.id.in_(numbers)))
    }
