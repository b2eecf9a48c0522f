"""People found by their staff number."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Staff
from layers.errors import NotFound


def staff_id_of(session: Session, tree: str, staff_no: str, *, field: str) -> int:
    """The id of whoever has a staff number in a city.

    Args:
        session: An open session.
        tree: The city.
        staff_no: The number.
        field: Where it was given, for the error.

    Raises:
        NotFound: `unknown_staff`.
    """
    found = session.scalar(select(Staff.id).where(Staff.tree == tree, Staff.staff_no == staff_no))
    if found is None:
        detail = f"The city {tree} has nobody of the staff number {staff_no[:100]}."
        raise NotFound("unknown_staff", detail, field=field, value=staff_no)
    return found
