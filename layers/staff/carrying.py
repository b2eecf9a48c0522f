"""What becomes of duties when grids end, are made of others, or come back.

Grids that go on keep their duties. Those of a grid that ends end with it; a grid made of others gets copies of those of
the grid that gave it the most ground; one that comes back gets back what it had when it ended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from data.sql import statement


def carry_duties(
    session: Session, *, at: datetime, copied: Mapping[int, int], back: Collection[int], ended: Collection[int]
) -> int:
    """Let duties follow the ground at an instant.

    Args:
        session: An open session.
        at: The instant.
        copied: New grid -> the grid whose duties it gets, as ids.
        back: Grids that have ground again.
        ended: Grids that lose theirs.

    Returns:
        How many duties were given to grids that had them not.
    """
    values = {"at": at, "to_ids": list(copied), "from_ids": list(copied.values()), "back": list(back)}
    # Copied before they end: a grid may give its ground and end.
    given = len(session.execute(statement("carry_duties"), values).all())
    session.execute(statement("end_duties"), {"at": at, "grids": list(ended)})
    return given
