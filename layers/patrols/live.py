"""Where those on shift are now, and how old that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from data.sql import statement
from layers.grids.schemes import scheme_named

# A fix of another day says nothing of now; a telephone's clock may run ahead a little.
_LOOK_BACK, _AHEAD = timedelta(hours=24), timedelta(minutes=5)


def live(session: Session, scheme: str, *, now: datetime | None = None) -> dict[str, Any]:
    """The answer of `GET /api/v1/patrols/live`: the latest fix of everybody who is on shift at the time.

    Args:
        session: An open session.
        scheme: Name of a scheme of the city.
        now: The present instant if None.

    Returns:
        `{"positions": [{"device", "staff_no", "name", "team", "lon", "lat", "at", "age_s"}]}`, by name.

    Raises:
        NotFound: `unknown_scheme`.
    """
    now = now or datetime.now(UTC)
    tree = scheme_named(session, scheme).tree
    values = {"tree": tree, "now": now, "since": now - _LOOK_BACK, "until": now + _AHEAD}
    return {
        "positions": [
            {**row, "at": row["at"].isoformat(), "age_s": max(round((now - row["at"]).total_seconds()), 0)}
            for row in session.execute(statement("patrol_live"), values).mappings()
        ]
    }
