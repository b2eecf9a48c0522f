"""Who answers for a grid at an instant: lead, substitute, deputy, or the next level up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from data.prepared import execute_prepared


@dataclass(frozen=True)
class Answer:
    """The person who gets a task in a grid.

    Attributes:
        staff_id: The person; None when nobody answers at any level.
        via: 'lead', 'substitute' or 'deputy'.
        climb: 0 for the grid itself, 1 for its area, and so on upwards.
        place_name: Name of the grid or area whose duty it is.
        stands_in_for: Name of the absent lead, for a substitute.
        owner_staff_id: Who led the grid at the instant asked for, None if nobody or not asked.
        place_class: The kind of place that the nearest area says it is; None where none does.
    """

    staff_id: int | None
    name: str | None
    phone: str | None
    role: str | None
    via: str | None
    climb: int | None
    place_name: str | None
    stands_in_for: str | None
    owner_staff_id: int | None
    place_class: str | None = None


def who_answers(
    session: Session, grid_ids: Iterable[int], *, at: datetime, occurred_at: datetime | None = None
) -> dict[int, Answer]:
    """The answer for each grid that exists: one query.

    Args:
        session: An open session.
        grid_ids: Grids to ask for.
        at: The instant at which a person is needed, as a rule now.
        occurred_at: Also tell who led each grid at this instant.
    """
    rows = execute_prepared(session, "who_answers", {"grids": list(grid_ids), "at": at, "occurred_at": occurred_at})
    return {row.grid_id: Answer(*row[1:]) for row in rows}
