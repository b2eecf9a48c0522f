"""How many cases there are: per grid of a scheme, and per scheme."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from data.sql import statement
from layers.grids.schemes import scheme_named


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which cases count; None means no condition.

    Attributes:
        since: They occurred at this instant or later.
        until: They occurred before this instant.
        state: Their state.
        category: Their category.
    """

    since: datetime | None = None
    until: datetime | None = None
    state: str | None = None
    category: str | None = None


def count_by_grid(session: Session, scheme: str, chosen: Chosen) -> dict[str, Any]:
    """Cases per grid number of a scheme, those outside every grid, and the sums.

    A case without a category is in `total` only; a grid without cases is not in `counts`.

    Raises:
        NotFound: No such scheme.
    """
    values = {"scheme_id": scheme_named(session, scheme).id, **asdict(chosen)}
    row = session.execute(statement("grid_counts"), values).mappings().one()
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}


def schemes_with_counts(session: Session) -> list[dict[str, Any]]:
    """Every scheme that has ground today, with `bounds` (west, south, east, north) and its sums."""
    return [dict(row) for row in session.execute(statement("schemes_with_counts")).mappings()]
