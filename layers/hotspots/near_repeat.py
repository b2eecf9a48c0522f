"""Whether a case makes another near by soon after more likely: Knox's test with its table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy.orm import Session

from gis.near_repeat import near_repeat
from gis.wall_clock import SECOND_US
from layers.hotspots.asking import Asked, meant
from layers.hotspots.points import points_of

METHOD = "knox"
DISTANCES_M = (100.0, 200.0, 300.0, 400.0)
DAYS = (2.0, 4.0, 7.0, 14.0)
PERMUTATIONS = 999


def near_repeats(
    session: Session,
    asked: Asked,
    *,
    distances_m: Sequence[float] = DISTANCES_M,
    days: Sequence[float] = DAYS,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> dict[str, Any]:
    """The answer of `GET /api/v1/hotspots/near-repeat`: pairs of cases by how far and how long apart they are.

    Args:
        session: An open session.
        asked: Which cases.
        distances_m: Where bands of distance end, ascending.
        days: Where bands of time end, ascending.
        permutations: How often the times are shuffled among the places.
        seed: By what.

    Raises:
        NotFound: `unknown_scheme`.
        BadInput: `bad_period`, `bad_hours`, and those of `gis.near_repeat`.
    """
    points = points_of(session, meant(session, asked))
    found = near_repeat(
        *points.metric,
        points.at / SECOND_US,
        distances_m=distances_m,
        days=days,
        permutations=permutations,
        seed=seed,
    )
    rows = [
        {
            "from_m": from_m,
            "to_m": to_m,
            "from_days": from_days,
            "to_days": to_days,
            "observed": int(found.observed[row, column]),
            "expected": round(float(found.expected[row, column]), 3),
            "ratio": round(float(found.ratio[row, column]), 3) if found.expected[row, column] > 0 else None,
            "p": float(found.p[row, column]),
        }
        for row, (from_m, to_m) in enumerate(pairwise([0.0, *distances_m]))
        for column, (from_days, to_days) in enumerate(pairwise([0.0, *days]))
    ]
    return {
        **points.told(),
        "method": METHOD,
        "unit": "pairs",
        "distances": list(distances_m),
        "days": list(days),
        "permutations": permutations,
        "seed": seed,
        "rows": rows,
    }
