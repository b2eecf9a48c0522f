"""How the hot spots of the grids came about, week by week: what is new, what lasts, what goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from gis.emerging import emerging
from gis.errors import BadInput
from gis.wall_clock import local_days
from layers.hotspots.asking import MOST_DAYS, Asked, Meant, meant, require_share
from layers.hotspots.by_grid import number_told
from layers.hotspots.ground import lattice_of
from layers.hotspots.points import points_of

METHOD = "emerging"
ALPHA, FEWEST_WEEKS, MOST_WEEKS = 0.05, 4, 156
_WEEK = 7
# Weeks times grids: what an answer holds, and its reader too.
MOST_NUMBERS = 2_000_000


def emerging_told(session: Session, asked: Asked, *, weeks: int | None = None, alpha: float = ALPHA) -> dict[str, Any]:
    """The answer of `GET /api/v1/hotspots/emerging`: the class of each grid, with its counts and z week by week.

    Args:
        session: An open session.
        asked: Which cases; weeks are counted back from the last day, or from today if that is still to come.
        weeks: How many; as many as the period has days for when not given.
        alpha: The share of false discoveries that is borne among all grids and weeks.

    Raises:
        NotFound: `unknown_scheme`.
        BadInput: `bad_period`, `bad_hours`, `bad_share`, `too_few_weeks`, `too_many_steps`.
    """
    require_share(alpha, "alpha")
    what = _in_weeks(session, asked, weeks)
    points = points_of(session, what)
    lattice, count = lattice_of(session, points), len(what.days) // _WEEK
    grids = len(lattice.cells.grid_id)
    if grids * count > MOST_NUMBERS:
        most = MOST_NUMBERS // grids
        detail = f"{count} weeks of {grids:,} grids are too many to tell; ask for at most {most} weeks."
        raise BadInput("too_many_steps", detail, field="weeks", value=count, values={"most": most})
    place = points.day // _WEEK * grids + points.grid
    counts = np.bincount(place, minlength=count * grids).reshape(count, grids)
    found = emerging(counts, lattice.neighbours, alpha=alpha)
    classes = found.klass.tolist()
    rows = [
        {
            "grid_no": int(lattice.cells.grid_no[at]),
            "code": lattice.cells.code[at],
            "name": lattice.cells.name[at],
            "class": classes[at],
            "cases": int(counts[:, at].sum()),
            "trend_z": number_told(found.trend.z[at]),
            "trend_p": number_told(found.trend.p[at]),
            "weeks": counts[:, at].tolist(),
            "z": [number_told(z) for z in found.z[:, at]],
            "found": (found.significant[:, at] != 0).tolist(),
        }
        for at in range(grids)
    ]
    begins = what.days[::_WEEK]
    return {
        **points.told(),
        "method": METHOD,
        "unit": "cases_a_week",
        "alpha": alpha,
        "threshold": number_told(found.threshold),
        "islands": int(np.count_nonzero(lattice.neighbours.islands)),
        "weeks": [
            {"from": day.date.isoformat(), "to": (day.date + timedelta(days=_WEEK - 1)).isoformat()} for day in begins
        ],
        "classes": dict(sorted(Counter(classes).items())),
        "grids": rows,
    }


def _in_weeks(session: Session, asked: Asked, weeks: int | None) -> Meant:
    """The question with a period of whole weeks up to its last day, or to today: days to come would look cold."""
    what = meant(session, asked if weeks is None else replace(asked, first=None))
    last = min(what.days[-1].date, (asked.now or datetime.now(UTC)).astimezone(what.zone).date())
    count = max((last - what.days[0].date).days + 1, 0) // _WEEK if weeks is None else weeks
    if not FEWEST_WEEKS <= count <= MOST_WEEKS:
        raise BadInput(
            "too_few_weeks",
            f"{count} whole weeks are asked for; a trend takes {FEWEST_WEEKS} to {MOST_WEEKS}.",
            field="from" if weeks is None else "weeks",
            value=count,
            values={"least": FEWEST_WEEKS, "most": MOST_WEEKS},
        )
    return replace(what, days=local_days(last - timedelta(days=_WEEK * count - 1), last, what.zone, most=MOST_DAYS))
